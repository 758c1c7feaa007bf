//! The service on a real broker, on both databases. Nothing has to be started by hand.

#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use async_nats::jetstream::{self, Context, consumer::PullConsumer};
use dev::{Broker, until};
use events::{{crate_name}}::{{project-name | upper_camel_case}};
use jetway::{App, Settings};
use serde_json::{Value, json};
use {{crate_name}}::handlers::Clerk;
use {{crate_name}}::{MIGRATIONS, http, orders};
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(20);
const DURABLE: &str = "{{project-name}}-handleConfirmed";

/// An event as it lies in the stream.
fn confirmed(order_id: Uuid, cents: Value) -> Value {
    json!({
        "specversion": "1.0",
        "id": Uuid::now_v7(),
        "type": "order.confirmed.v1",
        "source": "/orders",
        "time": "2026-03-01T12:30:00Z",
        "datacontenttype": "application/json",
        "data": {
            "orderId": order_id,
            "customer": { "name": "Ada", "email": "ada@example.com" },
            "total": { "cents": cents, "currency": "EUR" },
            "confirmedAt": "2026-03-01T12:30:00Z",
        },
    })
}

async fn publish(jetstream: &Context, event: &Value) {
    let subject = format!(
        "order.confirmed.v1.{}",
        event["data"]["orderId"].as_str().unwrap()
    );
    let stored = jetstream
        .publish(subject, event.to_string().into())
        .await
        .unwrap();
    stored.await.unwrap();
}

/// Waits until the consumer is there and has settled this many messages, and nothing is left.
async fn settled(jetstream: &Context, messages: u64) {
    until(format!("{messages} settled messages"), PATIENCE, || async {
        let stream = jetstream
            .get_stream("ORDERS")
            .await
            .map_err(|error| error.to_string())?;
        let consumer: Result<PullConsumer, _> = stream.get_consumer(DURABLE).await;
        let info = consumer
            .map_err(|error| error.to_string())?
            .cached_info()
            .clone();
        let open = (info.num_pending, info.num_ack_pending);
        let done = info.ack_floor.consumer_sequence >= messages && open == (0, 0);
        if done {
            Ok(())
        } else {
            Err(format!("{info:?}"))
        }
    })
    .await
    .unwrap();
}

async fn a_confirmed_order_is_written_down_once(database_url: &str) {
    let broker = Broker::start().await.unwrap();
    let jetstream = jetstream::new(async_nats::connect(broker.url()).await.unwrap());

    let mut settings = Settings::defaults("{{project-name}}");
    settings.database_url = database_url.into();
    settings.nats_url = vec![broker.url().as_str().into()];
    settings.http_addr = ([127, 0, 0, 1], dev::ports::free().unwrap()).into();
    let url = format!("http://{}/orders", settings.http_addr);

    let app = App::<{{project-name | upper_camel_case}}>::start(settings).await.unwrap();
    app.migrate(&MIGRATIONS).await.unwrap();
    let (database, shutdown) = (app.database().clone(), app.shutdown().clone());
    let service = app
        .consumers(events::{{crate_name}}::consumers(Clerk))
        .routes(http::router(database.clone()));
    let service = tokio::spawn(service.run());
    settled(&jetstream, 0).await;

    let order_id = Uuid::now_v7();
    let event = confirmed(order_id, json!(4990));
    publish(&jetstream, &event).await;
    // The same event again, as after a crash of the sender; and one that its schema rejects.
    publish(&jetstream, &event).await;
    publish(&jetstream, &confirmed(Uuid::now_v7(), json!("a lot"))).await;
    settled(&jetstream, 3).await;

    let written = orders::newest(&database).await.unwrap();
    let expected = orders::Order {
        order_id: order_id.to_string(),
        total_cents: 4990,
    };
    assert_eq!(written, [expected]);
    let listed: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
    assert_eq!(listed, json!([{ "orderId": order_id, "totalCents": 4990 }]));
    let dead = jetstream.get_stream("DEAD_LETTERS").await.unwrap();
    assert_eq!(
        dead.cached_info().state.messages,
        1,
        "the rejected one is kept as a dead letter"
    );

    shutdown.cancel();
    service.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmed_order_is_written_down_once_on_sqlite() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("{{project-name}}.sqlite3");
    a_confirmed_order_is_written_down_once(&format!("sqlite://{}", file.display())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmed_order_is_written_down_once_on_postgres() {
    let database = dev::Postgres::database().await.unwrap();
    a_confirmed_order_is_written_down_once(database.url()).await;
}
