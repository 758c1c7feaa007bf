//! The receiver itself.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::span::{Span, from_request};
use crate::error::During;
use crate::{Error, Result};

const PROTOBUF: &str = "application/x-protobuf";

/// Keeps every span that is exported to it, until it is dropped. It runs on the runtime it was started on.
#[derive(Debug)]
pub struct Collector {
    port: u16,
    kept: Kept,
    task: JoinHandle<()>,
}

#[derive(Clone, Debug)]
struct Kept {
    spans: Arc<Mutex<Vec<Span>>>,
    arrivals: Arc<watch::Sender<u64>>,
}

impl Collector {
    /// Starts one on a free port of 127.0.0.1.
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.during(|| "cannot listen on 127.0.0.1 for traces".to_owned())?;
        let port = listener
            .local_addr()
            .during(|| "no local address".to_owned())?
            .port();
        let kept = Kept {
            spans: Arc::default(),
            arrivals: Arc::new(watch::Sender::new(0)),
        };
        let routes = Router::new()
            .route("/v1/traces", post(receive))
            .layer(DefaultBodyLimit::disable())
            .with_state(kept.clone());
        let task = tokio::spawn(async move {
            // Ends only with the listener, and that with this task.
            let _ = axum::serve(listener, routes).await;
        });
        Ok(Self { port, kept, task })
    }

    /// The value for `OTEL_EXPORTER_OTLP_ENDPOINT`: the base address, to which exporters add `/v1/traces`.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// All spans so far, in the order of arrival.
    pub fn spans(&self) -> Vec<Span> {
        self.kept.lock().clone()
    }

    /// The spans of one trace, in the order of their start.
    pub fn trace(&self, trace_id: &str) -> Vec<Span> {
        let mut spans: Vec<Span> = self
            .kept
            .lock()
            .iter()
            .filter(|span| span.trace_id == trace_id)
            .cloned()
            .collect();
        spans.sort_by_key(|span| (span.start, span.end));
        spans
    }

    /// Waits until the spans fulfil a condition, which is looked at whenever some arrive, and returns them.
    pub async fn wait_for(
        &self,
        mut enough: impl FnMut(&[Span]) -> bool,
        within: Duration,
    ) -> Result<Vec<Span>> {
        let mut arrivals = self.kept.arrivals.subscribe();
        let waiting = async {
            loop {
                arrivals.borrow_and_update();
                if enough(&self.kept.lock()) {
                    return self.spans();
                }
                // The sender lives as long as `self`.
                let _ = arrivals.changed().await;
            }
        };
        match tokio::time::timeout(within, waiting).await {
            Ok(spans) => Ok(spans),
            Err(_) => Err(Error::Late {
                what: "certain spans".to_owned(),
                within,
                last: summary(&self.spans()),
            }),
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Kept {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Span>> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn summary(spans: &[Span]) -> String {
    let lines: Vec<String> = spans
        .iter()
        .rev()
        .take(40)
        .map(|s| format!("    {}: {} ({})", s.service, s.name, s.trace_id))
        .collect();
    format!(
        "{} spans, the newest first:\n{}",
        spans.len(),
        lines.join("\n")
    )
}

async fn receive(State(kept): State<Kept>, headers: HeaderMap, body: Bytes) -> Response {
    if let Some(encoding) = headers
        .get(header::CONTENT_ENCODING)
        .filter(|value| *value != "identity")
    {
        return (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("no decoder for {encoding:?}"),
        )
            .into_response();
    }
    match headers.get(header::CONTENT_TYPE) {
        Some(kind) if kind == PROTOBUF => {}
        other => {
            return (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                format!("{PROTOBUF} only, not {other:?}"),
            )
                .into_response();
        }
    }
    match ExportTraceServiceRequest::decode(body) {
        Ok(request) => {
            kept.lock().extend(from_request(request));
            kept.arrivals.send_modify(|count| *count += 1);
            let answer = ExportTraceServiceResponse::default().encode_to_vec();
            ([(header::CONTENT_TYPE, PROTOBUF)], answer).into_response()
        }
        Err(error) => (
            StatusCode::BAD_REQUEST,
            format!("no ExportTraceServiceRequest: {error}"),
        )
            .into_response(),
    }
}
