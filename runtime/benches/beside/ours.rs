//! This runtime at the two tasks, in a service without a database.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use jetway::json::{
    Deserialize, Deserializer, Json, Misfit, Reader, Serialize, SerializeMap, Serializer, Writer,
};
use jetway::telemetry::Telemetry;
use jetway::validate::{Checker, Pattern};
use jetway::{
    App, Backoff, Consumers, Event, EventData, Handled, Handler, Operation, Ordering, Pause,
    Retention, Retry, SentBy, Service, Settings, Start, Storage, Stream, Subject, SubjectError, Tx,
    Validate,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::measured::Measure;
use super::{Tally, Task, order};

static BENCH: Stream = Stream {
    name: "BENCH",
    subjects: &["bench.>"],
    retention: Retention::Limits,
    storage: Storage::File,
    replicas: 1,
    max_age: None,
    max_bytes: None,
    max_messages: None,
    duplicate_window: Duration::from_secs(120),
};

pub(crate) static HANDLE: Operation = Operation {
    name: "ours.handle",
    durable: "ours",
    stream: &BENCH,
    filters: &["bench.order.v1.*"],
    address: "bench.order.v1.{orderId}",
    event_type: "bench.order.v1",
    concurrency: 100,
    ordering: Ordering::None,
    ack_wait: Duration::from_secs(30),
    timeout: Duration::from_secs(30),
    retry: Retry {
        max_attempts: 10,
        backoff: Backoff::Exponential,
        initial: Duration::from_secs(1),
        cap: Duration::from_secs(60),
        defer_limit: Duration::from_secs(60),
    },
    alert_after: 3,
    start: Start::All,
    rate_limit: None,
    pause: Pause {
        after: 5,
        probe: Duration::from_secs(5),
        cap: Duration::from_secs(60),
    },
};

/// What codegen makes of the event's schema; `CHECKED` says whether the schema has bounds and patterns.
#[derive(Clone, Debug)]
pub(crate) struct OrderPlaced<const CHECKED: bool> {
    order_id: Uuid,
    placed_at: OffsetDateTime,
    email: String,
    lines: Vec<Line>,
    total_cents: i64,
    currency: Currency,
}

/// By hand: the macro takes no generic types.
impl<const CHECKED: bool> Json for OrderPlaced<CHECKED> {
    fn read_properties(from: &mut Reader<'_>) -> Result<Self, Misfit> {
        Ok(Self {
            order_id: from.property("orderId")?,
            placed_at: from.property("placedAt")?,
            email: from.property("email")?,
            lines: from.property("lines")?,
            total_cents: from.property("totalCents")?,
            currency: from.property("currency")?,
        })
    }

    fn write_properties<M: SerializeMap>(&self, to: &mut Writer<M>) {
        to.property("orderId", &self.order_id);
        to.property("placedAt", &self.placed_at);
        to.property("email", &self.email);
        to.property("lines", &self.lines);
        to.property("totalCents", &self.total_cents);
        to.property("currency", &self.currency);
    }
}

impl<const CHECKED: bool> Serialize for OrderPlaced<CHECKED> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.write(serializer)
    }
}

impl<'de, const CHECKED: bool> Deserialize<'de> for OrderPlaced<CHECKED> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        jetway::json::deserialize(deserializer)
    }
}

#[derive(Clone, Debug)]
struct Line {
    sku: String,
    quantity: i64,
    unit_cents: i64,
}

jetway::object!(Line {
    sku: "sku",
    quantity: "quantity",
    unit_cents: "unitCents",
});

#[derive(Clone, Copy, Debug)]
enum Currency {
    Eur,
    Usd,
}

jetway::text!(Currency {
    Eur: "EUR",
    Usd: "USD",
});

static SKU: Pattern = Pattern::new("^[A-Z0-9][A-Z0-9-]{1,31}$");

impl<const CHECKED: bool> Validate for OrderPlaced<CHECKED> {
    fn check(&self, at: &mut Checker) {
        if !CHECKED {
            return;
        }
        at.field("email", |at| {
            at.format(&self.email, jetway::validate::Format::Email);
            at.max_length(&self.email, 254);
        });
        at.field("lines", |at| {
            at.min_items(self.lines.len(), 1);
            at.max_items(self.lines.len(), 100);
            at.items(&self.lines, |line, at| {
                at.field("sku", |at| at.pattern(&line.sku, &SKU));
                at.field("quantity", |at| {
                    at.minimum(line.quantity, 1);
                    at.maximum(line.quantity, 10_000);
                });
                at.field("unitCents", |at| at.minimum(line.unit_cents, 0));
            });
        });
        at.field("totalCents", |at| at.minimum(self.total_cents, 0));
    }
}

