//! What is counted. Names and labels follow OpenTelemetry's conventions where there is one
//! (<https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/>); labels are templates, durables and
//! operation names, never subjects: their number is that of the contract, not that of the orders.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{
    BoundCounter, BoundHistogram, Counter, Gauge, Histogram, Meter, MeterProvider,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder};

use crate::Operation;

/// What became of one delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Handled, committed and acknowledged.
    Handled,
    /// Handled before: acknowledged again.
    Duplicate,
    /// Another message of the operation's channel, which the operation does not name: acknowledged.
    Skipped,
    /// Failed: given back for another attempt.
    Retried,
    /// Deferred by its handler.
    Deferred,
    /// Stored as a dead letter.
    DeadLettered,
    /// To be a dead letter, which could not be stored: given back.
    DeadLetterFailed,
    /// Again later, because the database, the broker or something that the handler depends on was not there.
    Unavailable,
    /// Given back by a shutdown before it began.
    Returned,
}

impl Outcome {
    const ALL: [Self; 9] = [
        Self::Handled,
        Self::Duplicate,
        Self::Skipped,
        Self::Retried,
        Self::Deferred,
        Self::DeadLettered,
        Self::DeadLetterFailed,
        Self::Unavailable,
        Self::Returned,
    ];

    /// The value of the label `outcome`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Handled => "handled",
            Self::Duplicate => "duplicate",
            Self::Skipped => "skipped",
            Self::Retried => "retried",
            Self::Deferred => "deferred",
            Self::DeadLettered => "dead_lettered",
            Self::DeadLetterFailed => "dead_letter_failed",
            Self::Unavailable => "unavailable",
            Self::Returned => "returned",
        }
    }
}

/// Bounds of durations in seconds: those of the conventions, and finer ones below, where a handler usually is.
const SECONDS: [f64; 16] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// The metrics of one service.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    _provider: SdkMeterProvider,
    sent: Counter<u64>,
    consumed: Counter<u64>,
    duration: Histogram<f64>,
    outcomes: Counter<u64>,
    retries: Counter<u64>,
    dead_letters: Counter<u64>,
    dead_letters_failed: Counter<u64>,
    publish_failures: Counter<u64>,
    pending: Gauge<u64>,
    ack_pending: Gauge<u64>,
    oldest: Gauge<f64>,
    paused: Gauge<u64>,
    outbox_depth: Gauge<u64>,
    outbox_age: Gauge<f64>,
    requests: Histogram<f64>,
    /// What is counted once per message, with its labels looked up once per operation or address.
    bound: Arc<RwLock<Bound>>,
}

#[derive(Debug, Default)]
struct Bound {
    operations: Vec<(&'static Operation, Arc<PerOperation>)>,
    sent: HashMap<String, BoundCounter<u64>>,
}

#[derive(Debug)]
struct PerOperation {
    consumed: BoundCounter<u64>,
    /// By outcome; bound when it first happens, because a bound duration would be shown at once.
    processed: [std::sync::OnceLock<(BoundCounter<u64>, BoundHistogram<f64>)>; Outcome::ALL.len()],
}

impl Metrics {
    /// Metrics with a registry of their own, so that several services fit into one process.
    ///
    /// # Panics
    ///
    /// Never: a new registry has no collector that the new one could clash with.
    #[must_use]
    pub fn new(service: &str) -> Self {
        let registry = Registry::new();
        #[expect(clippy::expect_used, reason = "fails only on a registry in use")]
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .scope_info_enabled(false)
            .build()
            .expect("a new registry takes its first collector");
        let resource = Resource::builder_empty()
            .with_service_name(service.to_owned())
            .build();
        let provider = SdkMeterProvider::builder()
            .with_reader(exporter)
            .with_resource(resource)
            .build();
        Self::instruments(registry, &provider.meter("jetway"), provider.clone())
    }

