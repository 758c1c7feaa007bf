//! A service in this process, on a broker and a database of its own.

#![allow(dead_code, clippy::unwrap_used, missing_docs, unreachable_pub)]

pub mod backlog;
pub mod contract;
pub mod gate;
pub mod leaky;
pub mod older;
pub mod raw;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::HeaderMap;
use contract::{Happened, Tester};
use futures::future::BoxFuture;
use jetway::topology::{self, TopologyMode};
use jetway::{
    App, Consumers, Error, Event, Handled, Handler, Migration, Migrations, Operation, Settings, Tx,
};
use tempfile::TempDir;
use tokio::task::JoinHandle;

pub const MIGRATIONS: Migrations = Migrations::new(&[Migration::new(
    1,
    "effects",
    "CREATE TABLE effects (id $IDENTITY, key TEXT NOT NULL, number BIGINT NOT NULL, event_id TEXT NOT NULL)",
)]);

/// What a test's closures return.
pub type Doing<'a> = BoxFuture<'a, Handled>;

type Do = dyn for<'a> Fn(&'a Event<Happened>, &'a mut Tx<'_, Tester>) -> BoxFuture<'a, Handled>
    + Send
    + Sync;

/// A handler made of a closure, which counts what reaches it.
#[derive(Clone)]
pub struct Double {
    pub calls: Arc<Mutex<Vec<Happened>>>,
    act: Arc<Do>,
}

impl Double {
    pub fn new<F>(act: F) -> Self
    where
        F: for<'a> Fn(&'a Event<Happened>, &'a mut Tx<'_, Tester>) -> BoxFuture<'a, Handled>
            + Send
            + Sync
            + 'static,
    {
        Self {
            calls: Arc::default(),
            act: Arc::new(act),
        }
    }

    /// Writes one row per event.
    pub fn effect() -> Self {
        Self::new(|event, tx| Box::pin(effect(event, tx)))
    }

    pub fn count(&self) -> usize {
        self.calls.lock().unwrap().len()
    }
}

/// The effect that tests count: one row.
pub async fn effect(event: &Event<Happened>, tx: &mut Tx<'_, Tester>) -> Handled {
    sqlx::query("INSERT INTO effects (key, number, event_id) VALUES ($1, $2, $3)")
        .bind(event.data.key.as_str())
        .bind(event.data.number)
        .bind(event.id.as_str())
        .execute(tx.sql().await?)
        .await?;
    Ok(())
}

impl Handler for Double {
    type Service = Tester;
    type Data = Happened;

    async fn handle(&self, event: &Event<Happened>, tx: &mut Tx<'_, Tester>) -> Handled {
        self.calls.lock().unwrap().push(event.data.clone());
        (self.act)(event, tx).await
    }
}

/// Which database a test runs on.
#[derive(Clone, Copy, Debug)]
pub enum On {
    Sqlite,
    Postgres,
}

/// A broker, a database and a service between them.
pub struct Rig {
    pub broker: dev::Broker,
    pub client: async_nats::Client,
    pub jetstream: async_nats::jetstream::Context,
    pub directory: TempDir,
    pub settings: Settings,
    postgres: Option<dev::Database>,
}

impl Rig {
    pub async fn new(on: On) -> Self {
        Self::with_broker(on, dev::Broker::start().await.unwrap()).await
    }

