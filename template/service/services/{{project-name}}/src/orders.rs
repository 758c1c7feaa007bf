//! The orders that were written down.

use events::OrderConfirmedV1;
use jetway::{Database, now_micros};
use serde::Serialize;
use sqlx::{AnyConnection, Row};

/// An order as this service knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Its id, a uuid.
    pub order_id: String,
    /// What it costs, in cents.
    pub total_cents: i64,
}

/// Writes an order down, in the handler's transaction.
///
/// # Errors
///
/// Those of the database.
pub async fn record(sql: &mut AnyConnection, order: &OrderConfirmedV1) -> Result<(), sqlx::Error> {
    // `$1` works on SQLite and on Postgres, as do BIGINT, DOUBLE PRECISION, TEXT and `ON CONFLICT`.
    sqlx::query("INSERT INTO orders (order_id, total_cents, written_at) VALUES ($1, $2, $3)")
        .bind(order.order_id.to_string())
        .bind(order.total.cents)
        .bind(now_micros())
        .execute(sql)
        .await?;
    Ok(())
}

/// The orders written down last, newest first, 100 at most.
///
/// # Errors
///
/// Those of the database.
pub async fn newest(database: &Database) -> Result<Vec<Order>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT order_id, total_cents FROM orders ORDER BY written_at DESC, order_id DESC LIMIT 100",
    )
    .fetch_all(database.pool())
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Order {
                order_id: row.try_get("order_id")?,
                total_cents: row.try_get("total_cents")?,
            })
        })
        .collect()
}
