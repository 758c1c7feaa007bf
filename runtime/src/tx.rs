//! One transaction of a service: its effect, the events that it decides, and the inbox, all or nothing.

use std::marker::PhantomData;

use sqlx::AnyConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::app::Core;
use crate::store::{Attempts, Kind, Last, Row, Source, StoreError, Write, now_micros};
use crate::telemetry::TraceContext;
use crate::versions::{self, Twins};
use crate::wire::Outgoing;
use crate::{EventData, SentBy, Service, SubjectError, Violations, publish};

/// A transaction of service `S`.
///
/// It takes no connection and no lock until [`Tx::sql`] is first called, or until it commits: a handler may talk to a
/// mail server for as long as it likes before that. Dropped without a commit it leaves nothing.
///
/// In a handler the runtime commits when the handler returns `Ok`. Elsewhere [`App::begin`](crate::App::begin) makes
/// one and [`Tx::commit`] ends it.
pub struct Tx<'a, S> {
    core: &'a Core,
    write: Option<Write>,
    outgoing: Vec<Row>,
    correlation_id: String,
    causation_id: Option<String>,
    /// The durable of the operation whose handler this is for. The runtime bounds how long that takes: it may queue for
    /// the database.
    handler: Option<&'static str>,
    /// How many events it has decided.
    decided: u32,
    service: PhantomData<fn() -> S>,
}

/// What an event and its twins have in common, and what tells them apart.
pub(crate) struct Fact {
    id: Uuid,
    time: OffsetDateTime,
    twin_of: Option<Uuid>,
}

impl Fact {
    /// The same for a twin, a message of its own. Where the fact has the same id each time it is decided, so has it.
    pub(crate) fn twin(&self, event_type: &str) -> Self {
        let is_derived = self.id.get_version_num() == 5;
        Self {
            id: if is_derived {
                Uuid::new_v5(&self.id, event_type.as_bytes())
            } else {
                Uuid::now_v7()
            },
            time: self.time,
            twin_of: Some(self.id),
        }
    }
}

/// Why an event cannot be published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The schema rejects it. An event that its schema rejects is never published.
    #[error("{event_type} cannot be published, its schema rejects it at {violations}")]
    Invalid {
        /// The event.
        event_type: &'static str,
        /// What is wrong.
        violations: Violations,
    },
    /// No subject can be made of it.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// It is larger than consumers accept.
    #[error(
        "{event_type} cannot be published, its {found} bytes are more than the {allowed} that MAX_EVENT_BYTES allows"
    )]
    TooLarge {
        /// The event.
        event_type: &'static str,
        /// Its size with the envelope, in bytes.
        found: usize,
        /// The most that is allowed, in bytes.
        allowed: usize,
    },
    /// It cannot be written as JSON.
    #[error("{event_type} cannot be written as JSON: {source}")]
    Json {
        /// The event.
        event_type: &'static str,
        /// Why.
        source: serde_json::Error,
    },
}

impl<'a, S: Service> Tx<'a, S> {
    pub(crate) fn new(
        core: &'a Core,
        correlation_id: String,
        causation_id: Option<String>,
    ) -> Self {
        Self {
            core,
            write: None,
            outgoing: Vec::new(),
            correlation_id,
            causation_id,
            handler: None,
            decided: 0,
            service: PhantomData,
        }
    }

    /// The same for the handler of `durable`, whose time is bounded by its operation.
    pub(crate) fn handling(self, durable: &'static str) -> Self {
        Self {
            handler: Some(durable),
            ..self
        }
    }

    /// The connection of this transaction; the first call begins it.
    ///
    /// # Errors
    ///
    /// Where the database is not available, or the service has none.
    pub async fn sql(&mut self) -> Result<&mut AnyConnection, StoreError> {
        let write = match self.write.take() {
            Some(write) => write,
            None if self.handler.is_some() => self.core.database.begin_patiently().await?,
            None => self.core.database.begin().await?,
        };
        Ok(self.write.insert(write).connection())
    }

