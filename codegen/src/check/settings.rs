//! Settings of streams and consumers: that the server takes them, and that they can work together.

use std::collections::HashMap;
use std::time::Duration;

use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::Span;
use crate::model::jetstream::{Backoff, Period, Retention, RetrySettings};
use crate::model::subject::overlap;
use crate::model::{Contract, Places, Receive, Stream};

pub(super) fn check(contract: &Contract, report: &mut Report) {
    for stream in &contract.streams {
        stream_settings(stream, report);
        work_queue(contract, stream, report);
    }
    for receive in contract
        .services
        .iter()
        .flat_map(|service| &service.receives)
    {
        operation_settings(receive, report);
        kept_long_enough(contract, receive, report);
    }
    durables(contract, report);
}

/// Findings on the settings of one thing.
struct Settings<'s> {
    places: &'s Places,
    otherwise: Span,
    report: &'s mut Report,
}

impl Settings<'_> {
    fn refuse(&mut self, setting: &str, message: impl Into<String>, label: impl Into<String>) {
        let span = self.places.find(setting).unwrap_or(self.otherwise);
        self.report
            .push(Diagnostic::error(Code::ImpossibleSettings, message).at(span, label));
    }

    fn at_least_one(&mut self, setting: &str, value: i64) {
        if value < 1 {
            self.refuse(
                setting,
                format!("`{setting}` is expected to be at least 1"),
                "too small",
            );
        }
    }
}

fn stream_settings(stream: &Stream, report: &mut Report) {
    let settings = &stream.settings;
    if let Some(why) = illegal_name(&stream.name) {
        report.push(
            Diagnostic::error(
                Code::ImpossibleSettings,
                format!("JetStream takes no stream called `{}`", stream.name),
            )
            .at(stream.span, why),
        );
    }
    let mut check = Settings {
        places: &stream.places,
        otherwise: stream.span,
        report,
    };
    check.at_least_one("max-bytes", settings.max_bytes.unwrap_or(1));
    check.at_least_one("max-messages", settings.max_messages.unwrap_or(1));
    if !matches!(settings.replicas, 1 | 3 | 5) {
        check.refuse(
            "replicas",
            "`replicas` is expected to be 1, 3 or 5",
            "the server keeps an odd number of copies, at most 5",
        );
    }
    if settings.duplicate_window.0 < Duration::from_millis(100) {
        check.refuse(
            "duplicate-window",
            "`duplicate-window` is expected to be at least 100ms",
            "too short",
        );
    }
    if let Some(age) = settings.max_age
        && age < settings.duplicate_window
    {
        check.refuse(
            "max-age",
            "`max-age` is expected to be no shorter than `duplicate-window`",
            format!("the duplicate window is {}", settings.duplicate_window),
        );
    }
}

/// A work queue gives every message to one consumer: JetStream refuses a second one for the same subjects.
fn work_queue(contract: &Contract, stream: &Stream, report: &mut Report) {
    if stream.settings.retention != Retention::WorkQueue {
        return;
    }
    let mut seen: Vec<(&Receive, String)> = Vec::new();
    for receive in contract
        .services
        .iter()
        .flat_map(|service| &service.receives)
    {
        let event = contract.event(receive.event);
        if contract
            .stream_of(event)
            .is_none_or(|other| other.name != stream.name)
        {
            continue;
        }
        let filters = contract.filters(receive);
        let taken =
            |(_, other): &&(&Receive, String)| filters.iter().any(|filter| overlap(other, filter));
        if let Some((other, _)) = seen.iter().find(taken) {
            report.push(
                Diagnostic::error(
                    Code::ImpossibleSettings,
                    format!(
                        "the work queue `{}` cannot serve both `{}` and `{}`",
                        stream.name, other.name, receive.name
                    ),
                )
                .at(receive.span, "the second operation on the same subjects")
                .at(other.span, "the first")
                .at(stream.span, "the work queue")
                .help(
                    "say `retention: limits` or `interest`, which give an event to every consumer",
                ),
            );
        }
        seen.extend(filters.into_iter().map(|filter| (receive, filter)));
    }
}

fn operation_settings(receive: &Receive, report: &mut Report) {
    let settings = &receive.settings;
    let retry = &settings.retry;
    let mut check = Settings {
        places: &receive.places,
        otherwise: receive.span,
        report,
    };
    check.at_least_one("concurrency", settings.concurrency.into());
    check.at_least_one("alert-after", settings.alert_after.into());
    check.at_least_one("rate-limit", settings.rate_limit.unwrap_or(1).into());
    check.at_least_one("retry.max-attempts", retry.max_attempts.into());
    if settings.ack_wait.0 < Duration::from_secs(1) {
        check.refuse(
            "ack-wait",
            "`ack-wait` is expected to be at least 1s",
            "a sign of life could not arrive in time",
        );
    }
    if settings.timeout.0.is_zero() {
        check.refuse(
            "timeout",
            "`timeout` is expected to be longer than nothing",
            "no attempt could ever succeed",
        );
    }
    if retry.cap < retry.initial {
        check.refuse(
            "retry.cap",
            "`cap`, the longest delay, is shorter than `initial`, the first one",
            format!("{} is shorter than {}", retry.cap, retry.initial),
        );
    }
    if retry.max_attempts > 0 && settings.alert_after > retry.max_attempts {
        check.refuse(
            "alert-after",
            "`alert-after` is more than `max-attempts`",
            format!(
                "after {} attempts the event is a dead letter",
                retry.max_attempts
            ),
        );
    }
}

