//! Starting and flushing telemetry. Subscriber and tracer belong to the process; the first to start them decides.

use std::io::IsTerminal;
use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider,
};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use super::exporter::Watched;
use super::log::{Format, NoFields};
use crate::settings::{LogFormat, SecretUrl, Settings};

/// How long finished spans wait for others before they are sent together.
const EXPORT_INTERVAL: Duration = Duration::from_secs(1);
/// How long one export may take.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(3);
/// How many finished spans may wait; further ones are dropped.
const QUEUE: usize = 16_384;

static PROCESS: OnceLock<Installed> = OnceLock::new();

struct Installed {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

/// Why telemetry did not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The exporter could not be built.
    #[error("traces cannot be sent to OTEL_EXPORTER_OTLP_ENDPOINT={endpoint}: {reason}")]
    Exporter {
        /// The endpoint, without secrets.
        endpoint: String,
        /// What the exporter says.
        reason: String,
    },
    /// `LOG` is no filter.
    #[error("LOG={filter} is not a log filter: {reason}")]
    Filter {
        /// The filter.
        filter: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// The process's traces and logs.
#[derive(Clone, Debug)]
pub struct Telemetry {
    provider: SdkTracerProvider,
}

impl Telemetry {
    /// Starts tracing and logging for this process. The second start in one process takes part in the first one's:
    /// same exporter, same log.
    ///
    /// # Errors
    ///
    /// Where the exporter cannot be built. A collector that is not there is no error: it is logged once.
    pub fn start(
        service: &str,
        version: &str,
        settings: &Settings,
    ) -> Result<Self, TelemetryError> {
        if let Some(installed) = PROCESS.get() {
            return Ok(Self {
                provider: installed.provider.clone(),
            });
        }
        let filter = EnvFilter::try_new(&settings.log).map_err(|error| TelemetryError::Filter {
            filter: settings.log.clone(),
            reason: error.to_string(),
        })?;
        if settings.otel_sdk_disabled {
            let provider = SdkTracerProvider::builder().build();
            subscribe(service, settings, filter, None);
            return Ok(Self { provider });
        }
        let provider = provider(service, version, settings)?;
        let tracer = provider.tracer("jetway");
        let installed = PROCESS.get_or_init(|| Installed {
            provider,
            tracer: tracer.clone(),
        });
        subscribe(service, settings, filter, Some(tracer));
        Ok(Self {
            provider: installed.provider.clone(),
        })
    }

    /// Sends all finished spans, waiting for `bound` at most. What is begun later is sent too: in one process others
    /// may go on. Spans that could not be sent in time are lost.
    pub async fn shutdown(&self, bound: Duration) {
        let provider = self.provider.clone();
        let (done, sent) = tokio::sync::oneshot::channel();
        // A thread of its own: the SDK blocks, and a blocking task of the async runtime would hold up its end.
        std::thread::spawn(move || {
            let _ = done.send(provider.force_flush());
        });
        match tokio::time::timeout(bound, sent).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::debug!(%error, "the last spans were not sent"),
            Ok(Err(_)) | Err(_) => tracing::warn!(?bound, "the last spans were not sent in time"),
        }
    }
}

/// The process's tracer; `None` before [`Telemetry::start`].
pub(super) fn tracer() -> Option<&'static SdkTracer> {
    PROCESS.get().map(|installed| &installed.tracer)
}

fn provider(
    service: &str,
    version: &str,
    settings: &Settings,
) -> Result<SdkTracerProvider, TelemetryError> {
    let resource = Resource::builder()
        .with_service_name(service.to_owned())
        .with_attribute(KeyValue::new("service.version", version.to_owned()))
        .with_attribute(KeyValue::new(
            "service.instance.id",
            uuid::Uuid::new_v4().to_string(),
        ))
        .build();
    let root = Sampler::TraceIdRatioBased(settings.otel_traces_sampler_arg);
    // Without an endpoint spans are made all the same: the log's ids and the headers' context come from them.
    let mut builder = SdkTracerProvider::builder()
        .with_resource(resource)
        .with_sampler(Sampler::ParentBased(Box::new(root)));
    if let Some(endpoint) = &settings.otel_exporter_otlp_endpoint {
        builder = builder.with_span_processor(processor(endpoint)?);
    }
    Ok(builder.build())
}

fn processor(endpoint: &SecretUrl) -> Result<BatchSpanProcessor, TelemetryError> {
    let traces = format!("{}/v1/traces", endpoint.expose().trim_end_matches('/'));
    // The exporter builds its blocking client on a thread of its own, so this may be called within an async runtime.
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_endpoint(traces)
        .with_timeout(EXPORT_TIMEOUT)
        .with_headers(std::collections::HashMap::new())
        .build()
        .map_err(|error| TelemetryError::Exporter {
            endpoint: endpoint.redacted(),
            reason: error.to_string(),
        })?;
    let batches = BatchConfigBuilder::default()
        .with_scheduled_delay(EXPORT_INTERVAL)
        .with_max_queue_size(QUEUE)
        .build();
    Ok(
        BatchSpanProcessor::builder(Watched::new(exporter, endpoint.redacted()))
            .with_batch_config(batches)
            .build(),
    )
}

fn subscribe(service: &str, settings: &Settings, filter: EnvFilter, tracer: Option<SdkTracer>) {
    let terminal = std::io::stderr().is_terminal();
    let json = match settings.log_format {
        LogFormat::Auto => !terminal,
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    let log = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(terminal && !json)
        .fmt_fields(NoFields)
        .event_format(Format {
            json,
            service: service.to_owned(),
        })
        .with_filter(filter);
    let spans = tracer.map(|tracer| {
        tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(traced())
    });
    // Tests may have set a subscriber of their own, and a second service in the process finds the first one's.
    let _ = tracing_subscriber::registry()
        .with(spans)
        .with(log)
        .try_init();
}

/// Traces hold what services and runtime do, not what the libraries under them do.
fn traced() -> Targets {
    [
        "async_nats",
        "h2",
        "hyper",
        "hyper_util",
        "opentelemetry",
        "opentelemetry_sdk",
        "opentelemetry-otlp",
        "opentelemetry_sdk",
        "reqwest",
        "rustls",
        "sqlx",
        "tower",
        "tower_http",
    ]
    .into_iter()
    .fold(
        Targets::new().with_default(LevelFilter::INFO),
        |targets, name| targets.with_target(name, LevelFilter::OFF),
    )
}
