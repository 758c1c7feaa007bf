//! A payment provider that can be looked into.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use events::shared::Money;
use orders::domain::Payment;
use orders::payment::{Charged, PaymentError, PaymentGateway, Simulated};
use tokio::sync::{OwnedRwLockWriteGuard, RwLock};
use uuid::Uuid;

/// Counts payments as a provider does that keeps its promise: once per order.
#[derive(Clone)]
pub(crate) struct Ledger {
    provider: Simulated,
    charged: Arc<Mutex<BTreeSet<Uuid>>>,
    refunded: Arc<Mutex<BTreeSet<String>>>,
    silent: Arc<AtomicBool>,
    gate: Arc<RwLock<()>>,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            provider: Simulated::new(Duration::from_millis(10), 0.0),
            charged: Arc::default(),
            refunded: Arc::default(),
            silent: Arc::default(),
            gate: Arc::default(),
        }
    }

    /// How many orders have been charged.
    pub(crate) fn payments(&self) -> usize {
        self.charged.lock().unwrap().len()
    }

    /// How many payments have been given back.
    pub(crate) fn refunds(&self) -> usize {
        self.refunded.lock().unwrap().len()
    }

    /// Lets no charge through until what is returned is dropped.
    pub(crate) async fn close(&self) -> OwnedRwLockWriteGuard<()> {
        self.gate.clone().write_owned().await
    }

    /// Charges, but does not say so: what a shop sees that dies, or is cut off, after the charge.
    pub(crate) fn keep_silent(&self, silent: bool) {
        self.silent.store(silent, Ordering::SeqCst);
    }
}

impl PaymentGateway for Ledger {
    async fn charge(
        &self,
        order_id: Uuid,
        amount: &Money,
        payment: &Payment,
    ) -> Result<Charged, PaymentError> {
        let _open = self.gate.read().await;
        let charged = self.provider.charge(order_id, amount, payment).await?;
        self.charged.lock().unwrap().insert(order_id);
        if self.silent.load(Ordering::SeqCst) {
            return Err(PaymentError::Unavailable("the line is dead".to_owned()));
        }
        Ok(charged)
    }

    async fn refund(&self, payment_id: &str) -> Result<(), PaymentError> {
        self.refunded.lock().unwrap().insert(payment_id.to_owned());
        Ok(())
    }
}
