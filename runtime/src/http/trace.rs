//! A span per HTTP request, after OpenTelemetry's conventions
//! (<https://opentelemetry.io/docs/specs/semconv/http/http-spans/>).

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use tracing::Instrument;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::telemetry::{Metrics, TraceContext};

/// Middleware: answers within a span (SERVER) that is a child of the caller's, and counts the request. A handler that
/// panics answers 500, and its connection lives.
pub async fn trace(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let span = span(&request, route.as_deref());
    let answered = AssertUnwindSafe(next.run(request))
        .catch_unwind()
        .instrument(span.clone())
        .await;
    let response = answered.unwrap_or_else(|_| {
        (StatusCode::INTERNAL_SERVER_ERROR, "internal error\n").into_response()
    });
    let status = response.status();
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
        span.record("error.type", status.as_str());
    }
    // A path that no route matches is the caller's invention, and no label.
    let route = route.as_deref().unwrap_or("unmatched");
    metrics.requested(
        known(method.as_str()),
        route,
        status.as_u16(),
        begun.elapsed(),
    );
    response
}

fn span(request: &Request, route: Option<&str>) -> tracing::Span {
    let method = known(request.method().as_str());
    let name = match route {
        Some(route) => format!("{method} {route}"),
        None => method.to_owned(),
    };
    let span = tracing::info_span!(
        parent: None,
        "request",
        otel.name = name,
        otel.kind = "server",
        otel.status_code = Empty,
        "error.type" = Empty,
        "http.request.method" = method,
        "http.route" = route,
        "http.response.status_code" = Empty,
        "url.path" = request.uri().path(),
    );
    // Fails only where no tracer listens.
    let _ = span.set_parent(caller(request.headers()).to_otel());
    span
}

fn caller(headers: &HeaderMap) -> TraceContext {
    let read = |name| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    TraceContext {
        traceparent: read("traceparent"),
        tracestate: read("tracestate"),
    }
}

/// The method, or `_OTHER`: anybody can invent methods, and each would be a label of its own.
fn known(method: &str) -> &str {
    match method {
        "GET" | "POST" | "PUT" | "DELETE" | "HEAD" | "OPTIONS" | "PATCH" | "CONNECT" | "TRACE" => {
            method
        }
        _ => "_OTHER",
    }
}
