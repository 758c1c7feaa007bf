//! The same checkout twice: with its side effects on the request path, and with an event that others react to.
//!
//! `just bench-checkout [-- --checkouts 60]`. A checkout charges the customer, which takes as long either way, and then has
//! side effects: mail, stock, invoice, … Each is a simulated delay, the same in both. Synchronously the request waits
//! for one after the other; with events it waits for one transaction, and each subscriber is a consumer with its own
//! durable, on a real broker and SQLite. A subscriber that is down costs the synchronous request its time-out.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../../tests/support/mod.rs"]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering as Atomic};
use std::time::{Duration, Instant};

use futures::StreamExt;
use jetway::topology::{self, TopologyMode};
use jetway::{App, Consumers, Event, Handled, Handler, Operation, Tx};
use support::contract::{HANDLE, Happened, THINGS, Tester};
use support::{MIGRATIONS, On, Rig};

/// Checkouts at the same time.
const AT_ONCE: usize = 10;
/// What a synchronous call waits for a subscriber that does not answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// One shop: what stays on the request path, and what each side effect takes.
struct Shop {
    name: &'static str,
    charge: Duration,
    effects: [u64; 8],
}

/// The first five add up to what the two stories tell: 2.8 s and 2.1 s at the customer's end.
const SHOPS: [Shop; 2] = [
    Shop {
        name: "charge 330 ms, five side effects of 2,460 ms",
        charge: Duration::from_millis(330),
        effects: [620, 480, 450, 380, 530, 400, 350, 300],
    },
    Shop {
        name: "charge 840 ms, five side effects of 1,250 ms",
        charge: Duration::from_millis(840),
        effects: [320, 240, 230, 190, 270, 200, 180, 150],
    },
];

/// How many subscribers there are, and whether the first is down.
const CASES: [(usize, bool); 5] = [(0, false), (4, false), (5, false), (8, false), (8, true)];

/// A side effect as a consumer.
struct Effect {
    takes: Duration,
    done: Arc<AtomicU64>,
}

impl Handler for Effect {
    type Service = Tester;
    type Data = Happened;

    async fn handle(&self, _: &Event<Happened>, _: &mut Tx<'_, Tester>) -> Handled {
        tokio::time::sleep(self.takes).await;
        self.done.fetch_add(1, Atomic::Relaxed);
        Ok(())
    }
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--checkouts");
    let checkouts: usize = arguments.nth(1).map_or(60, |text| text.parse().unwrap());
    for shop in &SHOPS {
        println!(
            "\n{}; {checkouts} checkouts, {AT_ONCE} at once, milliseconds at the customer's end",
            shop.name
        );
        println!(
            "{:<26} {:>9} {:>9}   {:>9} {:>9}   {:>18}",
            "subscribers", "sync p50", "p99", "event p50", "p99", "last effect after"
        );
        for (subscribers, is_down) in CASES {
            compare(shop, subscribers, is_down, checkouts).await;
        }
    }
}

async fn compare(shop: &Shop, subscribers: usize, is_down: bool, checkouts: usize) {
    let effects = &shop.effects[..subscribers];
    let sync = measure(checkouts, |_| synchronous(shop.charge, effects, is_down)).await;
    let (events, last) = with_events(shop, effects, is_down, checkouts).await;
    let name = if is_down {
        format!("{subscribers}, one of them down")
    } else {
        subscribers.to_string()
    };
    println!(
        "{name:<26} {:>9.0} {:>9.0}   {:>9.0} {:>9.0}   {:>16.1} s",
        at(&sync, 50),
        at(&sync, 99),
        at(&events, 50),
        at(&events, 99),
        last.as_secs_f64()
    );
}

async fn synchronous(charge: Duration, effects: &[u64], is_down: bool) {
    tokio::time::sleep(charge).await;
    for (n, takes) in effects.iter().enumerate() {
        let takes = Duration::from_millis(*takes);
        tokio::time::sleep(if is_down && n == 0 { TIMEOUT } else { takes }).await;
    }
}

/// The latencies, and how long it took until the last side effect of a subscriber that is up was done.
async fn with_events(
    shop: &Shop,
    effects: &[u64],
    is_down: bool,
    checkouts: usize,
) -> (Vec<f64>, Duration) {
    let rig = Rig::new(On::Sqlite).await;
    let operations: Vec<&'static Operation> = (0..effects.len()).map(operation).collect();
    topology::ensure(&rig.jetstream, TopologyMode::Apply, &[&THINGS], &operations)
        .await
        .unwrap();
    let app = App::<Tester>::start(rig.settings.clone()).await.unwrap();
    app.migrate(&MIGRATIONS).await.unwrap();
    let done = Arc::new(AtomicU64::new(0));
    let down = usize::from(is_down);
    let consumers = operations.iter().zip(effects).skip(down).fold(
        Consumers::new(),
        |consumers, (operation, takes)| {
            let takes = Duration::from_millis(*takes);
            let done = done.clone();
            consumers.with(operation, Effect { takes, done })
        },
    );
    let running = tokio::spawn(app.clone().consumers(consumers).run());
    let begun = Instant::now();
    let latencies = measure(checkouts, |number| checkout(&app, shop.charge, number)).await;
    let all = (checkouts * effects.len().saturating_sub(down)) as u64;
    while done.load(Atomic::Relaxed) < all {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let last = begun.elapsed();
    app.shutdown().cancel();
    running.await.unwrap().unwrap();
    (latencies, last)
}

/// One durable per subscriber, with hands enough for its delay.
fn operation(n: usize) -> &'static Operation {
    let durable: &'static str = Box::leak(format!("subscriber-{n}").into_boxed_str());
    Box::leak(Box::new(Operation {
        name: durable,
        durable,
        concurrency: 32,
        ack_wait: Duration::from_secs(10),
        ..HANDLE
    }))
}

async fn checkout(app: &App<Tester>, charge: Duration, number: usize) {
    tokio::time::sleep(charge).await;
    let mut tx = app.begin();
    sqlx::query("INSERT INTO effects (key, number, event_id) VALUES ($1, $2, '')")
        .bind(number.to_string())
        .bind(number as i64)
        .execute(tx.sql().await.unwrap())
        .await
        .unwrap();
    tx.publish(Happened::new(&number.to_string(), number as i64))
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

/// Milliseconds of each, sorted.
async fn measure<F: Future<Output = ()>>(
    count: usize,
    mut one: impl FnMut(usize) -> F,
) -> Vec<f64> {
    let timed = |number| {
        let one = one(number);
        async {
            let begun = Instant::now();
            one.await;
            begun.elapsed().as_secs_f64() * 1e3
        }
    };
    let all = futures::stream::iter((0..count).map(timed));
    let mut latencies: Vec<f64> = all.buffer_unordered(AT_ONCE).collect().await;
    latencies.sort_by(f64::total_cmp);
    latencies
}

fn at(sorted: &[f64], percent: usize) -> f64 {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}
