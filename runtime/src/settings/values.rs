//! The values that settings have, how they are read, and what is said of those that are wrong.
//!
//! Each reader's error continues the sentence `NAME=value `: "is not a duration: write …".

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::secret::{Secret, SecretUrl};
use crate::topology::TopologyMode;

/// What is wrong with a value and what is allowed instead: the end of a sentence that begins with name and value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ValueError(String);

impl ValueError {
    /// `sentence` continues `NAME=value `, as in `is not a colour: write red or blue`.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

fn refuse<T>(sentence: impl Into<String>) -> Result<T, ValueError> {
    Err(ValueError::new(sentence))
}

/// How SQLite syncs its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqliteSynchronous {
    /// At checkpoints: a power cut may lose the last commits, never the database.
    Normal,
    /// At every commit.
    Full,
}

impl SqliteSynchronous {
    /// As SQLite's pragma spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Full => "full",
        }
    }
}

/// How a log line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// Text.
    Text,
    /// One JSON object per line.
    Json,
}

/// Reads a duration: a whole number with its unit, as in `250ms`, `30s`, `2m`, `12h` or `30d`.
///
/// # Errors
///
/// Where it is not one.
pub fn duration(text: &str) -> Result<Duration, ValueError> {
    const HOW: &str = "is not a duration: write a number with ms, s, m, h or d, as in 8s";
    let unit_at = text.find(|c: char| !c.is_ascii_digit());
    let Some((number, unit)) = unit_at.map(|at| text.split_at(at)) else {
        return refuse(HOW);
    };
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return refuse(HOW),
    };
    let Ok(number) = number.parse::<u64>() else {
        return refuse(HOW);
    };
    match number.checked_mul(milliseconds) {
        // 100 years: beyond it, arithmetic on dates overflows.
        Some(total) if total <= 100 * 365 * 86_400_000 => Ok(Duration::from_millis(total)),
        _ => refuse("is too long a duration: at most 36500d"),
    }
}

/// A duration as one would write it in a setting: the largest unit that leaves a whole number.
pub(crate) fn text(duration: Duration) -> String {
    let ms = duration.as_millis();
    if !duration.subsec_nanos().is_multiple_of(1_000_000) {
        return format!("{duration:?}");
    }
    for (unit, size) in [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
    ] {
        if ms != 0 && ms.is_multiple_of(size) {
            return format!("{}{unit}", ms / size);
        }
    }
    format!("{ms}ms")
}

/// Reads a number of bytes: a whole number, alone or with KiB or MiB.
///
/// # Errors
///
/// Where it is not one, or not within 1 byte and 64 MiB (the most that NATS takes).
pub fn bytes(text: &str) -> Result<usize, ValueError> {
    const HOW: &str =
        "is not a number of bytes: write a whole number up to 64MiB, as in 65536, 512KiB or 1MiB";
    let (number, size) = if let Some(number) = text.strip_suffix("KiB") {
        (number, 1024)
    } else if let Some(number) = text.strip_suffix("MiB") {
        (number, 1024 * 1024)
    } else {
        (text, 1)
    };
    let total = number
        .trim_end()
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_mul(size));
    match total {
        Some(total) if (1..=64 * 1024 * 1024).contains(&total) => Ok(total),
        _ => refuse(HOW),
    }
}

pub(super) fn nats_url(text: &str) -> Result<SecretUrl, ValueError> {
    match text.trim().parse::<async_nats::ServerAddr>() {
        Ok(address) if matches!(address.scheme(), "nats" | "tls") => {
            Ok(SecretUrl::from(text.trim().to_owned()))
        }
        _ => refuse(
            "is not the URL of a NATS server: write nats://host:port, as in nats://127.0.0.1:4222, or tls://host:port",
        ),
    }
}

pub(super) fn database_url(text: &str) -> Result<SecretUrl, ValueError> {
    let known = ["sqlite:", "postgres://", "postgresql://"];
    if text == crate::store::NONE || known.iter().any(|scheme| text.starts_with(scheme)) {
        return Ok(SecretUrl::from(text.to_owned()));
    }
    refuse(
        "is not the URL of a database that is supported: write sqlite://data/orders.sqlite3 or postgres://user:password@host/database, or none for a service without a database",
    )
}

pub(super) fn otlp_endpoint(text: &str) -> Result<SecretUrl, ValueError> {
    if text.starts_with("https://") {
        return refuse(
            "needs TLS, which this build's exporter has not: send to a collector nearby over http://, as in http://127.0.0.1:4318",
        );
    }
    match text.strip_prefix("http://") {
        Some(host) if !host.is_empty() && !text.contains(char::is_whitespace) => {
            Ok(SecretUrl::from(text.to_owned()))
        }
        _ => refuse(
            "is not the URL of an OTLP/HTTP collector: write http://host:port, as in http://127.0.0.1:4318",
        ),
    }
}

pub(super) fn existing_file(text: &str) -> Result<PathBuf, ValueError> {
    match std::fs::metadata(text) {
        Ok(file) if file.is_file() => Ok(PathBuf::from(text)),
        Ok(_) => refuse("is not a file"),
        Err(error) => refuse(format!("cannot be read: {error}")),
    }
}

