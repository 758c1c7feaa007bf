//! The experiment's contract, written by hand as codegen would write it: one event, a service that sends it and one
//! that receives it.

use std::time::Duration;

use jetway::validate::Checker;
use jetway::{
    Backoff, EventData, Migration, Migrations, Operation, Ordering, Pause, Retention, Retry,
    SentBy, Service, Start, Storage, Stream, Subject, SubjectError, Validate,
};
use serde::{Deserialize, Serialize};

pub(crate) const STREAM: &str = "PARCELS";
pub(crate) const DURABLE: &str = "depot-receiveParcel";
pub(crate) const OPERATION: &str = "depot.receiveParcel";
pub(crate) const EVENT: &str = "parcel.sent.v1";
/// The longest text that the schema allows, in characters.
pub(crate) const LONGEST_TEXT: usize = 20_000;

/// What the handler does with a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    /// It arrives.
    Arrive,
    /// Its handler fails at every attempt.
    Fail,
    /// Its handler fails once, then it arrives.
    FailOnce,
    /// Its handler says that no attempt can help.
    Refuse,
    /// Its handler panics at every attempt.
    Panic,
}

jetway::text!(Does {
    Arrive: "arrive",
    Fail: "fail",
    FailOnce: "fail-once",
    Refuse: "refuse",
    Panic: "panic",
});

impl Does {
    /// Whether it ends as a dead letter.
    pub(crate) fn is_poison(self) -> bool {
        !matches!(self, Self::Arrive | Self::FailOnce)
    }
}

/// `parcel.sent.v1`
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parcel {
    pub(crate) key: String,
    pub(crate) number: i64,
    pub(crate) does: Does,
    pub(crate) text: String,
}

jetway::object!(Parcel {
    key: "key",
    number: "number",
    does: "does",
    text: "text",
});

impl Validate for Parcel {
    fn check(&self, at: &mut Checker) {
        at.field("number", |at| at.minimum(self.number, 0));
        at.field("text", |at| at.max_length(&self.text, LONGEST_TEXT));
    }
}

impl EventData for Parcel {
    const TYPE: &'static str = EVENT;
    const DATASCHEMA: &'static str = "parcel.sent.v1.json";
    const ADDRESS: &'static str = "parcel.sent.v1.{key}";

    fn subject(&self) -> Result<Subject, SubjectError> {
        Ok(Subject::of(Self::ADDRESS).token("key", &self.key)?.finish())
    }

    fn key(&self) -> String {
        self.key.clone()
    }
}

/// The same event for a reader that believes everything: what becomes of bad events without a schema.
#[derive(Clone, Debug)]
pub(crate) struct Anything(pub(crate) serde_json::Value);

jetway::newtype!(Anything);

impl Validate for Anything {
    fn check(&self, _: &mut Checker) {}
}

impl EventData for Anything {
    const TYPE: &'static str = EVENT;
    const DATASCHEMA: &'static str = "parcel.sent.v1.json";
    const ADDRESS: &'static str = "parcel.sent.v1.{key}";

    fn subject(&self) -> Result<Subject, SubjectError> {
        Ok(Subject::of(Self::ADDRESS).token("key", "any")?.finish())
    }

    fn key(&self) -> String {
        String::new()
    }
}

/// The service that sends parcels.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shipper {}

impl Service for Shipper {
    const NAME: &'static str = "shipper";
    const STREAMS: &'static [&'static Stream] = &[];
    const OPERATIONS: &'static [&'static Operation] = &[];
}

impl SentBy<Shipper> for Parcel {}

/// The service that receives them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Depot {}

impl Service for Depot {
    const NAME: &'static str = "depot";
    const STREAMS: &'static [&'static Stream] = &[];
    const OPERATIONS: &'static [&'static Operation] = &[];
}

/// The tables of both services: what was sent, and the effects that are counted. No key keeps an effect from being there
/// twice: that is what the experiment looks for.
pub(crate) const MIGRATIONS: Migrations = Migrations::new(&[Migration::new(
    1,
    "parcels",
    "CREATE TABLE sent (id $IDENTITY, number BIGINT NOT NULL, parcel TEXT NOT NULL);
     CREATE TABLE effects (id $IDENTITY, number BIGINT NOT NULL, parcel TEXT NOT NULL, event_id TEXT NOT NULL);
     CREATE INDEX effects_number ON effects (number)",
)]);

/// What a row of the experiment sets: stream and operation are made of it, by the driver and by each worker alike.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Shape {
    pub(crate) ack_wait_ms: u64,
    pub(crate) concurrency: usize,
    pub(crate) by_key: bool,
    pub(crate) max_attempts: u32,
    pub(crate) retry_ms: u64,
    pub(crate) replicas: usize,
    pub(crate) duplicate_window_ms: u64,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            ack_wait_ms: 3_000,
            concurrency: 32,
            by_key: false,
            max_attempts: 5,
            retry_ms: 200,
            replicas: 1,
            duplicate_window_ms: 120_000,
        }
    }
}

impl Shape {
    pub(crate) fn ack_wait(&self) -> Duration {
        Duration::from_millis(self.ack_wait_ms)
    }

    /// The stream and its one consumer. They live as long as the process, as generated ones do.
    pub(crate) fn operation(&self) -> &'static Operation {
        let stream: &'static Stream = Box::leak(Box::new(Stream {
            name: STREAM,
            subjects: &["parcel.>"],
            retention: Retention::Limits,
            storage: Storage::File,
            replicas: self.replicas,
            max_age: None,
            max_bytes: None,
            max_messages: None,
            duplicate_window: Duration::from_millis(self.duplicate_window_ms),
        }));
        Box::leak(Box::new(Operation {
            name: OPERATION,
            durable: DURABLE,
            stream,
            filters: &["parcel.sent.v1.*"],
            address: Parcel::ADDRESS,
            event_type: EVENT,
            concurrency: self.concurrency,
            ordering: if self.by_key {
                Ordering::Key
            } else {
                Ordering::None
            },
            ack_wait: self.ack_wait(),
            timeout: Duration::from_secs(60),
            retry: Retry {
                max_attempts: self.max_attempts,
                backoff: Backoff::Fixed,
                initial: Duration::from_millis(self.retry_ms),
                cap: Duration::from_secs(10),
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
        }))
    }
}
