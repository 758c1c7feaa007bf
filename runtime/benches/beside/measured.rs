// What one contender measures of itself: wall clock, and the CPU time of its whole process, all threads, user and system.
// Included by each contender, one of which is built outside of this workspace.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// A measurement that has begun.
pub(crate) struct Measure {
    began: std::time::Instant,
    cpu: std::time::Duration,
}

impl Measure {
    pub(crate) fn begin() -> Self {
        Self {
            began: std::time::Instant::now(),
            cpu: cpu(),
        }
    }

    /// Messages per second and microseconds of CPU per message, for the program that started this one.
    pub(crate) fn end(&self, messages: u64) -> String {
        let wall = self.began.elapsed().as_secs_f64();
        let cpu = (cpu() - self.cpu).as_secs_f64();
        let messages = messages as f64;
        format!("{:.1} {:.4}", messages / wall, cpu * 1e6 / messages)
    }
}

/// The CPU time of the process's threads so far, as the scheduler counts it: to the nanosecond, and readable under valgrind
/// too, which a look at the process's clock is not.
fn cpu() -> std::time::Duration {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let nanoseconds: u64 = threads
        .filter_map(|thread| {
            let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<u64>().ok()
        })
        .sum();
    std::time::Duration::from_nanos(nanoseconds)
}

/// Counts what is handled, from the first message to the last.
pub(crate) struct Handled {
    count: u64,
    begun: OnceLock<Measure>,
    handled: AtomicU64,
    /// Nanoseconds from publish to handler, where that is the task.
    latencies: Option<Mutex<Vec<u64>>>,
}

impl Handled {
    pub(crate) fn new(count: u64, latency: bool) -> Self {
        Self {
            count,
            begun: OnceLock::new(),
            handled: AtomicU64::new(0),
            latencies: latency.then(Mutex::default),
        }
    }

    /// One more, published at this time; with the last one the result: rate and CPU, or the latencies at p50 and p99.
    pub(crate) fn one(&self, published: time::OffsetDateTime) -> Option<String> {
        if let Some(latencies) = &self.latencies {
            let latency = time::OffsetDateTime::now_utc() - published;
            let latency = latency.whole_nanoseconds() as u64;
            latencies
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(latency);
        }
        let begun = self.begun.get_or_init(Measure::begin);
        let handled = self.handled.fetch_add(1, Ordering::Relaxed) + 1;
        (handled == self.count).then(|| match &self.latencies {
            None => begun.end(handled),
            Some(latencies) => {
                percentiles(&mut latencies.lock().unwrap_or_else(PoisonError::into_inner))
            }
        })
    }
}

/// In microseconds. The first tenth is warming up.
fn percentiles(latencies: &mut Vec<u64>) -> String {
    let mut latencies = latencies.split_off(latencies.len() / 10);
    latencies.sort_unstable();
    let at = |percent: usize| latencies[(latencies.len() * percent / 100).min(latencies.len() - 1)];
    format!("{:.1} {:.1}", at(50) as f64 / 1e3, at(99) as f64 / 1e3)
}
