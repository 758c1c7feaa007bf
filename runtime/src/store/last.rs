//! The last statements of a transaction: the inbox row of the event that it handled, the attempts that are forgotten, the
//! rows of the outbox, and the commit.
//!
//! Between a caller and SQLite, which has a thread of its own, a statement costs more than what it does: there they are
//! all handed over at once.

use std::fmt::Write as _;

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};

use super::database::{StoreError, Write};
use super::writer::{LAST, Member, NEXT};
use super::{Attempts, Inbox, Outbox, Row, Source, now_micros};
use crate::fault::{self, Mechanism};

/// How many rows of the outbox are handed over with the rest.
const ROWS: usize = 8;

/// What is written last.
pub(crate) struct Last<'a> {
    /// The event that was handled, and by which consumer.
    pub(crate) entry: Option<(&'a str, &'a Source)>,
    /// Attempts that need not be remembered any more.
    pub(crate) forget: Option<&'a Attempts>,
    /// Events to be published.
    pub(crate) rows: &'a [Row],
}

impl Last<'_> {
    /// The row of the inbox, unless an experiment does without.
    fn entry(&self) -> Option<(&str, &Source)> {
        self.entry.filter(|_| !fault::broken(Mechanism::Inbox))
    }

    /// Writes it and commits; false where the event has been handled by someone else in the meantime: then nothing of
    /// the transaction remains.
    pub(crate) async fn commit(&self, mut write: Write) -> Result<bool, StoreError> {
        let many = self.rows.len().saturating_sub(ROWS);
        match write {
            Write::Shared(mut member) => {
                for row in &self.rows[..many] {
                    Outbox::add(member.connection(), row).await?;
                }
                self.hand_over(member, &self.rows[many..]).await
            }
            Write::Own { .. } => {
                let connection = write.connection();
                if let Some((durable, event)) = self.entry
                    && !Inbox::enter(&mut *connection, durable, event).await?
                {
                    write.rollback().await?;
                    return Ok(false);
                }
                if let Some(attempts) = self.forget {
                    attempts.forget(&mut *connection).await?;
                }
                for row in self.rows {
                    Outbox::add(&mut *connection, row).await?;
                }
                write.commit().await?;
                Ok(true)
            }
        }
    }

    async fn hand_over(&self, mut member: Member, rows: &[Row]) -> Result<bool, StoreError> {
        if self.entry().is_none() && self.forget.is_none() && rows.is_empty() {
            member.commit().await?;
            return Ok(true);
        }
        let sql = self.sql(rows.len());
        let query = self.bound(sqlx::query(AssertSqlSafe(sql)), rows);
        match member.write_last(query).await {
            Ok(()) => {
                member.commit_written().await?;
                Ok(true)
            }
            Err(sqlx::Error::Database(error))
                if error.is_unique_violation() && error.message().contains("jetway_inbox") =>
            {
                member.rollback().await?;
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn sql(&self, rows: usize) -> String {
        let mut sql = String::from(LAST);
        let mut next = 0;
        if self.entry().is_some() {
            sql.push_str(
                "INSERT INTO jetway_inbox (durable, source, event_id, handled_at) VALUES ",
            );
            places(&mut sql, &mut next, 4);
            sql.push(';');
        }
        if self.forget.is_some() {
            let _ = write!(
                sql,
                "DELETE FROM jetway_attempts WHERE durable = ${} AND stream = ${} AND stream_sequence = ${};",
                next + 1,
                next + 2,
                next + 3
            );
            next += 3;
        }
        for row in 0..rows {
            sql.push_str(if row == 0 {
                "INSERT INTO jetway_outbox (event_id, event_type, address, subject, ordering_key, body, correlation_id, traceparent, tracestate, created_at) VALUES "
            } else {
                ","
            });
            places(&mut sql, &mut next, 10);
        }
        sql.push(';');
        sql.push_str(NEXT);
        sql
    }

    fn bound<'q>(
        &self,
        mut query: Query<'q, Any, AnyArguments>,
        rows: &[Row],
    ) -> Query<'q, Any, AnyArguments> {
        if let Some((durable, event)) = self.entry() {
            query = query
                .bind(durable.to_owned())
                .bind(event.source.clone())
                .bind(event.id.clone())
                .bind(now_micros());
        }
        if let Some(attempts) = self.forget {
            query = query
                .bind(attempts.durable)
                .bind(attempts.stream.clone())
                .bind(attempts.sequence);
        }
        for row in rows {
            query = query
                .bind(row.event_id.clone())
                .bind(row.event_type.clone())
                .bind(row.address.clone())
                .bind(row.subject.clone())
                .bind(row.key.clone())
                .bind(row.body.clone())
                .bind(row.correlation_id.clone())
                .bind(row.trace.traceparent.clone())
                .bind(row.trace.tracestate.clone())
                .bind(row.created_at);
        }
        query
    }
}

/// `($1,$2,…)`
fn places(sql: &mut String, next: &mut usize, count: usize) {
    for place in 0..count {
        *next += 1;
        let _ = write!(sql, "{}${next}", if place == 0 { '(' } else { ',' });
    }
    sql.push(')');
}
