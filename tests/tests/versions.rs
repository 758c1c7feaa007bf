//! Two versions of an event side by side: events from before there was a second version, and both from one call after.
//! Who reads the second and who still reads the first: each effect once.

#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::consumer::pull::Config;
use serde_json::{Value, json};
use system_tests::{Basket, Message, On, Shop, placed, wait};
use uuid::Uuid;

const INVENTORY: &str = "inventory-reserveStock";

#[tokio::test]
async fn each_effect_once_on_sqlite() {
    each_effect_once(On::Sqlite).await;
}

#[tokio::test]
async fn each_effect_once_on_postgres() {
    each_effect_once(On::Postgres).await;
}

async fn each_effect_once(on: On) {
    let mut shop = Shop::new(on).await;
    shop.start("orders").await;
    let before = log_from_before(&shop).await;
    let mut orders: BTreeSet<String> = before.iter().map(Uuid::to_string).collect();

    // Both versions, while nobody but `orders` runs, and while everybody does.
    for _ in 0..5 {
        orders.insert(shop.place(&Basket::in_stock()).await.id.to_string());
    }
    shop.start_all().await;
    let filters = shop.consumer(INVENTORY).await.config.filter_subjects;
    assert_eq!(filters, ["order.placed.v2.*", "order.placed.v1.*"]);
    for _ in 0..5 {
        orders.insert(shop.place(&Basket::in_stock()).await.id.to_string());
    }
    shop.settled().await;
    let placed = orders.len() - before.len();
    for id in twins_first(&shop).await {
        orders.insert(id.to_string());
    }
    shop.settled().await;

    let reserved: BTreeSet<String> = shop.reservations().await.into_keys().collect();
    assert_eq!(reserved, orders);
    // One mug of an order that came from elsewhere, two of one that was placed here.
    let mugs = 2 * placed + (orders.len() - placed);
    assert_eq!(shop.stock().await["MUG-STONEWARE"].0, mugs as i64);
    let answers = shop.events().await.into_iter().filter(is_answer);
    let answered: Vec<String> = answers.map(|event| event.order().to_owned()).collect();
    assert_eq!(answered.len(), orders.len(), "answers of stock");
    for order in &orders {
        let status = shop.order(order.parse().unwrap()).await["status"].clone();
        assert_eq!(status, "confirmed", "order {order}");
    }
    let summary = shop.get("analytics", "/api/summary").await;
    for field in ["placed", "reserved", "confirmed"] {
        assert_eq!(summary[field], orders.len(), "{field} in {summary}");
    }
    assert_eq!(
        std::fs::read_dir(shop.mail_dir()).unwrap().count(),
        orders.len(),
        "mails"
    );
    let letters = shop.dead_letters().await;
    let said: Vec<_> = letters
        .iter()
        .map(|letter| letter.header("Dead-Error"))
        .collect();
    assert!(letters.is_empty(), "dead letters: {said:?}");
    assert_eq!(attempts_failed(&shop), Vec::<String>::new());

    let published = shop.events().await;
    for order in orders
        .iter()
        .filter(|id| !before.iter().any(|b| b.to_string() == **id))
    {
        both_versions(&published, order);
    }
}

/// What the log holds from before there was a second version, and a consumer that has read some of it.
async fn log_from_before(shop: &Shop) -> Vec<Uuid> {
    let stream = shop.jetstream.get_stream("ORDERS").await.unwrap();
    let consumer = Config {
        durable_name: Some(INVENTORY.to_owned()),
        filter_subject: "order.placed.v1.*".to_owned(),
        ack_wait: Duration::from_secs(1),
        ..Config::default()
    };
    stream.create_consumer(consumer).await.unwrap();
    let mut before = Vec::new();
    for _ in 0..3 {
        let id = known_order(shop).await;
        publish(
            shop,
            "order.placed.v1",
            id,
            &event("order.placed.v1", id, None),
        )
        .await;
        before.push(id);
    }
    // Delivered once, and the process died of it: it comes again.
    let consumer = stream.get_consumer::<Config>(INVENTORY).await.unwrap();
    let fetched = consumer.fetch().max_messages(1).messages().await.unwrap();
    drop(fetched);
    before
}

