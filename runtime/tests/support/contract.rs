//! What generated code looks like, written by hand for two small events, so that the runtime is tested without codegen.

use std::time::Duration;

use jetway::validate::Checker;
use jetway::{
    Backoff, EventData, Operation, Ordering, Retention, Retry, SentBy, Service, Start, Storage,
    Stream, Subject, SubjectError, Validate,
};
use serde::{Deserialize, Serialize};

pub static THINGS: Stream = Stream {
    name: "THINGS",
    subjects: &["thing.>"],
    retention: Retention::Limits,
    storage: Storage::File,
    replicas: 1,
    max_age: None,
    max_bytes: None,
    max_messages: None,
    duplicate_window: Duration::from_secs(2),
};

/// `thing.happened.v1`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Happened {
    pub key: String,
    pub number: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl Happened {
    pub fn new(key: &str, number: i64) -> Self {
        Self {
            key: key.to_owned(),
            number,
            text: None,
        }
    }
}

impl Validate for Happened {
    fn check(&self, at: &mut Checker) {
        // Generated checks do not panic; should one, only its event may suffer.
        assert!(self.text.as_deref() != Some("panic"), "panic");
        at.field("number", |at| at.minimum(self.number, 0));
    }
}

impl EventData for Happened {
    const TYPE: &'static str = "thing.happened.v1";
    const DATASCHEMA: &'static str = "thing.happened.v1.json";
    const ADDRESS: &'static str = "thing.happened.v1.{key}";

    fn subject(&self) -> Result<Subject, SubjectError> {
        Ok(Subject::of(Self::ADDRESS).token("key", &self.key)?.finish())
    }

    fn key(&self) -> String {
        self.key.clone()
    }
}

/// `thing.answered.v1`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    pub key: String,
    pub number: i64,
}

impl Validate for Answered {
    fn check(&self, _: &mut Checker) {}
}

impl EventData for Answered {
    const TYPE: &'static str = "thing.answered.v1";
    const DATASCHEMA: &'static str = "thing.answered.v1.json";
    const ADDRESS: &'static str = "thing.answered.v1.{key}";

    fn subject(&self) -> Result<Subject, SubjectError> {
        Ok(Subject::of(Self::ADDRESS).token("key", &self.key)?.finish())
    }

    fn key(&self) -> String {
        self.key.clone()
    }
}

/// The service `tester`: receives `thing.happened.v1`, sends both.
#[derive(Clone, Copy, Debug)]
pub enum Tester {}

impl Service for Tester {
    const NAME: &'static str = "tester";
    const STREAMS: &'static [&'static Stream] = &[&THINGS];
    const OPERATIONS: &'static [&'static Operation] = &[];
}

impl SentBy<Tester> for Happened {}
impl SentBy<Tester> for Answered {}

/// `tester.handle`, as most tests want it: quick to retry, a short ack-wait.
pub const HANDLE: Operation = Operation {
    name: "tester.handle",
    durable: "tester-handle",
    stream: &THINGS,
    filters: &["thing.happened.v1.*"],
    address: "thing.happened.v1.{key}",
    event_type: "thing.happened.v1",
    concurrency: 4,
    ordering: Ordering::None,
    ack_wait: Duration::from_secs(2),
    timeout: Duration::from_secs(20),
    retry: Retry {
        max_attempts: 4,
        backoff: Backoff::Fixed,
        initial: Duration::from_millis(50),
        cap: Duration::from_secs(1),
        defer_limit: Duration::from_secs(60),
    },
    alert_after: 3,
    start: Start::All,
    rate_limit: None,
};
