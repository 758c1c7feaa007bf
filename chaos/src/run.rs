//! One run of one row: what it was asked to be, and its chances.

use std::time::Duration;

use indicatif::ProgressBar;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use crate::rows::{Control, Row};
use crate::stage;
use crate::worker::Without;

/// A row with a seed.
pub(crate) struct Run {
    pub(crate) row: &'static Row,
    pub(crate) seed: u64,
    /// Seconds each, for every commit.
    pub(crate) short: bool,
    pub(crate) minutes: Option<f64>,
    load: Option<u64>,
    pub(crate) control: Option<&'static Control>,
    pub(crate) progress: ProgressBar,
}

impl Run {
    pub(crate) fn new(
        row: &'static Row,
        seed: u64,
        control: Option<&'static Control>,
        options: &crate::Options,
        progress: ProgressBar,
    ) -> Self {
        Self {
            row,
            seed,
            short: options.short,
            minutes: options.minutes,
            load: options.load,
            control,
            progress,
        }
    }

    /// The chances of this run: the same for the same row and seed, whatever the machine does.
    pub(crate) fn random(&self) -> StdRng {
        StdRng::seed_from_u64(self.seed.wrapping_mul(1_000).wrapping_add(self.row.number))
    }

    /// Parcels per second: what the command line says, else the row's; less where the form is short, which is run while
    /// others compile.
    pub(crate) fn per_second(&self) -> u64 {
        let usual = self.row.per_second;
        self.load
            .unwrap_or(if self.short { usual.min(200) } else { usual })
    }

    /// How many, where the row says how many: a twentieth where the form is short.
    pub(crate) fn count(&self, usual: u64) -> u64 {
        if self.short { usual / 20 } else { usual }
    }

    /// How long the load is on where nothing else ends it.
    pub(crate) fn span(&self, short: u64, usual: u64) -> Duration {
        match self.minutes {
            _ if self.short => Duration::from_secs(short),
            Some(minutes) => Duration::from_secs_f64(minutes * 60.0),
            None => Duration::from_secs(usual),
        }
    }

    /// How often a fault happens: `short` times in the short form, else `per_minute` times for each minute.
    pub(crate) fn times(&self, short: usize, per_minute: usize) -> usize {
        if self.short {
            return short;
        }
        let times = self.minutes.unwrap_or(1.0) * per_minute as f64;
        (times as usize).max(short)
    }

    /// A pause between two faults.
    pub(crate) fn pause(&self, random: &mut StdRng) -> Duration {
        let most = if self.short { 600 } else { 4_000 };
        Duration::from_millis(random.random_range(200..most))
    }

    pub(crate) fn is_control(&self, name: &str) -> bool {
        self.control.is_some_and(|control| control.without == name)
    }

    /// What of the runtime is left out: the value of `JETWAY_BREAK`.
    pub(crate) fn breaks(&self) -> &'static str {
        const RUNTIME: [&str; 4] = ["inbox", "ack-last", "stored-letters", "near-due"];
        let without = self.control.map_or("", |control| control.without);
        if RUNTIME.contains(&without) {
            without
        } else {
            ""
        }
    }

    /// What of the workers' own code is left out.
    pub(crate) fn without(&self) -> Option<Without> {
        self.control
            .and_then(|control| stage::without(control.without))
    }

    /// A line for whoever watches.
    pub(crate) fn say(&self, line: impl AsRef<str>) {
        let line = format!("    {}", line.as_ref());
        self.progress.suspend(|| eprintln!("{line}"));
    }
}
