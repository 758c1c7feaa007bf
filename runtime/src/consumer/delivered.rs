//! A message as the server delivered it.

use async_nats::jetstream;
use async_nats::{HeaderMap, Subject};
use bytes::Bytes;

use crate::Delivery;

/// One delivery: the message, and what its reply subject tells.
#[derive(Clone, Debug)]
pub(super) struct Delivered {
    pub(super) subject: Subject,
    pub(super) reply: Subject,
    pub(super) headers: Option<HeaderMap>,
    pub(super) body: Bytes,
    pub(super) stream: String,
    pub(super) sequence: u64,
    /// How often the server has delivered it, this time included.
    pub(super) times: u64,
    /// When the stream stored it.
    pub(super) stored: time::OffsetDateTime,
}

impl Delivered {
    /// None where the message is not from a JetStream consumer.
    pub(super) fn of(message: async_nats::Message, context: &jetstream::Context) -> Option<Self> {
        let message = jetstream::Message {
            message,
            context: context.clone(),
        };
        let info = message.info().ok()?;
        let (stream, sequence) = (info.stream.to_string(), info.stream_sequence);
        let times = u64::try_from(info.delivered).unwrap_or(1);
        let stored = info.published;
        let message = message.message;
        Some(Self {
            subject: message.subject,
            reply: message.reply?,
            headers: message.headers,
            body: message.payload,
            stream,
            sequence,
            times,
            stored: time::OffsetDateTime::from_unix_timestamp_nanos(stored.unix_timestamp_nanos())
                .unwrap_or_else(|_| time::OffsetDateTime::now_utc()),
        })
    }

    pub(super) fn delivery(&self, attempt: u32) -> Delivery {
        Delivery {
            subject: self.subject.to_string(),
            stream: self.stream.clone(),
            stream_sequence: self.sequence,
            delivered: self.times,
            attempt,
        }
    }
}
