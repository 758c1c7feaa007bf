//! This runtime beside the bare client and beside RustStream 0.7: messages per second, and CPU time per message of the
//! client's process.
//!
//! `just bench-beside [-- --rounds 7 --count 50000]`. Each contender runs in a process of its own, against one server;
//! rounds are interleaved, in an order that turns, so that what else the machine does falls on all of them. Ratios are
//! taken within a round, and the median of them is printed beside the best of each.

#![allow(clippy::unwrap_used, missing_docs)]

mod bare;
mod measured;
mod order;
mod ours;
mod report;

use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use ours::With;
use report::Report;
use tokio::sync::oneshot;

/// Publishes that wait for their acknowledgement.
pub(crate) const WINDOW: usize = 256;
/// Handlers at once.
pub(crate) const CONCURRENCY: usize = 100;
/// Events per second where the latency is measured.
const PACE: u64 = 500;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Publish,
    Consume,
    Latency,
}

impl Task {
    fn name(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Consume => "consume",
            Self::Latency => "latency",
        }
    }
}

/// Counts what is handled, and says when it was all.
pub(crate) struct Tally {
    handled: measured::Handled,
    done: Mutex<Option<oneshot::Sender<String>>>,
}

impl Tally {
    pub(crate) fn new(task: Task, count: u64) -> (Arc<Self>, oneshot::Receiver<String>) {
        let (done, is_done) = oneshot::channel();
        let tally = Self {
            handled: measured::Handled::new(count, task == Task::Latency),
            done: Mutex::new(Some(done)),
        };
        (Arc::new(tally), is_done)
    }

    pub(crate) fn handled(&self, published: time::OffsetDateTime) {
        if let Some(result) = self.handled.one(published)
            && let Some(done) = self.done.lock().unwrap().take()
        {
            let _ = done.send(result);
        }
    }
}

/// Who runs.
#[derive(Clone, Debug)]
pub(crate) enum Contender {
    Bare,
    Ours(With),
    RustStream(String),
}

impl Contender {
    fn all() -> Vec<Self> {
        let with = |validation, metrics, tracing| {
            Self::Ours(With {
                validation,
                metrics,
                tracing,
            })
        };
        let mut all = vec![
            Self::Bare,
            with(false, false, false),
            with(true, false, false),
            with(true, true, false),
            with(true, true, true),
        ];
        match std::env::var("RUSTSTREAM") {
            Ok(program) => all.push(Self::RustStream(program)),
            Err(_) => println!(
                "RustStream is not beside them: runtime/benches/beside/run builds it and sets RUSTSTREAM"
            ),
        }
        all
    }

    pub(crate) fn name(&self) -> String {
        match self {
            Self::Bare => "bare async-nats 0.51".to_owned(),
            Self::RustStream(_) => "RustStream 0.7".to_owned(),
            Self::Ours(with) => {
                let parts = [
                    (with.validation, "validation"),
                    (with.metrics, "metrics"),
                    (with.tracing, "tracing"),
                ];
                let on: Vec<&str> = parts
                    .into_iter()
                    .filter_map(|(on, name)| on.then_some(name))
                    .collect();
                if on.is_empty() {
                    "jetway, all off".to_owned()
                } else {
                    format!("jetway, {}", on.join(" + "))
                }
            }
        }
    }

    /// Starts its process; it prints two numbers when it is done.
    fn start(&self, task: Task, url: &str, count: u64) -> std::process::Child {
        let own = std::env::current_exe().unwrap();
        let mut command = match self {
            Self::RustStream(program) => Command::new(program),
            _ => Command::new(own),
        };
        match self {
            Self::Bare => command.env("CONTENDER", "bare"),
            Self::Ours(with) => command
                .env("CONTENDER", "ours")
                .env("WITH", format!("{with:?}")),
            Self::RustStream(_) => command.arg("run"),
        };
        command
            .env("TASK", task.name())
            .env("NATS_URL", url)
            .env("COUNT", count.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    match std::env::var("CONTENDER") {
        Ok(contender) => runtime.block_on(contend(&contender)),
        Err(_) => runtime.block_on(compare()),
    }
}

async fn contend(contender: &str) {
    let get = |name| std::env::var(name).unwrap_or_default();
    let task = match get("TASK").as_str() {
        "publish" => Task::Publish,
        "consume" => Task::Consume,
        _ => Task::Latency,
    };
    let (url, count) = (get("NATS_URL"), get("COUNT").parse().unwrap());
    if contender == "bare" {
        return bare::run(task, &url, count).await;
    }
    let with = get("WITH");
    let with = With {
        validation: with.contains("validation: true"),
        metrics: with.contains("metrics: true"),
        tracing: with.contains("tracing: true"),
    };
    ours::run(task, &url, count, with).await;
}

fn argument(name: &str, default: u64) -> u64 {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments
        .nth(1)
        .map_or(default, |value| value.parse().unwrap())
}

async fn compare() {
    let (rounds, count) = (argument("--rounds", 7), argument("--count", 40_000));
    let broker = dev::Broker::start().await.unwrap();
    let jetstream = async_nats::jetstream::new(async_nats::connect(broker.url()).await.unwrap());
    let contenders = Contender::all();
    println!(
        "{rounds} interleaved rounds of {count} events of {} bytes; window {WINDOW}, concurrency {CONCURRENCY}, file storage",
        serde_json::to_vec(&order::Envelope::example(1))
            .unwrap()
            .len()
    );
    for task in [Task::Publish, Task::Consume, Task::Latency] {
        let mut report = Report::new(task, contenders.iter().map(Contender::name).collect());
        for round in 0..usize::try_from(rounds).unwrap() {
            for turn in 0..contenders.len() {
                let n = (turn + round) % contenders.len();
                let count = if task == Task::Latency {
                    count / 20
                } else {
                    count
                };
                ours::provision(&jetstream).await;
                let figures = one(
                    &contenders[n],
                    task,
                    broker.url().as_str(),
                    count,
                    &jetstream,
                )
                .await;
                report.add(n, figures);
            }
        }
        report.print();
    }
}

async fn one(
    contender: &Contender,
    task: Task,
    url: &str,
    count: u64,
    jetstream: &async_nats::jetstream::Context,
) -> [f64; 2] {
    if task == Task::Consume {
        bare::publish(jetstream, count).await;
    }
    let child = contender.start(task, url, count);
    if task == Task::Latency {
        let mut tick = tokio::time::interval(std::time::Duration::from_micros(1_000_000 / PACE));
        ours::consumer_is_there(jetstream).await;
        for number in 0..count {
            tick.tick().await;
            bare::once(jetstream, number).await;
        }
    }
    let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap())
        .await
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let last = text.lines().last().unwrap_or_default();
    let figures: Vec<f64> = last
        .split(' ')
        .filter_map(|part| part.parse().ok())
        .collect();
    figures
        .try_into()
        .unwrap_or_else(|_| panic!("{} printed {text:?}", contender.name()))
}