    pub async fn with_broker(on: On, broker: dev::Broker) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let postgres = match on {
            On::Sqlite => None,
            On::Postgres => Some(dev::Postgres::database().await.unwrap()),
        };
        let url = match &postgres {
            Some(database) => database.url().to_owned(),
            None => format!("sqlite://{}/tester.sqlite3", directory.path().display()),
        };
        let mut settings = Settings::defaults("tester");
        settings.nats_url = vec![broker.url().as_str().into()];
        settings.database_url = url.into();
        settings.http_addr = "127.0.0.1:0".parse().unwrap();
        let mut options = async_nats::ConnectOptions::new();
        if let Some((name, password)) = broker.login() {
            options = options.user_and_password(name.clone(), password.clone());
        }
        let client = options.connect(broker.url()).await.unwrap();
        let jetstream = async_nats::jetstream::new(client.clone());
        Self {
            broker,
            client,
            jetstream,
            directory,
            settings,
            postgres,
        }
    }

    /// Provisions the operation and starts the service, as yet without consumers.
    pub async fn app(&self, operation: &'static Operation) -> App<Tester> {
        topology::ensure(
            &self.jetstream,
            TopologyMode::Apply,
            &[operation.stream],
            &[operation],
        )
        .await
        .unwrap();
        let app = App::<Tester>::start(self.settings.clone()).await.unwrap();
        app.migrate(&MIGRATIONS).await.unwrap();
        app
    }

    /// Starts the service with one consumer.
    pub async fn serve(&self, operation: Operation, handler: Double) -> Serving {
        let operation: &'static Operation = Box::leak(Box::new(operation));
        let app = self.app(operation).await;
        Serving::run(app, operation, handler)
    }

    /// Starts the service without a look at broker or topology.
    pub async fn start(&self, operation: Operation, handler: Double) -> Serving {
        let operation: &'static Operation = Box::leak(Box::new(operation));
        let app = App::<Tester>::start(self.settings.clone()).await.unwrap();
        app.migrate(&MIGRATIONS).await.unwrap();
        Serving::run(app, operation, handler)
    }

    /// Makes the streams and, where there is one, the operation's consumer.
    pub async fn provision(&self, operations: &[&'static Operation]) {
        topology::ensure(
            &self.jetstream,
            TopologyMode::Apply,
            &[&contract::THINGS],
            operations,
        )
        .await
        .unwrap();
    }

    /// A free port for HTTP, and the address of `path` there.
    pub fn http(&mut self, path: &str) -> String {
        let port = dev::ports::free().unwrap();
        self.settings.http_addr = ([127, 0, 0, 1], port).into();
        format!("http://127.0.0.1:{port}{path}")
    }

    /// Lets the stream remember ids for longer than any test takes. For a service that has checked its topology.
    pub async fn remember(&self) {
        let stream = self.jetstream.get_stream("THINGS").await.unwrap();
        let mut config = stream.get_info().await.unwrap().config;
        config.duplicate_window = Duration::from_secs(600);
        self.jetstream.update_stream(config).await.unwrap();
    }

    /// What the server says of the consumer.
    pub async fn consumer(&self, durable: &str) -> async_nats::jetstream::consumer::Info {
        let stream = self.jetstream.get_stream("THINGS").await.unwrap();
        stream.consumer_info(durable).await.unwrap()
    }

    /// How many events are on the stream.
    pub async fn depth(&self) -> u64 {
        let stream = self.jetstream.get_stream("THINGS").await.unwrap();
        stream.get_info().await.unwrap().state.messages
    }

    /// All events on the stream, oldest first: key and number.
    pub async fn stored(&self) -> Vec<(String, i64)> {
        let stream = self.jetstream.get_stream("THINGS").await.unwrap();
        let state = stream.get_info().await.unwrap().state;
        let mut events = Vec::new();
        for sequence in state.first_sequence.max(1)..=state.last_sequence {
            let message = stream.get_raw_message(sequence).await.unwrap();
            let event: serde_json::Value = serde_json::from_slice(&message.payload).unwrap();
            events.push((
                event["data"]["key"].as_str().unwrap().to_owned(),
                event["data"]["number"].as_i64().unwrap(),
            ));
        }
        events
    }

    /// Publishes to a subject as anybody could.
    pub async fn publish(
        &self,
        subject: &str,
        headers: Option<HeaderMap>,
        body: impl Into<bytes::Bytes>,
    ) {
        let headers = headers.unwrap_or_default();
        self.jetstream
            .publish_with_headers(subject.to_owned(), headers, body.into())
            .await
            .unwrap()
            .await
            .unwrap();
    }

    /// Publishes a structured event; returns its id.
    pub async fn send(&self, data: &Happened) -> String {
        let id = uuid::Uuid::now_v7().to_string();
        self.send_as(&id, data).await;
        id
    }

    pub async fn send_as(&self, id: &str, data: &Happened) {
        let body = envelope(
            id,
            "thing.happened.v1",
            &serde_json::to_value(data).unwrap(),
        );
        self.publish(&format!("thing.happened.v1.{}", data.key), None, body)
            .await;
    }

    pub async fn dead_letters(&self) -> Vec<async_nats::jetstream::message::StreamMessage> {
        let stream = self.jetstream.get_stream("DEAD_LETTERS").await.unwrap();
        let info = stream.get_info().await.unwrap();
        let mut letters = Vec::new();
        for sequence in info.state.first_sequence..=info.state.last_sequence {
            if let Ok(letter) = stream.get_raw_message(sequence).await {
                letters.push(letter);
            }
        }
        letters
    }

    /// Waits until there are `count` dead letters, and returns them.
    pub async fn wait_for_dead_letters(
        &self,
        count: usize,
    ) -> Vec<async_nats::jetstream::message::StreamMessage> {
        wait("dead letters", || async {
            self.dead_letters().await.len() >= count
        })
        .await;
        self.dead_letters().await
    }

    /// Waits until the consumer has nothing left to do.
    pub async fn settled(&self, durable: &str) {
        let stream = self.jetstream.get_stream("THINGS").await.unwrap();
        wait("the consumer to settle everything", || async {
            let info = stream.consumer_info(durable).await.unwrap();
            info.num_pending == 0 && info.num_ack_pending == 0
        })
        .await;
    }
}

