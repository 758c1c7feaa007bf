//! What can go wrong with topology, and how to mend it.

use super::diff::Drift;

/// Why streams and consumers are not as the contract states them.
#[derive(Debug, thiserror::Error)]
pub enum TopologyError {
    /// The server is older than what the runtime relies on.
    #[error(
        "nats-server {found} is too old: jetway needs 2.10 or later; upgrade the server, or point NATS_URL at another"
    )]
    ServerTooOld {
        /// Its version.
        found: String,
    },
    /// There is no connection to a server.
    #[error("not connected to a NATS server: is one running at NATS_URL?")]
    NotConnected,
    /// The server has no JetStream for this account.
    #[error(
        "JetStream is not available: {reason}; start nats-server with -js (or `jetstream {{}}` in its configuration), and enable it for this user's account"
    )]
    NoJetStream {
        /// What the server says.
        reason: String,
    },
    /// Mode `verify` found differences.
    #[error("the server's topology differs from the contract:{}\nTo mend it: start once with TOPOLOGY=apply, or change asyncapi.yaml and run `just codegen`.", lines(.0))]
    Drift(Vec<Drift>),
    /// The server cannot change this in place.
    #[error("{drift}: the server cannot change {} of what exists; {mend}", drift.field.as_deref().unwrap_or("this"))]
    Immutable {
        /// The difference.
        drift: Drift,
        /// What to do.
        mend: String,
    },
    /// Another stream keeps these subjects.
    #[error(
        "stream {stream} cannot keep {subjects}: {by} keeps subjects that overlap, and a subject belongs to one stream; change the subjects in asyncapi.yaml, or those of the other stream, or delete it"
    )]
    Overlap {
        /// The contract's stream.
        stream: String,
        /// Its subjects.
        subjects: String,
        /// The other streams.
        by: String,
    },
    /// The server took the configuration and kept another.
    #[error("nats-server {version} did not take over all that the contract says; upgrade the server, or change asyncapi.yaml:{}", lines(.drift))]
    Ignored {
        /// The server's version.
        version: String,
        /// What it did not take over.
        drift: Vec<Drift>,
    },
    /// The server refused.
    #[error("cannot {action}: the server says: {description} (error {code})")]
    Refused {
        /// What was tried.
        action: String,
        /// The server's reason.
        description: String,
        /// JetStream's error code.
        code: u64,
    },
    /// The server did not answer. Denied permissions show like this, too.
    #[error(
        "cannot {action}: {reason}; the server has no JetStream leader at the moment, or this user may not do it (TOPOLOGY=bind needs no such permission)"
    )]
    NoAnswer {
        /// What was tried.
        action: String,
        /// What the client says.
        reason: String,
    },
    /// Several services keep changing the same thing.
    #[error(
        "{what} keeps changing while it is being set up: do two services with different contracts start at the same time?"
    )]
    Contended {
        /// The stream or consumer.
        what: String,
    },
}

impl TopologyError {
    /// Whether it may pass without anybody doing anything: a broker that restarts or elects a leader.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        /// JetStream system temporarily unavailable.
        const UNAVAILABLE: u64 = 10008;
        match self {
            Self::NotConnected | Self::NoAnswer { .. } | Self::Contended { .. } => true,
            Self::Refused { code, .. } => *code == UNAVAILABLE,
            _ => false,
        }
    }
}

fn lines(drift: &[Drift]) -> String {
    drift.iter().map(|drift| format!("\n  {drift}")).collect()
}
