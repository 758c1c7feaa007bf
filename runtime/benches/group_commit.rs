//! Events per second through a consumer with inbox, effect and outbox on SQLite, with and without a shared commit.
//!
//! `just bench-group-commit [-- --count 20000 --synchronous normal]`. The stream is filled first. Each event's handler writes
//! one row and publishes one event: a transaction is an effect, an inbox row and an outbox row. The relay publishes
//! meanwhile, and the clock runs until it has published the last. Write-ahead log; `synchronous=NORMAL` unless said.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use futures::StreamExt;
use jetway::settings::SqliteSynchronous;
use jetway::{Consumers, Event, Handled, Handler, Operation, Tx};
use support::contract::{Answered, HANDLE, Happened, Tester};
use support::{On, Rig, effect, envelope};

struct Answering;

impl Handler for Answering {
    type Service = Tester;
    type Data = Happened;

    async fn handle(&self, event: &Event<Happened>, tx: &mut Tx<'_, Tester>) -> Handled {
        effect(event, tx).await?;
        let answer = Answered {
            key: event.data.key.clone(),
            number: event.data.number,
        };
        tx.publish(answer).await?;
        Ok(())
    }
}

/// What one run came to.
struct Run {
    handled: f64,
    published: f64,
}

fn argument(name: &str) -> Option<String> {
    std::env::args()
        .skip_while(|argument| argument != name)
        .nth(1)
}

#[tokio::main]
async fn main() {
    let count: u64 = argument("--count").map_or(20_000, |text| text.parse().unwrap());
    let synchronous = argument("--synchronous").unwrap_or_else(|| "normal".to_owned());
    println!("{count} events, SQLite with WAL and synchronous={synchronous}: events per second");
    println!(
        "{:<24} {:>10} {:>24}",
        "", "handled", "and their answers sent"
    );
    let mut best = [0.0_f64; 2];
    for round in 0..3 {
        for (n, name) in ["shared commits", "each commits alone"]
            .into_iter()
            .enumerate()
        {
            // Alone it takes so much longer that fewer have to do.
            let count = if n == 0 { count } else { count / 5 };
            let run = run(count, n == 1, &synchronous).await;
            println!("{name:<24} {:>10.0} {:>24.0}", run.handled, run.published);
            best[n] = best[n].max(run.published);
        }
        if round == 2 {
            println!(
                "best: {:.0}, {:.1} times those that commit alone",
                best[0],
                best[0] / best[1]
            );
        }
    }
}

async fn run(count: u64, alone: bool, synchronous: &str) -> Run {
    let mut rig = Rig::new(On::Sqlite).await;
    rig.settings.sqlite_synchronous = match synchronous {
        "full" => SqliteSynchronous::Full,
        _ => SqliteSynchronous::Normal,
    };
    let operation: &'static Operation = Box::leak(Box::new(Operation {
        concurrency: 100,
        ack_wait: Duration::from_secs(30),
        ..HANDLE
    }));
    let app = rig.app(operation).await;
    if alone {
        app.database().commit_alone().await;
    }
    fill(&rig, count).await;
    let begun = Instant::now();
    let consumers = Consumers::new().with(operation, Answering);
    let running = tokio::spawn(app.clone().consumers(consumers).run());
    let rows = |sql: &'static str| {
        let app = app.clone();
        async move {
            let count = sqlx::query_scalar::<_, i64>(sql);
            count.fetch_one(app.database().pool()).await.unwrap() as u64
        }
    };
    while rows("SELECT COUNT(*) FROM jetway_inbox").await < count {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let handled = begun.elapsed();
    while rows("SELECT COUNT(*) FROM jetway_outbox WHERE published_at IS NULL").await > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let published = begun.elapsed();
    app.shutdown().cancel();
    running.await.unwrap().unwrap();
    Run {
        handled: count as f64 / handled.as_secs_f64(),
        published: count as f64 / published.as_secs_f64(),
    }
}

async fn fill(rig: &Rig, count: u64) {
    let send = |number: u64| {
        let data = Happened {
            text: Some("x".repeat(200)),
            ..Happened::new(&(number % 1_000).to_string(), number as i64)
        };
        let id = uuid::Uuid::now_v7().to_string();
        let data = serde_json::to_value(&data).unwrap();
        let body = envelope(&id, "thing.happened.v1", &data);
        let subject = format!("thing.happened.v1.{}", number % 1_000);
        async move { rig.publish(&subject, None, body).await }
    };
    futures::stream::iter((0..count).map(send))
        .buffer_unordered(256)
        .collect::<()>()
        .await;
}