/// A structured CloudEvents envelope.
pub fn envelope(id: &str, event_type: &str, data: &serde_json::Value) -> String {
    serde_json::json!({
        "specversion": "1.0", "id": id, "type": event_type, "source": "/elsewhere",
        "time": "2026-01-02T03:04:05Z", "datacontenttype": "application/json",
        "correlationid": "c-1", "data": data,
    })
    .to_string()
}

/// A running service.
pub struct Serving {
    pub app: App<Tester>,
    task: JoinHandle<Result<(), Error>>,
}

impl Serving {
    fn run(app: App<Tester>, operation: &'static Operation, handler: Double) -> Self {
        Self::of(app, Consumers::new().with(operation, handler))
    }

    /// A service with these consumers.
    pub fn of(app: App<Tester>, consumers: Consumers<Tester>) -> Self {
        let running = app.clone().consumers(consumers);
        let task = tokio::spawn(running.run());
        Self { app, task }
    }

    /// A service with these settings and no rig around it, on a database that is up to date.
    pub async fn alone(settings: Settings, operation: Operation, handler: Double) -> Self {
        let operation: &'static Operation = Box::leak(Box::new(operation));
        let app = App::<Tester>::start(settings).await.unwrap();
        app.migrate(&MIGRATIONS).await.unwrap();
        Self::run(app, operation, handler)
    }

    /// A service without consumers: all that it does is publish.
    pub fn relay(app: App<Tester>) -> Self {
        let task = tokio::spawn(app.clone().consumers(Consumers::new()).run());
        Self { app, task }
    }

    /// A service that does nothing: a view of the database.
    pub fn idle(app: App<Tester>) -> Self {
        let task = tokio::spawn(async { Ok(()) });
        Self { app, task }
    }

    /// Waits for its end.
    pub async fn ended(self) -> Result<(), Error> {
        self.task.await.unwrap()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&self) -> bool {
        self.task.is_finished()
    }

    /// Shuts it down as SIGTERM would.
    pub async fn stop(self) -> Result<(), Error> {
        self.app.shutdown().cancel();
        self.task.await.unwrap()
    }

    /// The rows of the effect: key and number, in order.
    pub async fn effects(&self) -> Vec<(String, i64)> {
        sqlx::query_as("SELECT key, number FROM effects ORDER BY id")
            .fetch_all(self.app.database().pool())
            .await
            .unwrap()
    }
}

/// What a service's page answers: status (0 where nobody does) and body.
pub async fn answers(url: &str) -> (u16, String) {
    match reqwest::get(url).await {
        Ok(response) => (
            response.status().as_u16(),
            response.text().await.unwrap_or_default(),
        ),
        Err(error) => (0, error.to_string()),
    }
}

/// The header of a dead letter, or nothing.
pub fn header(letter: &async_nats::jetstream::message::StreamMessage, name: &str) -> String {
    letter
        .headers
        .get(name)
        .map(|value| value.as_str().to_owned())
        .unwrap_or_default()
}

/// The numbers of each key, in the order in which they came.
pub fn by_key(events: &[(String, i64)]) -> std::collections::BTreeMap<String, Vec<i64>> {
    let mut keys = std::collections::BTreeMap::<String, Vec<i64>>::new();
    for (key, number) in events {
        keys.entry(key.clone()).or_default().push(*number);
    }
    keys
}

/// Waits for a condition, for half a minute at most.
pub async fn wait<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    while !condition().await {
        assert!(
            tokio::time::Instant::now() < deadline,
            "waited in vain for {what}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
