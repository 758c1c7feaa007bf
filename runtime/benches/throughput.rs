//! How many events one service publishes and processes per second on SQLite, and whether its memory stays flat.
//!
//! `cargo bench -p jetway --bench throughput [-- <seconds>]`. Every event takes the whole way: a transaction with an
//! outbox row, the relay, JetStream, a delivery, and a transaction with the inbox row and an effect. Beside it, in the
//! same run, the bare client publishes and acks the same number without any database: the ratio is what the promises
//! cost on this machine.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering as Atomic};
use std::time::{Duration, Instant};

use futures::StreamExt;
use jetway::{App, Consumers, Event, Handled, Handler, Operation, Tx};
use support::contract::{HANDLE, Happened, Tester};
use support::{On, Rig, effect};

/// Transactions that publish at the same time.
const PUBLISHERS: usize = 8;
/// Published and not yet handled at most: the bench measures a steady flow, not a backlog.
const AHEAD: u64 = 2_000;

#[derive(Clone, Default)]
struct Counting(Arc<AtomicU64>);

impl Handler for Counting {
    type Service = Tester;
    type Data = Happened;

    async fn handle(&self, event: &Event<Happened>, tx: &mut Tx<'_, Tester>) -> Handled {
        effect(event, tx).await?;
        self.0.fetch_add(1, Atomic::Relaxed);
        Ok(())
    }
}

#[tokio::main]
async fn main() {
    let seconds = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .next()
        .unwrap_or(30_u64);
    let rig = Rig::new(On::Sqlite).await;
    let operation: &'static Operation = Box::leak(Box::new(Operation {
        concurrency: 32,
        ack_wait: Duration::from_secs(10),
        ..HANDLE
    }));
    let handled = Counting::default();
    let app = rig.app(operation).await;
    let running = tokio::spawn(
        app.clone()
            .consumers(Consumers::new().with(operation, handled.clone()))
            .run(),
    );
    println!(
        "one service on SQLite for {seconds} s: publish by outbox, process with inbox and one row of effect\n"
    );
    println!(
        "{:>6} {:>12} {:>12} {:>10}",
        "second", "published/s", "processed/s", "RSS MiB"
    );
    let published = Arc::new(AtomicU64::new(0));
    let publishers: Vec<_> = (0..PUBLISHERS)
        .map(|n| tokio::spawn(publish(app.clone(), n, published.clone(), handled.clone())))
        .collect();
    let begun = Instant::now();
    let mut before = (0, 0);
    for second in 1..=seconds {
        tokio::time::sleep_until((begun + Duration::from_secs(second)).into()).await;
        let now = (
            published.load(Atomic::Relaxed),
            handled.0.load(Atomic::Relaxed),
        );
        println!(
            "{second:>6} {:>12} {:>12} {:>10.1}",
            now.0 - before.0,
            now.1 - before.1,
            resident()
        );
        before = now;
    }
    publishers.iter().for_each(tokio::task::JoinHandle::abort);
    let rate = before.1 / seconds;
    let bare = bare(&rig).await;
    app.shutdown().cancel();
    running.await.unwrap().unwrap();
    println!(
        "\nprocessed {rate} events/s; the bare client publishes and acks {bare} messages/s one by one: {:.2} of it",
        rate as f64 / bare as f64
    );
}

async fn publish(app: App<Tester>, n: usize, published: Arc<AtomicU64>, handled: Counting) {
    for number in 0.. {
        while published.load(Atomic::Relaxed) > handled.0.load(Atomic::Relaxed) + AHEAD {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let mut tx = app.begin();
        let event = Happened {
            text: Some("x".repeat(300)),
            ..Happened::new(&format!("{n}-{}", number % 500), number)
        };
        tx.publish(event).await.unwrap();
        tx.commit().await.unwrap();
        published.fetch_add(1, Atomic::Relaxed);
    }
}

/// Publishes one by one and consumes with the client alone: no outbox, no inbox, no effect.
async fn bare(rig: &Rig) -> u64 {
    const COUNT: u64 = 10_000;
    let stream = rig
        .jetstream
        .create_stream(async_nats::jetstream::stream::Config {
            name: "BARE".to_owned(),
            subjects: vec!["bare".to_owned()],
            ..Default::default()
        })
        .await
        .unwrap();
    let consumer = stream
        .create_consumer(async_nats::jetstream::consumer::pull::Config {
            durable_name: Some("bare".to_owned()),
            ..Default::default()
        })
        .await
        .unwrap();
    let jetstream = rig.jetstream.clone();
    let begun = Instant::now();
    let publisher = tokio::spawn(async move {
        let body = bytes::Bytes::from("x".repeat(600));
        for _ in 0..COUNT {
            jetstream
                .publish("bare", body.clone())
                .await
                .unwrap()
                .await
                .unwrap();
        }
    });
    let mut messages = consumer.messages().await.unwrap();
    for _ in 0..COUNT {
        messages.next().await.unwrap().unwrap().ack().await.unwrap();
    }
    publisher.await.unwrap();
    (COUNT as f64 / begun.elapsed().as_secs_f64()) as u64
}

/// The resident memory of this process in MiB.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: f64 = line
        .and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok())
        .unwrap_or(0.0);
    kib / 1_024.0
}
