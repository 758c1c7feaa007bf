//! Streams and consumers as the contract states them: created, compared, updated.

mod api;
mod config;
mod diff;
mod ensure;
mod error;

pub use config::DEAD_LETTERS;
pub use diff::Drift;
pub use ensure::ensure;
pub use error::TopologyError;

/// What becomes of streams and consumers at start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopologyMode {
    /// Create what is missing and update what differs.
    Apply,
    /// Refuse to start where something is missing or differs.
    Verify,
    /// Touch and ask nothing: what the service may do is all that it needs.
    Bind,
    /// As `Apply`, and then end: for a user that may do this and nothing else.
    Provision,
}
