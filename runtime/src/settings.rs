//! Everything of the runtime that can be set, in one place.
//!
//! Each value comes from an environment variable or the flag of the same name, has a default that works on one
//! machine, and is refused at start where it is wrong. A service adds its own with `#[derive(clap::Args)]`; the value
//! types and [`duration`] are for those, too.

mod nats;
mod parse;
mod secret;
mod values;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use nats::Credentials;
pub use nats::{NatsLogin, NatsTls};
pub use parse::{Refusal, parse};
pub use secret::{Secret, SecretUrl, redacted};
pub(crate) use values::text;
pub use values::{LogFormat, SqliteSynchronous, ValueError, bytes, duration};

use crate::topology::TopologyMode;

/// A service without settings of its own.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub struct NoSettings {}

/// What the runtime of every service can be told. Each field names its environment variable in the help.
#[derive(clap::Args, Clone, Debug)]
// The derive would name the group after the type, as it does for a service's own `Settings`, and the two would clash.
#[group(skip)]
pub struct Settings {
    /// NATS servers; several are separated by commas, and tls:// demands TLS
    #[arg(long, env = "NATS_URL", value_delimiter = ',', default_value = "nats://127.0.0.1:4222", value_parser = values::nats_url)]
    pub nats_url: Vec<SecretUrl>,

    /// File with NATS user credentials (JWT and seed)
    #[arg(long, env = "NATS_CREDS", value_name = "FILE", value_parser = values::existing_file)]
    pub nats_creds: Option<PathBuf>,

    /// Seed of the NATS user's nkey, as in SU…
    #[arg(long, env = "NATS_NKEY_SEED", value_name = "SEED", hide_env_values = true, value_parser = values::nkey_seed)]
    pub nats_nkey_seed: Option<Secret>,

    /// Name of the NATS user
    #[arg(long, env = "NATS_USER", value_name = "NAME")]
    pub nats_user: Option<String>,

    /// Password of the NATS user
    #[arg(long, env = "NATS_PASSWORD", value_name = "PASSWORD", hide_env_values = true, value_parser = values::secret)]
    pub nats_password: Option<Secret>,

    /// Token that NATS asks for
    #[arg(long, env = "NATS_TOKEN", value_name = "TOKEN", hide_env_values = true, value_parser = values::secret)]
    pub nats_token: Option<Secret>,

    /// File with the certificates (PEM) of the authorities that may vouch for NATS; the system's where not set
    #[arg(long, env = "NATS_TLS_CA", value_name = "FILE", value_parser = values::existing_file)]
    pub nats_tls_ca: Option<PathBuf>,

    /// File with the certificate (PEM) that the service shows to NATS
    #[arg(long, env = "NATS_TLS_CERT", value_name = "FILE", value_parser = values::existing_file)]
    pub nats_tls_cert: Option<PathBuf>,

    /// File with the private key (PEM) of that certificate
    #[arg(long, env = "NATS_TLS_KEY", value_name = "FILE", value_parser = values::existing_file)]
    pub nats_tls_key: Option<PathBuf>,

    /// Whether TLS begins before NATS has said anything, as its handshake_first demands
    #[arg(long, env = "NATS_TLS_FIRST", value_name = "true|false", default_value = "false", action = clap::ArgAction::Set, value_parser = values::yes_or_no)]
    pub nats_tls_first: bool,

    /// What the subjects begin with on which the broker's answers arrive; its user must be allowed to subscribe below it
    #[arg(long, env = "NATS_INBOX_PREFIX", value_name = "SUBJECT", default_value = "_INBOX_<service>", value_parser = values::inbox_prefix)]
    pub nats_inbox_prefix: String,

    /// Database of this service: sqlite://<path> or postgres://<user>:<password>@<host>/<database>; none for a service that
    /// keeps nothing: its events are handled at least once, and what it publishes goes out without an outbox
    #[arg(long, env = "DATABASE_URL", value_name = "URL", default_value = "sqlite://data/<service>.sqlite3", value_parser = values::database_url)]
    pub database_url: SecretUrl,

