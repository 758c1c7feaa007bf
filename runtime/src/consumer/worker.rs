//! The worker of one operation: bounded concurrency, lanes, signs of life, and an orderly end.

use std::collections::{HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering as Atomic};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::attempt::{Next, Past, panic_text};
use super::circuit::{Circuit, Leaving};
use super::delivered::Delivered;
use super::handler::Consumer;
use super::held::Held;
use super::pull::{Pulled, Puller};
use super::settle::Settler;
use crate::app::Core;
use crate::{Error, Operation, Ordering, Service};

/// How many messages may wait in lanes behind a retry before this process stops taking more.
pub(crate) const PARKED: usize = 1_000;

/// One operation at work.
pub(crate) struct Worker<S> {
    core: Arc<Core>,
    consumer: Consumer<S>,
    held: Held,
    permits: Semaphore,
    circuit: Circuit,
    rate: tokio::sync::Mutex<Bucket>,
    lanes: Mutex<Lanes>,
    /// Room has been made.
    freed: Notify,
    tasks: TaskTracker,
    /// No pull is open any more: what is given back does not come back here.
    stopped: CancellationToken,
    /// Ends attempts that outlast the drain.
    kill: CancellationToken,
    settled: AtomicU64,
    /// Messages that have ended since the last time that room was announced.
    ended: AtomicUsize,
}

#[derive(Default)]
struct Lanes {
    waiting: HashMap<String, Lane>,
    /// Messages in lanes whose head waits for its next attempt.
    parked: usize,
}

/// The messages of one key after the one that is being handled.
#[derive(Default)]
struct Lane {
    queue: VecDeque<Delivered>,
    parked: bool,
}

impl<S: Service> Worker<S> {
    pub(crate) fn new(core: Arc<Core>, consumer: Consumer<S>) -> Arc<Self> {
        let permits = Semaphore::new(consumer.operation.concurrency);
        let rate = tokio::sync::Mutex::new(Bucket::new(consumer.operation.rate_limit));
        let held = Held::new(core.client.clone());
        let (health, metrics) = (core.health.clone(), core.metrics.clone());
        let circuit = Circuit::new(consumer.operation, health, metrics);
        Arc::new(Self {
            core,
            consumer,
            held,
            permits,
            circuit,
            rate,
            lanes: Mutex::default(),
            freed: Notify::new(),
            tasks: TaskTracker::new(),
            stopped: CancellationToken::new(),
            kill: CancellationToken::new(),
            settled: AtomicU64::new(0),
            ended: AtomicUsize::new(0),
        })
    }

