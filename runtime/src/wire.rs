//! CloudEvents 1.0 on NATS: written as structured JSON, read as structured JSON or in binary mode (`ce-*` headers).

mod numbers;

use std::borrow::Cow;
use std::ops::Range;

use async_nats::HeaderMap;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::store::Source;
use crate::validate::Violations;
use crate::{EventData, versions};

/// The content type of an event on the wire.
pub(crate) const CONTENT_TYPE: &str = "application/cloudevents+json";

/// The longest `id` and `source` of an event, in bytes: what an index of the database surely takes.
const LONGEST_ID: usize = 1_024;

/// An event about to be published: the structured mode of the CloudEvents JSON format.
#[derive(Serialize)]
pub(crate) struct Outgoing<'a, T> {
    pub(crate) specversion: &'static str,
    pub(crate) id: Uuid,
    #[serde(rename = "type")]
    pub(crate) event_type: &'static str,
    pub(crate) source: &'a str,
    pub(crate) subject: &'a str,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) time: OffsetDateTime,
    pub(crate) datacontenttype: &'static str,
    pub(crate) dataschema: &'static str,
    #[serde(rename = "correlationid")]
    pub(crate) correlation_id: &'a str,
    #[serde(rename = "causationid", skip_serializing_if = "Option::is_none")]
    pub(crate) causation_id: Option<&'a str>,
    #[serde(rename = "twinof", skip_serializing_if = "Option::is_none")]
    pub(crate) twin_of: Option<Uuid>,
    pub(crate) data: &'a T,
}

impl<'a, T: EventData> Outgoing<'a, T> {
    pub(crate) fn new(
        id: Uuid,
        source: &'a str,
        subject: &'a str,
        correlation_id: &'a str,
        causation_id: Option<&'a str>,
        data: &'a T,
    ) -> Self {
        Self {
            specversion: "1.0",
            id,
            event_type: T::TYPE,
            source,
            subject,
            time: OffsetDateTime::now_utc(),
            datacontenttype: "application/json",
            dataschema: T::DATASCHEMA,
            correlation_id,
            causation_id,
            twin_of: None,
            data,
        }
    }
}

/// A received event whose envelope has been read and whose data has not.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    /// What the inbox knows it by. A twin is known as the fact that it is a twin of: whichever of the two comes first is
    /// handled, and the other one is a duplicate.
    pub(crate) identity: Source,
    /// Its own id.
    pub(crate) id: String,
    pub(crate) event_type: String,
    pub(crate) subject: Option<String>,
    pub(crate) time: OffsetDateTime,
    pub(crate) correlation_id: String,
    pub(crate) causation_id: Option<String>,
    data: Data,
}

/// The data of an event, as far as it has been read.
#[derive(Clone, Debug)]
enum Data {
    /// It stands there in the body.
    Text {
        body: Bytes,
        at: Range<usize>,
    },
    Value(Value),
}

/// Why a message can never be handled. The text is the dead letter's `Dead-Error`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("{found} bytes are more than the {allowed} that MAX_EVENT_BYTES allows")]
    Oversized { found: usize, allowed: usize },
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    #[error(
        "the integer {text} at {pointer} needs more than 64 bits and would be rounded: send such a number as text"
    )]
    Integer { pointer: String, text: String },
    #[error("this is no CloudEvents 1.0 event: {0}")]
    NotAnEvent(String),
    #[error("the event says that it is a {found:?}; this operation handles {expected}")]
    OtherType {
        expected: &'static str,
        found: String,
    },
    #[error("the data breaks its schema at {0}")]
    Invalid(Violations),
    #[error("the code that decodes and checks the event panicked: {0}")]
    Panicked(String),
}

impl Unreadable {
    /// The dead letter's `Dead-Reason`.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Oversized { .. } => "oversized",
            Self::NotJson(_) | Self::Integer { .. } | Self::NotAnEvent(_) | Self::Panicked(_) => {
                "undecodable"
            }
            Self::OtherType { .. } => "unexpected-type",
            Self::Invalid(_) => "invalid",
        }
    }
}

impl Incoming {
    /// Whether it is an older version of an event that was published beside it.
    pub(crate) fn is_twin(&self) -> bool {
        self.id != self.identity.id
    }

