//! How the answers are read.

use std::collections::HashMap;

use sqlx::any::AnyRow;
use sqlx::{AnyPool, Row};
use time::OffsetDateTime;

use super::{MinuteRevenue, Product, RecentOrder, Revenue, Summary};
use crate::domain::Step;

/// Reads all that the page shows.
///
/// The answers are read one after another, so while events arrive they may be some events apart.
///
/// # Errors
///
/// Those of the database.
pub async fn summary(pool: &AnyPool) -> Result<Summary, sqlx::Error> {
    let counts = step_counts(pool).await?;
    let orders = |step| counts.get(&step).copied().unwrap_or(0);
    let (placed, confirmed, cancelled) = (
        orders(Step::Placed),
        orders(Step::Confirmed),
        orders(Step::Cancelled),
    );
    Ok(Summary {
        placed,
        confirmed,
        cancelled,
        // An outcome may be here before its order is.
        open: (placed - confirmed - cancelled).max(0),
        charged: orders(Step::Charged),
        refunded: orders(Step::Refunded),
        reserved: orders(Step::Reserved),
        short: orders(Step::Short),
        revenue: revenue(pool).await?,
        per_minute: per_minute(pool).await?,
        top_products: top_products(pool).await?,
        recent_orders: recent_orders(pool).await?,
    })
}

async fn step_counts(pool: &AnyPool) -> Result<HashMap<Step, i64>, sqlx::Error> {
    let rows = sqlx::query("SELECT step, orders FROM step_count")
        .fetch_all(pool)
        .await?;
    rows.iter()
        .map(|row| Ok((step(row)?, row.try_get("orders")?)))
        .collect()
}

async fn revenue(pool: &AnyPool) -> Result<Vec<Revenue>, sqlx::Error> {
    // Postgres sums BIGINT as NUMERIC.
    let rows = sqlx::query(
        "SELECT currency, CAST(SUM(cents) AS BIGINT) AS cents FROM revenue_minute
         GROUP BY currency ORDER BY currency",
    )
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            Ok(Revenue {
                currency: row.try_get("currency")?,
                cents: row.try_get("cents")?,
            })
        })
        .collect()
}

async fn per_minute(pool: &AnyPool) -> Result<Vec<MinuteRevenue>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT minute, currency, cents FROM revenue_minute
         WHERE minute > (SELECT MAX(minute) FROM revenue_minute) - 60
         ORDER BY minute, currency",
    )
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            let minute: i64 = row.try_get("minute")?;
            Ok(MinuteRevenue {
                minute: from_micros(minute * 60_000_000),
                currency: row.try_get("currency")?,
                cents: row.try_get("cents")?,
            })
        })
        .collect()
}

async fn top_products(pool: &AnyPool) -> Result<Vec<Product>, sqlx::Error> {
    let rows =
        sqlx::query("SELECT sku, pieces, shortages FROM product ORDER BY pieces DESC, sku LIMIT 8")
            .fetch_all(pool)
            .await?;
    rows.iter()
        .map(|row| {
            Ok(Product {
                sku: row.try_get("sku")?,
                pieces: row.try_get("pieces")?,
                shortages: row.try_get("shortages")?,
            })
        })
        .collect()
}

async fn recent_orders(pool: &AnyPool) -> Result<Vec<RecentOrder>, sqlx::Error> {
    // One row per order and step, the rows of an order side by side.
    let rows = sqlx::query(
        "SELECT newest.order_id, placed_at, pieces, cents, currency, step
         FROM (SELECT order_id, placed_at, pieces, cents, currency FROM placed_order
               ORDER BY placed_at DESC, order_id DESC LIMIT 10) AS newest
         JOIN order_step ON order_step.order_id = newest.order_id
         ORDER BY placed_at DESC, newest.order_id DESC",
    )
    .fetch_all(pool)
    .await?;
    let mut orders: Vec<RecentOrder> = Vec::new();
    for row in &rows {
        let order = recent_order(row)?;
        match orders.last_mut() {
            Some(last) if last.order_id == order.order_id => last.step = last.step.max(order.step),
            _ => orders.push(order),
        }
    }
    Ok(orders)
}

fn recent_order(row: &AnyRow) -> Result<RecentOrder, sqlx::Error> {
    Ok(RecentOrder {
        order_id: row.try_get("order_id")?,
        placed_at: from_micros(row.try_get("placed_at")?),
        pieces: row.try_get("pieces")?,
        cents: row.try_get("cents")?,
        currency: row.try_get("currency")?,
        step: step(row)?,
    })
}

fn step(row: &AnyRow) -> Result<Step, sqlx::Error> {
    let name: String = row.try_get("step")?;
    Step::of(&name).ok_or_else(|| sqlx::Error::Decode(format!("{name:?} is no step").into()))
}

fn from_micros(micros: i64) -> OffsetDateTime {
    // Only this service writes these columns, from times of the same type.
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
