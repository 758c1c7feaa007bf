//! What becomes of a message, whatever happens to it, to the service, to its database and to its broker.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../support/mod.rs"]
mod support;

/// One test on SQLite and on Postgres.
macro_rules! on_both {
    ($(#[$meta:meta])* async fn $name:ident($on:ident: On) $body:block) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $(#[$meta])*
            async fn on($on: $crate::support::On) $body

            #[tokio::test(flavor = "multi_thread")]
            async fn sqlite() {
                on($crate::support::On::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres() {
                on($crate::support::On::Postgres).await;
            }
        }
    };
}

mod ack_wait;
mod backlog;
mod crash;
mod dead_letters;
mod drain;
mod idempotency;
mod lanes;
mod no_database;
mod outbox;
mod pause;
mod poison;
mod pull;
mod reconnect;
mod resources;
mod several;
mod shared_commit;
mod table;
mod topology;
mod versions;