    /// The data as JSON.
    ///
    /// What the envelope's own pass has read over is read now, and once. Only what cannot be read so is read with the
    /// envelope again, for what is wrong with it and where.
    pub(crate) fn value(&self) -> Result<Cow<'_, Value>, Unreadable> {
        let (body, at) = match &self.data {
            Data::Value(value) => return Ok(Cow::Borrowed(value)),
            Data::Text { body, at } => (body, at),
        };
        let text = body.get(at.clone()).unwrap_or_default();
        let value = match serde_json::from_slice(text) {
            Ok(value) => value,
            Err(_) => structured(body)?.data.unwrap_or_default(),
        };
        Ok(Cow::Owned(value))
    }

    /// Reads and checks the data as a `T`.
    pub(crate) fn read<T: EventData>(&self) -> Result<T, Unreadable> {
        let data = versions::read::<T>(&self.event_type, &*self.value()?);
        let data = data.ok_or_else(|| Unreadable::OtherType {
            expected: T::TYPE,
            found: self.event_type.clone(),
        })?;
        data.map_err(Unreadable::Invalid)
    }
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "D: Deserialize<'de>"))]
struct Envelope<D> {
    specversion: String,
    id: String,
    #[serde(rename = "type")]
    event_type: String,
    source: String,
    #[serde(default)]
    subject: Option<String>,
    #[serde(default)]
    time: Option<String>,
    #[serde(default, rename = "correlationid")]
    correlation_id: Option<String>,
    #[serde(default, rename = "causationid")]
    causation_id: Option<String>,
    #[serde(default, rename = "twinof")]
    twin_of: Option<String>,
    #[serde(default)]
    data: Option<D>,
}

/// Reads the envelope of a message.
pub(crate) fn read(
    headers: Option<&HeaderMap>,
    body: &Bytes,
    most: usize,
) -> Result<Incoming, Unreadable> {
    if body.len() > most {
        return Err(Unreadable::Oversized {
            found: body.len(),
            allowed: most,
        });
    }
    if body.is_empty() {
        return Err(Unreadable::NotJson("it is empty".to_owned()));
    }
    let content_type = headers
        .and_then(|headers| header(headers, "content-type"))
        .unwrap_or_default();
    if starts_with(content_type, "application/cloudevents-batch") {
        return Err(Unreadable::NotAnEvent(
            "the batched mode is not accepted: publish one event per message".to_owned(),
        ));
    }
    // The content type decides. Without one that speaks of CloudEvents, it is binary where any of the attributes that
    // every event has is a header.
    if !starts_with(content_type, "application/cloudevents") {
        let attributes = headers.map(binary_attributes).unwrap_or_default();
        let required = |(name, _): &(String, String)| {
            matches!(name.as_str(), "specversion" | "id" | "type" | "source")
        };
        if attributes.iter().any(required) {
            return finish(binary(attributes, body)?, Data::Value);
        }
    }
    match at_once(body) {
        Some(envelope) => finish(envelope, |data| text(body, data)),
        None => finish(structured(body)?, Data::Value),
    }
}

/// The envelope alone, in one pass that reads over the data; `None` where it has to be looked at more closely.
fn at_once(body: &[u8]) -> Option<Envelope<&RawValue>> {
    // serde would take a list for the envelope's fields in their order.
    let begins = body.iter().find(|byte| !byte.is_ascii_whitespace())?;
    if *begins != b'{' || numbers::might_be_oversized(body) {
        return None;
    }
    serde_json::from_slice(body).ok()
}

/// Where in the body the data stands.
fn text(body: &Bytes, data: &RawValue) -> Data {
    let begins = data.get().as_ptr().addr() - body.as_ptr().addr();
    Data::Text {
        body: body.clone(),
        at: begins..begins + data.get().len(),
    }
}

fn starts_with(text: &str, beginning: &str) -> bool {
    text.get(..beginning.len())
        .is_some_and(|text| text.eq_ignore_ascii_case(beginning))
}

fn structured(body: &[u8]) -> Result<Envelope<Value>, Unreadable> {
    // First as any JSON, so that text that is no JSON and JSON that is no envelope are told apart.
    let value = json(body)?;
    if !value.is_object() {
        // Else serde would take an array for the envelope's fields in their order.
        let found = match value {
            Value::Array(_) => "an array",
            Value::String(_) => "a string",
            Value::Number(_) => "a number",
            _ => "a boolean or null",
        };
        return Err(Unreadable::NotAnEvent(format!(
            "it is {found}, not an object"
        )));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." {
            String::new()
        } else {
            format!("{path}: ")
        };
        Unreadable::NotAnEvent(format!("{place}{}", error.into_inner()))
    })
}

