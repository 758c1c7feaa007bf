//! What is known of one message between its attempts.

use std::time::Duration;

use rand::Rng;
use time::OffsetDateTime;

use super::dead_letter::DeadLetter;
use super::delivered::Delivered;
use crate::failure::{Failure, Verdict};
use crate::store::{Attempts, Source, Standing};

/// What the worker does next with the message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It is settled.
    Done,
    /// It is not settled: again after this long.
    Again(Duration),
    /// The database is not available: again after this long, and `spent` is all the attempts that count so far.
    Wait { delay: Duration, spent: Option<u32> },
}

/// What this process remembers of a message that it has tried before and still holds.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// How often it was tried without being settled.
    pub(super) tries: u64,
    /// How many attempts count, where the database could not be told that the last one does not.
    spent: Option<u32>,
}

impl Past {
    /// An attempt has ended, and the database knows.
    pub(super) fn ended(&mut self) {
        self.tries += 1;
        self.spent = None;
    }

    /// An attempt that does not count.
    pub(super) fn spared(&mut self, spent: Option<u32>) {
        self.tries += 1;
        self.spent = spent.or(self.spent);
    }

    /// What the database knows, put right.
    pub(super) fn corrected(&self, standing: Option<Standing>) -> Option<Standing> {
        let Some(spent) = self.spent else {
            return standing;
        };
        Some(Standing {
            attempts: spent,
            unaccounted: 0,
            ..standing.unwrap_or_default()
        })
    }
}

/// An attempt that has begun.
pub(super) struct Begun<'a> {
    pub(super) message: &'a Delivered,
    pub(super) past: &'a Past,
    pub(super) identity: Source,
    pub(super) correlation: String,
    pub(super) attempts: Attempts,
    pub(super) standing: Option<Standing>,
    pub(super) attempt: u32,
}

impl Begun<'_> {
    pub(super) fn letter(&self, reason: &'static str, error: String) -> DeadLetter {
        let first = self
            .standing
            .as_ref()
            .and_then(|standing| standing.first_failure_at);
        DeadLetter {
            reason,
            error,
            attempts: self.attempt,
            first_failure: first.map(from_micros),
        }
    }
}

pub(super) fn retry(text: String) -> Failure {
    Failure {
        verdict: Verdict::Retry,
        reason: text.into(),
    }
}

/// Jitter that only lengthens, by up to a quarter: what failed together does not come back together.
pub(super) fn lengthened(delay: Duration) -> Duration {
    delay.mul_f64(1.0 + rand::rng().random_range(0.0..0.25))
}

/// How long to wait for a database or a dead-letter stream to come back: from half a second to `most`.
pub(super) fn patience(times: u64, most: Duration) -> Duration {
    let exponent = u32::try_from(times.saturating_sub(1).min(6)).unwrap_or(6);
    lengthened(Duration::from_millis(500 * 2_u64.pow(exponent)).min(most))
}

pub(super) fn from_micros(micros: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

pub(super) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_only_lengthens_and_tells_apart_what_failed_together() {
        let delay = Duration::from_secs(8);
        let delays: Vec<_> = (0..1_000).map(|_| lengthened(delay)).collect();
        assert!(
            delays
                .iter()
                .all(|longer| (delay..delay * 5 / 4).contains(longer))
        );
        let (first, last) = (delays.iter().min(), delays.iter().max());
        assert!(
            last.zip(first)
                .is_some_and(|(last, first)| *last - *first > delay / 8)
        );
    }
}
