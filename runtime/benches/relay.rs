//! How fast the relay empties a backlog, and in how much memory.
//!
//! `cargo bench -p jetway --bench relay [-- <rows> [<what>…]]`, where `<what>` is one of `sqlite`, `postgres`, `three`
//! (three relays on one Postgres) and `bare`. Each row is an event of about 500 bytes with the headers that every event
//! has. Beside it, in the same run, the bare client publishes as many from memory with 256 unconfirmed at most: the
//! ratio is what reading and marking the rows costs on this machine.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use futures::StreamExt;
use jetway::{App, Consumers};
use support::backlog::{self, Backlog};
use support::contract::{HANDLE, Tester};
use support::{On, Rig};

/// Memory (MiB) that may be added while the rows are published: the passes in hand, whatever the backlog.
const GROWTH: f64 = 64.0;
/// How many publishes of the bare client wait for their acks.
const WINDOW: usize = 256;

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with('-'))
        .collect();
    let rows = args
        .iter()
        .find_map(|arg| arg.parse().ok())
        .unwrap_or(100_000_usize);
    let asked: Vec<&str> = args
        .iter()
        .map(String::as_str)
        .filter(|arg| arg.parse::<usize>().is_err())
        .collect();
    let wanted = |what: &str| asked.is_empty() || asked.contains(&what);
    println!(
        "{:<26} {:>10} {:>12} {:>10} {:>10}",
        format!("{rows} rows"),
        "keys",
        "rows/s",
        "us CPU/row",
        "RSS +MiB"
    );
    for keys in [rows, 1_000, 20] {
        if wanted("bare") {
            bare(rows, keys).await;
        }
        if wanted("sqlite") {
            relays("sqlite", On::Sqlite, 1, rows, keys).await;
        }
        if wanted("postgres") {
            relays("postgres", On::Postgres, 1, rows, keys).await;
        }
        if wanted("three") {
            relays("postgres, three relays", On::Postgres, 3, rows, keys).await;
        }
    }
}

async fn relays(name: &str, on: On, count: usize, rows: usize, keys: usize) {
    let rig = Rig::new(on).await;
    let operation = Box::leak(Box::new(HANDLE));
    let mut apps = Vec::new();
    for _ in 0..count {
        apps.push(rig.app(operation).await);
    }
    let backlog = Backlog { rows, keys };
    backlog.insert(apps[0].database().pool()).await;
    let before = (backlog::resident(), backlog::cpu(), Instant::now());
    let running: Vec<_> = apps
        .iter()
        .cloned()
        .map(|app| tokio::spawn(run(app)))
        .collect();
    let mut most = before.0;
    while backlog::is_open(apps[0].database().pool()).await {
        most = most.max(backlog::resident());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    report(
        name,
        rows,
        keys,
        before.2.elapsed(),
        backlog::cpu() - before.1,
        most - before.0,
    );
    for app in &apps {
        app.shutdown().cancel();
    }
    for running in running {
        running.await.unwrap();
    }
    backlog.check(&rig).await;
    assert!(most - before.0 < GROWTH, "{} MiB more", most - before.0);
}

async fn run(app: App<Tester>) {
    app.consumers(Consumers::new()).run().await.unwrap();
}

async fn bare(rows: usize, keys: usize) {
    let rig = Rig::new(On::Sqlite).await;
    let _app = rig.app(Box::leak(Box::new(HANDLE))).await;
    let backlog = Backlog { rows, keys };
    let before = (backlog::cpu(), Instant::now());
    let sent = futures::stream::iter((0..rows).map(|row| {
        let jetstream = &rig.jetstream;
        let (event, subject, body) = backlog.event(row);
        let mut headers = async_nats::HeaderMap::new();
        headers.insert("Content-Type", "application/cloudevents+json");
        let message = async_nats::jetstream::message::PublishMessage::build()
            .payload(body.into())
            .headers(headers)
            .message_id(event);
        async move {
            jetstream
                .send_publish(subject, message)
                .await
                .unwrap()
                .await
                .unwrap()
        }
    }));
    let count = sent.buffer_unordered(WINDOW).count().await;
    report(
        "bare client",
        rows,
        keys,
        before.1.elapsed(),
        backlog::cpu() - before.0,
        0.0,
    );
    assert_eq!(count, rows);
}

fn report(name: &str, rows: usize, keys: usize, took: Duration, cpu: Duration, grown: f64) {
    println!(
        "{name:<26} {keys:>10} {:>12.0} {:>10.1} {grown:>10.1}",
        rows as f64 / took.as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / rows as f64,
    );
}
