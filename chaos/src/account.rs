//! Jepsen's accounting: what was attempted, acknowledged and applied, and what follows from the three.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::effects::Effects;

/// The books at the end of a run.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Account {
    /// Numbers that somebody was asked to do something with.
    pub(crate) attempted: u64,
    /// Numbers that somebody has answered for.
    pub(crate) acknowledged: u64,
    /// Numbers that have an effect.
    pub(crate) applied: u64,
    /// Acknowledged, without an effect and without a dead letter.
    pub(crate) lost: u64,
    /// Messages and rows that somebody still had to deal with when the waiting for the end was over.
    pub(crate) unsettled: u64,
    /// Applied and never attempted, or applied though the transaction that sent it was rolled back.
    pub(crate) unexpected: u64,
    /// Effects beyond the first of each number.
    pub(crate) duplicates: u64,
    /// Dead letters.
    pub(crate) dead_letters: u64,
    /// Numbers with an effect and a dead letter.
    pub(crate) both: u64,
    /// Runs of the handler beyond one per number: how often an effect outside of the database would have been repeated.
    pub(crate) repeated_runs: u64,
    /// Effects of a key in another order than its parcels were sent in.
    pub(crate) inversions: u64,
    /// Seconds until all that was acknowledged before a fault had its effect; the longest of all faults.
    pub(crate) resume: Option<f64>,
    /// The longest time without any effect while the load was on, in seconds.
    pub(crate) longest_gap: f64,
    /// The most memory that one worker had resident, in MiB.
    pub(crate) peak_mib: f64,
    /// Parcels per second that were asked for (0: as fast as they are taken) and that were acknowledged.
    pub(crate) wanted_rate: u64,
    pub(crate) achieved_rate: u64,
    /// Some of those that were lost, to look for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) lost_numbers: Vec<i64>,
}

/// What the books are made of.
pub(crate) struct Sources<'a> {
    /// For each number, whether it was acknowledged.
    pub(crate) acknowledged: &'a [bool],
    pub(crate) withdrawn: &'a BTreeSet<i64>,
    pub(crate) effects: &'a Effects,
    /// How many dead letters each number has.
    pub(crate) dead: &'a BTreeMap<i64, u64>,
}

impl Account {
    /// Adds up.
    pub(crate) fn of(sources: &Sources<'_>) -> Self {
        let times = &sources.effects.times;
        let known = |number: &i64| {
            usize::try_from(*number).is_ok_and(|at| at < sources.acknowledged.len())
                && !sources.withdrawn.contains(number)
        };
        let lost: Vec<i64> = (0..)
            .zip(sources.acknowledged)
            .filter(|(number, acknowledged)| {
                **acknowledged && !times.contains_key(number) && !sources.dead.contains_key(number)
            })
            .map(|(number, _)| number)
            .collect();
        Self {
            attempted: sources.acknowledged.len() as u64,
            acknowledged: sources.acknowledged.iter().filter(|yes| **yes).count() as u64,
            applied: times.len() as u64,
            lost: lost.len() as u64,
            unexpected: times.keys().filter(|number| !known(number)).count() as u64,
            duplicates: times.values().map(|times| times - 1).sum(),
            dead_letters: sources.dead.values().sum(),
            both: times
                .keys()
                .filter(|n| sources.dead.contains_key(n))
                .count() as u64,
            inversions: sources.effects.inversions,
            lost_numbers: lost.into_iter().take(10).collect(),
            ..Self::default()
        }
    }
}

/// A sentence that must be true at the end of a run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Promise {
    pub(crate) promise: &'static str,
    pub(crate) kept: bool,
    pub(crate) seen: String,
}

/// A promise with what was seen.
pub(crate) fn promise(promise: &'static str, kept: bool, seen: impl ToString) -> Promise {
    Promise {
        promise,
        kept,
        seen: seen.to_string(),
    }
}

pub(crate) const AT_REST: &str = "it comes to rest when the load ends";
pub(crate) const NONE_LOST: &str = "nothing that was acknowledged is lost";
pub(crate) const NONE_TWICE: &str = "no effect happens twice";
pub(crate) const NONE_UNEXPECTED: &str = "nothing is applied that was not sent";
pub(crate) const NO_LETTERS: &str = "nothing becomes a dead letter";

impl Account {
    /// The promises of most rows.
    pub(crate) fn promises(&self) -> Vec<Promise> {
        vec![
            promise(
                AT_REST,
                self.unsettled == 0,
                format!("{} messages and rows still wait", self.unsettled),
            ),
            promise(
                NONE_LOST,
                // What still waits is late, which is said above, and not lost.
                self.lost <= self.unsettled,
                format!(
                    "{} without effect of {}{}",
                    self.lost,
                    self.acknowledged,
                    self.examples()
                ),
            ),
            promise(
                NONE_TWICE,
                self.duplicates == 0,
                format!("{} effects too many", self.duplicates),
            ),
            promise(
                NONE_UNEXPECTED,
                self.unexpected == 0,
                format!("{} unexpected", self.unexpected),
            ),
        ]
    }

    /// No dead letters, where nothing is poison.
    pub(crate) fn no_letters(&self) -> Promise {
        promise(
            NO_LETTERS,
            self.dead_letters == 0,
            format!("{} dead letters", self.dead_letters),
        )
    }

    fn examples(&self) -> String {
        if self.lost_numbers.is_empty() {
            return String::new();
        }
        format!(", as {:?}", self.lost_numbers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_books_add_up() {
        let effects = Effects {
            times: BTreeMap::from([(0, 1), (2, 3), (4, 1), (9, 1)]),
            inversions: 0,
        };
        let account = Account::of(&Sources {
            // 1 is lost, 3 a dead letter, 4 was rolled back, 5 was never answered for, 9 never attempted.
            acknowledged: &[true, true, true, true, false, false],
            withdrawn: &BTreeSet::from([4]),
            effects: &effects,
            dead: &BTreeMap::from([(3, 1), (2, 1)]),
        });
        assert_eq!((account.attempted, account.acknowledged), (6, 4));
        assert_eq!((account.applied, account.lost), (4, 1));
        assert_eq!(account.lost_numbers, [1]);
        assert_eq!((account.unexpected, account.duplicates), (2, 2));
        assert_eq!((account.dead_letters, account.both), (2, 1));
        let kept: Vec<bool> = account.promises().iter().map(|p| p.kept).collect();
        assert_eq!(kept, [true, false, false, false]);
    }
}
