//! The eye of the driver: reads the effects and the memory of the workers ten times a second, and keeps what it saw.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use jetway::Database;
use tokio::task::JoinHandle;

use crate::effects::Reader;
use crate::ledger::Ledger;
use crate::process::Watched;

/// How often is looked, and so how exact resume times and gaps are.
const LOOK: Duration = Duration::from_millis(100);

/// What was seen at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Seconds since the beginning.
    pub(crate) at: f64,
    pub(crate) acknowledged: u64,
    pub(crate) applied: u64,
    /// KiB that the largest worker has resident.
    pub(crate) resident: u64,
}

/// Something that was done to the system.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// Seconds since the beginning.
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) label: String,
    /// Seconds from its end until all that was acknowledged before it had its effect.
    pub(crate) resumed_after: Option<f64>,
}

#[derive(Debug, Default)]
struct State {
    samples: Vec<Sample>,
    faults: Vec<Fault>,
    peak: u64,
}

/// Cloning shares it.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    began: Instant,
    state: Arc<Mutex<State>>,
}

impl Record {
    pub(crate) fn new() -> Self {
        Self {
            began: Instant::now(),
            state: Arc::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seconds since the beginning.
    pub(crate) fn now(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    pub(crate) fn samples(&self) -> Vec<Sample> {
        self.lock().samples.clone()
    }

    pub(crate) fn faults(&self) -> Vec<Fault> {
        self.lock().faults.clone()
    }

    pub(crate) fn add(&self, fault: Fault) {
        self.lock().faults.push(fault);
    }

    /// The most that one worker had resident, in KiB; 0 where the system does not tell.
    pub(crate) fn peak(&self) -> u64 {
        self.lock().peak
    }

    /// What the largest worker has resident now, in KiB.
    pub(crate) fn resident(&self) -> u64 {
        self.lock().samples.last().map_or(0, |last| last.resident)
    }

    /// Forgets the peak so far, as before what is to be measured begins.
    pub(crate) fn reset_peak(&self) {
        self.lock().peak = 0;
    }
}

/// Looks until it is dropped.
pub(crate) struct Watch(JoinHandle<()>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Watch {
    pub(crate) fn begin(
        record: Record,
        ledger: Ledger,
        effects: Database,
        watched: Watched,
        progress: ProgressBar,
    ) -> Self {
        Self(tokio::spawn(async move {
            let mut reader = Reader::new(effects);
            let mut tick = tokio::time::interval(LOOK);
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            for look in 0_u64.. {
                tick.tick().await;
                // While the database is gone nothing is applied either.
                let patience = Duration::from_secs(2);
                if let Ok(Ok(numbers)) = tokio::time::timeout(patience, reader.new_ones()).await {
                    ledger.apply(numbers);
                }
                if look % 5 == 4 {
                    late(&reader, &ledger).await;
                }
                let totals = ledger.totals();
                let resident = watched.resident().into_iter().max().unwrap_or(0);
                let mut state = record.lock();
                state.peak = state.peak.max(resident);
                state.samples.push(Sample {
                    at: record.began.elapsed().as_secs_f64(),
                    acknowledged: totals.acknowledged,
                    applied: totals.applied,
                    resident,
                });
                drop(state);
                progress.set_message(format!(
                    "{:>6.1} s  acknowledged {}  applied {}  behind {}",
                    record.now(),
                    totals.acknowledged,
                    totals.applied,
                    totals.lag()
                ));
            }
        }))
    }
}

/// Asks for the few that should have been seen by now.
async fn late(reader: &Reader, ledger: &Ledger) {
    let mark = Instant::now().checked_sub(Duration::from_secs(1));
    let mut waiting = mark
        .map(|mark| ledger.outstanding(mark))
        .unwrap_or_default();
    // The oldest tell most.
    waiting.truncate(1_000);
    if !waiting.is_empty() {
        let patience = Duration::from_secs(2);
        if let Ok(Ok(found)) = tokio::time::timeout(patience, reader.among(&waiting)).await {
            ledger.apply(found);
        }
    }
}
