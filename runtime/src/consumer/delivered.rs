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
    pub(super) fn of(message: async_nats::Message, _: &jetstream::Context) -> Option<Self> {
        let reply = message.reply?;
        let Origin {
            stream,
            sequence,
            times,
            stored,
        } = Origin::of(&reply)?;
        let stored = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(stored));
        Some(Self {
            stream: stream.to_owned(),
            sequence,
            times,
            stored: stored.unwrap_or_else(|_| time::OffsetDateTime::now_utc()),
            subject: message.subject,
            headers: message.headers,
            body: message.payload,
            reply,
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

/// What the reply subject of a delivery tells: `$JS.ACK.<stream>.<consumer>.<delivered>.<stream sequence>.<consumer
/// sequence>.<nanoseconds>.<pending>`, with domain and account after `ACK` where the server has them, and perhaps more at
/// the end. Read here and not by the client's own reader, which takes a context of its own for each message.
#[derive(Debug, PartialEq, Eq)]
struct Origin<'r> {
    stream: &'r str,
    sequence: u64,
    times: u64,
    stored: i64,
}

impl<'r> Origin<'r> {
    fn of(reply: &'r str) -> Option<Self> {
        let rest = reply.strip_prefix("$JS.ACK.")?;
        let long = rest.bytes().filter(|byte| *byte == b'.').count() >= 8;
        let mut tokens = rest.split('.').skip(if long { 2 } else { 0 });
        let stream = tokens.next()?;
        let _consumer = tokens.next()?;
        let times = tokens.next()?.parse().ok()?;
        let sequence = tokens.next()?.parse().ok()?;
        let _consumer_sequence = tokens.next()?;
        let stored = tokens.next()?.parse().ok()?;
        let _pending: u64 = tokens.next()?.parse().ok()?;
        Some(Self {
            stream,
            sequence,
            times,
            stored,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Origin;

    #[test]
    fn both_forms_of_the_reply_are_read() {
        let expected = Some(Origin {
            stream: "THINGS",
            sequence: 70,
            times: 2,
            stored: 1_700_000_000_000_000_001,
        });
        for reply in [
            "$JS.ACK.THINGS.worker.2.70.9.1700000000000000001.3",
            "$JS.ACK.hub.ACC.THINGS.worker.2.70.9.1700000000000000001.3",
            "$JS.ACK._.ACC.THINGS.worker.2.70.9.1700000000000000001.3.token",
        ] {
            assert_eq!(Origin::of(reply), expected, "{reply}");
        }
        for reply in [
            "",
            "_INBOX.x",
            "$JS.ACK.THINGS.worker.2.70.9.1700000000000000001",
            "$JS.ACK.THINGS.worker.x.70.9.1700000000000000001.3",
        ] {
            assert_eq!(Origin::of(reply), None, "{reply}");
        }
    }
}
