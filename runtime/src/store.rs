//! The service's own database: SQLite or Postgres behind one set of queries, with the inbox, the outbox and the
//! attempts beside the service's tables, so that one transaction holds them all.

mod attempts;
mod database;
mod inbox;
mod last;
mod lookup;
mod migrations;
mod outbox;
mod writer;

pub(crate) use attempts::{Attempts, Standing};
pub use database::{Database, StoreError};
pub(crate) use database::{Kind, NONE, Write, is_unavailable};
pub(crate) use inbox::{Inbox, Source};
pub(crate) use last::Last;
pub use migrations::{Migration, Migrations};
pub(crate) use outbox::{Outbox, Row};

/// Now, as the database keeps times: microseconds since the Unix epoch.
#[must_use]
pub fn now_micros() -> i64 {
    let nanos = time::OffsetDateTime::now_utc().unix_timestamp_nanos();
    let now = i64::try_from(nanos / 1_000).unwrap_or(i64::MAX);
    now.saturating_add(crate::fault::clock_error())
}

/// A text as both databases can keep it: Postgres takes no NUL, and an error may quote whatever an event held.
pub(crate) fn storable(text: &str) -> String {
    const LONGEST: usize = 4_096;
    text.chars().filter(|c| *c != '\0').take(LONGEST).collect()
}

/// A length of time as the database keeps it: whole microseconds.
pub(crate) fn micros(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
