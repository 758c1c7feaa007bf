//! Everything that one run needs: servers, databases, workers, the ledger and the eye on them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use async_nats::jetstream::{self, context::ContextBuilder};
use dev::{Broker, BrokerOptions, Postgres};
use jetway::topology::{self, TopologyMode};
use jetway::{Database, Operation};
use tempfile::TempDir;

use crate::account::{Account, Sources};
use crate::contract::{DURABLE, STREAM, Shape};
use crate::effects;
use crate::ledger::Ledger;
use crate::letter::Letter;
use crate::load::{Load, Pace, Via, Wanted};
use crate::process::{Watched, Worker};
use crate::run::Run;
use crate::watch::{Fault, Record, Watch};
use crate::worker::{Orders, Without};

/// The file that says how wrong the workers' clocks are.
const CLOCK: &str = "clock";

/// How long a control waits for what it has probably lost.
const LOST: Duration = Duration::from_secs(5);

/// Which database the services have. Replicas of one service share theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    Sqlite,
    Postgres,
}

/// How the stage is to be.
pub(crate) struct Setup {
    pub(crate) shape: Shape,
    pub(crate) on: On,
    pub(crate) depots: usize,
    pub(crate) shippers: usize,
    pub(crate) handler_ms: u64,
    pub(crate) broker: BrokerOptions,
    /// Where the workers find the broker, where that is not its own address.
    pub(crate) nats_url: Option<String>,
    pub(crate) drain_timeout: &'static str,
    /// `MAX_EVENT_BYTES`, where it is not the default.
    pub(crate) max_event_bytes: Option<usize>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            shape: Shape::default(),
            on: On::Sqlite,
            depots: 1,
            shippers: 0,
            handler_ms: 0,
            broker: BrokerOptions::default(),
            nats_url: None,
            drain_timeout: "8s",
            max_event_bytes: None,
        }
    }
}

/// A stage with its actors.
pub(crate) struct Stage {
    // The order matters: who writes ends before what he writes to.
    watch: Option<Watch>,
    pub(crate) depots: Vec<Worker>,
    pub(crate) shippers: Vec<Worker>,
    pub(crate) brokers: Vec<Broker>,
    pub(crate) context: jetstream::Context,
    pub(crate) operation: &'static Operation,
    pub(crate) ledger: Ledger,
    pub(crate) record: Record,
    pub(crate) pace: Pace,
    pub(crate) effects: Database,
    pub(crate) sent: Database,
    pub(crate) postgres: Option<Postgres>,
    withdrawn: Arc<Mutex<BTreeSet<i64>>>,
    _databases: Vec<dev::Database>,
    pub(crate) directory: TempDir,
    seed: u64,
    /// When the load began and ended (0 while it is on), in seconds, and how many per second it was to be.
    load: Option<(f64, f64, u64)>,
    /// What the stage stands on, and what is to go after it.
    ground: Vec<Box<dyn Send>>,
    /// What somebody still had to do when the waiting for the end was over.
    unsettled: u64,
}

/// The moment at which a fault began.
pub(crate) struct Mark {
    at: Instant,
    from: f64,
}

impl Stage {
    /// Builds it on one broker: all workers run and are ready.
    pub(crate) async fn set(run: &Run, setup: Setup) -> Result<Self> {
        let broker = Broker::start_with(setup.broker.clone()).await?;
        Self::set_on(run, setup, vec![broker]).await
    }