    /// Metrics that nobody reads and nothing is spent on.
    #[must_use]
    pub fn disabled() -> Self {
        let provider = SdkMeterProvider::builder().build();
        Self::instruments(Registry::new(), &provider.meter("jetway"), provider.clone())
    }

    fn instruments(registry: Registry, meter: &Meter, provider: SdkMeterProvider) -> Self {
        let counter = |name: &'static str, what: &'static str| {
            meter.u64_counter(name).with_description(what).build()
        };
        let gauge = |name: &'static str, what: &'static str| {
            meter.u64_gauge(name).with_description(what).build()
        };
        let age = |name: &'static str, what: &'static str| {
            meter
                .f64_gauge(name)
                .with_unit("s")
                .with_description(what)
                .build()
        };
        let seconds = |name: &'static str, what: &'static str| {
            meter
                .f64_histogram(name)
                .with_unit("s")
                .with_description(what)
                .with_boundaries(SECONDS.to_vec())
                .build()
        };
        Self {
            registry,
            _provider: provider,
            sent: counter(
                "messaging.client.sent.messages",
                "Events that the stream has acknowledged.",
            ),
            consumed: counter(
                "messaging.client.consumed.messages",
                "Deliveries taken from a consumer.",
            ),
            duration: seconds(
                "messaging.process.duration",
                "How long one delivery took, until it was settled.",
            ),
            outcomes: counter("jetway.outcomes", "What became of deliveries."),
            retries: counter(
                "jetway.retries",
                "Failed attempts that will be tried again.",
            ),
            dead_letters: counter(
                "jetway.dead_letters",
                "Events stored as dead letters, by reason.",
            ),
            dead_letters_failed: counter(
                "jetway.dead_letters.failed",
                "Dead letters that could not be stored; the event was kept.",
            ),
            publish_failures: counter(
                "jetway.publish.failures",
                "Publishes without acknowledgement; the outbox tries again.",
            ),
            pending: gauge(
                "jetway.consumer.pending",
                "Events that the consumer has not delivered yet.",
            ),
            ack_pending: gauge(
                "jetway.consumer.ack_pending",
                "Events delivered and not acknowledged.",
            ),
            oldest: age(
                "jetway.consumer.oldest_unacked_age",
                "Age of the oldest event that is not acknowledged.",
            ),
            paused: gauge(
                "jetway.consumer.paused",
                "1 while the operation is paused because a dependency is down.",
            ),
            outbox_depth: gauge(
                "jetway.outbox.depth",
                "Events committed and not published yet.",
            ),
            outbox_age: age(
                "jetway.outbox.age",
                "Age of the oldest event committed and not published yet.",
            ),
            requests: seconds(
                "http.server.request.duration",
                "How long HTTP requests took.",
            ),
            bound: Arc::default(),
        }
    }

    fn of(&self, op: &'static Operation) -> Arc<PerOperation> {
        let find = |bound: &Bound| {
            let mut operations = bound.operations.iter();
            let found = operations.find(|(known, _)| std::ptr::eq(*known, op));
            found.map(|(_, instruments)| instruments.clone())
        };
        if let Some(found) = find(&self.bound.read().unwrap_or_else(PoisonError::into_inner)) {
            return found;
        }
        let mut bound = self.bound.write().unwrap_or_else(PoisonError::into_inner);
        find(&bound).unwrap_or_else(|| {
            let instruments = Arc::new(PerOperation {
                consumed: self.consumed.bind(&labels(op)),
                processed: Default::default(),
            });
            bound.operations.push((op, instruments.clone()));
            instruments
        })
    }

    /// Shows an operation's counters from the start, at nought: an alert on growth misses a counter's first appearance.
    pub fn expect(&self, op: &'static Operation) {
        self.consumed.add(0, &labels(op));
        self.retries.add(0, &labels(op));
        self.dead_letters_failed.add(0, &labels(op));
        for outcome in Outcome::ALL {
            self.outcomes.add(0, &with(op, "outcome", outcome.as_str()));
        }
    }

