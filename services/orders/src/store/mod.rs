//! The service's tables, in SQL that SQLite and Postgres share.

pub mod history;
pub mod idempotency;
pub mod orders;

/// The error for a stored value that cannot be read.
fn decode(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}

/// The error for a value that cannot be stored.
fn encode(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Encode(Box::new(error))
}