    pub(crate) fn operation(&self) -> &'static Operation {
        self.consumer.operation
    }

    /// How many messages this worker has settled so far.
    pub(crate) fn settled(&self) -> u64 {
        self.settled.load(Atomic::Relaxed)
    }

    /// Whether it takes no messages, because a dependency is down.
    pub(crate) fn is_paused(&self) -> bool {
        self.circuit.is_paused()
    }

    /// How long ago the stream stored the oldest message that this worker holds.
    pub(crate) fn oldest(&self) -> Duration {
        self.held.oldest()
    }

    /// How many messages this worker holds.
    pub(crate) fn holds(&self) -> usize {
        self.held.count()
    }

    /// Pulls and handles until shutdown, then drains within `drain`.
    ///
    /// # Errors
    ///
    /// Where the client of the broker has ended for good.
    pub(crate) async fn run(self: Arc<Self>, drain: Duration) -> Result<(), Error> {
        let connection = self.core.connection.subscribe();
        let mut puller = Puller::bind(self.core.jetstream.clone(), self.operation(), connection)
            .await
            .map_err(|error| Error::Broker(error.to_string()))?;
        let signs_of_life = tokio::spawn(Self::signs_of_life(self.clone()));
        let result = self.pull(&mut puller).await;
        let deadline = Instant::now() + drain;
        self.take_late(puller.stop().await).await;
        self.stopped.cancel();
        self.tasks.close();
        if tokio::time::timeout_at(deadline, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                operation = self.operation().name,
                running = self.tasks.len(),
                "handlers outlast the drain: they are cancelled and rolled back"
            );
            self.kill.cancel();
            self.tasks.wait().await;
        }
        signs_of_life.abort();
        let returned = self.held.give_back().await;
        tracing::debug!(operation = self.operation().name, returned, "drained");
        result
    }

    async fn pull(self: &Arc<Self>, puller: &mut Puller) -> Result<(), Error> {
        let mut gone = false;
        loop {
            puller.replenish(self.room()).await;
            if self.core.shutdown.is_cancelled() {
                return Ok(());
            }
            // A message that is here already is taken without waiting for anything else.
            let pulled = tokio::select! {
                biased;
                pulled = puller.next() => pulled,
                () = self.core.shutdown.cancelled() => return Ok(()),
                () = self.freed.notified() => continue,
            };
            if matches!(pulled, Pulled::Message(_) | Pulled::Well) && std::mem::take(&mut gone) {
                self.core.health.ready(self.health_name(), Ok(()));
            }
            match pulled {
                // Held already: the same message once more, and its first copy is in work here.
                Pulled::Message(message) if !self.held.hold(&message) => {}
                Pulled::Message(message) => self.accept(message),
                Pulled::Well | Pulled::Nothing => {}
                Pulled::Gone(why) => {
                    tracing::warn!(
                        operation = self.operation().name,
                        why,
                        "the consumer does not answer"
                    );
                    gone = true;
                    self.core.restore(self.operation()).await;
                }
                Pulled::Ended => {
                    let why = "the client has ended and will not connect again".to_owned();
                    self.core.shutdown.cancel();
                    return Err(Error::Broker(why));
                }
            }
        }
    }

    /// What was delivered during the shutdown: others shall have it at once, but for lanes, whose messages go back
    /// in order at the end.
    async fn take_late(&self, late: Vec<Delivered>) {
        for message in late {
            if self.held.hold(&message) && self.operation().ordering == Ordering::None {
                self.held.nak(&message, Duration::ZERO).await;
            }
        }
    }

    fn health_name(&self) -> String {
        format!("consumer {}", self.operation().durable)
    }

    /// How many more messages this worker may hold: enough to keep the handlers busy while the next are on their way,
    /// and no more, because the server's clock runs from the delivery.
    fn room(&self) -> usize {
        let parked = self.lanes().parked.min(PARKED);
        let room = (2 * self.operation().concurrency + parked).saturating_sub(self.held.count());
        self.circuit.credit().map_or(room, |few| few.min(room))
    }

    fn accept(self: &Arc<Self>, message: Delivered) {
        match self.operation().ordering {
            Ordering::None => {
                let worker = self.clone();
                self.tasks
                    .spawn(async move { worker.handle_alone(message).await });
            }
            Ordering::Key => self.enter_lane(message),
        }
    }

    /// Handles a message without regard to others: a retry goes back to the server.
    async fn handle_alone(self: Arc<Self>, message: Delivered) {
        let mut past = Past::default();
        loop {
            match self.attempt(&message, &past).await {
                Some(Next::Done) => break,
                Some(Next::Again(delay)) => {
                    self.held.nak(&message, delay).await;
                    break;
                }
                // Not back to the server: it has more, and they would all come to wait for the same database.
                Some(Next::Wait { delay, spent }) => {
                    past.spared(spent);
                    if self.wait(delay).await {
                        continue;
                    }
                    self.hand_over(&message).await;
                    break;
                }
                None => {
                    self.hand_over(&message).await;
                    break;
                }
            }
        }
        self.make_room();
    }

    /// A message has ended. Only a part of the room is worth a request, so the pulling is not woken for every one: what it
    /// holds meanwhile is more than the handlers can take.
    fn make_room(&self) {
        let part = self.operation().concurrency.div_ceil(4);
        if self.ended.fetch_add(1, Atomic::Relaxed) + 1 >= part {
            self.ended.store(0, Atomic::Relaxed);
            self.freed.notify_one();
        }
    }

    /// At shutdown another replica shall have the message at once, not after the drain.
    async fn hand_over(&self, message: &Delivered) {
        self.stopped.cancelled().await;
        self.held.nak(message, Duration::ZERO).await;
    }

    /// One attempt under a permit; `None` at shutdown, and the message is given back with all that is held.
    async fn attempt(&self, message: &Delivered, past: &Past) -> Option<Next> {
        // Waiting costs more than looking, and mostly there is nothing to wait for.
        let permit = match self.permits.try_acquire() {
            Ok(permit) if !self.core.shutdown.is_cancelled() => permit,
            _ => tokio::select! {
                biased;
                () = self.core.shutdown.cancelled() => return None,
                permit = self.permits.acquire() => permit.ok()?,
            },
        };
        let pass = tokio::select! {
            biased;
            () = self.core.shutdown.cancelled() => return None,
            pass = self.circuit.enter() => pass,
        };
        let leaving = Leaving(&self.circuit, pass);
        if self.operation().rate_limit.is_some() {
            tokio::select! {
                biased;
                () = self.core.shutdown.cancelled() => return None,
                () = async { self.rate.lock().await.take().await } => {}
            }
        }
        let settler = Settler {
            core: &self.core,
            consumer: &self.consumer,
            held: &self.held,
            circuit: &self.circuit,
            pass,
        };
        let attempt = AssertUnwindSafe(Box::pin(settler.attempt(message, past))).catch_unwind();
        let next = tokio::select! {
            biased;
            next = attempt => Some(next.unwrap_or_else(|panic| {
                // The handler's own panics are caught closer to it. Without this the message and its lane would
                // stand still for ever, because its signs of life go on.
                tracing::error!(operation = self.operation().name, sequence = message.sequence,
                    panic = panic_text(&*panic), "the runtime panicked over a message");
                Next::Again(Duration::from_secs(5))
            })),
            () = self.kill.cancelled() => None,
        };
        drop(leaving);
        drop(permit);
        self.settled.fetch_add(1, Atomic::Relaxed);
        next
    }

    fn enter_lane(self: &Arc<Self>, message: Delivered) {
        let key = self.operation().key(&message.subject);
        let mut lanes = self.lanes();
        if let Some(lane) = lanes.waiting.get_mut(&key) {
            let parked = usize::from(lane.parked);
            lane.queue.push_back(message);
            lanes.parked += parked;
            return;
        }
        lanes.waiting.insert(key.clone(), Lane::default());
        drop(lanes);
        let worker = self.clone();
        self.tasks
            .spawn(async move { worker.run_lane(key, message).await });
    }

    /// Handles the messages of one key, each until it is settled, in order.
    async fn run_lane(self: Arc<Self>, key: String, mut message: Delivered) {
        loop {
            let mut past = Past::default();
            while let Some(next) = self.attempt(&message, &past).await {
                let delay = match next {
                    Next::Done => break,
                    Next::Again(delay) => {
                        past.ended();
                        delay
                    }
                    Next::Wait { delay, spent } => {
                        past.spared(spent);
                        delay
                    }
                };
                self.park(&key, true);
                self.freed.notify_one();
                let waited = self.wait(delay).await;
                self.park(&key, false);
                if !waited {
                    return;
                }
            }
            self.make_room();
            if self.core.shutdown.is_cancelled() {
                return;
            }
            let mut lanes = self.lanes();
            match lanes
                .waiting
                .get_mut(&key)
                .and_then(|lane| lane.queue.pop_front())
            {
                Some(following) => message = following,
                None => {
                    lanes.waiting.remove(&key);
                    return;
                }
            }
        }
    }

    /// Waits between two attempts; false at shutdown.
    async fn wait(&self, delay: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(delay) => true,
            () = self.core.shutdown.cancelled() => false,
        }
    }

    fn park(&self, key: &str, parked: bool) {
        let mut lanes = self.lanes();
        let Some(lane) = lanes.waiting.get_mut(key) else {
            return;
        };
        lane.parked = parked;
        let messages = lane.queue.len() + 1;
        lanes.parked = if parked {
            lanes.parked + messages
        } else {
            lanes.parked.saturating_sub(messages)
        };
    }

    async fn signs_of_life(self: Arc<Self>) {
        let mut tick = tokio::time::interval(self.operation().ack_wait / 3);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            self.held.in_progress().await;
        }
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many handlers may begin per second: a token bucket that holds one second's worth.
struct Bucket {
    interval: Option<Duration>,
    next: Instant,
}

impl Bucket {
    fn new(per_second: Option<u32>) -> Self {
        let interval = per_second
            .filter(|rate| *rate > 0)
            .map(|rate| Duration::from_secs(1) / rate);
        Self {
            interval,
            next: Instant::now(),
        }
    }

    async fn take(&mut self) {
        let Some(interval) = self.interval else {
            return;
        };
        let earliest = Instant::now()
            .checked_sub(Duration::from_secs(1))
            .unwrap_or(self.next);
        self.next = self.next.max(earliest) + interval;
        tokio::time::sleep_until(self.next).await;
    }
}
