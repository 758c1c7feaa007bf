//! The `x-jetstream` extension: what AsyncAPI has no word for. Its JSON Schema is derived from these types.

use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};

/// `x-jetstream` on the document.
#[derive(Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DocumentExtension {
    /// The JetStream streams that keep the events, by name.
    pub streams: std::collections::BTreeMap<String, StreamSettings>,
}

/// A JetStream stream.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct StreamSettings {
    /// What the stream is for.
    pub description: Option<String>,
    /// The subjects that it keeps, with `*` and `>`.
    #[schemars(length(min = 1))]
    pub subjects: Vec<String>,
    /// How long it keeps an event. Forever, where it is absent.
    pub max_age: Option<Period>,
    /// How many bytes it keeps. Without limit, where it is absent.
    #[schemars(range(min = 1))]
    pub max_bytes: Option<i64>,
    /// How many events it keeps. Without limit, where it is absent.
    #[schemars(range(min = 1))]
    pub max_messages: Option<i64>,
    /// How long it remembers message ids.
    #[serde(default = "StreamSettings::duplicate_window")]
    pub duplicate_window: Period,
    /// When it drops events.
    #[serde(default)]
    pub retention: Retention,
    /// Where it keeps events.
    #[serde(default)]
    pub storage: Storage,
    /// How many servers keep a copy: 1, 3 or 5.
    #[serde(default = "StreamSettings::replicas")]
    pub replicas: u8,
}

impl StreamSettings {
    /// A stream of these subjects with every default.
    pub(super) fn keeping(subjects: Vec<String>) -> Self {
        Self {
            description: None,
            subjects,
            max_age: None,
            max_bytes: None,
            max_messages: None,
            duplicate_window: Self::duplicate_window(),
            retention: Retention::default(),
            storage: Storage::default(),
            replicas: Self::replicas(),
        }
    }

    fn duplicate_window() -> Period {
        Period(Duration::from_secs(120))
    }

    fn replicas() -> u8 {
        1
    }
}

/// When a stream drops events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Retention {
    /// At its limits.
    #[default]
    Limits,
    /// When every consumer has acknowledged.
    Interest,
    /// When one consumer has acknowledged.
    WorkQueue,
}

/// Where a stream keeps its events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Storage {
    /// On disk.
    #[default]
    File,
    /// In memory: lost with the server.
    Memory,
}

/// `x-jetstream` on a receive operation. Most operations need none of it.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct OperationSettings {
    /// How many handlers run at once.
    #[schemars(range(min = 1))]
    pub concurrency: u32,
    /// Whether events of one key are handled in order.
    pub ordering: Ordering,
    /// How long the server waits for an ack or a sign of life before it redelivers.
    pub ack_wait: Period,
    /// How long one attempt may take.
    pub timeout: Period,
    /// What happens after a failed attempt.
    pub retry: RetrySettings,
    /// After how many failed attempts of one event a warning is logged.
    #[schemars(range(min = 1))]
    pub alert_after: u32,
    /// Where a new consumer begins to read.
    pub start: Start,
    /// How many handlers begin per second at most. Without limit, where it is absent.
    #[schemars(range(min = 1))]
    pub rate_limit: Option<u32>,
    /// When it pauses because a dependency of the handler's is down (`Failure::unavailable`), such as a mail server.
    pub pause: PauseSettings,
}

impl Default for OperationSettings {
    fn default() -> Self {
        Self {
            concurrency: 4,
            ordering: Ordering::None,
            ack_wait: Period(Duration::from_secs(10)),
            timeout: Period(Duration::from_secs(60)),
            retry: RetrySettings::default(),
            alert_after: 3,
            start: Start::All,
            rate_limit: None,
            pause: PauseSettings::default(),
        }
    }
}

/// Whether events of one key are handled in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ordering {
    /// No order.
    None,
    /// One after the other per key.
    Key,
}

/// Where a new consumer begins to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// At the oldest event that is kept.
    All,
    /// At what is published from now on.
    New,
}

/// What happens after a failed attempt.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RetrySettings {
    /// How many attempts, the first included, before the event becomes a dead letter.
    #[schemars(range(min = 1))]
    pub max_attempts: u32,
    /// How the delay grows.
    pub backoff: Backoff,
    /// The delay after the first failure.
    pub initial: Period,
    /// The longest delay.
    pub cap: Period,
    /// How long an event may be deferred in all before it becomes a dead letter.
    pub defer_limit: Period,
}

impl Default for RetrySettings {
    fn default() -> Self {
        Self {
            max_attempts: 10,
            backoff: Backoff::Exponential,
            initial: Period(Duration::from_secs(1)),
            cap: Period(Duration::from_secs(30)),
            defer_limit: Period(Duration::from_secs(15 * 60)),
        }
    }
}

/// When an operation pauses because a dependency is down, and how it finds out that it is back. No attempt is spent on it.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PauseSettings {
    /// After how many such failures without an event handled in between.
    #[schemars(range(min = 1))]
    pub after: u32,
    /// How long after that one event tries again. Each time it fails the interval doubles.
    pub probe: Period,
    /// The longest interval.
    pub cap: Period,
}

impl Default for PauseSettings {
    fn default() -> Self {
        Self {
            after: 5,
            probe: Period(Duration::from_secs(5)),
            cap: Period(Duration::from_secs(60)),
        }
    }
}

/// How the delay between attempts grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Backoff {
    /// Doubles.
    Exponential,
    /// Grows by the initial delay.
    Linear,
    /// Stays.
    Fixed,
}

/// A length of time: a whole number and a unit, as in `500ms`, `30s`, `2m`, `12h`, `30d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(pub Duration);

/// The units and their milliseconds, the longest first.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

impl Period {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = text.split_at(digits);
        let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let millis = number.parse::<u64>().ok()?.checked_mul(*millis)?;
        Some(Self(Duration::from_millis(millis)))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        let (unit, length) = UNITS
            .iter()
            .find(|(_, length)| millis.is_multiple_of(u128::from(*length)) && millis > 0)
            .unwrap_or(&("s", 1_000));
        write!(f, "{}{unit}", millis / u128::from(*length))
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PeriodVisitor;

        impl Visitor<'_> for PeriodVisitor {
            type Value = Period;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a length of time with its unit, as in 500ms, 30s, 2m, 12h or 30d")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Period, E> {
                Period::parse(text)
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(PeriodVisitor)
    }
}

impl JsonSchema for Period {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A length of time: a whole number and a unit, as in 500ms, 30s, 2m, 12h, 30d.",
            "pattern": "^[0-9]+(ms|s|m|h|d)$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_read_and_print_alike() {
        for text in ["500ms", "30s", "2m", "12h", "30d", "90s"] {
            assert_eq!(
                Period::parse(text)
                    .map(|period| period.to_string())
                    .as_deref(),
                Some(text)
            );
        }
        for text in [
            "",
            "30",
            "s",
            "1.5s",
            "-1s",
            "30 s",
            "99999999999999999999d",
        ] {
            assert_eq!(Period::parse(text), None, "{text}");
        }
    }
}
