//! Settings in words.

use std::time::Duration;

use crate::model::jetstream::{
    Backoff, OperationSettings, Ordering, Retention, RetrySettings, Start, Storage, StreamSettings,
};

/// A length of time, as in `30 days`.
pub(super) fn period(length: Duration) -> String {
    let millis = length.as_millis();
    for (unit, size) in [
        ("day", 86_400_000),
        ("hour", 3_600_000),
        ("minute", 60_000),
        ("second", 1_000),
    ] {
        if millis > 0 && millis.is_multiple_of(size) {
            return plural(millis / size, unit);
        }
    }
    format!("{millis} ms")
}

fn plural(count: impl Into<u128>, unit: &str) -> String {
    match count.into() {
        1 => format!("1 {unit}"),
        count => format!("{count} {unit}s"),
    }
}

/// What happens after a failed attempt.
pub(super) fn retry(retry: &RetrySettings) -> String {
    if retry.max_attempts == 1 {
        return "no second attempt: a failure is a dead letter".to_owned();
    }
    let (first, cap) = (period(retry.initial.0), period(retry.cap.0));
    let growing = |how: &str| {
        if retry.cap <= retry.initial {
            format!("{cap} between them")
        } else {
            format!("{first} after the first failure, then {how} up to {cap}")
        }
    };
    let delays = match retry.backoff {
        Backoff::Exponential => growing("twice as long each time"),
        Backoff::Linear => growing(&format!("{first} longer each time")),
        Backoff::Fixed => format!(
            "{} between them",
            if retry.cap < retry.initial {
                cap
            } else {
                first
            }
        ),
    };
    let attempts = plural(retry.max_attempts, "attempt");
    format!("{attempts}, {delays}; then a dead letter")
}

/// How an operation handles what it receives.
pub(super) fn handling(settings: &OperationSettings) -> String {
    let mut said = vec![match settings.concurrency {
        1 => "one at a time".to_owned(),
        many => format!("up to {many} at once"),
    }];
    if settings.ordering == Ordering::Key {
        said.push("in order per key".to_owned());
    }
    if let Some(rate) = settings.rate_limit {
        said.push(format!("at most {rate} per second"));
    }
    said.push(format!("{} each", period(settings.timeout.0)));
    if settings.start == Start::New {
        said.push("from what is published after its first start".to_owned());
    }
    said.join(", ")
}

/// What a stream keeps, and for how long.
pub(super) fn keeps(settings: &StreamSettings) -> String {
    let mut limits: Vec<String> = Vec::new();
    limits.extend(settings.max_age.map(|age| period(age.0)));
    limits.extend(settings.max_messages.map(|count| format!("{count} events")));
    limits.extend(settings.max_bytes.map(|bytes| format!("{bytes} bytes")));
    let limits = if limits.is_empty() {
        "for good".to_owned()
    } else {
        format!("at most {}", limits.join(", "))
    };
    match settings.retention {
        Retention::Limits => limits,
        Retention::Interest => format!("until every consumer has acknowledged, {limits}"),
        Retention::WorkQueue => format!("until one consumer has acknowledged, {limits}"),
    }
}

/// Where a stream keeps events.
pub(super) fn stored(settings: &StreamSettings) -> String {
    let place = match settings.storage {
        Storage::File => "on disk",
        Storage::Memory => "in memory",
    };
    match settings.replicas {
        1 => format!("{place}, one copy"),
        copies => format!("{place}, {copies} copies"),
    }
}
