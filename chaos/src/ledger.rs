//! What was attempted, acknowledged and applied, kept by the driver: nothing that is killed can reach it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The fate of one number.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    acknowledged: Option<Instant>,
    applied: Option<Instant>,
    /// It is expected to end as a dead letter, or its transaction is rolled back: nobody waits for its effect.
    excused: bool,
}

#[derive(Debug, Default)]
struct State {
    entries: Vec<Entry>,
    acknowledged: u64,
    applied: u64,
    /// All entries before this one are applied or will never be waited for.
    done: usize,
    last_applied: Option<Instant>,
    longest_gap: Duration,
}

/// Sums, at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) attempted: u64,
    pub(crate) acknowledged: u64,
    pub(crate) applied: u64,
}

impl Totals {
    /// Acknowledged and not applied yet.
    pub(crate) fn lag(&self) -> u64 {
        self.acknowledged.saturating_sub(self.applied)
    }
}

/// Cloning shares it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger(Arc<Mutex<State>>);

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next number, before anybody is asked to do anything with it.
    pub(crate) fn attempt(&self, excused: bool) -> i64 {
        let mut state = self.lock();
        state.entries.push(Entry {
            excused,
            ..Entry::default()
        });
        i64::try_from(state.entries.len() - 1).unwrap_or(i64::MAX)
    }

    /// Somebody has answered for it.
    pub(crate) fn acknowledge(&self, number: i64) {
        let mut state = self.lock();
        let Some(entry) = at(&mut state.entries, number) else {
            return;
        };
        if entry.acknowledged.is_none() {
            entry.acknowledged = Some(Instant::now());
            state.acknowledged += 1;
        }
    }

    /// Its effect was seen.
    pub(crate) fn apply(&self, numbers: impl IntoIterator<Item = i64>) {
        let now = Instant::now();
        let mut state = self.lock();
        let before = state.applied;
        for number in numbers {
            if let Some(entry) = at(&mut state.entries, number)
                && entry.applied.is_none()
            {
                entry.applied = Some(now);
                state.applied += 1;
            }
        }
        if state.applied > before {
            if let Some(last) = state.last_applied {
                state.longest_gap = state.longest_gap.max(now - last);
            }
            state.last_applied = Some(now);
        }
    }

    /// Forgets the gaps so far, as before the load begins.
    pub(crate) fn reset_gap(&self) {
        let mut state = self.lock();
        state.last_applied = None;
        state.longest_gap = Duration::ZERO;
    }

    /// The longest time in which no effect was seen, as exact as the effects are looked at.
    pub(crate) fn longest_gap(&self) -> Duration {
        self.lock().longest_gap
    }

    /// When the last effect was seen.
    pub(crate) fn last_applied(&self) -> Option<Instant> {
        self.lock().last_applied
    }

    pub(crate) fn totals(&self) -> Totals {
        let state = self.lock();
        Totals {
            attempted: state.entries.len() as u64,
            acknowledged: state.acknowledged,
            applied: state.applied,
        }
    }

    /// Those that were acknowledged before `mark` and have no effect yet.
    pub(crate) fn outstanding(&self, mark: Instant) -> Vec<i64> {
        let mut state = self.lock();
        while let Some(entry) = state.entries.get(state.done)
            && (entry.applied.is_some() || entry.excused)
        {
            state.done += 1;
        }
        let entries = state.entries.iter().enumerate().skip(state.done);
        entries
            .filter(|(_, entry)| {
                entry.applied.is_none()
                    && !entry.excused
                    && entry.acknowledged.is_some_and(|at| at < mark)
            })
            .filter_map(|(number, _)| i64::try_from(number).ok())
            .collect()
    }

    /// How many are expected to have no effect.
    pub(crate) fn excused(&self) -> u64 {
        self.lock()
            .entries
            .iter()
            .filter(|entry| entry.excused)
            .count() as u64
    }

    /// For each number: whether it was acknowledged.
    pub(crate) fn acknowledged(&self) -> Vec<bool> {
        let state = self.lock();
        state
            .entries
            .iter()
            .map(|entry| entry.acknowledged.is_some())
            .collect()
    }
}

fn at(entries: &mut [Entry], number: i64) -> Option<&mut Entry> {
    usize::try_from(number)
        .ok()
        .and_then(|number| entries.get_mut(number))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_acknowledged_and_not_applied_is_outstanding() {
        let ledger = Ledger::default();
        for _ in 0..4 {
            ledger.attempt(false);
        }
        let excused = ledger.attempt(true);
        for number in [0, 1, 2, excused] {
            ledger.acknowledge(number);
        }
        let mark = Instant::now();
        ledger.acknowledge(3);
        ledger.apply([0, 2, 2, 77, -1]);
        assert_eq!(ledger.outstanding(mark), [1]);
        ledger.apply([1]);
        assert!(ledger.outstanding(mark).is_empty());
        let totals = ledger.totals();
        assert_eq!((totals.attempted, totals.acknowledged), (5, 5));
        assert_eq!((totals.applied, totals.lag()), (3, 2));
    }
}
