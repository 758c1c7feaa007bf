//! The outbox: events that a transaction decided, until the relay has published them.

use std::fmt::Write as _;

use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use super::database::{Database, Kind, StoreError};
use super::{now_micros, storable};
use crate::fault::{self, Mechanism};
use crate::telemetry::TraceContext;

/// How many keys one pass of the relay takes on, and how many rows of them.
const KEYS: usize = 256;
const ROWS: usize = 1_024;
/// Further ahead (microseconds) no backoff of the relay puts a row off: then the clock was wrong when it was, or is now.
const FARTHEST: i64 = 60_000_000;

/// One event to publish.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) position: i64,
    pub(crate) event_id: String,
    pub(crate) event_type: String,
    pub(crate) address: String,
    pub(crate) subject: String,
    pub(crate) key: String,
    pub(crate) body: String,
    pub(crate) correlation_id: String,
    pub(crate) trace: TraceContext,
    pub(crate) created_at: i64,
    pub(crate) attempts: i64,
}

pub(crate) struct Outbox;

impl Outbox {
    pub(crate) async fn add(connection: &mut AnyConnection, row: &Row) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO jetway_outbox (event_id, event_type, address, subject, ordering_key, body, correlation_id,
                 traceparent, tracestate, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(row.event_id.as_str())
        .bind(row.event_type.as_str())
        .bind(row.address.as_str())
        .bind(row.subject.as_str())
        .bind(row.key.as_str())
        .bind(row.body.as_str())
        .bind(row.correlation_id.as_str())
        .bind(row.trace.traceparent.as_deref())
        .bind(row.trace.tracestate.as_deref())
        .bind(row.created_at)
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Takes rows to publish: of each key that is due, all rows from its first unpublished one, in order.
    ///
    /// On Postgres the first row of each key stays locked until the transaction ends, and a key whose first row
    /// another replica has locked is passed over: a key is in one relay's hands at a time.
    pub(crate) async fn take(
        connection: &mut AnyConnection,
        kind: Kind,
    ) -> Result<Vec<Row>, StoreError> {
        let lock = if kind == Kind::Postgres {
            "FOR UPDATE OF o SKIP LOCKED"
        } else {
            ""
        };
        let heads = format!(
            "SELECT o.position FROM jetway_outbox o
             WHERE o.published_at IS NULL AND (o.next_attempt_at <= $1 OR o.next_attempt_at > $2) AND NOT EXISTS (
                 SELECT 1 FROM jetway_outbox e
                 WHERE e.published_at IS NULL AND e.ordering_key = o.ordering_key AND e.position < o.position)
             ORDER BY o.position LIMIT {KEYS} {lock}"
        );
        let now = now_micros();
        let farthest = if fault::broken(Mechanism::NearDue) {
            i64::MAX
        } else {
            now.saturating_add(FARTHEST)
        };
        let heads: Vec<i64> = sqlx::query(AssertSqlSafe(heads))
            .bind(now)
            .bind(farthest)
            .fetch_all(&mut *connection)
            .await?
            .iter()
            .map(|row| row.try_get(0))
            .collect::<Result<_, _>>()?;
        if heads.is_empty() {
            return Ok(Vec::new());
        }
        let rows = format!(
            "SELECT position, event_id, event_type, address, subject, ordering_key, body, correlation_id, traceparent,
                 tracestate, created_at, attempts
             FROM jetway_outbox
             WHERE published_at IS NULL
               AND ordering_key IN (SELECT ordering_key FROM jetway_outbox WHERE position IN ({}))
             ORDER BY position LIMIT {ROWS}",
            list(&heads)
        );
        let rows = sqlx::query(AssertSqlSafe(rows))
            .persistent(false)
            .fetch_all(connection)
            .await?;
        rows.iter().map(read).collect()
    }

    /// Marks rows as published.
    pub(crate) async fn published(
        connection: &mut AnyConnection,
        positions: &[i64],
    ) -> Result<(), StoreError> {
        if positions.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "UPDATE jetway_outbox SET published_at = $1, last_error = NULL WHERE position IN ({})",
            list(positions)
        );
        sqlx::query(AssertSqlSafe(sql))
            .persistent(false)
            .bind(now_micros())
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Keeps why a row could not be published, and when its key is due again (microseconds).
    pub(crate) async fn failed(
        connection: &mut AnyConnection,
        position: i64,
        error: &str,
        due: i64,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "UPDATE jetway_outbox SET attempts = attempts + 1, last_error = $1, next_attempt_at = $2 WHERE position = $3",
        )
        .bind(storable(error))
        .bind(due)
        .bind(position)
        .execute(connection)
        .await?;
        Ok(())
    }

    /// How many rows wait, and since when the oldest does (microseconds).
    pub(crate) async fn depth(database: &Database) -> Result<(i64, Option<i64>), StoreError> {
        let row = sqlx::query(
            "SELECT COUNT(*), MIN(created_at) FROM jetway_outbox WHERE published_at IS NULL",
        )
        .fetch_one(database.pool())
        .await?;
        Ok((row.try_get(0)?, row.try_get(1)?))
    }

    /// Drops rows that were published before `before` (microseconds).
    pub(crate) async fn prune(
        connection: &mut AnyConnection,
        before: i64,
    ) -> Result<u64, StoreError> {
        let done = sqlx::query("DELETE FROM jetway_outbox WHERE published_at < $1")
            .bind(before)
            .execute(connection)
            .await?;
        Ok(done.rows_affected())
    }
}

fn read(row: &sqlx::any::AnyRow) -> Result<Row, StoreError> {
    Ok(Row {
        position: row.try_get(0)?,
        event_id: row.try_get(1)?,
        event_type: row.try_get(2)?,
        address: row.try_get(3)?,
        subject: row.try_get(4)?,
        key: row.try_get(5)?,
        body: row.try_get(6)?,
        correlation_id: row.try_get(7)?,
        trace: TraceContext {
            traceparent: row.try_get(8)?,
            tracestate: row.try_get(9)?,
        },
        created_at: row.try_get(10)?,
        attempts: row.try_get(11)?,
    })
}

/// Positions as an SQL list. They are integers of our own, so nothing can be injected.
fn list(positions: &[i64]) -> String {
    let mut text = String::new();
    for (n, position) in positions.iter().enumerate() {
        let _ = write!(text, "{}{position}", if n == 0 { "" } else { "," });
    }
    text
}
