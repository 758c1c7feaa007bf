//! The inbox: which events a consumer has handled. It, not the broker's dedup window, makes effects happen once.

use sqlx::AnyConnection;

use super::database::{Database, StoreError};
use super::now_micros;
use crate::fault::{self, Mechanism};

/// Which event: CloudEvents makes `source` and `id` together unique.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Source {
    pub(crate) source: String,
    pub(crate) id: String,
}

pub(crate) struct Inbox;

impl Inbox {
    pub(crate) async fn contains(
        database: &Database,
        durable: &'static str,
        event: &Source,
    ) -> Result<bool, StoreError> {
        if !database.is_there() || fault::broken(Mechanism::Inbox) {
            return Ok(false);
        }
        let lookups = database.lookups();
        Box::pin(lookups.contains(database.pool(), durable, event)).await
    }

    /// Enters the event; false where it is there already, because someone else finished first.
    pub(crate) async fn enter(
        connection: &mut AnyConnection,
        durable: &str,
        event: &Source,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "INSERT INTO jetway_inbox (durable, source, event_id, handled_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (durable, source, event_id) DO NOTHING",
        )
        .bind(durable)
        .bind(event.source.as_str())
        .bind(event.id.as_str())
        .bind(now_micros())
        .execute(connection)
        .await?;
        Ok(done.rows_affected() == 1 || fault::broken(Mechanism::Inbox))
    }

    /// Forgets all that this consumer has handled, so that a rebuild can handle it again.
    pub(crate) async fn forget(
        connection: &mut AnyConnection,
        durable: &str,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM jetway_inbox WHERE durable = $1")
            .bind(durable)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Drops entries older than `before` (microseconds).
    pub(crate) async fn prune(
        connection: &mut AnyConnection,
        before: i64,
    ) -> Result<u64, StoreError> {
        let done = sqlx::query("DELETE FROM jetway_inbox WHERE handled_at < $1")
            .bind(before)
            .execute(connection)
            .await?;
        Ok(done.rows_affected())
    }
}
