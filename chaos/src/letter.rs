//! Dead letters, as the driver finds them on their stream.

use async_nats::jetstream;

/// A dead letter, as far as the books want to know.
pub(crate) struct Letter {
    pub(crate) number: Option<i64>,
    pub(crate) reason: String,
    pub(crate) error: String,
    pub(crate) sequence: Option<u64>,
}

impl Letter {
    /// What the message says of it.
    pub(crate) fn of(message: &jetstream::message::StreamMessage) -> Self {
        let body: serde_json::Value = serde_json::from_slice(&message.payload).unwrap_or_default();
        let header = |name| {
            let value = message.headers.get(name);
            value
                .map(|value| value.as_str().to_owned())
                .unwrap_or_default()
        };
        Self {
            number: body["data"]["number"].as_i64(),
            reason: header("Dead-Reason"),
            error: header("Dead-Error"),
            sequence: header("Dead-Sequence").parse().ok(),
        }
    }
}
