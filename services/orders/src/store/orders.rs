//! The table `orders`.

use events::OrderPlacedV2;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, FromRow, Row};
use uuid::Uuid;

use super::{decode, encode};
use crate::domain::{self, Order, Status};

/// Stores a new order.
///
/// # Errors
///
/// Where the database is not available.
pub async fn insert(connection: &mut AnyConnection, order: &Order) -> Result<(), sqlx::Error> {
    let placed = serde_json::to_string(&order.placed).map_err(encode)?;
    sqlx::query(
        "INSERT INTO orders (order_id, status, payment_id, placed) VALUES ($1, $2, $3, $4)",
    )
    .bind(order.placed.order_id.to_string())
    .bind(order.status.as_str())
    .bind(&order.payment_id)
    .bind(placed)
    .execute(connection)
    .await?;
    Ok(())
}

/// The order with this id.
///
/// # Errors
///
/// Where the database is not available.
pub async fn find(pool: &AnyPool, order_id: Uuid) -> Result<Option<Order>, sqlx::Error> {
    sqlx::query_as("SELECT status, payment_id, placed FROM orders WHERE order_id = $1")
        .bind(order_id.to_string())
        .fetch_optional(pool)
        .await
}

/// Settles a placed order. False where it is settled already: an order is settled once, whoever comes first.
///
/// # Errors
///
/// Where the database is not available.
pub async fn settle(
    connection: &mut AnyConnection,
    order_id: Uuid,
    status: Status,
) -> Result<bool, sqlx::Error> {
    let done =
        sqlx::query("UPDATE orders SET status = $1 WHERE order_id = $2 AND status = 'placed'")
            .bind(status.as_str())
            .bind(order_id.to_string())
            .execute(connection)
            .await?;
    Ok(done.rows_affected() == 1)
}

fn placed_from(stored: &str) -> Result<OrderPlacedV2, serde_json::Error> {
    domain::placed(&mut serde_json::Deserializer::from_str(stored))
}

impl FromRow<'_, AnyRow> for Order {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let status: String = row.try_get("status")?;
        let placed: String = row.try_get("placed")?;
        Ok(Self {
            placed: placed_from(&placed).map_err(decode)?,
            status: status.parse().map_err(decode)?,
            payment_id: row.try_get("payment_id")?,
        })
    }
}