pub(super) fn nkey_seed(text: &str) -> Result<Secret, ValueError> {
    let alphabet = |c: char| c.is_ascii_uppercase() || ('2'..='7').contains(&c);
    if text.len() != 58 || !text.starts_with("SU") || !text.chars().all(alphabet) {
        return refuse(
            "is not the seed of a user's nkey: it has 58 capital letters and digits and begins with SU",
        );
    }
    match nkeys::KeyPair::from_seed(text) {
        Ok(_) => Ok(Secret::from(text.to_owned())),
        Err(_) => refuse(
            "is not the seed of a user's nkey: its checksum is wrong, so it has a mistake in it",
        ),
    }
}

pub(super) fn secret(text: &str) -> Result<Secret, ValueError> {
    Ok(Secret::from(text.to_owned()))
}

pub(super) fn yes_or_no(text: &str) -> Result<bool, ValueError> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => refuse("is not one of true, false"),
    }
}

pub(super) fn inbox_prefix(text: &str) -> Result<String, ValueError> {
    // The default's placeholder for the service's name stands in pointed brackets.
    let filled = text.replace("<service>", "service");
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '*' | '>');
    let token = |token: &str| !token.is_empty() && !token.contains(odd);
    if filled.split('.').all(token) && !filled.starts_with('$') {
        return Ok(text.to_owned());
    }
    refuse(
        "is not the beginning of a subject: write words with dots between them, as in _INBOX_orders",
    )
}

pub(super) fn connections(text: &str) -> Result<u32, ValueError> {
    match text.parse() {
        Ok(number @ 1..=1000) => Ok(number),
        _ => refuse("is not a number of connections: write a whole number from 1 to 1000"),
    }
}

pub(super) fn ratio(text: &str) -> Result<f64, ValueError> {
    match text.parse::<f64>() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(ratio),
        _ => refuse("is not a ratio: write a number from 0 to 1, as in 0.1"),
    }
}

pub(super) fn address(text: &str) -> Result<SocketAddr, ValueError> {
    text.parse().or_else(|_| {
        refuse("is not an address to serve at: write IP address and port, as in 127.0.0.1:8080 or 0.0.0.0:8080")
    })
}

pub(super) fn topology(text: &str) -> Result<TopologyMode, ValueError> {
    match text {
        "apply" => Ok(TopologyMode::Apply),
        "verify" => Ok(TopologyMode::Verify),
        "bind" => Ok(TopologyMode::Bind),
        "provision" => Ok(TopologyMode::Provision),
        _ => refuse("is not one of apply, verify, bind, provision"),
    }
}

pub(super) fn sqlite_synchronous(text: &str) -> Result<SqliteSynchronous, ValueError> {
    match text {
        "normal" => Ok(SqliteSynchronous::Normal),
        "full" => Ok(SqliteSynchronous::Full),
        _ => refuse("is not one of normal, full"),
    }
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, ValueError> {
    match text {
        "auto" => Ok(LogFormat::Auto),
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => refuse("is not one of auto, text, json"),
    }
}

pub(super) fn log_filter(text: &str) -> Result<String, ValueError> {
    const HOW: &str = "write error, warn, info, debug or trace, or a list as in info,jetway=debug";
    match tracing_subscriber::EnvFilter::builder().parse(text) {
        // A misspelt level alone is a valid target for the filter, and would silence everything.
        Ok(_) if is_bare_unknown(text) => refuse(format!("is not a log filter: {HOW}")),
        Ok(_) => Ok(text.to_owned()),
        Err(error) => refuse(format!("is not a log filter ({error}): {HOW}")),
    }
}

fn is_bare_unknown(text: &str) -> bool {
    let word = text.trim();
    word.chars().all(|c| c.is_ascii_alphanumeric())
        && word
            .parse::<tracing_subscriber::filter::LevelFilter>()
            .is_err()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn durations_are_read_and_written_back() {
        for written in ["0ms", "250ms", "30s", "2m", "12h", "30d", "90s"] {
            assert_eq!(text(duration(written).unwrap()), written);
        }
        assert_eq!(text(duration("120s").unwrap()), "2m");
        for wrong in [
            "",
            "8",
            "s",
            "-1s",
            "1.5s",
            "1 s",
            "8S",
            "1w",
            "99999999999999999999s",
        ] {
            assert!(duration(wrong).is_err(), "{wrong:?} was read");
        }
        assert!(
            duration("36501d")
                .unwrap_err()
                .to_string()
                .contains("too long")
        );
    }

    #[test]
    fn an_inbox_prefix_is_the_beginning_of_a_subject() {
        for right in [
            "_INBOX",
            "_INBOX_orders",
            "inbox.orders",
            "_INBOX_<service>",
        ] {
            assert_eq!(inbox_prefix(right).unwrap(), right);
        }
        for wrong in ["", "a..b", ".a", "a.", "a b", "a.>", "*", "$JS.x"] {
            assert!(inbox_prefix(wrong).is_err(), "{wrong:?} was read");
        }
    }

    #[test]
    fn byte_counts_are_bounded() {
        assert_eq!(bytes("1MiB").unwrap(), 1_048_576);
        assert_eq!(bytes("512KiB").unwrap(), 524_288);
        assert_eq!(bytes("1").unwrap(), 1);
        for wrong in ["0", "65MiB", "1MB", "-1", "", "1GiB"] {
            assert!(bytes(wrong).is_err(), "{wrong:?} was read");
        }
    }
}
