//! The stock, in SQL that SQLite and Postgres share.

use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, Connection, FromRow, Row};
use uuid::Uuid;

use crate::domain::{Demand, Reservation, Shortage};

/// One article and how much of it there is, in pieces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Article {
    /// Its stock-keeping unit.
    pub sku: String,
    /// What it is called.
    pub name: String,
    /// How many are in the warehouse.
    pub on_hand: i64,
    /// How many of these belong to orders.
    pub reserved: i64,
    /// How many are left to sell.
    pub available: i64,
}

/// Sets aside all that an order needs, or nothing.
///
/// Runs in the caller's transaction, which may commit in either case.
///
/// # Errors
///
/// Where the database is not available, or the order already has a reservation.
pub async fn reserve(
    connection: &mut AnyConnection,
    order_id: Uuid,
    demand: &Demand,
) -> Result<Reservation, sqlx::Error> {
    // Within a transaction this is a savepoint: a short line undoes the earlier ones, and only them.
    let mut savepoint = connection.begin().await?;
    for (sku, requested) in demand.iter() {
        if !take(&mut savepoint, sku, requested).await? {
            let available = available(&mut savepoint, sku).await?;
            savepoint.rollback().await?;
            return Ok(Reservation::Short(Shortage {
                sku: sku.to_owned(),
                requested,
                available,
            }));
        }
        record(&mut savepoint, order_id, sku, requested).await?;
    }
    savepoint.commit().await?;
    Ok(Reservation::Made)
}

/// Takes so many pieces of an article if they are there. The condition is part of the `UPDATE`: to read first and write
/// afterwards would sell the same piece twice.
async fn take(
    connection: &mut AnyConnection,
    sku: &str,
    quantity: i64,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE stock SET reserved = reserved + $1 WHERE sku = $2 AND on_hand - reserved >= $1",
    )
    .bind(quantity)
    .bind(sku)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn available(connection: &mut AnyConnection, sku: &str) -> Result<i64, sqlx::Error> {
    let known = sqlx::query_scalar("SELECT on_hand - reserved FROM stock WHERE sku = $1")
        .bind(sku)
        .fetch_optional(connection)
        .await?;
    Ok(known.unwrap_or(0))
}

async fn record(
    connection: &mut AnyConnection,
    order_id: Uuid,
    sku: &str,
    quantity: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO reservations (order_id, sku, quantity, reserved_at) VALUES ($1, $2, $3, $4)",
    )
    .bind(order_id.to_string())
    .bind(sku)
    .bind(quantity)
    .bind(jetway::now_micros())
    .execute(connection)
    .await?;
    Ok(())
}

/// All articles, sorted by SKU.
///
/// # Errors
///
/// Where the database is not available.
pub async fn list(pool: &AnyPool) -> Result<Vec<Article>, sqlx::Error> {
    sqlx::query_as(
        "SELECT sku, name, on_hand, reserved, on_hand - reserved AS available FROM stock ORDER BY sku",
    )
    .fetch_all(pool)
    .await
}

impl FromRow<'_, AnyRow> for Article {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            sku: row.try_get("sku")?,
            name: row.try_get("name")?,
            on_hand: row.try_get("on_hand")?,
            reserved: row.try_get("reserved")?,
            available: row.try_get("available")?,
        })
    }
}
