//! The load: a steady stream of parcels, each written into the ledger before anybody hears of it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_nats::jetstream::{self, message::PublishMessage};
use jetway::EventData as _;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

use crate::contract::{Does, Parcel};
use crate::envelope::envelope;
use crate::ledger::Ledger;
use crate::worker::{Consignment, Receipt};

/// How often a portion is sent.
const BEAT: Duration = Duration::from_millis(20);
/// How many publishes of the driver are on their way at most.
const WINDOW: usize = 512;
/// The largest portion that a shipper gets in one request.
const PORTION: usize = 200;

/// What the load is.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Parcels per second; 0 is as fast as they are taken.
    pub(crate) per_second: u64,
    /// This many and no more.
    pub(crate) count: Option<u64>,
    pub(crate) keys: u64,
    /// The length of the text in each, in bytes.
    pub(crate) text: usize,
    /// Of a hundred parcels, so many are poison of all sorts.
    pub(crate) poison_percent: u64,
    /// Of a hundred transactions of a shipper, so many are rolled back.
    pub(crate) withdrawn_percent: u64,
    /// How far the effects may stay behind while nothing is broken. Beyond it the load waits: the experiment is about
    /// faults, not about overload.
    pub(crate) behind: u64,
}

impl Wanted {
    /// So many per second, and nothing special.
    pub(crate) fn steady(per_second: u64) -> Self {
        Self {
            per_second,
            count: None,
            keys: 200,
            text: 200,
            poison_percent: 0,
            withdrawn_percent: 0,
            behind: (per_second / 2).max(200),
        }
    }

    /// A number of them, as fast as they are taken.
    pub(crate) fn all(count: u64) -> Self {
        Self {
            per_second: 0,
            count: Some(count),
            behind: u64::MAX,
            ..Self::steady(0)
        }
    }
}

/// Who takes the parcels.
#[derive(Clone)]
pub(crate) enum Via {
    /// The driver publishes by itself, as any client of the broker can: the same id again until it is confirmed.
    Broker(jetstream::Context),
    /// Shippers, each of which has keys of its own: these URLs.
    Shippers(Vec<String>),
}

/// What the load and the faults have to tell each other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pace {
    stop: Arc<AtomicBool>,
    fault: Arc<AtomicBool>,
    running: Arc<AtomicUsize>,
}

impl Pace {
    /// While something is broken the load goes on, however far the effects stay behind.
    pub(crate) fn fault(&self, open: bool) {
        self.fault.store(open, Ordering::Relaxed);
    }

    /// Whether more is to come.
    pub(crate) fn is_on(&self) -> bool {
        self.running.load(Ordering::Relaxed) > 0
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn run(&self, load: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        let running = self.running.clone();
        running.fetch_add(1, Ordering::Relaxed);
        tokio::spawn(async move {
            load.await;
            running.fetch_sub(1, Ordering::Relaxed);
        })
    }

    fn waits(&self, ledger: &Ledger, wanted: &Wanted) -> bool {
        !self.fault.load(Ordering::Relaxed) && ledger.totals().lag() > wanted.behind
    }
}

/// A load that runs.
pub(crate) struct Load {
    tasks: Vec<JoinHandle<()>>,
    pace: Pace,
}

impl Load {
    pub(crate) fn begin(
        via: Via,
        wanted: &Wanted,
        ledger: &Ledger,
        seed: u64,
        pace: &Pace,
        withdrawn: &Arc<Mutex<BTreeSet<i64>>>,
    ) -> Self {
        let tasks = match via {
            Via::Broker(context) => {
                let maker = Maker::new(wanted, ledger, seed, (0, 1), withdrawn);
                vec![pace.run(publish(context, maker, pace.clone()))]
            }
            Via::Shippers(urls) => {
                let many = urls.len() as u64;
                let each = |(nth, url)| {
                    let maker = Maker::new(wanted, ledger, seed, (nth, many), withdrawn);
                    pace.run(ship(url, maker, pace.clone()))
                };
                (0..).zip(urls).map(each).collect()
            }
        };
        Self {
            tasks,
            pace: pace.clone(),
        }
    }

    /// Ends it, and waits for the answers that are on their way.
    pub(crate) async fn stop(self) {
        self.pace.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            let _ = task.await;
        }
        self.pace.stop.store(false, Ordering::Relaxed);
    }

