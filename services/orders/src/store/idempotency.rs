//! The table `idempotency_keys`.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};
use uuid::Uuid;

use super::{decode, encode};
use crate::domain::{Fingerprint, IdempotencyKey, Outcome};

/// What is known of a request with an idempotency key.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// What the request's body was.
    pub fingerprint: Fingerprint,
    /// The order that the request is for.
    pub order_id: Uuid,
    /// How the request ended; `None` while it is new, or under way, or where it was cut short.
    pub outcome: Option<Outcome>,
}

/// Claims a key for a request, unless it is claimed already, and says what is known of it.
///
/// # Errors
///
/// Where the database is not available.
pub async fn claim(
    connection: &mut AnyConnection,
    key: &IdempotencyKey,
    fingerprint: &Fingerprint,
) -> Result<Claim, sqlx::Error> {
    sqlx::query(
        "INSERT INTO idempotency_keys (idempotency_key, fingerprint, order_id, claimed_at) \
         VALUES ($1, $2, $3, $4) ON CONFLICT (idempotency_key) DO NOTHING",
    )
    .bind(key.as_str())
    .bind(fingerprint.as_str())
    .bind(Uuid::now_v7().to_string())
    .bind(jetway::now_micros())
    .execute(&mut *connection)
    .await?;
    find(connection, key).await
}

/// Keeps how a request ended. The first outcome counts: where there is one already, that is returned.
///
/// # Errors
///
/// Where the database is not available.
pub async fn conclude(
    connection: &mut AnyConnection,
    key: &IdempotencyKey,
    outcome: &Outcome,
) -> Result<Option<Outcome>, sqlx::Error> {
    let outcome = serde_json::to_string(outcome).map_err(encode)?;
    let done = sqlx::query(
        "UPDATE idempotency_keys SET outcome = $1 WHERE idempotency_key = $2 AND outcome IS NULL",
    )
    .bind(outcome)
    .bind(key.as_str())
    .execute(&mut *connection)
    .await?;
    match done.rows_affected() {
        0 => Ok(find(connection, key).await?.outcome),
        _ => Ok(None),
    }
}

async fn find(connection: &mut AnyConnection, key: &IdempotencyKey) -> Result<Claim, sqlx::Error> {
    sqlx::query_as(
        "SELECT fingerprint, order_id, outcome FROM idempotency_keys WHERE idempotency_key = $1",
    )
    .bind(key.as_str())
    .fetch_one(connection)
    .await
}

impl FromRow<'_, AnyRow> for Claim {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        let order_id: String = row.try_get("order_id")?;
        let outcome: Option<String> = row.try_get("outcome")?;
        let outcome = outcome.map(|json| serde_json::from_str(&json)).transpose();
        Ok(Self {
            fingerprint: Fingerprint::stored(row.try_get("fingerprint")?),
            order_id: order_id.parse().map_err(decode)?,
            outcome: outcome.map_err(decode)?,
        })
    }
}
