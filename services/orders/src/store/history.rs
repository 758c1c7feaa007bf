//! The table `order_history`.

use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, FromRow, Row};
use time::OffsetDateTime;
use uuid::Uuid;

use super::decode;

/// An event of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its CloudEvents type, as in `order.placed.v1`.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Its CloudEvents id.
    pub id: String,
    /// When it became known here.
    #[serde(with = "time::serde::rfc3339")]
    pub time: OffsetDateTime,
}

/// Appends an event to the history of an order, in a transaction that has written the order.
///
/// # Errors
///
/// Where the database is not available.
pub async fn append(
    connection: &mut AnyConnection,
    order_id: Uuid,
    event_type: &str,
    event_id: &str,
) -> Result<(), sqlx::Error> {
    // Whoever has written the order keeps others from it until the commit, so the next position is free.
    sqlx::query(
        "INSERT INTO order_history (order_id, position, event_type, event_id, recorded_at) VALUES \
         ($1, (SELECT COALESCE(MAX(position), 0) + 1 FROM order_history WHERE order_id = $1), $2, $3, $4)",
    )
    .bind(order_id.to_string())
    .bind(event_type)
    .bind(event_id)
    .bind(jetway::now_micros())
    .execute(connection)
    .await?;
    Ok(())
}

/// The history of an order, oldest first; empty where the order is not known.
///
/// # Errors
///
/// Where the database is not available.
pub async fn of(pool: &AnyPool, order_id: Uuid) -> Result<Vec<Entry>, sqlx::Error> {
    sqlx::query_as(
        "SELECT event_type, event_id, recorded_at FROM order_history WHERE order_id = $1 ORDER BY position",
    )
    .bind(order_id.to_string())
    .fetch_all(pool)
    .await
}

impl FromRow<'_, AnyRow> for Entry {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let micros: i64 = row.try_get("recorded_at")?;
        let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000)
            .map_err(decode)?;
        Ok(Self {
            event_type: row.try_get("event_type")?,
            id: row.try_get("event_id")?,
            time,
        })
    }
}
