//! `kill -9` of nats-server under load: nothing that was acknowledged is lost, and everybody resumes by themselves.

#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use system_tests::{ALL, Basket, On, Order, Shop, wait};

/// How soon after the server's return every service works again.
const RESUMES: Duration = Duration::from_secs(5);

#[tokio::test]
async fn killed_under_load_and_down_for_a_while_on_sqlite() {
    killed_under_load(On::Sqlite, 40).await;
}

#[tokio::test]
async fn killed_under_load_and_down_for_a_while_on_postgres() {
    killed_under_load(On::Postgres, 40).await;
}

/// Then whatever was in flight meets the new server at once.
#[tokio::test]
async fn killed_under_load_and_back_at_once() {
    killed_under_load(On::Sqlite, 0).await;
}

/// Kills the broker while customers order, brings it back after `blind` more orders were answered with 201, and lets the
/// customers go on until every service has done something new.
async fn killed_under_load(on: On, blind: usize) {
    let mut shop = Shop::open(on).await;
    let mut broker = shop.take_broker();
    let (answered, enough) = (AtomicUsize::new(0), AtomicBool::new(false));
    let pids: Vec<_> = shop
        .services()
        .map(|service| service.pid().unwrap())
        .collect();

    let customers = futures::future::join_all((0..4).map(|_| customer(&shop, &answered, &enough)));
    let fate = async {
        reached(&answered, 60).await;
        broker.kill().unwrap();
        let at_kill = answered.load(Ordering::SeqCst);
        reached(&answered, at_kill + blind).await;
        broker.restart().await.unwrap();
        let back = Instant::now();
        let resumed = resumed(&shop, back).await;
        enough.store(true, Ordering::SeqCst);
        resumed
    };
    let (orders, resumed) = tokio::join!(customers, fate);
    let orders: Vec<Order> = orders.into_iter().flatten().collect();
    println!(
        "{on:?}, {blind} orders without a broker, {} in all; resumed after {resumed:?}",
        orders.len()
    );

    let restarted: Vec<_> = shop
        .services()
        .map(|service| service.pid().unwrap())
        .collect();
    assert_eq!(pids, restarted, "a service was restarted");
    shop.audit(&orders).await;
    for (what, after) in resumed {
        assert!(after < RESUMES, "{what} resumed {after:?} after the server");
    }
}

/// Orders one thing after the other. Each order must be answered with 201, broker or not.
async fn customer(shop: &Shop, answered: &AtomicUsize, enough: &AtomicBool) -> Vec<Order> {
    let mut orders = Vec::new();
    while !enough.load(Ordering::SeqCst) && orders.len() < 400 {
        let basket = if orders.len() % 7 == 6 {
            Basket::too_much()
        } else {
            Basket::in_stock()
        };
        orders.push(shop.place(&basket).await);
        answered.fetch_add(1, Ordering::SeqCst);
        // As fast as people click, so that the test is about the broker.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    orders
}

async fn reached(answered: &AtomicUsize, count: usize) {
    wait("orders to be answered", || async {
        let so_far = answered.load(Ordering::SeqCst);
        if so_far >= count {
            Ok(())
        } else {
            Err(format!("{so_far} of {count}"))
        }
    })
    .await;
}

/// How long after `back` each service did something new: `orders` published and settled, the others handled.
async fn resumed(shop: &Shop, back: Instant) -> Vec<(String, Duration)> {
    let before = progress(shop).await;
    let mut after: Vec<Option<Duration>> = vec![None; before.len()];
    let deadline = back + Duration::from_secs(30);
    while after.contains(&None) {
        for (index, (what, count)) in progress(shop).await.into_iter().enumerate() {
            if after[index].is_none() && count > before[index].1 {
                after[index] = Some(back.elapsed());
            }
            assert!(
                Instant::now() < deadline,
                "{what} has done nothing for 30 s: still {count}"
            );
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let what = before.into_iter().map(|(what, _)| what);
    what.zip(after)
        .map(|(what, after)| (what, after.unwrap()))
        .collect()
}

/// A number per service that grows when it works.
async fn progress(shop: &Shop) -> Vec<(String, i64)> {
    let count = |service: &'static str, sql: &'static str| async move {
        let rows: i64 = sqlx::query_scalar(sql)
            .fetch_one(shop.pool(service))
            .await
            .unwrap();
        rows
    };
    let published = "SELECT COUNT(*) FROM jetway_outbox WHERE published_at IS NOT NULL";
    let handled = "SELECT COUNT(*) FROM jetway_inbox";
    let mut all = Vec::new();
    for service in ALL {
        all.push((
            format!("{service}'s consumers"),
            count(service, handled).await,
        ));
    }
    for service in ["orders", "inventory"] {
        all.push((
            format!("{service}'s relay"),
            count(service, published).await,
        ));
    }
    all
}
