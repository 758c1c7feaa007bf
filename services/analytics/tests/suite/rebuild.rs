//! The service on a real broker: it records what is published, and `--rebuild` gives the same read model again.

use std::time::Duration;

use analytics::handlers::Recorder;
use analytics::read_model::{self, Summary};
use analytics::{MIGRATIONS, read_model::CLEAR};
use async_nats::HeaderMap;
use dev::{Broker, until};
use events::analytics::{Analytics, consumers};
use jetway::settings::{SecretUrl, Settings};
use jetway::{App, Database};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The service at work, until it is stopped.
struct Service {
    database: Database,
    shutdown: CancellationToken,
    running: JoinHandle<Result<(), jetway::Error>>,
}

impl Service {
    async fn start(broker: &Broker, database_url: &str, rebuild: bool) -> Self {
        let settings = Settings {
            nats_url: vec![SecretUrl::from(broker.url())],
            database_url: SecretUrl::from(database_url.to_owned()),
            http_addr: ([127, 0, 0, 1], 0).into(),
            ..Settings::defaults("analytics")
        };
        let app = App::<Analytics>::start(settings).await.unwrap();
        app.migrate(&MIGRATIONS).await.unwrap();
        let database = app.database().clone();
        let shutdown = app.shutdown().clone();
        let mut service = app.consumers(consumers(Recorder));
        if rebuild {
            service = service.rebuild(CLEAR);
        }
        Self {
            database,
            shutdown,
            running: tokio::spawn(service.run()),
        }
    }

    async fn summary_with(&self, placed: i64, refunded: i64) -> Summary {
        let pool = self.database.pool();
        until(
            "the events to be recorded",
            Duration::from_secs(30),
            || async {
                let summary = read_model::summary(pool).await.map_err(|e| e.to_string())?;
                let there = (summary.placed, summary.refunded) == (placed, refunded);
                if there {
                    Ok(summary)
                } else {
                    Err(format!("{summary:?}"))
                }
            },
        )
        .await
        .unwrap()
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.running.await.unwrap().unwrap();
    }
}

async fn publish(client: &async_nats::Client, kind: &str, order: u32, data: Value) {
    let order_id = uuid::Uuid::from_u128(u128::from(order)).to_string();
    let mut whole = json!({ "orderId": order_id });
    whole
        .as_object_mut()
        .unwrap()
        .extend(data.as_object().unwrap().clone());
    let event = json!({
        "specversion": "1.0", "id": format!("{kind}-{order}"), "type": kind, "source": "/orders",
        "time": "2026-03-01T12:00:00Z", "correlationid": "a-correlation", "data": whole,
    });
    let mut headers = HeaderMap::new();
    headers.insert("Content-Type", "application/cloudevents+json");
    async_nats::jetstream::new(client.clone())
        .publish_with_headers(
            format!("{kind}.{order_id}"),
            headers,
            event.to_string().into(),
        )
        .await
        .unwrap()
        .await
        .unwrap();
}

async fn place_and_refund(client: &async_nats::Client, order: u32) {
    let total = json!({ "cents": 250, "currency": "EUR" });
    let placed = json!({
        "placedAt": "2026-03-01T12:00:00Z",
        "customer": { "name": "Ada", "email": "ada@example.com" },
        "lines": [{ "sku": "MUG", "quantity": 1, "unitPriceCents": 250 }],
        "total": total,
        "payment": { "method": "card", "last4": "4242" },
    });
    publish(client, "order.placed.v1", order, placed).await;
    let refunded = json!({ "paymentId": "p1", "amount": total });
    publish(client, "payment.refunded.v1", order, refunded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_gives_the_same_read_model_and_goes_on_live() {
    let broker = Broker::start().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let url = format!(
        "sqlite://{}",
        dir.path().join("analytics.sqlite3").display()
    );
    let client = async_nats::connect(broker.url()).await.unwrap();

    let service = Service::start(&broker, &url, false).await;
    until(
        "the streams to be there",
        Duration::from_secs(30),
        || async {
            let context = async_nats::jetstream::new(client.clone());
            context
                .get_stream("ORDERS")
                .await
                .map(drop)
                .map_err(|e| e.to_string())
        },
    )
    .await
    .unwrap();
    for order in 0..20 {
        place_and_refund(&client, order).await;
    }
    let live = service.summary_with(20, 20).await;
    assert_eq!(live.top_products[0].pieces, 20);
    // What a bug may have left behind.
    sqlx::query("UPDATE product SET pieces = 1")
        .execute(service.database.pool())
        .await
        .unwrap();
    service.stop().await;

    let service = Service::start(&broker, &url, true).await;
    // The first event after the rebuild: what is counted with it has been rebuilt.
    place_and_refund(&client, 20).await;
    let rebuilt = service.summary_with(21, 21).await;
    assert_eq!(rebuilt.top_products[0].pieces, 21);
    assert_eq!(rebuilt.revenue, live.revenue);
    service.stop().await;
}