fn binary(attributes: Vec<(String, String)>, body: &[u8]) -> Result<Envelope<Value>, Unreadable> {
    let get = |name: &str| {
        attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.clone())
    };
    let need = |name: &str| {
        get(name).ok_or_else(|| Unreadable::NotAnEvent(format!("the header ce-{name} is missing")))
    };
    Ok(Envelope {
        specversion: need("specversion")?,
        id: need("id")?,
        event_type: need("type")?,
        source: need("source")?,
        subject: get("subject"),
        time: get("time"),
        correlation_id: get("correlationid"),
        causation_id: get("causationid"),
        twin_of: get("twinof"),
        data: Some(json(body)?),
    })
}

fn finish<D>(envelope: Envelope<D>, data: impl FnOnce(D) -> Data) -> Result<Incoming, Unreadable> {
    let refuse = |text: String| Err(Unreadable::NotAnEvent(text));
    if envelope.specversion != "1.0" {
        return refuse(format!(
            "specversion is {:?}, only \"1.0\" is known",
            envelope.specversion
        ));
    }
    if envelope.id.is_empty() || envelope.source.is_empty() {
        return refuse(
            "id and source must not be empty: together they identify the event".to_owned(),
        );
    }
    let fact = envelope.twin_of.as_ref().unwrap_or(&envelope.id);
    if fact.is_empty() {
        return refuse(
            "twinof must not be empty: it names the event that this one is a twin of".to_owned(),
        );
    }
    for (name, value) in [
        ("id", &envelope.id),
        ("source", &envelope.source),
        ("twinof", fact),
    ] {
        if value.len() > LONGEST_ID || has_controls(value) {
            return refuse(format!(
                "{name} must not be longer than {LONGEST_ID} bytes nor hold control characters: the inbox keeps it"
            ));
        }
    }
    let time = match &envelope.time {
        None => OffsetDateTime::now_utc(),
        Some(text) => match OffsetDateTime::parse(text, &Rfc3339) {
            Ok(time) => time,
            Err(_) => return refuse(format!("time {text:?} is not an RFC 3339 date-time")),
        },
    };
    let Some(found) = envelope.data else {
        return refuse("missing field `data`".to_owned());
    };
    Ok(Incoming {
        // An event from elsewhere without a correlation id begins a correlation of its own.
        correlation_id: envelope
            .correlation_id
            .unwrap_or_else(|| envelope.id.clone()),
        identity: Source {
            source: envelope.source,
            id: fact.clone(),
        },
        id: envelope.id,
        event_type: envelope.event_type,
        subject: envelope.subject,
        time,
        causation_id: envelope.causation_id,
        data: data(found),
    })
}

fn has_controls(text: &str) -> bool {
    if text.is_ascii() {
        text.bytes().any(|byte| byte.is_ascii_control())
    } else {
        text.contains(char::is_control)
    }
}

/// The body as JSON, every number as it was sent.
fn json(body: &[u8]) -> Result<Value, Unreadable> {
    let value = serde_json::from_slice(body).map_err(|error| not_json(&error, body))?;
    match numbers::oversized(body) {
        None => Ok(value),
        Some((pointer, text)) => Err(Unreadable::Integer {
            // The whole body is the number.
            pointer: if pointer.is_empty() {
                "/".to_owned()
            } else {
                pointer
            },
            text,
        }),
    }
}

fn not_json(error: &serde_json::Error, body: &[u8]) -> Unreadable {
    let text = error.to_string();
    if text.starts_with("recursion limit exceeded") {
        return Unreadable::NotJson(format!("it is nested deeper than 128 levels ({text})"));
    }
    // Enough to see what it is instead.
    let beginning: String = String::from_utf8_lossy(&body[..body.len().min(64)])
        .chars()
        .take(32)
        .collect();
    Unreadable::NotJson(format!("{text}; it begins with {beginning:?}"))
}

/// The CloudEvents attributes among the headers, names in lower case, values as the NATS binding encodes them decoded.
fn binary_attributes(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .filter_map(|(name, values)| {
            let name: &str = name.as_ref();
            let attribute = starts_with(name, "ce-").then(|| &name[3..])?;
            Some((
                attribute.to_ascii_lowercase(),
                percent_decoded(values.first()?.as_str()),
            ))
        })
        .collect()
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .iter()
        .find(|(key, _)| AsRef::<str>::as_ref(*key).eq_ignore_ascii_case(name))
        .and_then(|(_, values)| values.first())
        .map(async_nats::HeaderValue::as_str)
}

fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}
