//! The relay: publishes what the outbox holds, in order per key, until the broker has confirmed it.
//!
//! Several passes overlap, so that while one marks its rows and another reads, events are on their way: each takes rows,
//! publishes them and marks them. What holds the order of a key is that its events go one after another, and only while
//! none has failed; a pass that takes a key on while an earlier one still has it waits for that one's success.

mod pace;
mod pass;
mod publisher;

use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::connection::State;
use tokio::task::JoinSet;

use crate::Stream;
use crate::app::Core;
use crate::store::{Kind, Outbox, StoreError, now_micros};
use pace::Pace;
use pass::Relay;

/// How often the outbox is looked at without being called: for what another replica or an earlier process left.
const TICK: Duration = Duration::from_secs(1);
/// How often depth and age are measured.
const MEASURE: Duration = Duration::from_secs(5);
/// How many passes overlap at most.
const PASSES: usize = 3;

/// Publishes until shutdown.
pub(crate) async fn run(core: Arc<Core>, streams: &[&Stream]) {
    if core.database.is_there() {
        tokio::join!(relay(&core, streams), measure(&core));
    }
}

async fn relay(core: &Arc<Core>, streams: &[&Stream]) {
    let mut lock = Lock::default();
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let Some(relay) = begin(core, streams).await else {
        return;
    };
    loop {
        tokio::select! {
            biased;
            () = core.shutdown.cancelled() => break,
            () = core.relay_wake.notified() => {}
            _ = tick.tick() => {}
        }
        if lock.hold(core) {
            // What is left at shutdown is for `flush`, which has a bound.
            publish_all(core, &relay, || !core.shutdown.is_cancelled()).await;
        }
    }
}

/// Publishes what is left after the handlers have ended. The caller sets a bound; what it cuts off stays in the outbox.
pub(crate) async fn flush(core: &Arc<Core>, streams: &[&Stream]) {
    if !core.database.is_there() {
        return;
    }
    let mut lock = Lock::default();
    if lock.hold(core)
        && let Some(relay) = begin(core, streams).await
    {
        publish_all(core, &relay, || true).await;
    }
}

async fn begin(core: &Arc<Core>, streams: &[&Stream]) -> Option<Arc<Relay>> {
    match Relay::new(core.clone(), Pace::of(streams)).await {
        Ok(relay) => Some(Arc::new(relay)),
        // The client has ended, and so has the process.
        Err(error) => {
            tracing::error!(error, "the relay cannot listen for confirmations");
            None
        }
    }
}

/// Publishes until nothing is due, or the broker does not answer.
async fn publish_all(core: &Core, relay: &Arc<Relay>, go_on: impl Fn() -> bool) {
    let most = match core.database.kind() {
        Kind::None => return,
        Kind::Sqlite => PASSES,
        // A pass holds a connection for as long as it lasts, and the handlers need some, too.
        Kind::Postgres => PASSES.min((core.settings.database_connections as usize / 4).max(1)),
    };
    // Dropped with this future, and the passes with it.
    let mut passes = JoinSet::new();
    relay.rewind();
    let (mut more, mut begun) = (true, Instant::now());
    loop {
        // Rows before the last one taken come to be due: now and then it begins from the front.
        let rewind = begun.elapsed() >= TICK;
        if more && !rewind && passes.len() < most && go_on() && connected(core) {
            match relay.take().await {
                Ok(Some(pass)) => {
                    let relay = relay.clone();
                    passes.spawn(async move { relay.finish(pass).await });
                    continue;
                }
                Ok(None) => more = false,
                Err(error) => {
                    waits(&error);
                    more = false;
                }
            }
        }
        match passes.join_next().await {
            Some(Ok(Ok(true))) => more = true,
            Some(Ok(Ok(false))) => more = false,
            Some(Ok(Err(error))) => {
                waits(&error);
                more = false;
            }
            // It was cut off, or it panicked: its rows are open as before.
            Some(Err(_)) => more = false,
            None if rewind && more && go_on() && connected(core) => {
                relay.rewind();
                begun = Instant::now();
            }
            None => return,
        }
    }
}

fn connected(core: &Core) -> bool {
    core.client.connection_state() == State::Connected
}

fn waits(error: &StoreError) {
    tracing::warn!(%error, "the outbox cannot be read or marked; its events wait");
}

async fn measure(core: &Core) {
    let mut tick = tokio::time::interval(MEASURE);
    loop {
        tokio::select! {
            () = core.shutdown.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Ok((depth, oldest)) = Outbox::depth(&core.database).await {
            let age = oldest.map_or(0, |oldest| now_micros().saturating_sub(oldest));
            core.metrics.set_outbox(
                u64::try_from(depth).unwrap_or(0),
                Duration::from_micros(u64::try_from(age).unwrap_or(0)),
            );
        }
    }
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
