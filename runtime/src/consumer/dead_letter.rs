//! Dead letters: what will not be tried again, kept whole and with the reason.

use std::time::Duration;

use async_nats::header::{HeaderMap, HeaderValue};
use async_nats::jetstream::message::PublishMessage;
use bytes::Bytes;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::delivered::Delivered;
use crate::app::Core;
use crate::fault::{self, Mechanism};
use crate::topology::DEAD_LETTERS;
use crate::{Operation, Retention};

/// The longest text of an error that is kept, in bytes.
const LONGEST_ERROR: usize = 4_096;
/// How long the stream may take to confirm.
const CONFIRM: Duration = Duration::from_secs(5);

/// Why a message is not tried again.
#[derive(Clone, Debug)]
pub(super) struct DeadLetter {
    /// One of a few words that metrics can count.
    pub(super) reason: &'static str,
    /// What a person needs to know.
    pub(super) error: String,
    pub(super) attempts: u32,
    pub(super) first_failure: Option<OffsetDateTime>,
}

/// Why a dead letter could not be stored.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotStored {
    #[error("the dead-letter stream did not confirm within {} s", CONFIRM.as_secs())]
    Timeout,
    #[error("the dead-letter stream refused: {0}")]
    Refused(String),
}

/// Stores the message in the dead-letter stream. Only what is stored there may be settled.
pub(super) async fn store(
    core: &Core,
    operation: &'static Operation,
    message: &Delivered,
    letter: &DeadLetter,
) -> Result<(), NotStored> {
    let (headers, body) = whole_or_less(core.client.max_payload(), operation, message, letter)?;
    // The same message of the same consumer is one dead letter, also when it is stored twice because the answer or
    // this process was lost in between.
    let id = format!(
        "dead:{}:{}:{}:{}",
        operation.durable,
        message.stream,
        message.sequence,
        // A stream that was made anew counts from one again.
        message.stored.unix_timestamp_nanos()
    );
    let publish = PublishMessage::build()
        .payload(body)
        .headers(headers)
        .message_id(id)
        // Should another stream have taken these subjects: what is stored there is not found again.
        .expected_stream(DEAD_LETTERS.name);
    let confirmed = async {
        core.jetstream
            .send_publish(format!("dead.{}", operation.durable), publish)
            .await
            .map_err(|error| NotStored::Refused(error.to_string()))?
            .await
            .map_err(|error| NotStored::Refused(error.to_string()))
    };
    match tokio::time::timeout(CONFIRM, confirmed).await {
        _ if fault::broken(Mechanism::StoredLetters) => Ok(()),
        Ok(result) => result.map(drop),
        Err(_) => Err(NotStored::Timeout),
    }
}

/// The dead letter, or what of it the server takes: the body stays behind first, then the message's own headers.
fn whole_or_less(
    room: usize,
    operation: &Operation,
    message: &Delivered,
    letter: &DeadLetter,
) -> Result<(HeaderMap, Bytes), NotStored> {
    let fits =
        |headers: &HeaderMap, body: &Bytes| room == 0 || headers_size(headers) + body.len() <= room;
    let stays = |what: String| {
        format!(
            "{what} exceed the server's max_payload of {room}; the message is still at {} in {}",
            message.sequence, message.stream
        )
    };
    let mut headers = original(message.headers.as_ref());
    describe(&mut headers, operation, message, letter);
    if fits(&headers, &message.body) {
        return Ok((headers, message.body.clone()));
    }
    if operation.stream.retention != Retention::Limits {
        // Once settled, such a stream drops it, and nothing would be left of the body.
        return Err(NotStored::Refused(format!(
            "the message is too large for it by its {} bytes and the headers; raise the server's max_payload of {room}",
            message.body.len()
        )));
    }
    let size = message.body.len();
    let omitted = stays(format!("{size} bytes with these headers"));
    set(&mut headers, "Dead-Body-Omitted", &omitted);
    if fits(&headers, &Bytes::new()) {
        return Ok((headers, Bytes::new()));
    }
    let size = message.headers.as_ref().map_or(0, headers_size);
    let mut headers = HeaderMap::new();
    describe(&mut headers, operation, message, letter);
    let without_headers = stays(format!("{size} bytes of headers"));
    set(&mut headers, "Dead-Headers-Omitted", &without_headers);
    if fits(&headers, &message.body) {
        return Ok((headers, message.body.clone()));
    }
    set(&mut headers, "Dead-Body-Omitted", &omitted);
    Ok((headers, Bytes::new()))
}

/// The headers as they came. Those that command the server (`Nats-Msg-Id`, `Nats-Expected-Stream`, `Nats-Rollup`, …) would
/// be obeyed here too: they are kept as `Dead-Nats-…`. Those that this runtime writes would be believed: they are kept as
/// `Dead-Original-Dead-…`.
fn original(headers: Option<&HeaderMap>) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for (name, values) in headers.into_iter().flat_map(HeaderMap::iter) {
        let name = name.to_string();
        let lower = name.to_ascii_lowercase();
        let name = if lower.starts_with("nats-") {
            format!("Dead-{name}")
        } else if lower.starts_with("dead-") {
            format!("Dead-Original-{name}")
        } else {
            name
        };
        for value in values {
            kept.append(name.as_str(), value.clone());
        }
    }
    kept
}

fn describe(
    headers: &mut HeaderMap,
    operation: &Operation,
    message: &Delivered,
    letter: &DeadLetter,
) {
    let now = OffsetDateTime::now_utc();
    let stamp = |time: OffsetDateTime| time.format(&Rfc3339).unwrap_or_default();
    set(headers, "Dead-Consumer", operation.durable);
    set(headers, "Dead-Operation", operation.name);
    set(headers, "Dead-Reason", letter.reason);
    set(headers, "Dead-Error", &letter.error);
    set(headers, "Dead-Attempts", &letter.attempts.to_string());
    set(headers, "Dead-Stream", &message.stream);
    set(headers, "Dead-Sequence", &message.sequence.to_string());
    set(headers, "Dead-Subject", &message.subject);
    set(headers, "Dead-Stored", &stamp(message.stored));
    set(
        headers,
        "Dead-First-Failure",
        &stamp(letter.first_failure.unwrap_or(now)),
    );
    set(headers, "Dead-Last-Failure", &stamp(now));
}

/// Sets a header to a text made safe: one line, without control characters, of bounded length.
fn set(headers: &mut HeaderMap, name: &str, text: &str) {
    let mut safe = String::with_capacity(text.len().min(LONGEST_ERROR));
    for c in text.chars() {
        if safe.len() >= LONGEST_ERROR {
            safe.push('…');
            break;
        }
        safe.push(if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            ' '
        } else {
            c
        });
    }
    if let Ok(value) = safe.trim().parse::<HeaderValue>() {
        headers.insert(name, value);
    }
}

fn headers_size(headers: &HeaderMap) -> usize {
    // The status line, each `name: value` with its line end, and the empty line.
    let lines = headers.iter().flat_map(|(name, values)| {
        let name = name.to_string().len();
        values
            .iter()
            .map(move |value| name + value.as_str().len() + 4)
    });
    12 + lines.sum::<usize>() + 2 + 64
}
