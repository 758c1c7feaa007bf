//! A pause while a dependency of a handler's is down.
//!
//! After so many failures in a row that a handler has laid to a dependency ([`crate::Failure::unavailable`]) its operation
//! stops pulling. One event at a time then finds out whether the dependency is back, at growing intervals; the first that
//! is handled ends the pause. What the dependency is to blame for spends no attempt, so an outage of any length makes no
//! dead letters.
//!
//! An event that fails so while others succeed is to blame itself: that is an attempt like any other, and ends as a dead
//! letter. And a single event that fails so again and again holds up nobody, because each probe is another event's turn.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering as Atomic};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::attempt::lengthened;
use crate::Operation;
use crate::http::Health;
use crate::settings::text;
use crate::telemetry::Metrics;

/// How many events are remembered that have failed. Beyond it all are forgotten, which spares each of them an attempt.
const SUSPECTS: usize = 10_000;
/// How much of an error `/readyz` tells, in characters. All of it is in the log.
const TOLD: usize = 300;
/// Longer than any probe: who waits for its end is woken.
const LONG: Duration = Duration::from_secs(3_600);

/// The circuit of one operation.
#[derive(Debug)]
pub(super) struct Circuit {
    operation: &'static Operation,
    health: Health,
    metrics: Metrics,
    state: Mutex<State>,
    /// Who is the next to probe. It keeps their order, so that each gets its turn.
    queue: tokio::sync::Mutex<()>,
    waiting: AtomicUsize,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Failures since an event was handled.
    streak: u32,
    /// When those events last failed that have failed, by stream sequence.
    suspects: HashMap<u64, Instant>,
    /// When the latest of the attempts began that have succeeded.
    served: Option<Instant>,
    probes: u64,
    pause: Option<Pause>,
}

#[derive(Debug)]
struct Pause {
    dependency: &'static str,
    since: Instant,
    interval: Duration,
    next: Instant,
    /// The probe that is under way.
    probe: Option<u64>,
}

/// Leave to call the handler.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass {
    began: Instant,
    probe: Option<u64>,
}

/// Who is to blame for a failure.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Blame {
    /// The dependency: the event comes again after this long, and no attempt is spent.
    Dependency(Duration),
    /// The event: others were handled since it failed like this before.
    Event,
}

impl Circuit {
    pub(super) fn new(operation: &'static Operation, health: Health, metrics: Metrics) -> Self {
        metrics.set_paused(operation, false);
        Self {
            operation,
            health,
            metrics,
            state: Mutex::default(),
            queue: tokio::sync::Mutex::default(),
            waiting: AtomicUsize::new(0),
            changed: Notify::new(),
        }
    }

    /// Waits for leave to call the handler: none at all where nothing is paused.
    pub(super) async fn enter(&self) -> Pass {
        if !self.is_paused() {
            return Pass {
                began: Instant::now(),
                probe: None,
            };
        }
        let _counted = Counted::among(&self.waiting);
        let _first = self.queue.lock().await;
        loop {
            let at = match self.try_enter() {
                Ok(pass) => return pass,
                Err(at) => at,
            };
            tokio::select! {
                () = tokio::time::sleep_until(at) => {}
                () = self.changed.notified() => {}
            }
        }
    }

    /// Leave, or when to ask again.
    fn try_enter(&self) -> Result<Pass, Instant> {
        let mut state = self.state();
        let began = Instant::now();
        state.probes += 1;
        let number = state.probes;
        let Some(pause) = &mut state.pause else {
            return Ok(Pass { began, probe: None });
        };
        if pause.probe.is_some() {
            return Err(began + LONG);
        }
        if began < pause.next {
            return Err(pause.next);
        }
        pause.probe = Some(number);
        Ok(Pass {
            began,
            probe: Some(number),
        })
    }

    /// The attempt is over, whatever came of it. A probe that had nothing to say of the dependency, as where the
    /// database was gone, leaves the turn to the next.
    pub(super) fn leave(&self, pass: Pass) {
        if let Some(pause) = &mut self.state().pause
            && pass.probe.is_some()
            && pause.probe == pass.probe
        {
            pause.probe = None;
            pause.next = Instant::now();
            self.changed.notify_one();
        }
    }

