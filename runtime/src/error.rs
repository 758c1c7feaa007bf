//! Why a service cannot start or go on.

use crate::store::StoreError;
use crate::topology::TopologyError;

/// Why a service cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Streams or consumers are not as the contract says.
    #[error(transparent)]
    Topology(#[from] TopologyError),
    /// The broker.
    #[error("the broker: {0}")]
    Broker(String),
    /// The HTTP server.
    #[error(transparent)]
    Http(#[from] crate::http::HttpError),
    /// The rebuild of a read model.
    #[error("the rebuild stopped, and the read model is incomplete until it is run again: {0}")]
    Rebuild(String),
    /// A part of the service ended that should not have.
    #[error("{0} ended unexpectedly")]
    Ended(&'static str),
    /// The service's own.
    #[error(transparent)]
    Other(#[from] Box<dyn std::error::Error + Send + Sync>),
}
