//! What the service needs of a payment provider.

mod bounded;
mod simulated;

use std::future::Future;

use events::order_placed_v2::PaymentMethod;
use events::shared::Money;
use uuid::Uuid;

pub use bounded::Bounded;
pub use simulated::Simulated;

use crate::domain::Payment;

/// A payment provider. Cheap to clone.
pub trait PaymentGateway: Clone + Send + Sync + 'static {
    /// Charges what an order costs.
    ///
    /// An implementation is idempotent by order: however often this is called for one order, the customer pays once and
    /// every call has the same outcome.
    fn charge(
        &self,
        order_id: Uuid,
        amount: &Money,
        payment: &Payment,
    ) -> impl Future<Output = Result<Charged, PaymentError>> + Send;

    /// Gives a payment back.
    ///
    /// An implementation is idempotent by payment: however often this is called, the customer gets it back once.
    fn refund(&self, payment_id: &str) -> impl Future<Output = Result<(), PaymentError>> + Send;
}

/// A payment that went through.
#[derive(Clone, Debug, PartialEq)]
pub struct Charged {
    /// The provider's reference, of 1 to 64 characters.
    pub payment_id: String,
    /// How the customer paid, with what may be kept of it.
    pub method: PaymentMethod,
}

/// Why a payment did not go through.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaymentError {
    /// The provider says no, and would say so again.
    #[error("the payment was declined: {0}")]
    Declined(String),
    /// The provider says nothing: nobody knows whether the customer was charged. Only the same call again can tell.
    #[error("the payment provider does not answer: {0}")]
    Unavailable(String),
}