/// The two versions in the other order, as two replicas of a relay could publish them, and copies beyond any window.
async fn twins_first(shop: &Shop) -> [Uuid; 2] {
    let mut orders = [Uuid::nil(); 2];
    for order in &mut orders {
        let id = known_order(shop).await;
        let mut new = event("order.placed.v2", id, None);
        new["data"]["lines"][0] = json!({
            "sku": "MUG-STONEWARE", "quantity": 1, "unitPrice": { "cents": 1290, "currency": "EUR" },
        });
        let old = event("order.placed.v1", id, new["id"].as_str());
        publish(shop, "order.placed.v1", id, &old).await;
        wait("stock to answer for the first version", || async {
            match shop.reservations().await.contains_key(&id.to_string()) {
                true => Ok(()),
                false => Err("nothing is reserved"),
            }
            .map_err(str::to_owned)
        })
        .await;
        for _ in 0..2 {
            publish(shop, "order.placed.v2", id, &new).await;
        }
        publish(shop, "order.placed.v1", id, &old).await;
        *order = id;
    }
    orders
}

/// Both versions of an order that was published by one call: one fact in two messages.
fn both_versions(published: &[Message], order: &str) {
    let find = |version: &str| {
        let mut found = published
            .iter()
            .filter(|event| event.order() == order && event.attribute("type") == version);
        found
            .next()
            .unwrap_or_else(|| panic!("no {version} of {order}"))
    };
    let (new, old) = (find("order.placed.v2"), find("order.placed.v1"));
    assert_eq!(old.attribute("twinof"), new.attribute("id"));
    assert_ne!(old.attribute("id"), new.attribute("id"));
    assert_eq!(new.attribute("twinof"), "");
    for attribute in ["source", "subject", "time", "correlationid"] {
        assert_eq!(
            old.attribute(attribute),
            new.attribute(attribute),
            "{attribute}"
        );
    }
    let price = &new.json["data"]["lines"][0]["unitPrice"];
    if old.header("Nats-Msg-Id").is_empty() {
        return; // By hand.
    }
    assert_eq!(old.header("Nats-Msg-Id"), old.attribute("id"));
    assert!(new.sequence < old.sequence, "the newer version comes first");
    assert_eq!(
        price["cents"],
        old.json["data"]["lines"][0]["unitPriceCents"]
    );
    assert_eq!(price["currency"], old.json["data"]["total"]["currency"]);
}

fn is_answer(event: &Message) -> bool {
    event.attribute("type") == "inventory.reserved.v1"
}

/// A second version beside the first is nothing that fails and is tried again.
fn attempts_failed(shop: &Shop) -> Vec<String> {
    let log = shop.service("inventory").log();
    let failed = log
        .lines()
        .filter(|line| line.contains("an attempt failed"));
    failed.map(str::to_owned).collect()
}

/// An order of one mug that `orders` knows as if it had been placed there.
async fn known_order(shop: &Shop) -> Uuid {
    let id = Uuid::now_v7();
    shop.insert_order(id, &placed(id)).await;
    id
}

fn event(version: &str, id: Uuid, twin_of: Option<&str>) -> Value {
    let mut event = json!({
        "specversion": "1.0",
        "id": Uuid::now_v7().to_string(),
        "type": version,
        "source": "/elsewhere",
        "subject": id,
        "time": "2026-01-02T03:04:05Z",
        "datacontenttype": "application/json",
        "correlationid": id,
        "data": placed(id),
    });
    if let Some(fact) = twin_of {
        event["twinof"] = json!(fact);
    }
    event
}

async fn publish(shop: &Shop, version: &str, id: Uuid, event: &Value) {
    let mut headers = HeaderMap::new();
    headers.insert("Content-Type", "application/cloudevents+json");
    let subject = format!("{version}.{id}");
    let sent = shop
        .jetstream
        .publish_with_headers(subject, headers, event.to_string().into());
    sent.await.unwrap().await.unwrap();
}
