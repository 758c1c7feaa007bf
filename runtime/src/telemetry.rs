//! What can be watched: traces (OTLP), log lines that carry their trace, and metrics (Prometheus).

mod context;
mod exporter;
mod log;
mod metrics;
mod setup;
mod spans;

pub use context::TraceContext;
pub use metrics::{Metrics, Outcome};
pub use setup::{Telemetry, TelemetryError};
pub use spans::{Received, SendSpan, process_failed, process_span, send_span};
