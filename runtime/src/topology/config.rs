//! What the contract says of a stream or consumer, in the server's words. Only these fields are compared and written:
//! whatever else operators have set (placement, compression, …) stays theirs.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::{Operation, Retention, Start, Storage, Stream};

/// Where every consumer's dead letters go, body and headers as they came.
pub static DEAD_LETTERS: Stream = Stream {
    name: "DEAD_LETTERS",
    subjects: &["dead.>"],
    retention: Retention::Limits,
    storage: Storage::File,
    replicas: 1,
    max_age: Some(Duration::from_secs(30 * 86_400)),
    max_bytes: None,
    max_messages: None,
    duplicate_window: Duration::from_secs(120),
};

/// How many retried messages a consumer may have parked beside those in work: the server counts both, and delivers nothing
/// new at the limit. It carries so many as lightly as none.
const PARKED: usize = 10_000;

/// A name in a JSON configuration, and the path to it.
pub(super) const OPERATION: &str = "jetway.operation";

/// A stream's configuration.
pub(super) fn stream(stream: &Stream) -> Map<String, Value> {
    object(json!({
        "name": stream.name,
        "subjects": stream.subjects,
        "retention": match stream.retention {
            Retention::Limits => "limits",
            Retention::Interest => "interest",
            Retention::WorkQueue => "workqueue",
        },
        "storage": match stream.storage {
            Storage::File => "file",
            Storage::Memory => "memory",
        },
        "num_replicas": stream.replicas,
        "max_age": stream.max_age.map_or(0, nanoseconds),
        "max_bytes": stream.max_bytes.unwrap_or(-1),
        "max_msgs": stream.max_messages.unwrap_or(-1),
        "duplicate_window": nanoseconds(stream.duplicate_window),
    }))
}

/// What is sent to create a stream: beyond the contract, what readers of the log rely on.
pub(super) fn new_stream(stated: &Map<String, Value>) -> Map<String, Value> {
    let mut config = stated.clone();
    config.insert("discard".to_owned(), "old".into());
    config.insert("max_consumers".to_owned(), (-1).into());
    config.insert("max_msgs_per_subject".to_owned(), (-1).into());
    config.insert("allow_direct".to_owned(), true.into());
    config
}

/// A durable consumer's configuration.
///
/// `max_deliver` is unlimited and `backoff` empty: the runtime keeps count and computes every delay. A limit on the
/// server would strand a message without a dead letter, and its backoff overrides `ack_wait` with its first step.
pub(super) fn consumer(op: &Operation) -> Map<String, Value> {
    // The server takes one subject in one field and several in another, and never both.
    let (one, several) = match op.filters {
        [one] => (*one, &[][..]),
        several => ("", several),
    };
    object(json!({
        "durable_name": op.durable,
        "description": format!("{} receives {}", op.name, op.event_type),
        "metadata": { OPERATION: op.name },
        "deliver_policy": match op.start {
            Start::All => "all",
            Start::New => "new",
        },
        "ack_policy": "explicit",
        "replay_policy": "instant",
        "filter_subject": one,
        "filter_subjects": several,
        "ack_wait": nanoseconds(op.ack_wait),
        "max_deliver": -1,
        "backoff": [],
        "max_ack_pending": 2 * op.concurrency + PARKED,
        "deliver_subject": "",
        "headers_only": false,
        "inactive_threshold": 0,
        "max_batch": 0,
        "max_bytes": 0,
        "max_expires": 0,
    }))
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