    /// The same on these brokers.
    pub(crate) async fn set_on(run: &Run, setup: Setup, brokers: Vec<Broker>) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("jetway-chaos-").tempdir()?;
        let urls: Vec<String> = brokers.iter().map(Broker::url).collect();
        let client = async_nats::ConnectOptions::new()
            .max_reconnects(None)
            .ping_interval(Duration::from_secs(2))
            .connect(urls.clone())
            .await?;
        let context = ContextBuilder::new()
            .timeout(Duration::from_secs(5))
            .max_ack_inflight(1_024)
            .build(client);
        let operation = setup.shape.operation();
        provision(&context, operation).await?;
        let mut databases = Vec::new();
        let mut postgres = None;
        let (depot_url, shipper_url) = match setup.on {
            On::Sqlite => {
                let file = |name| format!("sqlite://{}/{name}.sqlite3", directory.path().display());
                (file("depot"), file("shipper"))
            }
            On::Postgres => {
                let server = postgres.insert(Postgres::start_own().await?);
                databases = vec![server.fresh().await?, server.fresh().await?];
                (databases[0].url().to_owned(), databases[1].url().to_owned())
            }
        };
        let watched = Watched::default();
        let clock = directory.path().join(CLOCK);
        let hire = |role: &'static str, database: &str, many: usize| -> Result<Vec<Worker>> {
            let one = |nth: usize| {
                let name = format!("{role}-{}", nth + 1);
                let orders = Orders {
                    shape: setup.shape.clone(),
                    journal: format!("{}/{name}.journal", directory.path().display()),
                    handler_ms: setup.handler_ms,
                    without: run.without(),
                };
                let bytes = setup.max_event_bytes.map(|bytes| bytes.to_string());
                let envs = vec![
                    ("MAX_EVENT_BYTES", bytes.unwrap_or_default()),
                    ("NATS_URL", setup.nats_url.clone().unwrap_or(urls.join(","))),
                    ("DATABASE_URL", database.to_owned()),
                    ("DRAIN_TIMEOUT", setup.drain_timeout.to_owned()),
                    ("JETWAY_BREAK", run.breaks().to_owned()),
                    ("JETWAY_CLOCK", clock.display().to_string()),
                ];
                Worker::new(&name, role, orders, envs, directory.path(), &watched)
            };
            (0..many).map(one).collect()
        };
        let mut stage = Self {
            depots: hire("depot", &depot_url, setup.depots)?,
            shippers: hire("shipper", &shipper_url, setup.shippers)?,
            brokers,
            context,
            operation,
            ledger: Ledger::default(),
            record: Record::new(),
            pace: Pace::default(),
            effects: Database::open(&depot_url, 2, "normal")?,
            sent: Database::open(&shipper_url, 2, "normal")?,
            postgres,
            withdrawn: Arc::default(),
            _databases: databases,
            directory,
            seed: run.seed,
            watch: None,
            load: None,
            ground: Vec::new(),
            unsettled: 0,
        };
        stage.set_clock(0)?;
        stage.effects.migrate(&crate::contract::MIGRATIONS).await?;
        stage.sent.migrate(&crate::contract::MIGRATIONS).await?;
        for worker in stage.depots.iter_mut().chain(&mut stage.shippers) {
            worker.start().await?;
        }
        stage.record = Record::new();
        stage.watch = Some(Watch::begin(
            stage.record.clone(),
            stage.ledger.clone(),
            stage.effects.clone(),
            watched,
            run.progress.clone(),
        ));
        Ok(stage)
    }

    /// The load through the shippers where there are any, else from the driver.
    pub(crate) fn begin_load(&mut self, wanted: &Wanted) -> Load {
        let via = if self.shippers.is_empty() {
            Via::Broker(self.context.clone())
        } else {
            Via::Shippers(self.shippers.iter().map(Worker::url).collect())
        };
        self.ledger.reset_gap();
        self.load = Some((self.record.now(), 0.0, wanted.per_second));
        Load::begin(
            via,
            wanted,
            &self.ledger,
            self.seed,
            &self.pace,
            &self.withdrawn,
        )
    }

    /// Ends a load, and notes when.
    pub(crate) async fn end_load(&mut self, load: Load) {
        load.stop().await;
        self.load_ended();
    }

    /// Notes that the load has ended by itself.
    pub(crate) fn load_ended(&mut self) {
        let now = self.record.now();
        if let Some((_, until, _)) = &mut self.load {
            *until = now;
        }
    }

    /// A fault begins: the load no longer waits for anybody.
    pub(crate) fn fault(&self) -> Mark {
        self.pace.fault(true);
        Mark {
            at: Instant::now(),
            from: self.record.now(),
        }
    }

    /// A fault is over: waits until all that was acknowledged before it began has its effect and something was applied
    /// since it ended, at most for `within`. Returns how long that took, counted from `ended`; `None` where it took longer.
    pub(crate) async fn resumed(
        &self,
        run: &Run,
        mark: Mark,
        ended: Instant,
        label: String,
        within: Duration,
    ) -> Option<f64> {
        // From here on the load waits again for what is behind.
        self.pace.fault(false);
        // What a control has lost never comes.
        let within = if run.control.is_some() {
            within.min(LOST)
        } else {
            within
        };
        let to = self.record.now() - ended.elapsed().as_secs_f64();
        let mut resumed_after = None;
        while ended.elapsed() < within {
            let moves =
                !self.pace.is_on() || self.ledger.last_applied().is_some_and(|at| at > ended);
            if moves && self.ledger.outstanding(mark.at).is_empty() {
                resumed_after = Some(ended.elapsed().as_secs_f64());
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let seen = match resumed_after {
            Some(seconds) => format!("resumed after {seconds:.1} s"),
            None => format!("not resumed after {within:?}"),
        };
        run.say(format!("{:>7.1} s  {label}: {seen}", mark.from));
        self.record.add(Fault {
            from: mark.from,
            to,
            label,
            resumed_after,
        });
        resumed_after
    }

    /// `kill -9` of a server, after a look at whether it is ours.
    pub(crate) async fn kill_broker(&mut self, nth: usize) -> Result<()> {
        let broker = &mut self.brokers[nth];
        let (name, _) = dev::server_at(&broker.url()).await?;
        if name != broker.name() {
            bail!(
                "{} is answered by {name}, which is not the server that was started there: it is left alone",
                broker.url()
            );
        }
        Ok(broker.kill()?)
    }

    /// What the consumer has left: not delivered, and delivered but not acknowledged.
    pub(crate) async fn pending(&self) -> Result<(u64, u64)> {
        let asked = async {
            let stream = self.context.get_stream(STREAM).await?;
            let info = stream.consumer_info(DURABLE).await?;
            anyhow::Ok((info.num_pending, info.num_ack_pending as u64))
        };
        tokio::time::timeout(Duration::from_secs(5), asked)
            .await
            .context("the broker does not say what is pending")?
    }

    /// Waits until nobody has anything left to do: the outbox is empty, the consumer has no message, and nothing changes.
    /// After `within` it goes on all the same: the books tell how much still waits.
    pub(crate) async fn settle(&mut self, run: &Run, within: Duration) {
        let within = if run.control.is_some() {
            within.min(2 * LOST)
        } else {
            within
        };
        let begun = Instant::now();
        let mut quiet = 0;
        let mut before = None;
        let mut seen = String::new();
        while begun.elapsed() < within && quiet < 3 {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let outbox = if self.shippers.is_empty() {
                0
            } else {
                effects::outbox(&self.sent).await.unwrap_or(1)
            };
            let pending = self.pending().await;
            let idle = matches!(pending, Ok((0, 0))) && outbox == 0;
            let now = self.ledger.totals().applied;
            quiet = if idle && before == Some(now) {
                quiet + 1
            } else {
                0
            };
            before = Some(now);
            self.unsettled = match pending {
                Ok((new, held)) => new + held + u64::try_from(outbox).unwrap_or(0),
                Err(_) => u64::MAX,
            };
            if !idle {
                seen = match pending {
                    Ok((new, held)) => format!("{new} not delivered, {held} not acknowledged"),
                    Err(error) => format!("{error:#}"),
                } + &format!(", {outbox} in the outbox");
            }
        }
        if quiet < 3 || begun.elapsed() > Duration::from_secs(10) {
            let took = begun.elapsed().as_secs_f64();
            run.say(format!(
                "{:>7.1} s  it took {took:.1} s to settle; last seen: {seen}",
                self.record.now()
            ));
        }
    }

    /// The books.
    pub(crate) async fn account(&self) -> Result<Account> {
        let effects = effects::all(&self.effects).await?;
        self.ledger.apply(effects.times.keys().copied());
        let dead = self.dead_letters().await?;
        let mut by_number = BTreeMap::new();
        for letter in &dead {
            *by_number.entry(letter.number.unwrap_or(-1)).or_default() += 1;
        }
        let acknowledged = self.ledger.acknowledged();
        let withdrawn = self.withdrawn();
        let mut account = Account::of(&Sources {
            acknowledged: &acknowledged,
            withdrawn: &withdrawn,
            effects: &effects,
            dead: &by_number,
        });
        let faults = self.record.faults();
        account.resume = faults
            .iter()
            .filter_map(|fault| fault.resumed_after)
            .reduce(f64::max);
        account.longest_gap = self.ledger.longest_gap().as_secs_f64();
        account.peak_mib = self.record.peak() as f64 / 1_024.0;
        account.unsettled = self.unsettled;
        account.repeated_runs = self.repeated_runs();
        if let Some((from, to, wanted)) = self.load {
            account.wanted_rate = wanted;
            account.achieved_rate = (account.acknowledged as f64 / (to - from).max(0.001)) as u64;
        }
        Ok(account)
    }

    /// The numbers whose transactions were to be rolled back.
    pub(crate) fn withdrawn(&self) -> BTreeSet<i64> {
        let withdrawn = self.withdrawn.lock();
        withdrawn.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Runs of the handler beyond one for each number, as the journals tell.
    fn repeated_runs(&self) -> u64 {
        let mut seen = BTreeSet::new();
        let mut repeated = 0;
        for depot in &self.depots {
            let path = self
                .directory
                .path()
                .join(format!("{}.journal", depot.name()));
            for line in std::fs::read_to_string(path).unwrap_or_default().lines() {
                let number = line.split(' ').next().unwrap_or_default();
                repeated += u64::from(!seen.insert(number.to_owned()));
            }
        }
        repeated
    }

    /// All dead letters.
    pub(crate) async fn dead_letters(&self) -> Result<Vec<Letter>> {
        let Ok(stream) = self.context.get_stream(topology::DEAD_LETTERS.name).await else {
            return Ok(Vec::new());
        };
        let state = stream.get_info().await?.state;
        let mut letters = Vec::new();
        for sequence in state.first_sequence..=state.last_sequence {
            if let Ok(message) = stream.get_raw_message(sequence).await {
                letters.push(Letter::of(&message));
            }
        }
        Ok(letters)
    }

    /// Sets the clocks of the workers: seconds ahead of ours.
    pub(crate) fn set_clock(&self, seconds: i64) -> Result<()> {
        let new = self.directory.path().join("clock.new");
        std::fs::write(&new, seconds.to_string())?;
        // At once: nobody reads half of it.
        Ok(std::fs::rename(new, self.directory.path().join(CLOCK))?)
    }

    /// Keeps something until everything on the stage has ended.
    pub(crate) fn keep(&mut self, ground: Box<dyn Send>) {
        self.ground.push(ground);
    }

    /// The same as at the beginning, for what was taken away.
    pub(crate) async fn provision(&self) -> Result<()> {
        provision(&self.context, self.operation).await
    }

    /// All that the workers have logged.
    pub(crate) fn logs(&self) -> String {
        let workers = self.depots.iter().chain(&self.shippers);
        workers.map(Worker::log).collect()
    }

    /// Ends everything. Where `keep` says so, what the workers have written stays; returns where.
    pub(crate) fn strike(self, keep: bool) -> Option<PathBuf> {
        let Self {
            watch,
            depots,
            shippers,
            brokers,
            directory,
            ground,
            ..
        } = self;
        drop((watch, depots, shippers, brokers));
        drop(ground);
        keep.then(|| directory.keep())
    }
}

async fn provision(context: &jetstream::Context, operation: &'static Operation) -> Result<()> {
    dev::until(
        "streams and consumer to be made",
        Duration::from_secs(30),
        || async {
            let streams = [operation.stream];
            topology::ensure(context, TopologyMode::Apply, &streams, &[operation])
                .await
                .map_err(|error| error.to_string())
        },
    )
    .await?;
    Ok(())
}

/// What of the workers' own is left out.
pub(crate) fn without(control: &str) -> Option<Without> {
    match control {
        "outbox" => Some(Without::Outbox),
        "schema" => Some(Without::Schema),
        "cause" => Some(Without::Cause),
        _ => None,
    }
}
