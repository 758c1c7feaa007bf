//! How events change the tables.

use sqlx::AnyConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::{Change, Projection, Step};

/// Applies what an event changes, in the handler's transaction.
///
/// # Errors
///
/// Those of the database.
pub async fn apply(sql: &mut AnyConnection, event: &Projection) -> Result<(), sqlx::Error> {
    let news = take_step(sql, event.order_id, event.step, event.at).await?;
    if !news {
        // The same fact under another event id, which the inbox cannot know: adding it again would count it twice.
        return Ok(());
    }
    for change in &event.changes {
        make(sql, event, change).await?;
    }
    count(sql, event.step).await
}

/// Empties the read model.
pub const CLEAR: &[&str] = &[
    "DELETE FROM order_step",
    "DELETE FROM step_count",
    "DELETE FROM placed_order",
    "DELETE FROM revenue_minute",
    "DELETE FROM product",
];

/// False where the order has taken this step before.
async fn take_step(
    sql: &mut AnyConnection,
    order_id: Uuid,
    step: Step,
    at: OffsetDateTime,
) -> Result<bool, sqlx::Error> {
    let taken = sqlx::query(
        "INSERT INTO order_step (order_id, step, at) VALUES ($1, $2, $3)
         ON CONFLICT (order_id, step) DO NOTHING",
    )
    .bind(order_id.to_string())
    .bind(step.as_str())
    .bind(micros(at))
    .execute(sql)
    .await?;
    Ok(taken.rows_affected() == 1)
}

async fn count(sql: &mut AnyConnection, step: Step) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO step_count (step, orders) VALUES ($1, 1)
         ON CONFLICT (step) DO UPDATE SET orders = step_count.orders + 1",
    )
    .bind(step.as_str())
    .execute(sql)
    .await?;
    Ok(())
}

async fn make(
    sql: &mut AnyConnection,
    event: &Projection,
    change: &Change,
) -> Result<(), sqlx::Error> {
    let statement = match change {
        Change::Order {
            pieces,
            cents,
            currency,
        } => sqlx::query(
            "INSERT INTO placed_order (order_id, placed_at, pieces, cents, currency)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(event.order_id.to_string())
        .bind(micros(event.at))
        .bind(*pieces)
        .bind(*cents)
        .bind(currency.as_str()),
        Change::Revenue {
            minute,
            cents,
            currency,
        } => sqlx::query(
            "INSERT INTO revenue_minute (minute, currency, cents) VALUES ($1, $2, $3)
             ON CONFLICT (minute, currency) DO UPDATE SET cents = revenue_minute.cents + excluded.cents",
        )
        .bind(*minute)
        .bind(currency.as_str())
        .bind(*cents),
        Change::Ordered { sku, pieces } => sqlx::query(
            "INSERT INTO product (sku, pieces, shortages) VALUES ($1, $2, 0)
             ON CONFLICT (sku) DO UPDATE SET pieces = product.pieces + excluded.pieces",
        )
        .bind(sku.as_str())
        .bind(*pieces),
        Change::Shortage { sku } => sqlx::query(
            "INSERT INTO product (sku, pieces, shortages) VALUES ($1, 0, 1)
             ON CONFLICT (sku) DO UPDATE SET shortages = product.shortages + 1",
        )
        .bind(sku.as_str()),
    };
    statement.execute(sql).await?;
    Ok(())
}

/// Microseconds since 1970: how the database keeps a time.
fn micros(at: OffsetDateTime) -> i64 {
    at.unix_timestamp() * 1_000_000 + i64::from(at.microsecond())
}
