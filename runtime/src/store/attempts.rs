//! Attempts at messages that did not succeed at once.
//!
//! They are kept where effects are kept, because the server's delivered count also counts deferrals and deliveries
//! that never reached a handler. A message that succeeds at its first delivery never touches this table.

use sqlx::{AnyConnection, Row as _};

use super::database::{Database, StoreError};
use super::{now_micros, storable};

/// Which delivery: a message of a stream as seen by one consumer. A redrive is a new message and begins anew.
#[derive(Clone, Debug)]
pub(crate) struct Attempts {
    pub(crate) durable: &'static str,
    pub(crate) stream: String,
    pub(crate) sequence: i64,
}

/// What is known of earlier attempts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Attempts begun and counted.
    pub(crate) attempts: u32,
    /// Attempts that began and never ended with a word: the process died in them.
    pub(crate) unaccounted: u32,
    /// When it was first deferred, in microseconds.
    pub(crate) deferred_at: Option<i64>,
    /// When it first failed, in microseconds.
    pub(crate) first_failure_at: Option<i64>,
    /// What the last failure said.
    pub(crate) last_error: Option<String>,
}

impl Standing {
    /// All that is known without a database: every earlier delivery counts as an attempt, whatever became of it.
    pub(crate) fn of_deliveries(earlier: u64) -> Option<Self> {
        (earlier > 0).then(|| Self {
            attempts: u32::try_from(earlier).unwrap_or(u32::MAX),
            ..Self::default()
        })
    }
}

impl Attempts {
    pub(crate) async fn standing(
        &self,
        database: &Database,
    ) -> Result<Option<Standing>, StoreError> {
        let row = sqlx::query(
            "SELECT attempts, running, deferred_at, first_failure_at, last_error FROM jetway_attempts
             WHERE durable = $1 AND stream = $2 AND stream_sequence = $3",
        )
        .bind(self.durable)
        .bind(self.stream.as_str())
        .bind(self.sequence)
        .fetch_optional(database.pool())
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Standing {
            attempts: u32::try_from(row.try_get::<i64, _>(0)?).unwrap_or(u32::MAX),
            unaccounted: u32::try_from(row.try_get::<i64, _>(1)?).unwrap_or(0),
            deferred_at: row.try_get(2)?,
            first_failure_at: row.try_get(3)?,
            last_error: row.try_get(4)?,
        }))
    }

    /// Writes down that attempt number `attempt` begins, before the handler runs: should the process die in it, the
    /// next delivery knows.
    pub(crate) async fn begin(&self, database: &Database, attempt: u32) -> Result<(), StoreError> {
        if !database.is_there() {
            return Ok(());
        }
        let mut write = database.begin().await?;
        sqlx::query(
            "INSERT INTO jetway_attempts (durable, stream, stream_sequence, attempts, running, touched_at)
             VALUES ($1, $2, $3, $4, 1, $5)
             ON CONFLICT (durable, stream, stream_sequence)
             DO UPDATE SET attempts = $4, running = jetway_attempts.running + 1, touched_at = $5",
        )
        .bind(self.durable)
        .bind(self.stream.as_str())
        .bind(self.sequence)
        .bind(i64::from(attempt))
        .bind(now_micros())
        .execute(write.connection())
        .await?;
        write.commit().await
    }

    /// Writes down that attempt number `attempt` failed.
    pub(crate) async fn failed(
        &self,
        database: &Database,
        attempt: u32,
        error: &str,
    ) -> Result<(), StoreError> {
        if !database.is_there() {
            return Ok(());
        }
        let mut write = database.begin().await?;
        sqlx::query(
            "INSERT INTO jetway_attempts
                 (durable, stream, stream_sequence, attempts, running, first_failure_at, last_failure_at, last_error, touched_at)
             VALUES ($1, $2, $3, $4, 0, $5, $5, $6, $5)
             ON CONFLICT (durable, stream, stream_sequence) DO UPDATE SET
                 attempts = $4, running = 0, last_failure_at = $5, last_error = $6, touched_at = $5,
                 first_failure_at = COALESCE(jetway_attempts.first_failure_at, $5)",
        )
        .bind(self.durable)
        .bind(self.stream.as_str())
        .bind(self.sequence)
        .bind(i64::from(attempt))
        .bind(now_micros())
        .bind(storable(error))
        .execute(write.connection())
        .await?;
        write.commit().await
    }

    /// Writes down that the message was deferred: `spent` attempts remain counted.
    pub(crate) async fn deferred(
        &self,
        database: &Database,
        spent: u32,
        reason: &str,
    ) -> Result<(), StoreError> {
        if !database.is_there() {
            return Ok(());
        }
        let mut write = database.begin().await?;
        sqlx::query(
            "INSERT INTO jetway_attempts
                 (durable, stream, stream_sequence, attempts, running, deferred_at, last_error, touched_at)
             VALUES ($1, $2, $3, $4, 0, $5, $6, $5)
             ON CONFLICT (durable, stream, stream_sequence) DO UPDATE SET
                 attempts = $4, running = 0, last_error = $6, touched_at = $5,
                 deferred_at = COALESCE(jetway_attempts.deferred_at, $5)",
        )
        .bind(self.durable)
        .bind(self.stream.as_str())
        .bind(self.sequence)
        .bind(i64::from(spent))
        .bind(now_micros())
        .bind(storable(reason))
        .execute(write.connection())
        .await?;
        write.commit().await
    }

    /// Writes down that the attempt ended without counting, for a reason that is not the message's: `spent` attempts
    /// remain counted.
    pub(crate) async fn spared(
        &self,
        database: &Database,
        spent: u32,
        reason: &str,
    ) -> Result<(), StoreError> {
        let mut write = database.begin().await?;
        sqlx::query(
            "INSERT INTO jetway_attempts
                 (durable, stream, stream_sequence, attempts, running, last_error, touched_at)
             VALUES ($1, $2, $3, $4, 0, $5, $6)
             ON CONFLICT (durable, stream, stream_sequence) DO UPDATE SET
                 attempts = $4, running = 0, last_error = $5, touched_at = $6",
        )
        .bind(self.durable)
        .bind(self.stream.as_str())
        .bind(self.sequence)
        .bind(i64::from(spent))
        .bind(storable(reason))
        .bind(now_micros())
        .execute(write.connection())
        .await?;
        write.commit().await
    }

    /// Forgets the attempts, in the transaction of the effect.
    pub(crate) async fn forget(&self, connection: &mut AnyConnection) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM jetway_attempts WHERE durable = $1 AND stream = $2 AND stream_sequence = $3")
            .bind(self.durable)
            .bind(self.stream.as_str())
            .bind(self.sequence)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Drops what nobody has touched since `before` (microseconds): its message is settled or gone.
    pub(crate) async fn prune(
        connection: &mut AnyConnection,
        before: i64,
    ) -> Result<u64, StoreError> {
        let done = sqlx::query("DELETE FROM jetway_attempts WHERE touched_at < $1")
            .bind(before)
            .execute(connection)
            .await?;
        Ok(done.rows_affected())
    }
}