    /// Waits until the number that was wanted has been sent.
    pub(crate) async fn ended(self) {
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

/// Makes parcels, as many as are due.
struct Maker {
    wanted: Wanted,
    ledger: Ledger,
    random: StdRng,
    /// This maker's share: keys whose number is `nth` among `many`.
    nth: u64,
    many: u64,
    made: u64,
    begun: Instant,
    /// The numbers whose transactions are to be rolled back.
    withdrawn: Arc<Mutex<BTreeSet<i64>>>,
}

impl Maker {
    fn new(
        wanted: &Wanted,
        ledger: &Ledger,
        seed: u64,
        (nth, many): (u64, u64),
        withdrawn: &Arc<Mutex<BTreeSet<i64>>>,
    ) -> Self {
        Self {
            wanted: wanted.clone(),
            ledger: ledger.clone(),
            random: StdRng::seed_from_u64(seed.wrapping_mul(31).wrapping_add(nth)),
            nth,
            many,
            made: 0,
            begun: Instant::now(),
            withdrawn: withdrawn.clone(),
        }
    }

    /// How many are due now, at most `most`; nothing where all have been made.
    fn due(&mut self, most: usize) -> Option<usize> {
        let left = match self.wanted.count {
            Some(count) => (count / self.many).saturating_sub(self.made),
            None => u64::MAX,
        };
        if left == 0 {
            return None;
        }
        if self.wanted.per_second == 0 {
            return Some(most.min(usize::try_from(left).unwrap_or(usize::MAX)));
        }
        let rate = self.wanted.per_second as f64 / self.many as f64;
        let target = (self.begun.elapsed().as_secs_f64() * rate) as u64;
        // What was missed in a pause is not made up for.
        let debt = (target.saturating_sub(self.made)).min((rate * 0.25) as u64 + 1);
        self.begun += Duration::from_secs_f64(
            (target.saturating_sub(self.made + debt)) as f64 / rate.max(1.0),
        );
        let due = usize::try_from(debt.min(left)).unwrap_or(usize::MAX);
        Some(due.min(most))
    }

    /// The next parcel, and whether its transaction is to be rolled back.
    fn make(&mut self) -> (Parcel, bool) {
        self.made += 1;
        let does = if self.random.random_range(0..100) < self.wanted.poison_percent {
            let sorts = [Does::Fail, Does::Refuse, Does::Panic, Does::FailOnce];
            sorts[self.random.random_range(0..sorts.len())]
        } else {
            Does::Arrive
        };
        let withdrawn = self.random.random_range(0..100) < self.wanted.withdrawn_percent;
        let key = self.random.random_range(0..self.wanted.keys.max(1)) * self.many + self.nth;
        let parcel = Parcel {
            key: format!("k{key}"),
            number: self.ledger.attempt(withdrawn || does.is_poison()),
            does,
            text: "x".repeat(self.wanted.text),
        };
        if withdrawn {
            let mut all = self
                .withdrawn
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            all.insert(parcel.number);
        }
        (parcel, withdrawn)
    }
}

async fn publish(context: jetstream::Context, mut maker: Maker, pace: Pace) {
    let window = Arc::new(Semaphore::new(WINDOW));
    let mut sending = JoinSet::new();
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while let Some(due) = maker.due(WINDOW) {
        if pace.stopped() {
            break;
        }
        if due == 0 || pace.waits(&maker.ledger, &maker.wanted) {
            beat.tick().await;
            continue;
        }
        for _ in 0..due {
            let Ok(permit) = window.clone().acquire_owned().await else {
                return;
            };
            let (parcel, _) = maker.make();
            let (context, ledger) = (context.clone(), maker.ledger.clone());
            sending.spawn(async move {
                confirmed(&context, &parcel).await;
                ledger.acknowledge(parcel.number);
                drop(permit);
            });
        }
        while sending.try_join_next().is_some() {}
    }
    while sending.join_next().await.is_some() {}
}

/// Publishes until it is confirmed.
async fn confirmed(context: &jetstream::Context, parcel: &Parcel) {
    let id = id_of(parcel.number);
    let body = bytes::Bytes::from(envelope(&id, parcel));
    let subject = parcel
        .subject()
        .map(|subject| subject.as_str().to_owned())
        .unwrap_or_default();
    loop {
        let message = PublishMessage::build()
            .payload(body.clone())
            .message_id(&id);
        if let Ok(answer) = context.send_publish(subject.clone(), message).await
            && answer.await.is_ok()
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The id of an event that the driver publishes.
pub(crate) fn id_of(number: i64) -> String {
    format!("parcel-{number}")
}

async fn ship(url: String, mut maker: Maker, pace: Pace) {
    let http = reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap_or_default();
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while let Some(due) = maker.due(PORTION) {
        if pace.stopped() {
            break;
        }
        if due == 0 || pace.waits(&maker.ledger, &maker.wanted) {
            beat.tick().await;
            continue;
        }
        let mut consignment = Consignment {
            parcels: Vec::with_capacity(due),
            withdrawn: Vec::new(),
        };
        for _ in 0..due {
            let (parcel, withdrawn) = maker.make();
            if withdrawn {
                consignment.withdrawn.push(parcel.number);
            }
            consignment.parcels.push(parcel);
        }
        match receipt(&http, &url, &consignment, &pace).await {
            Some(receipt) => receipt
                .committed
                .into_iter()
                .for_each(|number| maker.ledger.acknowledge(number)),
            // Nobody knows what became of these: attempted, and no more.
            None => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Sends it. Where nobody listens, nobody has got it: that is tried again, and nothing else is.
async fn receipt(
    http: &reqwest::Client,
    url: &str,
    consignment: &Consignment,
    pace: &Pace,
) -> Option<Receipt> {
    loop {
        let request = http.post(format!("{url}/parcels")).json(consignment);
        match request.send().await {
            Ok(answer) if answer.status().is_success() => return answer.json().await.ok(),
            Err(error) if error.is_connect() && !pace.stopped() => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            _ => return None,
        }
    }
}
