//! The spans of messaging, after OpenTelemetry's conventions
//! (<https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/>).

use std::time::SystemTime;

use opentelemetry::trace::{Span as _, SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::Span as SdkSpan;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::context::TraceContext;
use super::setup::tracer;
use crate::Operation;

/// What is known of a delivered message, decodable or not.
#[derive(Clone, Copy, Debug, Default)]
pub struct Received<'a> {
    /// The event's id.
    pub id: Option<&'a str>,
    /// The event's correlation id.
    pub correlation_id: Option<&'a str>,
    /// How many bytes the body has.
    pub body_size: usize,
    /// How often the server has delivered it, this time included.
    pub delivered: u64,
}

/// The span of one attempt to handle a message: child of the send and linked to it. Record a failure with
/// [`process_failed`].
#[must_use]
pub fn process_span(
    op: &Operation,
    message: &Received<'_>,
    parent: &TraceContext,
) -> tracing::Span {
    let span = tracing::info_span!(
        parent: None,
        "process",
        otel.name = format!("process {}", op.name),
        otel.kind = "consumer",
        otel.status_code = Empty,
        otel.status_description = Empty,
        "error.type" = Empty,
        "messaging.system" = "nats",
        "messaging.operation.type" = "process",
        "messaging.operation.name" = "process",
        "messaging.destination.name" = op.stream.name,
        "messaging.destination.template" = op.address,
        "messaging.consumer.group.name" = op.durable,
        "messaging.message.id" = message.id,
        "messaging.message.conversation_id" = message.correlation_id,
        "messaging.message.body.size" = message.body_size,
        "messaging.nats.delivered" = message.delivered,
    );
    // Nobody listens.
    if span.is_disabled() {
        return span;
    }
    let send = parent.to_otel();
    let link = send.span().span_context().clone();
    if link.is_valid() {
        // Fails only where no tracer listens; then there is nothing to link.
        let _ = span.set_parent(send);
        span.add_link(link);
    }
    span
}

/// Records on the span of [`process_span`] that the attempt failed. `error_type` is one of few words, such as `timeout`.
pub fn process_failed(span: &tracing::Span, error_type: &str, description: &str) {
    span.record("error.type", error_type);
    span.record("otel.status_code", "ERROR");
    span.record("otel.status_description", description);
}

/// The span of one publish, made by the outbox relay around it.
#[derive(Debug)]
#[must_use = "a span that is not ended says nothing of the publish"]
pub struct SendSpan {
    span: Option<SdkSpan>,
    context: TraceContext,
}

/// Begins the span of a publish: `address` is the channel's (never a raw subject), `parent` the context that the event
/// was sent in, `start` when.
pub fn send_span(
    address: &str,
    event_type: &str,
    id: &str,
    correlation_id: &str,
    parent: &TraceContext,
    start: SystemTime,
) -> SendSpan {
    let Some(tracer) = tracer() else {
        return SendSpan {
            span: None,
            context: parent.clone(),
        };
    };
    let builder = tracer
        .span_builder(format!("send {event_type}"))
        .with_kind(SpanKind::Producer)
        .with_start_time(start)
        .with_attributes([
            KeyValue::new("messaging.system", "nats"),
            KeyValue::new("messaging.operation.type", "send"),
            KeyValue::new("messaging.operation.name", "send"),
            KeyValue::new("messaging.destination.template", address.to_owned()),
            KeyValue::new("messaging.message.id", id.to_owned()),
            KeyValue::new(
                "messaging.message.conversation_id",
                correlation_id.to_owned(),
            ),
        ]);
    let span = tracer.build_with_context(builder, &parent.to_otel());
    let remote = Context::new().with_remote_span_context(span.span_context().clone());
    SendSpan {
        context: TraceContext::from_otel(&remote),
        span: Some(span),
    }
}

impl SendSpan {
    /// The context that goes into the message's headers.
    #[must_use]
    pub fn context(&self) -> &TraceContext {
        &self.context
    }

    /// Ends the span: `Ok` where the stream has acknowledged, else why not.
    pub fn end<E: std::fmt::Display>(self, result: Result<(), E>) {
        let Some(mut span) = self.span else { return };
        if let Err(error) = result {
            span.set_attribute(KeyValue::new("error.type", "publish_failed"));
            span.set_status(Status::error(error.to_string()));
        }
        span.end();
    }
}