    /// How many database connections are kept at most
    #[arg(long, env = "DATABASE_CONNECTIONS", value_name = "NUMBER", default_value = "8", value_parser = values::connections)]
    pub database_connections: u32,

    /// How SQLite syncs: normal survives a killed process, but a power cut may lose the last commits (the database stays
    /// whole, and events acknowledged on their strength are not redelivered); full syncs every commit, several times slower
    #[arg(long, env = "SQLITE_SYNCHRONOUS", value_name = "normal|full", default_value = "normal", value_parser = values::sqlite_synchronous)]
    pub sqlite_synchronous: SqliteSynchronous,

    /// Where HTTP is served: address and port; port 0 takes a free one
    #[arg(long, env = "HTTP_ADDR", value_name = "ADDRESS", default_value = "127.0.0.1:8080", value_parser = values::address)]
    pub http_addr: SocketAddr,

    /// What becomes of streams and consumers at start: apply creates and updates them from the contract, verify refuses to
    /// start where they differ, bind touches and asks nothing (for production under least privilege), provision creates and
    /// updates them and ends there (under a user that may)
    #[arg(long, env = "TOPOLOGY", value_name = "apply|verify|bind|provision", default_value = "apply", value_parser = values::topology)]
    pub topology: TopologyMode,

    /// What is logged: a level, or a filter as in info,jetway=debug
    #[arg(long, env = "LOG", value_name = "FILTER", default_value = "info", value_parser = values::log_filter)]
    pub log: String,

    /// How it is logged: auto is text on a terminal and json elsewhere
    #[arg(long, env = "LOG_FORMAT", value_name = "auto|text|json", default_value = "auto", value_parser = values::log_format)]
    pub log_format: LogFormat,

    /// OpenTelemetry collector that traces are sent to (OTLP over HTTP), as in http://127.0.0.1:4318; none where not set
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL", value_parser = values::otlp_endpoint)]
    pub otel_exporter_otlp_endpoint: Option<SecretUrl>,

    /// Which part of the traces begun here is sampled, from 0 to 1
    #[arg(long, env = "OTEL_TRACES_SAMPLER_ARG", value_name = "RATIO", default_value = "1", value_parser = values::ratio)]
    pub otel_traces_sampler_arg: f64,

    /// Whether neither spans nor metrics are made: no traces, no trace ids in the log and in headers, an empty /metrics
    #[arg(long, env = "OTEL_SDK_DISABLED", value_name = "true|false", default_value = "false", action = clap::ArgAction::Set)]
    pub otel_sdk_disabled: bool,

    /// How long a shutdown waits for what has begun
    #[arg(long, env = "DRAIN_TIMEOUT", value_name = "DURATION", default_value = "8s", value_parser = duration)]
    pub drain_timeout: Duration,

    /// The largest event that is published or handled, in bytes (also 512KiB, 1MiB)
    #[arg(long, env = "MAX_EVENT_BYTES", value_name = "BYTES", default_value = "1MiB", value_parser = bytes)]
    pub max_event_bytes: usize,

    /// How long handled events are remembered, so that none is handled twice; longer than any stream keeps its messages
    #[arg(long, env = "INBOX_RETENTION", value_name = "DURATION", default_value = "35d", value_parser = duration)]
    pub inbox_retention: Duration,

    /// How long published events are kept in the outbox, for looking at
    #[arg(long, env = "OUTBOX_RETENTION", value_name = "DURATION", default_value = "1d", value_parser = duration)]
    pub outbox_retention: Duration,
}

impl Settings {
    /// The defaults for a service, whatever the environment says: a start for tests, which change what they need.
    ///
    /// # Panics
    ///
    /// Never, as long as the defaults are right, which a test holds.
    #[must_use]
    pub fn defaults(service: &str) -> Self {
        parse::defaults(service)
    }
}
