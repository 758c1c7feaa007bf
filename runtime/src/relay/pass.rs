//! One pass: takes rows, publishes them, marks them.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use async_nats::header::{HeaderMap, NATS_MESSAGE_ID};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use rand::Rng;
use tokio::sync::oneshot;

use super::pace::Pace;
use super::publisher::{Failed, Publisher};
use crate::app::Core;
use crate::fault;
use crate::store::{Kind, Outbox, Row, StoreError, Write, micros, now_micros};
use crate::telemetry::send_span;
use crate::wire::CONTENT_TYPE;

/// What the passes of one relay share.
pub(super) struct Relay {
    core: Arc<Core>,
    publisher: Publisher,
    /// The broker did not answer: until all begins from the front, nothing more is sent to it.
    silent: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// When it began from the front (microseconds). A key that waited then is passed over until it does so again: its
    /// rows behind would else be taken when the wait is over and its first one has been passed.
    begun: i64,
    /// The last row that was taken, on SQLite: the rows up to it are in a pass's hands or have been.
    taken: i64,
    passes: u64,
    /// The keys in hand: the latest pass that has each, and what will tell whether it published all of its rows.
    keys: HashMap<String, (u64, oneshot::Receiver<bool>)>,
    /// Keys of which a taken row was not published: until all begins from the front, nothing behind it may be.
    stopped: HashSet<String>,
}

/// Rows in hand.
pub(super) struct Pass {
    number: u64,
    queues: Vec<Queue>,
    /// On Postgres the transaction that holds the rows' locks.
    write: Option<Write>,
}

/// Rows of one key, in order.
struct Queue {
    key: String,
    rows: Vec<Row>,
    /// Where an earlier pass still has the key: whether it published all of its rows.
    before: Option<oneshot::Receiver<bool>>,
    done: oneshot::Sender<bool>,
}

/// What became of a pass.
#[derive(Default)]
struct Sent {
    published: Vec<i64>,
    /// The first failure of each key: nothing behind it was tried.
    failed: Vec<(Row, String)>,
}

impl Relay {
    pub(super) async fn new(core: Arc<Core>, pace: Pace) -> Result<Self, String> {
        Ok(Self {
            publisher: Publisher::new(&core, pace.confirm).await?,
            core,
            silent: AtomicBool::new(false),
            state: Mutex::default(),
        })
    }

    /// Begins from the front. No pass may be at work.
    pub(super) fn rewind(&self) {
        self.silent.store(false, Ordering::Relaxed);
        let mut state = self.lock();
        state.begun = now_micros();
        state.taken = 0;
        state.stopped.clear();
    }

    /// Takes the next rows, if any are due.
    pub(super) async fn take(&self) -> Result<Option<Pass>, StoreError> {
        let (rows, write) = match self.core.database.kind() {
            // The rows stay locked while they are published: a relay that dies lets go of them at once.
            Kind::Postgres => {
                let mut write = self.core.database.begin().await?;
                let rows = Outbox::take_locked(write.connection()).await?;
                (rows, Some(write))
            }
            // SQLite has one writer: it is not held up while the network is waited for. The relay's lock keeps others
            // away.
            Kind::Sqlite => (self.take_next().await?, None),
            Kind::None => return Ok(None),
        };
        if rows.is_empty() {
            return Ok(None);
        }
        let mut state = self.lock();
        state.passes += 1;
        let number = state.passes;
        let queues = queues(rows)
            .into_iter()
            .map(|(key, rows)| {
                let (done, told) = oneshot::channel();
                let before = state.keys.insert(key.clone(), (number, told));
                let before = before.map(|(_, told)| told);
                Queue {
                    key,
                    rows,
                    before,
                    done,
                }
            })
            .collect();
        Ok(Some(Pass {
            number,
            queues,
            write,
        }))
    }

    async fn take_next(&self) -> Result<Vec<Row>, StoreError> {
        let mut connection = self.core.database.pool().acquire().await?;
        loop {
            let (taken, begun) = {
                let state = self.lock();
                (state.taken, state.begun)
            };
            let mut rows = Outbox::take_after(&mut connection, taken, begun).await?;
            let Some(last) = rows.last().map(|row| row.position) else {
                return Ok(rows);
            };
            let mut state = self.lock();
            state.taken = last;
            rows.retain(|row| !state.stopped.contains(&row.key));
            if !rows.is_empty() {
                return Ok(rows);
            }
        }
    }