/// The attempts must end before the stream drops the event: it would be lost without a dead letter.
fn kept_long_enough(contract: &Contract, receive: &Receive, report: &mut Report) {
    let event = contract.event(receive.event);
    let Some(stream) = contract.stream_of(event) else {
        return;
    };
    let Some(age) = stream.settings.max_age else {
        return;
    };
    deferred_long_enough(stream, age, receive, report);
    let longest = longest(&receive.settings.retry, receive.settings.timeout);
    if longest > age.0 {
        let place = receive.places.find("retry").unwrap_or(receive.span);
        report.push(
            Diagnostic::error(
                Code::ImpossibleSettings,
                format!(
                    "the attempts of `{}` can take longer than the stream keeps the event",
                    receive.name
                ),
            )
            .at(place, format!("up to {} in all", rounded(longest)))
            .at(
                stream.places.find("max-age").unwrap_or(stream.span),
                format!("kept for {age}"),
            )
            .help("an event that the stream drops meanwhile is lost without a dead letter"),
        );
    }
}

/// An event that waits for another longer than the stream keeps it is lost in the same way.
fn deferred_long_enough(stream: &Stream, age: Period, receive: &Receive, report: &mut Report) {
    // The default limit is no decision of the contract's.
    let Some(place) = receive.places.find("retry.defer-limit") else {
        return;
    };
    let limit = receive.settings.retry.defer_limit;
    if limit > age {
        report.push(
            Diagnostic::error(
                Code::ImpossibleSettings,
                format!(
                    "`{}` may be deferred for longer than the stream keeps the event",
                    receive.name
                ),
            )
            .at(place, format!("up to {limit}"))
            .at(
                stream.places.find("max-age").unwrap_or(stream.span),
                format!("kept for {age}"),
            )
            .help("an event that the stream drops meanwhile is lost without a dead letter"),
        );
    }
}

/// How long the attempts of one event take at most, with the delays between them.
fn longest(retry: &RetrySettings, timeout: Period) -> Duration {
    let mut total = timeout.0.saturating_mul(retry.max_attempts);
    let (mut delay, cap) = (retry.initial.0, retry.cap.0);
    for attempt in 1..retry.max_attempts {
        total = total.saturating_add(delay.min(cap));
        // From here on every delay is the cap.
        if delay >= cap || retry.backoff == Backoff::Fixed {
            let rest = retry.max_attempts - attempt - 1;
            return total.saturating_add(delay.min(cap).saturating_mul(rest));
        }
        delay = match retry.backoff {
            Backoff::Exponential => delay.saturating_mul(2),
            Backoff::Linear => delay.saturating_add(retry.initial.0),
            Backoff::Fixed => delay,
        };
    }
    total
}

/// A length of time in the largest unit of which there are at least two, rounded up.
fn rounded(length: Duration) -> Period {
    let seconds = length.as_secs().max(1);
    let unit = [86_400, 3_600, 60, 1]
        .into_iter()
        .find(|unit| seconds >= 2 * unit)
        .unwrap_or(1);
    Period(Duration::from_secs(seconds.div_ceil(unit) * unit))
}

fn durables(contract: &Contract, report: &mut Report) {
    let mut seen: HashMap<String, &Receive> = HashMap::new();
    for receive in contract
        .services
        .iter()
        .flat_map(|service| &service.receives)
    {
        let durable = receive.durable();
        if let Some(why) = illegal_name(&durable) {
            report.push(
                Diagnostic::error(
                    Code::ImpossibleSettings,
                    format!("JetStream takes no consumer called `{durable}`"),
                )
                .at(receive.span, why)
                .help("a consumer is called after its operation, with `-` for every dot"),
            );
        }
        if let Some(other) = seen.get(&durable) {
            report.push(
                Diagnostic::error(
                    Code::DuplicateDurable,
                    format!(
                        "the operations `{}` and `{}` share the consumer `{durable}`",
                        other.name, receive.name
                    ),
                )
                .at(receive.span, "the second")
                .at(other.span, "the first")
                .help("each would take events from the other; rename one"),
            );
        }
        seen.entry(durable).or_insert(receive);
    }
}

/// Why JetStream takes no stream or consumer of this name.
fn illegal_name(name: &str) -> Option<String> {
    const LONGEST: usize = 200;
    if name.is_empty() || name.len() > LONGEST {
        return Some(format!("1 to {LONGEST} characters are expected"));
    }
    let illegal = name
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_')));
    illegal.map(|c| format!("{c:?} is not a letter, a digit, `-` or `_`"))
}
