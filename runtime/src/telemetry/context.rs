//! The W3C trace context as it travels: through the outbox as two columns, through NATS as two headers.

use async_nats::{HeaderMap, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";
/// W3C Trace Context, 3.3.1.5: at least 512 characters of `tracestate` are passed on; nobody needs more.
const LONGEST: usize = 512;

/// A W3C trace context (<https://www.w3.org/TR/trace-context/>).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceContext {
    /// Trace, parent span and flags; `None` where there is no trace.
    pub traceparent: Option<String>,
    /// What tracing systems add; `None` where it is empty.
    pub tracestate: Option<String>,
}

impl TraceContext {
    /// That of the span which this code runs in.
    #[must_use]
    pub fn current() -> Self {
        Self::from_otel(&Context::current())
    }

    /// That of an OpenTelemetry context.
    #[must_use]
    pub fn from_otel(context: &Context) -> Self {
        if !context.span().span_context().is_valid() {
            return Self::default();
        }
        let mut carrier = Self::default();
        TraceContextPropagator::new().inject_context(context, &mut carrier);
        carrier
    }

    /// As an OpenTelemetry context whose span is remote; without a span where there is none or it is malformed.
    #[must_use]
    pub fn to_otel(&self) -> Context {
        TraceContextPropagator::new().extract_with_context(&Context::new(), self)
    }

    /// Writes it to a message's headers. NATS headers are case-sensitive: the names are lower-case.
    pub fn inject(&self, headers: &mut HeaderMap) {
        for (name, value) in [
            (TRACEPARENT, &self.traceparent),
            (TRACESTATE, &self.tracestate),
        ] {
            // async-nats panics on a line break in a header that it converts itself.
            if let Some(Ok(value)) = value.as_deref().map(str::parse::<HeaderValue>) {
                headers.insert(name, value);
            }
        }
    }

    /// Reads it from a message's headers; also from `Traceparent`, as clients with HTTP's header names write it.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let read = |name, canonical| {
            headers
                .get(name)
                .or_else(|| headers.get(canonical))
                .map(|value| value.as_str().to_owned())
                .filter(|value| !value.is_empty() && value.len() <= LONGEST)
        };
        Self {
            traceparent: read(TRACEPARENT, "Traceparent"),
            tracestate: read(TRACESTATE, "Tracestate"),
        }
    }
}

impl Injector for TraceContext {
    fn set(&mut self, key: &str, value: String) {
        let value = Some(value).filter(|value| !value.is_empty());
        match key {
            TRACEPARENT => self.traceparent = value,
            TRACESTATE => self.tracestate = value,
            _ => {}
        }
    }
}

impl Extractor for TraceContext {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            TRACEPARENT => self.traceparent.as_deref(),
            TRACESTATE => self.tracestate.as_deref(),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT, TRACESTATE]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn it_survives_headers_and_otel() {
        let context = TraceContext {
            traceparent: Some(PARENT.to_owned()),
            tracestate: Some("vendor=1".to_owned()),
        };
        let mut headers = HeaderMap::new();
        context.inject(&mut headers);
        assert_eq!(headers.get("traceparent").unwrap().as_str(), PARENT);
        assert_eq!(TraceContext::from_headers(&headers), context);

        let otel = context.to_otel();
        assert!(otel.span().span_context().is_remote());
        assert_eq!(TraceContext::from_otel(&otel), context);
    }

    #[test]
    fn what_is_malformed_is_no_context() {
        for text in ["", "00-0-0-01", "garbage\r\nX: y", &"0".repeat(4000)] {
            let context = TraceContext {
                traceparent: Some(text.to_owned()),
                tracestate: None,
            };
            assert!(
                !context.to_otel().span().span_context().is_valid(),
                "{text:?}"
            );
            let mut headers = HeaderMap::new();
            context.inject(&mut headers);
        }
        assert_eq!(
            TraceContext::from_otel(&Context::new()),
            TraceContext::default()
        );
    }
}
