//! Why the service could not do what it was asked for.

use jetway::{PublishError, StoreError};

use crate::payment::PaymentError;

/// Why the service could not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The idempotency key came with another request before.
    #[error("this Idempotency-Key was used for another request: take a new one")]
    KeyTaken,
    /// The payment did not go through.
    #[error(transparent)]
    Payment(#[from] PaymentError),
    /// The database did not do what was asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event cannot be published.
    #[error(transparent)]
    Publish(#[from] PublishError),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}