    /// Publishes an event with the transaction: checked against its schema now, written to the outbox at the commit,
    /// and sent to JetStream by the relay, however often the broker or this process fails in between. Correlation,
    /// causation and trace context are filled in. Where the contract lets the service send older versions of the event
    /// beside it, they go out with it, made by the [downcast](crate::Downcast).
    ///
    /// Returns the event's id.
    ///
    /// # Errors
    ///
    /// Where its schema rejects the event, or it is too large.
    #[expect(
        clippy::unused_async,
        reason = "publishing may come to wait, as for back-pressure, without a change of the API"
    )]
    pub async fn publish<E: EventData + SentBy<S>>(
        &mut self,
        data: E,
    ) -> Result<Uuid, PublishError> {
        let fact = Fact {
            id: self.next_id(),
            time: OffsetDateTime::now_utc(),
            twin_of: None,
        };
        let id = fact.id;
        // The newest first: who handles that one need not look at its twins. And all of them or none.
        let mut rows = vec![self.row(&data, &fact)?];
        let mut twins = Twins {
            tx: self,
            fact,
            rows: Vec::new(),
        };
        data.twins(&mut twins)?;
        rows.append(&mut twins.rows);
        self.outgoing.append(&mut rows);
        Ok(id)
    }

    /// Without a database nothing stops a handler from running twice for one event: then what it publishes has the same
    /// ids both times, and the stream and the inboxes of others take it once.
    fn next_id(&mut self) -> Uuid {
        self.decided += 1;
        match (self.handler, &self.causation_id) {
            (Some(durable), Some(cause)) if !self.core.database.is_there() => {
                let name = format!("{durable}/{cause}/{}", self.decided);
                Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
            }
            _ => Uuid::now_v7(),
        }
    }

    pub(crate) fn row<E: EventData>(&self, data: &E, fact: &Fact) -> Result<Row, PublishError> {
        versions::check(data).map_err(|violations| PublishError::Invalid {
            event_type: E::TYPE,
            violations,
        })?;
        let key = data.key();
        let source = format!("/{}", S::NAME);
        let causation = self.causation_id.as_deref();
        let body = serde_json::to_string(&Outgoing {
            twin_of: fact.twin_of,
            time: fact.time,
            ..Outgoing::new(
                fact.id,
                &source,
                &key,
                &self.correlation_id,
                causation,
                data,
            )
        })
        .map_err(|source| PublishError::Json {
            event_type: E::TYPE,
            source,
        })?;
        let allowed = self.core.settings.max_event_bytes;
        if body.len() > allowed {
            return Err(PublishError::TooLarge {
                event_type: E::TYPE,
                found: body.len(),
                allowed,
            });
        }
        Ok(Row {
            position: 0,
            event_id: fact.id.to_string(),
            event_type: E::TYPE.to_owned(),
            address: E::ADDRESS.to_owned(),
            subject: data.subject()?.as_str().to_owned(),
            key,
            body,
            correlation_id: self.correlation_id.clone(),
            trace: TraceContext::current(),
            created_at: now_micros(),
            attempts: 0,
        })
    }

    /// The correlation id of what happens in this transaction.
    #[must_use]
    pub fn correlation_id(&self) -> &str {
        &self.correlation_id
    }

    /// Commits: the effect and the events of this transaction are there, or neither.
    ///
    /// In a service without a database its events go to JetStream here, in their order, and this returns when all are
    /// confirmed.
    ///
    /// # Errors
    ///
    /// Where the database is not available or refuses, also because a statement of this transaction has failed (on
    /// Postgres; on SQLite a failed statement leaves the others standing); then nothing has happened, unless the connection broke during
    /// the commit itself: only the database knows, so let an idempotency key or the inbox tell.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        if !self.core.database.is_there() {
            return publish::all(self.core, self.outgoing).await;
        }
        if self.outgoing.is_empty()
            && self.core.database.kind() == Kind::Postgres
            && let Some(write) = &mut self.write
        {
            // After a failed statement the COMMIT would roll back and report success; any other statement is refused.
            sqlx::query("SELECT 1")
                .execute(write.connection())
                .await
                .map_err(StoreError::from)?;
        }
        if !self.outgoing.is_empty() {
            self.sql().await?;
        }
        let last = Last {
            entry: None,
            forget: None,
            rows: &std::mem::take(&mut self.outgoing),
        };
        self.end(last).await.map(drop)
    }

    /// Undoes this transaction; its events are not sent. Dropping it does the same.
    ///
    /// Whoever answers from what it has read ends it with this, and not with a drop: on SQLite transactions that queue
    /// for the one writer share a commit, so it may have read what another of them wrote, and only their common commit
    /// makes that true.
    ///
    /// # Errors
    ///
    /// Where what it has read never came to be, because the database refused that commit.
    pub async fn rollback(mut self) -> Result<(), StoreError> {
        match self.write.take() {
            Some(write) => write.rollback().await,
            None => Ok(()),
        }
    }

    /// Commits the effect of a handled event. False where someone else has handled it in the meantime: then nothing
    /// of this transaction remains.
    pub(crate) async fn commit_handled(
        mut self,
        durable: &str,
        event: &Source,
        attempts: Option<&Attempts>,
    ) -> Result<bool, StoreError> {
        if !self.core.database.is_there() {
            if !self.outgoing.is_empty() {
                Box::pin(publish::all(self.core, self.outgoing)).await?;
            }
            return Ok(true);
        }
        Box::pin(async {
            self.sql().await?;
            let last = Last {
                entry: Some((durable, event)),
                forget: attempts,
                rows: &std::mem::take(&mut self.outgoing),
            };
            self.end(last).await
        })
        .await
    }

    async fn end(&mut self, last: Last<'_>) -> Result<bool, StoreError> {
        let Some(write) = self.write.take() else {
            return Ok(true);
        };
        let done = last.commit(write).await?;
        if !last.rows.is_empty() {
            self.core.relay_wake.notify_one();
        }
        Ok(done)
    }
}
