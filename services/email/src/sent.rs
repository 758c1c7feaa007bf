//! The list of sent mails.

use jetway::Database;
use serde::Serialize;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use time::OffsetDateTime;

use crate::domain::Mail;

/// A mail that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SentMail {
    /// The event that gave rise to it.
    pub event_id: String,
    /// The order that it is about.
    pub order_id: String,
    /// `confirmed` or `cancelled`.
    pub kind: String,
    /// Who got it.
    pub recipient: String,
    /// Its `Message-ID`.
    pub message_id: String,
    /// When it was sent.
    #[serde(with = "time::serde::rfc3339")]
    pub sent_at: OffsetDateTime,
}

/// Records that `mail` was sent, in the handler's transaction. Where another replica was faster with the same event its
/// row stays, and the inbox finds out.
///
/// # Errors
///
/// Those of the database.
pub async fn record(sql: &mut AnyConnection, mail: &Mail) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO sent_mail (event_id, order_id, kind, recipient, message_id, sent_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (event_id) DO NOTHING",
    )
    .bind(mail.event_id.as_str())
    .bind(mail.order_id.to_string())
    .bind(mail.kind.as_str())
    .bind(mail.recipient.to_string())
    .bind(mail.message_id.as_str())
    .bind(micros(OffsetDateTime::now_utc()))
    .execute(sql)
    .await?;
    Ok(())
}

/// The `limit` mails sent last, newest first.
///
/// # Errors
///
/// Those of the database.
pub async fn newest(database: &Database, limit: u32) -> Result<Vec<SentMail>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT event_id, order_id, kind, recipient, message_id, sent_at FROM sent_mail
         ORDER BY sent_at DESC, event_id DESC LIMIT $1",
    )
    .bind(i64::from(limit))
    .fetch_all(database.pool())
    .await?;
    rows.iter().map(sent_mail).collect()
}

fn sent_mail(row: &AnyRow) -> Result<SentMail, sqlx::Error> {
    Ok(SentMail {
        event_id: row.try_get("event_id")?,
        order_id: row.try_get("order_id")?,
        kind: row.try_get("kind")?,
        recipient: row.try_get("recipient")?,
        message_id: row.try_get("message_id")?,
        sent_at: from_micros(row.try_get("sent_at")?),
    })
}

/// Microseconds since 1970: how the database keeps a time.
fn micros(at: OffsetDateTime) -> i64 {
    at.unix_timestamp() * 1_000_000 + i64::from(at.microsecond())
}

fn from_micros(micros: i64) -> OffsetDateTime {
    // Only `micros` writes this column, so the value is always in range.
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
