//! How an order is placed: claimed, charged, stored.

use events::orders::Orders;
use jetway::App;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::{Fingerprint, IdempotencyKey, NewOrder, Order, Outcome, Status};
use crate::payment::{Charged, PaymentError, PaymentGateway};
use crate::store::history::Entry;
use crate::store::{history, idempotency, orders};
use crate::{Error, journal};

/// The shop: its database, its events and its payment provider. Cheap to clone.
#[derive(Clone)]
pub struct Shop<G> {
    app: App<Orders>,
    gateway: G,
}

impl<G: PaymentGateway> Shop<G> {
    /// A shop that is paid through `gateway`.
    #[must_use]
    pub fn new(app: App<Orders>, gateway: G) -> Self {
        Self { app, gateway }
    }

    /// The order with this id.
    ///
    /// # Errors
    ///
    /// Where the database is not available.
    pub async fn find(&self, order_id: Uuid) -> Result<Option<Order>, Error> {
        Ok(orders::find(self.app.database().pool(), order_id).await?)
    }

    /// The events of an order, oldest first.
    ///
    /// # Errors
    ///
    /// Where the database is not available.
    pub async fn history(&self, order_id: Uuid) -> Result<Vec<Entry>, Error> {
        Ok(history::of(self.app.database().pool(), order_id).await?)
    }

    /// The payment provider.
    pub fn gateway(&self) -> &G {
        &self.gateway
    }

    /// Places an order, or says how the same request ended before.
    ///
    /// The customer is charged once, whatever happens in between. The key is claimed for an order id before the charge,
    /// and the charge is idempotent by that id: where this process dies after it, or the database before the order is
    /// stored, the same request sent again finds the claim, is told of the same payment, and goes on from there. So do
    /// two requests with one key at the same time; the first to store its outcome decides for both.
    ///
    /// # Errors
    ///
    /// Where the key came with another body, or the payment provider or the database do not answer. A declined payment
    /// is no error but an outcome.
    pub async fn place(
        &self,
        key: IdempotencyKey,
        fingerprint: Fingerprint,
        order: NewOrder,
    ) -> Result<Outcome, Error> {
        let claim = self.claim(&key, &fingerprint).await?;
        if claim.fingerprint != fingerprint {
            return Err(Error::KeyTaken);
        }
        if let Some(outcome) = claim.outcome {
            return Ok(outcome);
        }
        let order_id = claim.order_id;
        let charge = self.gateway.charge(order_id, &order.total, &order.payment);
        match charge.await {
            Ok(charged) => self.store(&key, order_id, order, charged).await,
            Err(PaymentError::Declined(reason)) => self.decline(&key, reason).await,
            Err(unavailable) => Err(unavailable.into()),
        }
    }

    async fn claim(
        &self,
        key: &IdempotencyKey,
        fingerprint: &Fingerprint,
    ) -> Result<idempotency::Claim, Error> {
        let mut tx = self.app.begin();
        let claim = idempotency::claim(tx.sql().await?, key, fingerprint).await?;
        tx.commit().await?;
        Ok(claim)
    }

    /// Stores a charged order, its history, its outcome and its events: all of them or none.
    async fn store(
        &self,
        key: &IdempotencyKey,
        order_id: Uuid,
        order: NewOrder,
        charged: Charged,
    ) -> Result<Outcome, Error> {
        let order = Order {
            placed: order.placed(order_id, OffsetDateTime::now_utc(), charged.method),
            status: Status::Placed,
            payment_id: charged.payment_id,
        };
        let outcome = Outcome::Placed(Box::new(order.clone()));

        let mut tx = self.app.begin();
        if let Some(earlier) = idempotency::conclude(tx.sql().await?, key, &outcome).await? {
            tx.rollback().await?;
            return Ok(earlier);
        }
        orders::insert(tx.sql().await?, &order).await?;
        let charged = order.charged();
        journal::publish(&mut tx, order_id, order.placed).await?;
        journal::publish(&mut tx, order_id, charged).await?;
        tx.commit().await?;
        tracing::info!(%order_id, "order placed");
        Ok(outcome)
    }

    async fn decline(&self, key: &IdempotencyKey, reason: String) -> Result<Outcome, Error> {
        let mut tx = self.app.begin();
        let outcome = Outcome::Declined(reason);
        if let Some(earlier) = idempotency::conclude(tx.sql().await?, key, &outcome).await? {
            tx.rollback().await?;
            return Ok(earlier);
        }
        tx.commit().await?;
        Ok(outcome)
    }
}
