//! What generated code looks like, written by hand for small events, so that the runtime is tested without codegen.

use std::time::Duration;

use jetway::json::{Json, Misfit, Reader, SerializeMap, Writer};
use jetway::validate::Checker;
use jetway::{
    Backoff, Downcast, EventData, Older, Operation, Ordering, Pause, PublishError, Retention,
    Retry, SentBy, Service, Start, Storage, Stream, Subject, SubjectError, Twins, Upcast, Validate,
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
#[derive(Clone, Debug, PartialEq)]
pub struct Happened {
    pub key: String,
    pub number: i64,
    pub text: Option<String>,
}

jetway::object!(Happened {
    key: "key",
    number: "number",
    text: "text",
});

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
    const OLDER: Option<Older<Self>> = Some(Older::of::<HappenedBefore>());

    fn subject(&self) -> Result<Subject, SubjectError> {
        Ok(Subject::of(Self::ADDRESS).token("key", &self.key)?.finish())
    }

    fn key(&self) -> String {
        self.key.clone()
    }
}

/// `thing.happened.v0`, which counted in text.
#[derive(Clone, Debug, PartialEq)]
pub struct HappenedBefore {
    pub key: String,
    pub count: String,
}

jetway::object!(HappenedBefore {
    key: "key",
    count: "count",
});

impl Validate for HappenedBefore {
    fn check(&self, at: &mut Checker) {
        at.field("count", |at| at.max_length(&self.count, 5));
    }
}

impl EventData for HappenedBefore {
    const TYPE: &'static str = "thing.happened.v0";
    const DATASCHEMA: &'static str = "thing.happened.v0.json";
    const ADDRESS: &'static str = "thing.happened.v0.{key}";

    fn subject(&self) -> Result<Subject, SubjectError> {
        Ok(Subject::of(Self::ADDRESS).token("key", &self.key)?.finish())
    }

    fn key(&self) -> String {
        self.key.clone()
    }
}

impl Upcast<HappenedBefore> for Happened {
    fn upcast(old: HappenedBefore) -> Self {
        // What is no number becomes one that the schema rejects.
        Self::new(&old.key, old.count.parse().unwrap_or(-1))
    }
}

/// `thing.told.v3`, which its service sends with v1 and without v2.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told<const V: u8> {
    pub key: String,
    pub text: String,
}

/// By hand: the macro takes no generic types.
impl<const V: u8> Json for Told<V> {
    fn read_properties(from: &mut Reader<'_>) -> Result<Self, Misfit> {
        Ok(Self {
            key: from.property("key")?,
            text: from.property("text")?,
        })
    }

    fn write_properties<M: SerializeMap>(&self, to: &mut Writer<M>) {
        to.property("key", &self.key);
        to.property("text", &self.text);
    }
}

impl<const V: u8> Validate for Told<V> {
    fn check(&self, at: &mut Checker) {
        at.field("text", |at| at.max_length(&self.text, 10 * usize::from(V)));
    }
}

macro_rules! told {
    ($version:literal, $older:expr) => {
        impl EventData for Told<$version> {
            const TYPE: &'static str = concat!("thing.told.v", $version);
            const DATASCHEMA: &'static str = concat!("thing.told.v", $version, ".json");
            const ADDRESS: &'static str = concat!("thing.told.v", $version, ".{key}");
            const OLDER: Option<Older<Self>> = $older;

            fn subject(&self) -> Result<Subject, SubjectError> {
                Ok(Subject::of(Self::ADDRESS).token("key", &self.key)?.finish())
            }

            fn key(&self) -> String {
                self.key.clone()
            }
        }
    };
}

told!(1, None);
told!(2, Some(Older::of::<Told<1>>()));
told!(3, Some(Older::of::<Told<2>>()));

macro_rules! told_from {
    ($new:literal, $old:literal) => {
        impl Upcast<Told<$old>> for Told<$new> {
            fn upcast(old: Told<$old>) -> Self {
                Self {
                    key: old.key,
                    text: format!("{}{}", old.text, $new),
                }
            }
        }

        impl Downcast<Told<$old>> for Told<$new> {
            fn downcast(&self) -> Told<$old> {
                Told {
                    key: self.key.clone(),
                    text: format!("{}{}", self.text, $old),
                }
            }
        }
    };
}

told_from!(2, 1);
told_from!(3, 2);

impl SentBy<Tester> for Told<3> {
    fn twins(&self, twins: &mut Twins<'_, '_, Tester>) -> Result<(), PublishError> {
        let v2 = Downcast::<Told<2>>::downcast(self);
        let v1 = Downcast::<Told<1>>::downcast(&v2);
        twins.publish(&v1)
    }
}

/// `thing.answered.v1`
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    pub key: String,
    pub number: i64,
}

jetway::object!(Answered {
    key: "key",
    number: "number",
});

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
    pause: Pause {
        after: 5,
        probe: Duration::from_secs(5),
        cap: Duration::from_secs(60),
    },
};

/// The same for both versions of what happened.
pub const HANDLE_BOTH: Operation = Operation {
    filters: &["thing.happened.v1.*", "thing.happened.v0.*"],
    ..HANDLE
};
