//! A service at work, from the first connection to the last flush.

use std::sync::Arc;
use std::time::Duration;

use async_nats::connection::State;
use axum::Router;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Core, broker};
use crate::consumer::{self, Consumers, Worker};
use crate::store::{Attempts, Inbox, Outbox, StoreError, micros, now_micros};
use crate::{Error, Operation, Service, http, relay, topology};

/// How long a start waits for the database.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// How long a pass of the relay may take to end at shutdown.
const LAST_PASS: Duration = Duration::from_millis(500);
/// How long everything that comes after the drain may take: the last events, acks on their way, the database.
const FLUSH: Duration = Duration::from_secs(1);
/// How often consumers are measured and looked after.
const WATCH: Duration = Duration::from_secs(5);
/// Looks without progress before a consumer counts as stuck.
const STUCK: u32 = 6;

/// A service with its consumers and routes.
pub struct Running<S> {
    core: Arc<Core>,
    consumers: Consumers<S>,
    routes: Router,
    rebuild: Option<&'static [&'static str]>,
}

impl<S: Service> Running<S> {
    pub(super) fn new(core: Arc<Core>, consumers: Consumers<S>) -> Self {
        Self {
            core,
            consumers,
            routes: Router::new(),
            rebuild: None,
        }
    }

    /// Serves these routes, beside `/healthz`, `/readyz` and `/metrics`.
    #[must_use]
    pub fn routes(mut self, routes: Router) -> Self {
        self.routes = routes;
        self
    }

    /// Before anything else runs these statements, which empty the read model, and handles the streams' history
    /// again. Stop the service's other replicas first.
    #[must_use]
    pub fn rebuild(mut self, clear: &'static [&'static str]) -> Self {
        self.rebuild = Some(clear);
        self
    }

    /// Runs until SIGTERM, SIGINT or the shutdown token, then drains: no new work, what runs may end within
    /// `DRAIN_TIMEOUT`, the rest is given back, the outbox is flushed.
    ///
    /// # Errors
    ///
    /// Where the address is taken, the topology is not as the contract says, or a rebuild fails.
    pub async fn run(self) -> Result<(), Error> {
        let core = self.core.clone();
        let listener = http::bind(core.settings.http_addr).await?;
        let server = tokio::spawn(http::serve(
            listener,
            self.routes,
            core.health.clone(),
            core.metrics.clone(),
            core.shutdown.clone(),
        ));
        tokio::spawn(cancel_on_signal(core.clone()));
        if core.database.is_there() {
            tokio::spawn(watch_database(core.clone()));
            tokio::spawn(janitor(core.clone()));
        }
        tokio::spawn(broker::watch(
            core.client.clone(),
            core.link.clone(),
            core.shutdown.clone(),
        ));
        let shutdown = core.shutdown.clone();
        let shut_down_at = tokio::spawn(async move {
            shutdown.cancelled().await;
            Instant::now()
        });
        let result = work(&core, self.consumers, self.rebuild).await;
        // A part that failed ends the others as well.
        core.shutdown.cancel();
        core.health.stopping();
        // The requests in flight have had as long as the handlers.
        let drained =
            shut_down_at.await.unwrap_or_else(|_| Instant::now()) + core.settings.drain_timeout;
        let _ = tokio::time::timeout_at(drained, server).await;
        let end = Instant::now() + FLUSH;
        let _ = tokio::time::timeout_at(end, relay::flush(&core, S::STREAMS)).await;
        let _ = tokio::time::timeout_at(end, core.client.flush()).await;
        let _ = tokio::time::timeout_at(end, core.database.close()).await;
        tracing::info!("stopped");
        result
    }
}

async fn work<S: Service>(
    core: &Arc<Core>,
    consumers: Consumers<S>,
    rebuild: Option<&'static [&'static str]>,
) -> Result<(), Error> {
    core.health
        .ready("topology", Err("not checked yet".to_owned()));
    if !provision::<S>(core).await? {
        return Ok(());
    }
    if let Some(clear) = rebuild {
        let events = consumer::rebuild(core, &consumers.all, clear).await?;
        tracing::info!(events, "the read model is rebuilt");
    }
    let mut relay = tokio::spawn(relay::run(core.clone(), S::STREAMS));
    let mut workers = JoinSet::new();
    for consumer in consumers.all {
        let worker = Worker::new(core.clone(), consumer);
        tokio::spawn(watch_consumer(core.clone(), worker.clone()));
        workers.spawn(worker.run(core.settings.drain_timeout));
    }
    core.health.ready("topology", Ok(()));
    core.health.started();
    tracing::info!("ready");
    let mut result = Ok(());
    while let Some(ended) = workers.join_next().await {
        if core.shutdown.is_cancelled() && matches!(ended, Ok(Ok(()))) {
            continue;
        }
        result = Err(match ended {
            Ok(Err(error)) => error,
            _ => Error::Ended("a consumer"),
        });
        core.shutdown.cancel();
    }
    core.shutdown.cancelled().await;
    if tokio::time::timeout(LAST_PASS, &mut relay).await.is_err() {
        // A broker that hangs. What was published and not marked is published again, under the same id.
        relay.abort();
        let _ = relay.await;
    }
    result
}

