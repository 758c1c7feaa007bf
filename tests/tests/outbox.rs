//! `kill -9` of a sender between the commit and the publish, and between the publish and the mark in the outbox: the
//! events arrive exactly once in effect.

#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use system_tests::{Basket, Copies, On, Shop, wait};

#[tokio::test]
async fn between_commit_and_publish() {
    tokio::join!(
        never_published(On::Sqlite, "orders", 3),
        never_published(On::Postgres, "orders", 3),
        never_published(On::Sqlite, "inventory", 1),
    );
}

#[tokio::test]
async fn between_publish_and_mark() {
    tokio::join!(
        published_twice(On::Sqlite, "orders"),
        published_twice(On::Postgres, "orders"),
        published_twice(On::Sqlite, "inventory"),
    );
}

#[tokio::test]
async fn between_publish_and_mark_when_the_stream_has_forgotten() {
    tokio::join!(stored_twice(On::Sqlite), stored_twice(On::Postgres));
}

/// `committed`: how many events wait in the outbox then.
async fn never_published(on: On, service: &'static str, committed: i64) {
    let mut shop = Shop::new(on).await;
    let trap = shop.trap(service, "relay", "before-publish");
    shop.start_all().await;

    let order = shop.place(&Basket::in_stock()).await;
    shop.trapped(service, &trap).await;
    assert_eq!(shop.outbox(service).await, committed, "committed");
    let sender = format!("/{service}");
    let published = shop
        .events()
        .await
        .iter()
        .filter(|event| event.attribute("source") == sender)
        .count();
    assert_eq!(published, 0, "published");

    shop.kill_in_trap(service, &trap).await;
    shop.audit(&[order]).await;
}

async fn published_twice(on: On, service: &'static str) {
    let mut shop = Shop::new(on).await;
    let trap = shop.trap(service, "relay", "after-publish");
    shop.start_all().await;

    let order = shop.place(&Basket::in_stock()).await;
    shop.trapped(service, &trap).await;
    assert_ne!(
        shop.outbox(service).await,
        0,
        "nothing is marked as published"
    );
    let sender = format!("/{service}");
    let published = shop
        .events()
        .await
        .iter()
        .filter(|event| event.attribute("source") == sender)
        .count();
    assert_ne!(published, 0, "published");

    shop.kill_in_trap(service, &trap).await;
    // The stream drops the second copy: `audit` counts one of each.
    shop.audit(&[order]).await;
}

/// The relay comes back after the duplicate window: the stream keeps both copies, and only the inbox stands between the
/// second one and its effect.
async fn stored_twice(on: On) {
    let mut shop = Shop::new(on).await;
    shop.start_all().await;
    let mut config = shop
        .jetstream
        .get_stream("ORDERS")
        .await
        .unwrap()
        .cached_info()
        .config
        .clone();
    config.duplicate_window = Duration::from_millis(100);
    shop.jetstream.update_stream(config).await.unwrap();
    shop.set_all("TOPOLOGY", "bind");
    let trap = shop.trap("orders", "relay", "after-publish");
    shop.start("orders").await;

    let order = shop.place(&Basket::in_stock()).await;
    shop.trapped("orders", &trap).await;
    shop.service_mut("orders").kill().unwrap();
    wait(
        "inventory and analytics to have handled the first copies",
        || async {
            let reserved = shop.reservations().await.len();
            if reserved == 1 {
                Ok(())
            } else {
                Err(format!("{reserved} reservations"))
            }
        },
    )
    .await;
    forgotten(&shop).await;
    shop.kill_in_trap("orders", &trap).await;

    shop.audit_with(std::slice::from_ref(&order), Copies::Several)
        .await;
    let placed = shop.events_of(order.id).await;
    for version in ["order.placed.v2", "order.placed.v1"] {
        let copies = placed
            .iter()
            .filter(|event| event.attribute("type") == version)
            .count();
        assert_eq!(copies, 2, "copies of {version} on the stream");
    }
}

/// Waits until the stream takes an id that it has seen before: its window has passed.
async fn forgotten(shop: &Shop) {
    let again = || async {
        let message = async_nats::jetstream::message::PublishMessage::build()
            .message_id("probe")
            .payload("{}".into());
        let sent = shop
            .jetstream
            .send_publish("order.probe", message)
            .await
            .unwrap();
        sent.await.unwrap().duplicate
    };
    assert!(!again().await);
    wait("the duplicate window to pass", || async {
        if again().await {
            Err("still a duplicate".to_owned())
        } else {
            Ok(())
        }
    })
    .await;
}
