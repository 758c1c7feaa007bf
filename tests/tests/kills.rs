//! `kill -9` of each consumer at each place where it hurts: every effect exactly once afterwards.

#![allow(clippy::unwrap_used, missing_docs)]

use system_tests::{Basket, On, Shop};

/// Between which two steps the process dies.
const POINTS: [&str; 3] = ["before-handler", "in-handler", "after-commit"];

/// Each service once, at an operation that every such order comes through.
const CONFIRMING: [(&str, &str); 4] = [
    ("inventory", "inventory.reserveStock"),
    ("analytics", "analytics.recordPlaced"),
    ("orders", "orders.confirmReserved"),
    ("email", "email.sendConfirmation"),
];
const CANCELLING: [(&str, &str); 4] = [
    ("inventory", "inventory.reserveStock"),
    ("analytics", "analytics.recordReservationFailed"),
    ("orders", "orders.cancelShort"),
    ("email", "email.sendCancellation"),
];

/// An order goes through services each of which is killed at the same place, the one after the other; those that get it
/// at the same time are killed at the same time. Redelivery waits for the ack-wait of the dead, so these run side by side.
#[tokio::test]
async fn every_consumer_is_killed_everywhere_on_sqlite() {
    let cases = POINTS.map(|point| killed_at(On::Sqlite, point, &CONFIRMING, Basket::in_stock()));
    let (_, ()) = tokio::join!(
        futures::future::join_all(cases),
        killed_at(On::Sqlite, "in-handler", &CANCELLING, Basket::too_much()),
    );
}

#[tokio::test]
async fn every_consumer_is_killed_everywhere_on_postgres() {
    let cases = POINTS.map(|point| killed_at(On::Postgres, point, &CONFIRMING, Basket::in_stock()));
    let (_, ()) = tokio::join!(
        futures::future::join_all(cases),
        killed_at(
            On::Postgres,
            "after-commit",
            &CANCELLING,
            Basket::too_much()
        ),
    );
}

async fn killed_at(on: On, point: &str, victims: &[(&'static str, &str)], basket: Basket) {
    let mut shop = Shop::new(on).await;
    let traps: Vec<_> = victims
        .iter()
        .map(|(service, operation)| (*service, shop.trap(service, operation, point)))
        .collect();
    shop.start_all().await;

    let order = shop.place(&basket).await;
    for (service, marker) in &traps {
        shop.kill_in_trap(service, marker).await;
    }
    shop.audit(&[order]).await;
}
