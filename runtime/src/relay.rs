//! The relay: publishes what the outbox holds, in order per key, until the broker has confirmed it.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_nats::connection::State;
use async_nats::header::HeaderMap;
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use bytes::Bytes;
use futures::StreamExt;
use rand::Rng;

use crate::app::Core;
use crate::fault;
use crate::store::{Kind, Outbox, Row, StoreError, micros, now_micros};
use crate::telemetry::send_span;
use crate::wire::CONTENT_TYPE;

/// How many keys are published at once.
const WINDOW: usize = 256;
/// How long the broker may take to confirm one event.
const CONFIRM: Duration = Duration::from_secs(5);
/// How often the outbox is looked at without being called: for what another replica or an earlier process left.
const TICK: Duration = Duration::from_secs(1);
/// How often depth and age are measured.
const MEASURE: Duration = Duration::from_secs(5);

/// Publishes until shutdown.
pub(crate) async fn run(core: Arc<Core>) {
    let mut measured = tokio::time::Instant::now();
    let mut lock = Lock::default();
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = core.shutdown.cancelled() => break,
            () = core.relay_wake.notified() => {}
            _ = tick.tick() => {}
        }
        if lock.hold(&core) {
            // What is left at shutdown is for `flush`, which has a bound.
            publish_all(&core, || !core.shutdown.is_cancelled()).await;
        }
        if measured.elapsed() >= MEASURE {
            measured = tokio::time::Instant::now();
            measure(&core).await;
        }
    }
}

/// Publishes what is left after the handlers have ended. The caller sets a bound; what it cuts off stays in the outbox.
pub(crate) async fn flush(core: &Core) {
    let mut lock = Lock::default();
    if lock.hold(core) {
        publish_all(core, || true).await;
    }
}

async fn publish_all(core: &Core, go_on: impl Fn() -> bool) {
    while core.client.connection_state() == State::Connected {
        match pass(core).await {
            Ok(0) => return,
            Ok(_) if !go_on() => return,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "the outbox cannot be read or marked; its events wait");
                return;
            }
        }
    }
}

/// One pass: takes rows, publishes them, marks them. Returns how many were published.
async fn pass(core: &Core) -> Result<usize, StoreError> {
    match core.database.kind() {
        // The rows stay locked while they are published: a relay that dies lets go of them at once.
        Kind::Postgres => {
            let mut write = core.database.begin().await?;
            let rows = Outbox::take(write.connection(), Kind::Postgres).await?;
            let sent = publish(core, rows).await;
            sent.mark(write.connection()).await?;
            write.commit().await?;
            Ok(sent.published.len())
        }
        // SQLite has one writer: it is not held up while the network is waited for. `Lock` keeps other relays away.
        Kind::Sqlite => {
            let mut connection = core.database.pool().acquire().await?;
            let rows = Outbox::take(&mut connection, Kind::Sqlite).await?;
            drop(connection);
            let sent = publish(core, rows).await;
            if sent.is_empty() {
                return Ok(0);
            }
            let mut write = core.database.begin().await?;
            sent.mark(write.connection()).await?;
            write.commit().await?;
            Ok(sent.published.len())
        }
    }
}

/// What became of a pass.
#[derive(Default)]
struct Sent {
    published: Vec<i64>,
    /// The first failure of each key: nothing behind it was tried.
    failed: Vec<(Row, String)>,
}

impl Sent {
    fn is_empty(&self) -> bool {
        self.published.is_empty() && self.failed.is_empty()
    }

    async fn mark(&self, connection: &mut sqlx::AnyConnection) -> Result<(), StoreError> {
        Outbox::published(connection, &self.published).await?;
        for (row, error) in &self.failed {
            let due = now_micros() + micros(backoff(row.attempts));
            Outbox::failed(connection, row.position, error, due).await?;
        }
        Ok(())
    }
}

async fn publish(core: &Core, rows: Vec<Row>) -> Sent {
    let mut keys: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in rows {
        keys.entry(row.key.clone()).or_default().push(row);
    }
    let mut results = futures::stream::iter(keys.into_values().map(|rows| publish_key(core, rows)))
        .buffer_unordered(WINDOW);
    let mut sent = Sent::default();
    while let Some((published, failed)) = results.next().await {
        sent.published.extend(published);
        sent.failed.extend(failed);
    }
    if !sent.published.is_empty() {
        fault::point("relay", "after-publish").await;
    }
    sent
}

