//! A payment provider that answers in time.

use std::future::Future;
use std::time::Duration;

use events::shared::Money;
use uuid::Uuid;

use super::{Charged, PaymentError, PaymentGateway};
use crate::domain::Payment;

/// A gateway whose calls end after some time, one way or the other: a provider that hangs must not hang the shop.
#[derive(Clone, Copy, Debug)]
pub struct Bounded<G> {
    gateway: G,
    timeout: Duration,
}

impl<G> Bounded<G> {
    /// Lets each call of `gateway` take no longer than `timeout`.
    pub fn new(gateway: G, timeout: Duration) -> Self {
        Self { gateway, timeout }
    }

    async fn bound<T>(
        &self,
        call: impl Future<Output = Result<T, PaymentError>>,
    ) -> Result<T, PaymentError> {
        match tokio::time::timeout(self.timeout, call).await {
            Ok(outcome) => outcome,
            Err(_) => Err(PaymentError::Unavailable(format!(
                "no answer within {:?}",
                self.timeout
            ))),
        }
    }
}

impl<G: PaymentGateway> PaymentGateway for Bounded<G> {
    async fn charge(
        &self,
        order_id: Uuid,
        amount: &Money,
        payment: &Payment,
    ) -> Result<Charged, PaymentError> {
        self.bound(self.gateway.charge(order_id, amount, payment))
            .await
    }

    async fn refund(&self, payment_id: &str) -> Result<(), PaymentError> {
        self.bound(self.gateway.refund(payment_id)).await
    }
}

#[cfg(test)]
mod tests {
    use events::shared::Currency;

    use super::*;
    use crate::payment::Simulated;

    #[tokio::test]
    async fn a_provider_that_hangs_is_not_waited_for() {
        let hour = Duration::from_secs(3_600);
        let gateway = Bounded::new(Simulated::new(hour, 0.0), Duration::from_millis(5));
        let amount = Money {
            cents: 100,
            currency: Currency::Eur,
        };
        let invoice = Payment::Invoice { due_days: 14 };
        let charged = gateway.charge(Uuid::now_v7(), &amount, &invoice).await;
        let refunded = gateway.refund("pay_1").await;
        for outcome in [charged.map(drop), refunded] {
            assert!(matches!(outcome, Err(PaymentError::Unavailable(why)) if why.contains("5ms")));
        }
    }
}
