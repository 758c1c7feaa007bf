//! The service on a real broker: an order comes in, stock's answer goes out.

use std::time::Duration;

use async_nats::jetstream;
use dev::{Broker, until};
use events::OrderPlacedV1;
use inventory::handlers::Warehouse;
use inventory::http;
use jetway::{Downcast, EventData};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::support::{line, placed, start};

const PATIENCE: Duration = Duration::from_secs(20);

async fn publish<E: EventData>(jetstream: &jetstream::Context, event: &E) {
    let envelope = json!({
        "specversion": "1.0",
        "id": Uuid::now_v7(),
        "type": E::TYPE,
        "source": "/orders",
        "subject": event.key(),
        "time": OffsetDateTime::now_utc().format(&Rfc3339).unwrap(),
        "datacontenttype": "application/json",
        "correlationid": "a-test",
        "data": event,
    });
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("Content-Type", "application/cloudevents+json");
    let subject = event.subject().unwrap().as_str().to_owned();
    let stored = jetstream.publish_with_headers(subject, headers, envelope.to_string().into());
    stored.await.unwrap().await.unwrap();
}

/// The `data` of the one event on this subject.
async fn answer(jetstream: &jetstream::Context, subject: String) -> Value {
    let event: Value = until(&subject, PATIENCE, || async {
        let stream = jetstream
            .get_stream("INVENTORY")
            .await
            .map_err(|e| e.to_string())?;
        let last = stream.get_last_raw_message_by_subject(&subject).await;
        let message = last.map_err(|e| e.to_string())?;
        serde_json::from_slice(&message.payload).map_err(|e| e.to_string())
    })
    .await
    .unwrap();
    assert_eq!(event["correlationid"], "a-test");
    event["data"].clone()
}

async fn an_order_is_answered_for(database_url: &str) {
    let broker = Broker::start().await.unwrap();
    let client = async_nats::connect(broker.url()).await.unwrap();
    let jetstream = jetstream::new(client);

    let app = start(database_url, &broker.url()).await;
    let base = format!("http://{}", app.settings().http_addr);
    let shutdown = app.shutdown().clone();
    let routes = http::router(app.database().clone());
    let service = app
        .consumers(events::inventory::consumers(Warehouse))
        .routes(routes);
    let service = tokio::spawn(service.run());
    until("the stream of orders", PATIENCE, || async {
        let stream = jetstream.get_stream("ORDERS").await;
        stream.map(drop).map_err(|e| e.to_string())
    })
    .await
    .unwrap();

    let enough = Uuid::now_v7();
    publish(
        &jetstream,
        &placed(enough, vec![line("GRINDER-VINTAGE", 1)]),
    )
    .await;
    let reserved = answer(&jetstream, format!("inventory.reserved.v1.{enough}")).await;
    assert_eq!(reserved["orderId"], json!(enough));

    let short = Uuid::now_v7();
    publish(&jetstream, &placed(short, vec![line("GRINDER-VINTAGE", 3)])).await;
    let failed = answer(
        &jetstream,
        format!("inventory.reservation_failed.v1.{short}"),
    )
    .await;
    assert_eq!(
        failed,
        json!({ "orderId": short, "sku": "GRINDER-VINTAGE", "requested": 3, "available": 2 })
    );

    // From before there was a second version, or from a service that has yet to move on.
    let old = Uuid::now_v7();
    let event: OrderPlacedV1 = placed(old, vec![line("GRINDER-VINTAGE", 1)]).downcast();
    publish(&jetstream, &event).await;
    let reserved = answer(&jetstream, format!("inventory.reserved.v1.{old}")).await;
    assert_eq!(reserved["orderId"], json!(old));

    let stock = reqwest::get(format!("{base}/stock")).await.unwrap();
    let stock: Vec<Value> = stock.json().await.unwrap();
    assert_eq!(stock.len(), 12);
    assert!(stock.contains(&json!({
        "sku": "GRINDER-VINTAGE",
        "name": "Vintage grinder, restored",
        "onHand": 3,
        "reserved": 2,
        "available": 1,
    })));

    shutdown.cancel();
    service.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_answered_for_on_sqlite() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("inventory.sqlite3");
    an_order_is_answered_for(&format!("sqlite://{}", file.display())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_answered_for_on_postgres() {
    let database = dev::Postgres::database().await.unwrap();
    an_order_is_answered_for(database.url()).await;
}
