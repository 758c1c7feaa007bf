//! A span exporter that says when it fails: the SDK itself keeps silent.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

/// Logs the first failed export of a row and the recovery, each once.
#[derive(Debug)]
pub(super) struct Watched<E> {
    inner: E,
    /// Shown in the log, without secrets.
    endpoint: String,
    failing: AtomicBool,
}

impl<E> Watched<E> {
    pub(super) fn new(inner: E, endpoint: String) -> Self {
        Self {
            inner,
            endpoint,
            failing: AtomicBool::new(false),
        }
    }

    fn note(&self, result: &OTelSdkResult) {
        let was_failing = self.failing.swap(result.is_err(), Ordering::Relaxed);
        match result {
            Err(error) if !was_failing => tracing::warn!(
                endpoint = self.endpoint,
                %error,
                "traces cannot be sent to {} and are lost meanwhile; is a collector listening at OTEL_EXPORTER_OTLP_ENDPOINT?",
                self.endpoint
            ),
            Ok(()) if was_failing => {
                tracing::info!(endpoint = self.endpoint, "traces are sent again");
            }
            _ => {}
        }
    }
}

impl<E: SpanExporter> SpanExporter for Watched<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let result = self.inner.export(batch).await;
        self.note(&result);
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn shutdown(&self) -> OTelSdkResult {
        self.inner.shutdown()
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