/// Publishes the events of one key, in order, up to its first failure.
async fn publish_key(core: &Core, rows: Vec<Row>) -> (Vec<i64>, Option<(Row, String)>) {
    let mut published = Vec::with_capacity(rows.len());
    for row in rows {
        match publish_row(core, &row).await {
            Ok(()) => published.push(row.position),
            Err(error) => {
                core.metrics.publish_failed(&row.address);
                tracing::warn!(
                    event = row.event_id,
                    event_type = row.event_type,
                    attempt = row.attempts + 1,
                    error,
                    "an event could not be published; it stays in the outbox"
                );
                return (published, Some((row, error)));
            }
        }
    }
    (published, None)
}

async fn publish_row(core: &Core, row: &Row) -> Result<(), String> {
    fault::point("relay", "before-publish").await;
    let span = send_span(
        &row.address,
        &row.event_type,
        &row.event_id,
        &row.correlation_id,
        &row.trace,
        SystemTime::now(),
    );
    let mut headers = HeaderMap::new();
    headers.insert("Content-Type", CONTENT_TYPE);
    span.context().inject(&mut headers);
    // The same id each time: the stream drops what it has already stored within its duplicate window.
    let message = PublishMessage::build()
        .payload(Bytes::from(row.body.clone()))
        .headers(headers)
        .message_id(&row.event_id);
    let confirmed = async {
        core.jetstream
            .send_publish(row.subject.clone(), message)
            .await?
            .await
    };
    let mut connection = core.connection.subscribe();
    let result = tokio::select! {
        answer = tokio::time::timeout(CONFIRM, confirmed) => match answer {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(explained(&error, &row.subject)),
            Err(_) => Err(format!(
                "the broker did not confirm within {} s",
                CONFIRM.as_secs()
            )),
        },
        // The answer would have come over the connection that is gone.
        _ = connection.changed() => Err("the connection to the broker was lost before it confirmed".to_owned()),
    };
    if result.is_ok() {
        core.metrics.sent(&row.address);
    }
    span.end(result.as_ref().map(drop));
    result
}

/// What a person has to do for the event to be published.
fn explained(error: &PublishError, subject: &str) -> String {
    match error.kind() {
        PublishErrorKind::StreamNotFound => {
            format!("no stream takes the subject {subject}: {error}")
        }
        PublishErrorKind::MaxPayloadExceeded => {
            format!("the event is larger than the server's max_payload: {error}")
        }
        _ => error.to_string(),
    }
}

async fn measure(core: &Core) {
    if let Ok((depth, oldest)) = Outbox::depth(&core.database).await {
        let age = oldest.map_or(0, |oldest| now_micros().saturating_sub(oldest));
        core.metrics.set_outbox(
            u64::try_from(depth).unwrap_or(0),
            Duration::from_micros(u64::try_from(age).unwrap_or(0)),
        );
    }
}

/// From a quarter of a second to 20 s: whatever held an event up, it goes out within half a minute after.
fn backoff(attempts: i64) -> Duration {
    let exponent = u32::try_from(attempts.clamp(0, 6)).unwrap_or(0);
    Duration::from_millis(250 * 2_u64.pow(exponent)).mul_f64(rand::rng().random_range(1.0..1.25))
}

/// Only one relay works on a SQLite file, across processes: the operating system lets go of the lock with the process.
#[derive(Default)]
struct Lock(Option<File>);

impl Lock {
    fn hold(&mut self, core: &Core) -> bool {
        if self.0.is_some() {
            return true;
        }
        let Some(file) = core.database.file() else {
            return true;
        };
        let path = format!("{file}.relay-lock");
        match File::create(&path) {
            Ok(file) if file.try_lock().is_ok() => {
                self.0 = Some(file);
                true
            }
            Ok(_) => false,
            Err(error) => {
                tracing::warn!(path, %error, "the relay's lock file cannot be made; events wait in the outbox");
                false
            }
        }
    }
}
