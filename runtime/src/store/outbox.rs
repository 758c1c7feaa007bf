//! The outbox: events that a transaction decided, until the relay has published them.

use std::fmt::Write as _;

use futures::{Stream, StreamExt};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use super::database::{Database, StoreError};
use super::{now_micros, storable};
use crate::fault::{self, Mechanism};
use crate::telemetry::TraceContext;

/// Further ahead (microseconds) no backoff of the relay puts a row off: then the clock was wrong when it was, or is now.
const FARTHEST: i64 = 60_000_000;
/// How many rows a pass of the relay takes on, and how many bytes of events: what the relay holds in memory is bounded
/// by both, but for one event that is larger by itself.
const ROWS: usize = 2_048;
const BYTES: usize = 4 * 1024 * 1024;
/// How many keys a pass takes on, on Postgres.
const KEYS: usize = 1_024;
/// How many open rows are looked through at a time for the first ones of their keys, on Postgres.
const REACH: usize = 4_096;

const COLUMNS: &str = "position, event_id, event_type, address, subject, ordering_key, body, correlation_id, traceparent,
    tracestate, created_at, attempts";

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

    /// Takes rows to publish, on SQLite: those behind `after`, in order, but none of a key that waits after a failure, or
    /// did so at `since` (microseconds).
    ///
    /// Positions are in the order of commits here, because there is one writer: no row appears before one that was seen.
    pub(crate) async fn take_after(
        connection: &mut AnyConnection,
        after: i64,
        since: i64,
    ) -> Result<Vec<Row>, StoreError> {
        // Without the hint SQLite walks through the published rows, too.
        let sql = format!(
            "SELECT {COLUMNS} FROM jetway_outbox INDEXED BY jetway_outbox_open
             WHERE published_at IS NULL AND position > $1 AND ordering_key NOT IN (
                 SELECT ordering_key FROM jetway_outbox
                 WHERE published_at IS NULL AND next_attempt_at > 0 AND next_attempt_at > $2
                    AND next_attempt_at <= $3)
             ORDER BY position LIMIT {ROWS}"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(after)
            .bind(since)
            .bind(farthest(since));
        bounded(rows.fetch(connection)).await
    }

    /// Takes rows to publish, on Postgres: of each key that is due, rows from its first open one, in order.
    ///
    /// The first row of each key stays locked until the transaction ends, and a key whose first row another replica has
    /// locked is passed over: a key is in one relay's hands at a time.
    pub(crate) async fn take_locked(
        connection: &mut AnyConnection,
    ) -> Result<Vec<Row>, StoreError> {
        let mut after = 0;
        loop {
            // A part of the backlog at a time: among very many rows of a few keys the search would take longer than
            // the publishing.
            let reach = format!(
                "SELECT COUNT(*), MAX(position) FROM (
                     SELECT position FROM jetway_outbox WHERE published_at IS NULL AND position > $1
                     ORDER BY position LIMIT {REACH}) part"
            );
            let part = sqlx::query(AssertSqlSafe(reach))
                .bind(after)
                .fetch_one(&mut *connection)
                .await?;
            let (rows, last): (i64, Option<i64>) = (part.try_get(0)?, part.try_get(1)?);
            let Some(last) = last else {
                return Ok(Vec::new());
            };
            let heads = format!(
                "SELECT o.position FROM jetway_outbox o
                 WHERE o.published_at IS NULL AND o.position > $1 AND o.position <= $2
                    AND (o.next_attempt_at <= $3 OR o.next_attempt_at > $4)
                   AND NOT EXISTS (
                     SELECT 1 FROM jetway_outbox e
                     WHERE e.published_at IS NULL AND e.ordering_key = o.ordering_key AND e.position < o.position)
                 ORDER BY o.position LIMIT {KEYS} FOR UPDATE OF o SKIP LOCKED"
            );
            let now = now_micros();
            let heads: Vec<i64> = sqlx::query(AssertSqlSafe(heads))
                .bind(after)
                .bind(last)
                .bind(now)
                .bind(farthest(now))
                .fetch_all(&mut *connection)
                .await?
                .iter()
                .map(|row| row.try_get(0))
                .collect::<Result<_, _>>()?;
            if !heads.is_empty() {
                return behind(connection, &heads).await;
            }
            if rows < i64::try_from(REACH).unwrap_or(i64::MAX) {
                return Ok(Vec::new());
            }
            after = last;
        }
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

    /// Drops rows that were published before `before` (microseconds), some at a time: others want to write, too.
    pub(crate) async fn prune(database: &Database, before: i64) -> Result<u64, StoreError> {
        const SOME: u64 = 5_000;
        let sql = format!(
            "DELETE FROM jetway_outbox WHERE position IN (
                 SELECT position FROM jetway_outbox WHERE published_at < $1 LIMIT {SOME})"
        );
        let mut pruned = 0;
        loop {
            let mut write = database.begin().await?;
            let query = sqlx::query(AssertSqlSafe(sql.clone())).bind(before);
            let done = query.execute(write.connection()).await?.rows_affected();
            write.commit().await?;
            pruned += done;
            if done < SOME {
                return Ok(pruned);
            }
        }
    }
}

/// Of each key the row at one of these positions and those behind it, a fair share of each.
async fn behind(connection: &mut AnyConnection, heads: &[i64]) -> Result<Vec<Row>, StoreError> {
    let sql = format!(
        "SELECT r.* FROM jetway_outbox h CROSS JOIN LATERAL (
             SELECT {COLUMNS} FROM jetway_outbox o
             WHERE o.published_at IS NULL AND o.ordering_key = h.ordering_key AND o.position >= h.position
             ORDER BY o.position LIMIT {}) r
         WHERE h.position IN ({})
         ORDER BY r.position",
        (ROWS / heads.len()).max(1),
        list(heads)
    );
    bounded(
        sqlx::query(AssertSqlSafe(sql))
            .persistent(false)
            .fetch(connection),
    )
    .await
}

/// Reads rows until they are enough.
async fn bounded(
    mut rows: impl Stream<Item = Result<AnyRow, sqlx::Error>> + Unpin,
) -> Result<Vec<Row>, StoreError> {
    let (mut taken, mut bytes) = (Vec::new(), 0);
    while bytes < BYTES
        && let Some(row) = rows.next().await
    {
        let row = read(&row?)?;
        bytes += row.body.len();
        taken.push(row);
    }
    Ok(taken)
}

fn read(row: &AnyRow) -> Result<Row, StoreError> {
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

/// Up to when (microseconds) a row that waits at `now` may have been put off.
fn farthest(now: i64) -> i64 {
    if fault::broken(Mechanism::NearDue) {
        i64::MAX
    } else {
        now.saturating_add(FARTHEST)
    }
}
