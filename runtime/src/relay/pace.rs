//! How long the relay waits: for a confirmation, and before it tries again.
//!
//! A try that was not confirmed may have been stored. The next one carries the same `Nats-Msg-Id`, and the stream drops
//! it as long as its duplicate window has not passed. So a series of tries lies below the window as a whole. What is
//! still tried after that, because an outbox gives nothing up, may be stored twice; the inbox makes it one effect.

use std::time::Duration;

use crate::Stream;

/// How many tries the shortest duplicate window covers, where it is at least [`SHORTEST`].
#[cfg(test)]
const SERIES: u32 = 5;
/// Below this window there is no time for several tries: a broker may take [`LEAST`] to confirm without being ill.
#[cfg(test)]
const SHORTEST: Duration = Duration::from_secs(16);
/// How long the broker may take to confirm one event, at least and at most.
const LEAST: Duration = Duration::from_secs(2);
const MOST: Duration = Duration::from_secs(5);
/// The pause after a key's first failure, and the longest one: whatever held an event up, it goes out within half a minute
/// after.
const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(20);
/// Chance makes a pause longer by up to this part, never shorter.
const JITTER: f64 = 0.25;

/// The times of one service's relay.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// How long the broker may take to confirm one event.
    pub(super) confirm: Duration,
}

impl Pace {
    /// For a service of these streams.
    pub(super) fn of(streams: &[&Stream]) -> Self {
        let window = streams.iter().map(|stream| stream.duplicate_window).min();
        Self::within(window.unwrap_or(Duration::MAX))
    }

    fn within(window: Duration) -> Self {
        Self {
            confirm: (window / 8).clamp(LEAST, MOST),
        }
    }

    /// The pause after a failure that came after so many others; `chance` is from 0 to 1.
    pub(super) fn pause(attempts: i64, chance: f64) -> Duration {
        let exponent = u32::try_from(attempts.clamp(0, 16)).unwrap_or(16);
        let pause = FIRST.saturating_mul(2_u32.pow(exponent)).min(LONGEST);
        pause.mul_f64(1.0 + JITTER * chance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_of_tries_lies_below_the_duplicate_window() {
        for window in [16, 20, 60, 120, 3_600, 86_400].map(Duration::from_secs) {
            assert!(window >= SHORTEST);
            let pace = Pace::within(window);
            // Every try runs into its time-out, and chance makes every pause as long as can be.
            let last_begins: Duration = (0..i64::from(SERIES) - 1)
                .map(|attempts| pace.confirm + Pace::pause(attempts, 1.0))
                .sum();
            let whole = last_begins + pace.confirm;
            assert!(whole < window, "{whole:?} of {window:?}");
        }
    }

    #[test]
    fn pauses_double_up_to_20_s_and_only_get_longer_by_chance() {
        let pauses: Vec<u128> = (0..9).map(|n| Pace::pause(n, 0.0).as_millis()).collect();
        assert_eq!(
            pauses,
            [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000]
        );
        for attempts in [-1, 0, 3, 100, i64::MAX] {
            let (least, most) = (Pace::pause(attempts, 0.0), Pace::pause(attempts, 1.0));
            assert_eq!(most, least.mul_f64(1.25), "{attempts}");
        }
    }

    #[test]
    fn a_broker_always_has_time_to_confirm() {
        assert_eq!(Pace::within(Duration::from_millis(100)).confirm, LEAST);
        assert_eq!(Pace::within(Duration::MAX).confirm, MOST);
    }
}
