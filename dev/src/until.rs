//! Waiting for a condition, with a deadline and a last word.

use std::fmt::Display;
use std::future::Future;
use std::time::{Duration, Instant};

use crate::{Error, Result};

/// How often a condition is looked at that nobody announces.
pub(crate) const INTERVAL: Duration = Duration::from_millis(15);

/// Asks `probe` until it answers `Ok`, at most for `within`.
///
/// `Err` from `probe` means "not yet" and says what was seen; the last such text is part of the error. Each single
/// question is bounded by the deadline too, so a peer that never answers cannot hold the caller.
pub async fn until<T, F, Fut>(what: impl Display, within: Duration, mut probe: F) -> Result<T>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = std::result::Result<T, String>>,
{
    let deadline = Instant::now() + within;
    let mut last = String::from("nothing yet");
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match tokio::time::timeout(left.max(INTERVAL), probe()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(seen)) => last = seen,
            Err(_) => last = format!("no answer; before that: {last}"),
        }
        if Instant::now() >= deadline {
            return Err(Error::Late {
                what: what.to_string(),
                within,
                last,
            });
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// The same for code that is not async.
pub(crate) fn until_blocking<T>(
    what: impl Display,
    within: Duration,
    mut probe: impl FnMut() -> std::result::Result<T, String>,
) -> Result<T> {
    let deadline = Instant::now() + within;
    loop {
        match probe() {
            Ok(value) => return Ok(value),
            Err(last) if Instant::now() >= deadline => {
                return Err(Error::Late {
                    what: what.to_string(),
                    within,
                    last,
                });
            }
            Err(_) => std::thread::sleep(INTERVAL),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn a_late_condition_says_what_was_awaited_and_last_seen() {
        let mut n = 0;
        let late = until::<(), _, _>("the moon", Duration::from_millis(60), || {
            n += 1;
            let seen = format!("look {n}");
            async move { Err(seen) }
        })
        .await
        .unwrap_err()
        .to_string();
        assert!(
            late.starts_with("waited 60ms for the moon; last seen: look "),
            "{late}"
        );
        assert!(n > 1, "asked only {n} times");
    }

    #[tokio::test]
    async fn a_probe_that_hangs_is_cut_off() {
        let late = until::<(), _, _>("an echo", Duration::from_millis(50), std::future::pending)
            .await
            .unwrap_err();
        assert!(late.to_string().contains("no answer"), "{late}");
    }
}