    /// Publishes and marks. True where more may be worth taking.
    pub(super) async fn finish(&self, pass: Pass) -> Result<bool, StoreError> {
        let mut keys = InHand {
            relay: self,
            number: pass.number,
            keys: pass.queues.iter().map(|queue| queue.key.clone()).collect(),
            cut_off: true,
        };
        let sent = self.publish(pass.queues).await;
        keys.cut_off = false;
        if !sent.published.is_empty() {
            fault::point("relay", "after-publish").await;
        }
        let done = !sent.published.is_empty() || !sent.failed.is_empty();
        if done {
            let mut write = match pass.write {
                Some(write) => write,
                None => self.core.database.begin().await?,
            };
            sent.mark(write.connection()).await?;
            write.commit().await?;
        }
        Ok(!sent.published.is_empty() && !self.silent.load(Ordering::Relaxed))
    }

    async fn publish(&self, queues: Vec<Queue>) -> Sent {
        let mut keys: FuturesUnordered<_> = queues
            .into_iter()
            .map(|queue| self.publish_key(queue))
            .collect();
        let mut sent = Sent::default();
        while let Some((published, failed)) = keys.next().await {
            sent.published.extend(published);
            sent.failed.extend(failed);
        }
        sent
    }

    async fn publish_key(&self, queue: Queue) -> (Vec<i64>, Option<(Row, String)>) {
        let many = queue.rows.len();
        let (published, failed) = self.publish_rows(queue.rows, queue.before).await;
        if published.len() < many {
            // Before anybody is told: the rows behind must not be taken meanwhile.
            self.lock().stopped.insert(queue.key);
        } else {
            // Nobody waits where no later pass has the key.
            let _ = queue.done.send(true);
        }
        (published, failed)
    }

    /// Publishes the events of one key, in order, up to its first failure. Where the broker has fallen silent, what
    /// has not begun is left as it is.
    async fn publish_rows(
        &self,
        rows: Vec<Row>,
        before: Option<oneshot::Receiver<bool>>,
    ) -> (Vec<i64>, Option<(Row, String)>) {
        let mut published = Vec::with_capacity(rows.len());
        if let Some(before) = before
            && !before.await.unwrap_or(false)
        {
            return (published, None);
        }
        for mut row in rows {
            let place = self.publisher.place().await;
            // Not before: it may have fallen silent while this one waited.
            if self.silent.load(Ordering::Relaxed) {
                return (published, None);
            }
            let result = self.publish_row(&mut row).await;
            drop(place);
            let Err(failed) = result else {
                published.push(row.position);
                continue;
            };
            if matches!(failed, Failed::Broker(_)) {
                self.silent.store(true, Ordering::Relaxed);
            }
            self.core.metrics.publish_failed(&row.address);
            let error = failed.text().to_owned();
            tracing::warn!(
                event = row.event_id,
                event_type = row.event_type,
                attempt = row.attempts + 1,
                error,
                "an event could not be published; it stays in the outbox"
            );
            return (published, Some((row, error)));
        }
        (published, None)
    }

    /// Publishes the row, and takes its body out of it.
    async fn publish_row(&self, row: &mut Row) -> Result<(), Failed> {
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
        // The same id each time: the stream drops what it has already stored within its duplicate window.
        headers.insert(NATS_MESSAGE_ID, row.event_id.as_str());
        span.context().inject(&mut headers);
        let body = Bytes::from(std::mem::take(&mut row.body));
        let result = self.publisher.publish(&row.subject, headers, body).await;
        if result.is_ok() {
            self.core.metrics.sent(&row.address);
        }
        span.end(
            result
                .as_ref()
                .map(drop)
                .map_err(|failed| failed.text().to_owned()),
        );
        result
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The keys of a pass, given back when it ends, also where it is cut off.
struct InHand<'a> {
    relay: &'a Relay,
    number: u64,
    keys: Vec<String>,
    cut_off: bool,
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        let mut state = self.relay.lock();
        for key in &self.keys {
            if state
                .keys
                .get(key)
                .is_some_and(|(number, _)| *number == self.number)
            {
                state.keys.remove(key);
            }
            if self.cut_off {
                state.stopped.insert(key.clone());
            }
        }
    }
}

impl Sent {
    async fn mark(&self, connection: &mut sqlx::AnyConnection) -> Result<(), StoreError> {
        Outbox::published(connection, &self.published).await?;
        for (row, error) in &self.failed {
            let pause = Pace::pause(row.attempts, rand::rng().random_range(0.0..1.0));
            Outbox::failed(
                connection,
                row.position,
                error,
                now_micros() + micros(pause),
            )
            .await?;
        }
        Ok(())
    }
}

/// The rows by key, the keys in the order of their first rows.
fn queues(rows: Vec<Row>) -> Vec<(String, Vec<Row>)> {
    let mut queues: Vec<(String, Vec<Row>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for row in rows {
        match places.get(&row.key) {
            Some(&place) => queues[place].1.push(row),
            None => {
                places.insert(row.key.clone(), queues.len());
                queues.push((row.key.clone(), vec![row]));
            }
        }
    }
    queues
}