impl<const CHECKED: bool> EventData for OrderPlaced<CHECKED> {
    const TYPE: &'static str = "bench.order.v1";
    const DATASCHEMA: &'static str = "bench.order.v1.json";
    const ADDRESS: &'static str = "bench.order.v1.{orderId}";

    fn subject(&self) -> Result<Subject, SubjectError> {
        Ok(Subject::of(Self::ADDRESS)
            .token("orderId", self.order_id)?
            .finish())
    }

    fn key(&self) -> String {
        self.order_id.to_string()
    }
}

impl<const CHECKED: bool> OrderPlaced<CHECKED> {
    fn example(number: u64) -> Self {
        let order = order::Order::example(number);
        Self {
            order_id: order.order_id,
            placed_at: order.placed_at,
            email: order.email,
            lines: order
                .lines
                .into_iter()
                .map(|line| Line {
                    sku: line.sku,
                    quantity: line.quantity,
                    unit_cents: line.unit_cents,
                })
                .collect(),
            total_cents: order.total_cents,
            currency: if order.currency == "EUR" {
                Currency::Eur
            } else {
                Currency::Usd
            },
        }
    }
}

enum Bench {}

impl Service for Bench {
    const NAME: &'static str = "bench";
    const STREAMS: &'static [&'static Stream] = &[&BENCH];
    const OPERATIONS: &'static [&'static Operation] = &[&HANDLE];
}

impl<const CHECKED: bool> SentBy<Bench> for OrderPlaced<CHECKED> {}

struct Counting<const CHECKED: bool>(Arc<Tally>);

impl<const CHECKED: bool> Handler for Counting<CHECKED> {
    type Service = Bench;
    type Data = OrderPlaced<CHECKED>;

    async fn handle(&self, event: &Event<Self::Data>, _: &mut Tx<'_, Bench>) -> Handled {
        std::hint::black_box(&event.data);
        self.0.handled(event.time);
        Ok(())
    }
}

/// What of the runtime is on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct With {
    pub(crate) validation: bool,
    pub(crate) metrics: bool,
    pub(crate) tracing: bool,
}

/// Runs the task and prints what it took.
pub(crate) async fn run(task: Task, url: &str, count: u64, with: With) {
    let mut settings = Settings::defaults("bench");
    settings.nats_url = vec![url.into()];
    settings.database_url = "none".into();
    settings.http_addr = ([127, 0, 0, 1], 0).into();
    settings.log = "error".to_owned();
    settings.otel_sdk_disabled = !with.metrics && !with.tracing;
    if with.tracing {
        Telemetry::start("bench", "0", &settings).unwrap();
    }
    let app = App::<Bench>::start(settings).await.unwrap();
    match (task, with.validation) {
        (Task::Publish, true) => publish::<true>(&app, count).await,
        (Task::Publish, false) => publish::<false>(&app, count).await,
        (_, true) => consume::<true>(app, task, count).await,
        (_, false) => consume::<false>(app, task, count).await,
    }
}

async fn publish<const CHECKED: bool>(app: &App<Bench>, count: u64) {
    // The first waits for the connection.
    once::<CHECKED>(app, 0).await;
    let begun = Measure::begin();
    futures::stream::iter(0..count)
        .map(|number| once::<CHECKED>(app, number))
        .buffer_unordered(super::WINDOW)
        .collect::<()>()
        .await;
    println!("{}", begun.end(count));
}

async fn once<const CHECKED: bool>(app: &App<Bench>, number: u64) {
    let mut tx = app.begin();
    tx.publish(OrderPlaced::<CHECKED>::example(number))
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn consume<const CHECKED: bool>(app: App<Bench>, task: Task, count: u64) {
    let (tally, done) = Tally::new(task, count);
    let shutdown = app.shutdown().clone();
    let consumers = Consumers::new().with(&HANDLE, Counting::<CHECKED>(tally));
    let running = tokio::spawn(app.consumers(consumers).run());
    println!("{}", done.await.unwrap());
    shutdown.cancel();
    running.await.unwrap().unwrap();
}

/// The stream anew, empty and without consumers.
pub(crate) async fn provision(jetstream: &async_nats::jetstream::Context) {
    let _ = jetstream.delete_stream(BENCH.name).await;
    jetway::topology::ensure(
        jetstream,
        jetway::topology::TopologyMode::Apply,
        &[&BENCH],
        &[],
    )
    .await
    .unwrap();
}

/// Waits until a contender has made its consumer and pulls.
pub(crate) async fn consumer_is_there(jetstream: &async_nats::jetstream::Context) {
    let stream = jetstream.get_stream(BENCH.name).await.unwrap();
    loop {
        let mut consumers = stream.consumers();
        while let Some(Ok(consumer)) = consumers.next().await {
            if consumer.num_waiting > 0 {
                return;
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