/// Waits for the broker, then applies or verifies the topology; false where the service shuts down before.
async fn provision<S: Service>(core: &Arc<Core>) -> Result<bool, Error> {
    let mut connection = core.connection.subscribe();
    loop {
        // The count follows the state a little later; a consumer that pulled in between would take its first
        // connection for a new one.
        let counted = *connection.borrow_and_update() > 0;
        if counted && core.client.connection_state() == State::Connected {
            let ensured = topology::ensure(
                &core.jetstream,
                core.settings.topology,
                S::STREAMS,
                S::OPERATIONS,
            )
            .await;
            match ensured {
                Ok(()) => return Ok(true),
                Err(error) if error.is_transient() => {
                    tracing::warn!(%error, "the topology cannot be checked yet");
                    core.health.ready("topology", Err(error.to_string()));
                }
                Err(error) => return Err(error.into()),
            }
        }
        tokio::select! {
            () = core.shutdown.cancelled() => return Ok(false),
            _ = connection.changed() => {}
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
        }
    }
}

async fn cancel_on_signal(core: Arc<Core>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        tracing::error!(
            "signals cannot be waited for: this process will not drain when it is stopped"
        );
        return;
    };
    tokio::select! {
        _ = terminate.recv() => tracing::info!("SIGTERM: draining"),
        _ = interrupt.recv() => tracing::info!("SIGINT: draining"),
        () = core.shutdown.cancelled() => {}
    }
    core.shutdown.cancel();
}

async fn watch_database(core: Arc<Core>) {
    let mut tick = tokio::time::interval(Duration::from_secs(2));
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = core.shutdown.cancelled() => return,
        }
        core.health.ready(
            "database",
            core.database
                .ping()
                .await
                .map_err(|error| error.to_string()),
        );
    }
}

/// Measures a consumer, and notices one that has messages and delivers none.
async fn watch_consumer<S: Service>(core: Arc<Core>, worker: Arc<Worker<S>>) {
    let operation = worker.operation();
    let live = format!("consumer {}", operation.durable);
    let (mut before, mut still) = (0, 0);
    let mut tick = tokio::time::interval(WATCH);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = core.shutdown.cancelled() => return,
        }
        let Ok(info) = consumer_info(&core, operation).await else {
            continue;
        };
        let oldest = worker.oldest();
        core.metrics.set_consumer(
            operation,
            info.num_pending,
            info.num_ack_pending as u64,
            oldest,
        );
        let settled = worker.settled();
        let idle =
            info.num_pending == 0 || settled != before || worker.holds() > 0 || worker.is_paused();
        before = settled;
        still = if idle { 0 } else { still + 1 };
        if still == STUCK {
            tracing::error!(
                operation = operation.name,
                pending = info.num_pending,
                "messages are pending and none is delivered: pulling anew"
            );
            core.connection.send_modify(|count| *count += 1);
        }
        core.health.live(
            &live,
            if still > 2 * STUCK {
                Err(format!(
                    "{} messages are pending and none is delivered",
                    info.num_pending
                ))
            } else {
                Ok(())
            },
        );
    }
}

async fn consumer_info(
    core: &Core,
    operation: &'static Operation,
) -> Result<async_nats::jetstream::consumer::Info, String> {
    let subject = format!(
        "CONSUMER.INFO.{}.{}",
        operation.stream.name, operation.durable
    );
    let empty = serde_json::json!({});
    let request = core.jetstream.request(subject, &empty);
    match tokio::time::timeout(Duration::from_secs(2), request).await {
        Ok(Ok(async_nats::jetstream::response::Response::Ok(info))) => Ok(info),
        Ok(Ok(async_nats::jetstream::response::Response::Err { error })) => Err(error.to_string()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("no answer".to_owned()),
    }
}

/// Drops what is older than its retention.
async fn janitor(core: Arc<Core>) {
    let mut tick = tokio::time::interval(Duration::from_secs(600));
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = core.shutdown.cancelled() => return,
        }
        if let Err(error) = prune(&core).await {
            tracing::debug!(%error, "nothing was pruned");
        }
    }
}

async fn prune(core: &Core) -> Result<(), StoreError> {
    let before = |retention| now_micros().saturating_sub(micros(retention));
    let mut write = core.database.begin().await?;
    let connection = write.connection();
    Inbox::prune(connection, before(core.settings.inbox_retention)).await?;
    Attempts::prune(connection, before(core.settings.inbox_retention)).await?;
    write.commit().await?;
    Outbox::prune(&core.database, before(core.settings.outbox_retention)).await?;
    Ok(())
}
