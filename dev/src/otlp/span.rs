//! A span as it is compared and drawn.

use std::collections::BTreeMap;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1 as proto;

/// One finished span of one service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Span {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// 16 hexadecimal digits.
    pub span_id: String,
    /// The parent's span id; nothing for the root.
    pub parent_span_id: Option<String>,
    /// The span's name, such as `send order.placed.v1`.
    pub name: String,
    /// Its role between services.
    pub kind: Kind,
    /// `service.name` of the resource.
    pub service: String,
    /// Nanoseconds since 1970.
    pub start: u64,
    /// Nanoseconds since 1970.
    pub end: u64,
    /// The span's attributes; numbers and booleans as text, lists as JSON-like text.
    pub attributes: BTreeMap<String, String>,
    /// Spans that it belongs to besides its parent.
    pub links: Vec<Link>,
    /// How it ended.
    pub status: Status,
}

/// What a span says about its place between services.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Within one service.
    #[default]
    Internal,
    /// Answers a request.
    Server,
    /// Makes a request.
    Client,
    /// Sends a message.
    Producer,
    /// Processes a message.
    Consumer,
}

/// A reference to another span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// 16 hexadecimal digits.
    pub span_id: String,
}

/// How a span ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// Nothing was said, which is the usual way of saying that it went well.
    #[default]
    Unset,
    /// Expressly well.
    Ok,
    /// An error, with its description.
    Error(String),
}

impl Span {
    /// From start to end.
    pub fn duration(&self) -> Duration {
        Duration::from_nanos(self.end.saturating_sub(self.start))
    }

    /// An attribute, or the empty string.
    pub fn attribute(&self, key: &str) -> &str {
        self.attributes.get(key).map_or("", String::as_str)
    }
}

/// All spans of one export.
pub(super) fn from_request(request: ExportTraceServiceRequest) -> Vec<Span> {
    let mut spans = Vec::new();
    for resource_spans in request.resource_spans {
        let resource = resource_spans
            .resource
            .map(|resource| attributes(resource.attributes))
            .unwrap_or_default();
        let service = resource.get("service.name").cloned().unwrap_or_default();
        for scope in resource_spans.scope_spans {
            spans.extend(
                scope
                    .spans
                    .into_iter()
                    .map(|span| from_proto(span, &service)),
            );
        }
    }
    spans
}

fn from_proto(span: proto::Span, service: &str) -> Span {
    use proto::span::SpanKind;
    let kind = match span.kind() {
        SpanKind::Server => Kind::Server,
        SpanKind::Client => Kind::Client,
        SpanKind::Producer => Kind::Producer,
        SpanKind::Consumer => Kind::Consumer,
        SpanKind::Internal | SpanKind::Unspecified => Kind::Internal,
    };
    let status = span
        .status
        .as_ref()
        .map_or(Status::Unset, |status| match status.code() {
            proto::status::StatusCode::Unset => Status::Unset,
            proto::status::StatusCode::Ok => Status::Ok,
            proto::status::StatusCode::Error => Status::Error(status.message.clone()),
        });
    let links = span.links.iter().map(|link| Link {
        trace_id: hex(&link.trace_id),
        span_id: hex(&link.span_id),
    });
    Span {
        trace_id: hex(&span.trace_id),
        span_id: hex(&span.span_id),
        parent_span_id: Some(hex(&span.parent_span_id))
            .filter(|id| id.bytes().any(|digit| digit != b'0')),
        links: links.collect(),
        name: span.name,
        kind,
        service: service.to_owned(),
        start: span.start_time_unix_nano,
        end: span.end_time_unix_nano,
        attributes: attributes(span.attributes),
        status,
    }
}

fn attributes(pairs: Vec<KeyValue>) -> BTreeMap<String, String> {
    pairs
        .into_iter()
        .map(|pair| (pair.key, text(pair.value)))
        .collect()
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::BoolValue(value)) => value.to_string(),
        Some(Value::IntValue(value)) => value.to_string(),
        Some(Value::DoubleValue(value)) => value.to_string(),
        Some(Value::ArrayValue(list)) => {
            let items: Vec<String> = list
                .values
                .into_iter()
                .map(|item| text(Some(item)))
                .collect();
            format!("[{}]", items.join(", "))
        }
        Some(Value::KvlistValue(list)) => format!("{:?}", attributes(list.values)),
        Some(Value::BytesValue(bytes)) => hex(&bytes),
        _ => String::new(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