    /// An event was published and acknowledged; `address` is the channel's.
    pub fn sent(&self, address: &str) {
        let bound = self.bound.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(counter) = bound.sent.get(address) {
            return counter.add(1);
        }
        drop(bound);
        let counter = self.sent.bind(&sends(address));
        counter.add(1);
        let mut bound = self.bound.write().unwrap_or_else(PoisonError::into_inner);
        bound.sent.insert(address.to_owned(), counter);
    }

    /// A publish was not acknowledged.
    pub fn publish_failed(&self, address: &str) {
        self.publish_failures.add(1, &sends(address));
    }

    /// A delivery was taken.
    pub fn consumed(&self, op: &'static Operation) {
        self.of(op).consumed.add(1);
    }

    /// A delivery was settled, `duration` after its processing began.
    pub fn processed(&self, op: &'static Operation, outcome: Outcome, duration: Duration) {
        let of = self.of(op);
        let (outcomes, durations) = of.processed[outcome as usize].get_or_init(|| {
            let labels = with(op, "outcome", outcome.as_str());
            (self.outcomes.bind(&labels), self.duration.bind(&labels))
        });
        durations.record(duration.as_secs_f64());
        outcomes.add(1);
    }

    /// A failed attempt will be tried again.
    pub fn retried(&self, op: &'static Operation) {
        self.retries.add(1, &labels(op));
    }

    /// A dead letter was stored; `reason` is one of few words.
    pub fn dead_lettered(&self, op: &'static Operation, reason: &'static str) {
        self.dead_letters.add(1, &with(op, "reason", reason));
    }

    /// A dead letter could not be stored.
    pub fn dead_letter_failed(&self, op: &'static Operation) {
        self.dead_letters_failed.add(1, &labels(op));
    }

    /// What the server says of a consumer.
    pub fn set_consumer(
        &self,
        op: &'static Operation,
        pending: u64,
        ack_pending: u64,
        oldest_age: Duration,
    ) {
        let labels = labels(op);
        self.pending.record(pending, &labels);
        self.ack_pending.record(ack_pending, &labels);
        self.oldest.record(oldest_age.as_secs_f64(), &labels);
    }

    /// Whether an operation is paused because a dependency is down.
    pub fn set_paused(&self, op: &'static Operation, paused: bool) {
        self.paused.record(u64::from(paused), &labels(op));
    }

    /// How many events wait in the outbox, and how old the oldest is.
    pub fn set_outbox(&self, depth: u64, age: Duration) {
        self.outbox_depth.record(depth, &[]);
        self.outbox_age.record(age.as_secs_f64(), &[]);
    }

    /// An HTTP request was answered; `route` is the path's template.
    pub fn requested(&self, method: &str, route: &str, status: u16, duration: Duration) {
        self.requests.record(
            duration.as_secs_f64(),
            &[
                KeyValue::new("http.request.method", method.to_owned()),
                KeyValue::new("http.route", route.to_owned()),
                KeyValue::new("http.response.status_code", i64::from(status)),
            ],
        );
    }

    /// All of it in Prometheus' text format.
    #[must_use]
    pub fn render(&self) -> String {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap_or_else(|error| format!("# metrics cannot be rendered: {error}\n"))
    }
}

fn sends(address: &str) -> [KeyValue; 3] {
    [
        KeyValue::new("messaging.system", "nats"),
        KeyValue::new("messaging.operation.name", "send"),
        KeyValue::new("messaging.destination.template", address.to_owned()),
    ]
}

fn labels(op: &'static Operation) -> [KeyValue; 4] {
    [
        KeyValue::new("messaging.system", "nats"),
        KeyValue::new("messaging.destination.template", op.address),
        KeyValue::new("messaging.consumer.group.name", op.durable),
        KeyValue::new("operation", op.name),
    ]
}

fn with(op: &'static Operation, name: &'static str, value: &'static str) -> [KeyValue; 5] {
    let [system, template, group, operation] = labels(op);
    [
        system,
        template,
        group,
        operation,
        KeyValue::new(name, value),
    ]
}