    /// The handler has succeeded, or was refused for good: whatever it depends on was there.
    pub(super) fn served(&self, pass: Pass, sequence: u64) {
        let mut state = self.state();
        state.suspects.remove(&sequence);
        state.served = state.served.max(Some(pass.began));
        let Some(pause) = &state.pause else {
            state.streak = 0;
            return;
        };
        // What began before the pause tells of the time before it.
        if pass.probe.is_none() || pause.probe != pass.probe {
            return;
        }
        let (dependency, paused) = (pause.dependency, pause.since.elapsed());
        state.streak = 0;
        state.pause = None;
        drop(state);
        self.changed.notify_one();
        self.metrics.set_paused(self.operation, false);
        self.health.degraded(self.part(), None);
        tracing::info!(
            operation = self.operation.name,
            dependency,
            ?paused,
            "{dependency} is back: {} goes on",
            self.operation.name
        );
    }

    /// The handler says that `dependency` is not available.
    pub(super) fn unavailable(
        &self,
        pass: Pass,
        dependency: &'static str,
        sequence: u64,
        error: &str,
    ) -> Blame {
        let settings = &self.operation.pause;
        let mut state = self.state();
        let now = Instant::now();
        if state.suspects.len() >= SUSPECTS {
            state.suspects.clear();
        }
        let before = state.suspects.insert(sequence, now);
        let blame = match (before, state.served) {
            (Some(before), Some(served)) if before < served => Blame::Event,
            _ => Blame::Dependency(lengthened(self.operation.retry.delay(1))),
        };
        state.streak = state.streak.saturating_add(1);
        let streak = state.streak;
        match &mut state.pause {
            None if streak < settings.after => return blame,
            None => {
                state.pause = Some(Pause {
                    dependency,
                    since: now,
                    interval: settings.probe,
                    next: now + lengthened(settings.probe),
                    probe: None,
                });
                drop(state);
                self.metrics.set_paused(self.operation, true);
                self.say(dependency, settings.probe, error);
                tracing::warn!(
                    operation = self.operation.name,
                    dependency,
                    failures = streak,
                    error,
                    "{} is paused: {dependency} is unavailable; one event at a time tries it, first in {}",
                    self.operation.name,
                    text(settings.probe)
                );
            }
            Some(pause) if pass.probe.is_some() && pause.probe == pass.probe => {
                pause.interval = pause.interval.saturating_mul(2).min(settings.cap);
                pause.next = now + lengthened(pause.interval);
                pause.probe = None;
                let interval = pause.interval;
                drop(state);
                self.changed.notify_one();
                self.say(dependency, interval, error);
                tracing::debug!(operation = self.operation.name, dependency, again_in = ?interval, error,
                    "still unavailable");
            }
            // It began before the pause.
            Some(_) => {}
        }
        blame
    }

    fn say(&self, dependency: &str, interval: Duration, error: &str) {
        let error: String = error.chars().take(TOLD).collect();
        let words = format!(
            "paused, because {dependency} is unavailable; an event tries it every {}; the last error: {error}",
            text(interval)
        );
        self.health.degraded(self.part(), Some(words));
    }

    fn part(&self) -> String {
        format!("operation {}", self.operation.name)
    }

    /// Whether the operation is paused.
    pub(super) fn is_paused(&self) -> bool {
        self.state().pause.is_some()
    }

    /// How many events may be asked for during a pause: one, where none is at hand to probe. `None` without a pause.
    pub(super) fn credit(&self) -> Option<usize> {
        let state = self.state();
        let pause = state.pause.as_ref()?;
        let at_hand = pause.probe.is_some() || self.waiting.load(Atomic::Relaxed) > 0;
        Some(usize::from(!at_hand))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of those who wait, for as long as it does.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn among(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Atomic::Relaxed);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Atomic::Relaxed);
    }
}

/// Leaves when it is dropped, so that no probe is ever waited for that has ended.
pub(super) struct Leaving<'a>(pub(super) &'a Circuit, pub(super) Pass);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.leave(self.1);
    }
}
