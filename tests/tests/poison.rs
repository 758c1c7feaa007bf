//! Poison through the real services: dead letters that a person understands, and nothing else stops meanwhile.

#![allow(clippy::unwrap_used, missing_docs)]

use async_nats::HeaderMap;
use serde_json::{Value, json};
use system_tests::{Basket, Message, On, Order, Shop, wait};
use uuid::Uuid;

/// Who receives `order.placed.v1`.
const CONSUMERS: [&str; 2] = ["inventory-reserveStock", "analytics-recordPlaced"];

#[tokio::test]
async fn poison_ends_as_dead_letters_and_good_orders_flow_on_sqlite() {
    poisoned(On::Sqlite).await;
}

#[tokio::test]
async fn poison_ends_as_dead_letters_and_good_orders_flow_on_postgres() {
    poisoned(On::Postgres).await;
}

/// A poisonous message, and what its dead letters say.
struct Poison {
    body: Vec<u8>,
    reason: &'static str,
    error: &'static str,
}

fn poisons() -> [Poison; 5] {
    let mut negative = envelope(Uuid::new_v4());
    negative["data"]["lines"][0]["quantity"] = json!(-1);
    let mut nameless = envelope(Uuid::new_v4());
    nameless["data"]["customer"]
        .as_object_mut()
        .unwrap()
        .remove("name");
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    [
        Poison {
            body: b"order 17, please".to_vec(),
            reason: "undecodable",
            error: "the body is not JSON",
        },
        Poison {
            body: negative.to_string().into(),
            reason: "invalid",
            error: "the data breaks its schema at /lines/0/quantity",
        },
        Poison {
            body: nameless.to_string().into(),
            reason: "invalid",
            error: "the data breaks its schema at /customer",
        },
        Poison {
            body: vec![b' '; 8 * 1024 * 1024],
            reason: "oversized",
            error: "8388608 bytes are more than the 1048576 that MAX_EVENT_BYTES allows",
        },
        Poison {
            body: deep.into(),
            reason: "undecodable",
            error: "the body is not JSON: it is nested deeper than 128 levels",
        },
    ]
}

async fn poisoned(on: On) {
    let shop = Shop::open(on).await;
    let mut orders: Vec<Order> = Vec::new();
    let poisons = poisons();
    let mut subjects = Vec::new();
    for poison in &poisons {
        let subject = format!("order.placed.v1.{}", Uuid::new_v4());
        publish(&shop, &subject, HeaderMap::new(), poison.body.clone()).await;
        subjects.push(subject);
        orders.push(shop.place(&Basket::in_stock()).await);
        orders.push(shop.place(&Basket::too_much()).await);
    }

    let letters = wait("the dead letters", || async {
        let letters = shop.dead_letters().await;
        let expected = poisons.len() * CONSUMERS.len();
        if letters.len() >= expected {
            Ok(letters)
        } else {
            Err(format!("{} of {expected}", letters.len()))
        }
    })
    .await;
    assert_eq!(letters.len(), poisons.len() * CONSUMERS.len());
    for (poison, subject) in poisons.iter().zip(&subjects) {
        for consumer in CONSUMERS {
            check_letter(&letters, poison, subject, consumer);
        }
    }

    let foreign = [structured_without_headers(&shop).await, binary(&shop).await];
    shop.settled().await;
    for order in &orders {
        assert_eq!(shop.order(order.id).await["status"], order.outcome.status());
    }
    for id in foreign {
        assert_eq!(
            shop.order(id).await["status"],
            "confirmed",
            "the order that came as a foreign event"
        );
    }
    let summary = shop.get("analytics", "/api/summary").await;
    assert_eq!(summary["placed"], orders.len() + foreign.len(), "{summary}");
    assert_eq!(
        shop.dead_letters().await.len(),
        letters.len(),
        "further dead letters"
    );
}

fn check_letter(letters: &[Message], poison: &Poison, subject: &str, consumer: &str) {
    let mine = |letter: &&Message| {
        letter.header("Dead-Subject") == subject && letter.header("Dead-Consumer") == consumer
    };
    let found: Vec<&Message> = letters.iter().filter(mine).collect();
    let [letter] = found[..] else {
        panic!("{} dead letters of {consumer} for {subject}", found.len())
    };
    assert_eq!(letter.subject, format!("dead.{consumer}"));
    assert_eq!(letter.header("Dead-Reason"), poison.reason);
    let error = letter.header("Dead-Error");
    assert!(
        error.starts_with(poison.error),
        "{error:?} does not begin with {:?}",
        poison.error
    );
    assert!(error.len() < 300, "nobody reads this: {error}");
    assert!(
        letter.body == poison.body,
        "the body of the dead letter ({error}) is not as it came"
    );
    assert_eq!(letter.header("Dead-Stream"), "ORDERS");
    for header in [
        "Dead-Sequence",
        "Dead-First-Failure",
        "Dead-Last-Failure",
        "Dead-Attempts",
    ] {
        assert_ne!(letter.header(header), "", "{header}");
    }
}

/// An event from somebody who sets no headers at all; and the order it is about, known to `orders`.
async fn structured_without_headers(shop: &Shop) -> Uuid {
    let id = Uuid::new_v4();
    let event = envelope(id);
    shop.insert_order(id, &event["data"]).await;
    let subject = format!("order.placed.v1.{id}");
    shop.client
        .publish(subject, event.to_string().into())
        .await
        .unwrap();
    id
}

/// The same in binary mode: attributes in headers, the data alone as body.
async fn binary(shop: &Shop) -> Uuid {
    let id = Uuid::new_v4();
    let event = envelope(id);
    shop.insert_order(id, &event["data"]).await;
    let mut headers = HeaderMap::new();
    for (name, value) in event.as_object().unwrap() {
        match (name.as_str(), value.as_str()) {
            ("data", _) => {}
            ("datacontenttype", Some(value)) => headers.insert("Content-Type", value),
            (name, Some(value)) => headers.insert(format!("ce-{name}").as_str(), value),
            (_, None) => {}
        }
    }
    publish(
        shop,
        &format!("order.placed.v1.{id}"),
        headers,
        event["data"].to_string(),
    )
    .await;
    id
}

async fn publish(shop: &Shop, subject: &str, headers: HeaderMap, body: impl Into<Vec<u8>>) {
    let body: Vec<u8> = body.into();
    let sent = shop
        .jetstream
        .publish_with_headers(subject.to_owned(), headers, body.into());
    sent.await.unwrap().await.unwrap();
}

/// A whole event about an order of one mug.
fn envelope(id: Uuid) -> Value {
    json!({
        "specversion": "1.0",
        "id": Uuid::new_v4().to_string(),
        "type": "order.placed.v1",
        "source": "/elsewhere",
        "time": "2026-01-02T03:04:05Z",
        "datacontenttype": "application/json",
        "data": system_tests::placed(id),
    })
}
