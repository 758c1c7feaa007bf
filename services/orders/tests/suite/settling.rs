//! Stock answers, and settles an order: on a real broker.

use async_nats::jetstream;
use dev::{Broker, until};
use events::{InventoryReservationFailedV1, InventoryReservedV1};
use jetway::EventData;
use orders::domain::Fingerprint;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::support::{PATIENCE, Service, answer, order, sqlite};

/// The service and stock's side of the broker.
struct House {
    service: Service,
    jetstream: jetstream::Context,
    _broker: Broker,
}

/// Runs a test on SQLite and on Postgres, each with a database and a broker of its own.
async fn on_each_database(test: impl AsyncFn(House)) {
    let directory = tempfile::tempdir().unwrap();
    let postgres = dev::Postgres::database().await.unwrap();
    for url in [&sqlite(directory.path()), postgres.url()] {
        eprintln!("on {}", url.split(':').next().unwrap_or_default());
        test(House::start(url).await).await;
    }
}

impl House {
    async fn start(database_url: &str) -> Self {
        let broker = Broker::start().await.unwrap();
        let service = Service::start(database_url, &broker.url()).await;
        until("the service to be ready", PATIENCE, || async {
            match service.get("/readyz").await {
                ready if ready.status() == 200 => Ok(()),
                other => Err(other.text().await.unwrap_or_default()),
            }
        })
        .await
        .unwrap();
        let client = async_nats::connect(broker.url()).await.unwrap();
        Self {
            service,
            jetstream: jetstream::new(client),
            _broker: broker,
        }
    }

    async fn place(&self) -> Uuid {
        let created = answer(self.service.place("key", &order()).await).await;
        created.body["orderId"].as_str().unwrap().parse().unwrap()
    }

    /// Publishes as stock would.
    async fn publish<E: EventData>(&self, event: &E) {
        let envelope = json!({
            "specversion": "1.0",
            "id": Uuid::now_v7(),
            "type": E::TYPE,
            "source": "/inventory",
            "subject": event.key(),
            "time": OffsetDateTime::now_utc().format(&Rfc3339).unwrap(),
            "datacontenttype": "application/json",
            "correlationid": "a-test",
            "data": event,
        });
        let mut headers = async_nats::HeaderMap::new();
        headers.insert("Content-Type", "application/cloudevents+json");
        let subject = event.subject().unwrap().as_str().to_owned();
        let body = envelope.to_string().into();
        let stored = self.jetstream.publish_with_headers(subject, headers, body);
        stored.await.unwrap().await.unwrap();
    }

    async fn reserved(&self, order_id: Uuid) {
        let reserved_at = OffsetDateTime::now_utc();
        self.publish(&InventoryReservedV1 {
            order_id,
            reserved_at,
        })
        .await;
    }

    async fn short(&self, order_id: Uuid) {
        let short = InventoryReservationFailedV1 {
            order_id,
            sku: "MUG-STONEWARE".to_owned(),
            requested: 2,
            available: 1,
        };
        self.publish(&short).await;
    }

    /// Waits until the order has this status, and returns the types of its events.
    async fn settled(&self, order_id: Uuid, status: &str) -> Vec<String> {
        let path = format!("/orders/{order_id}");
        until(format!("{path} to be {status}"), PATIENCE, || async {
            let order = answer(self.service.get(&path).await).await;
            if order.body["status"] == status {
                Ok(())
            } else {
                Err(order.body.to_string())
            }
        })
        .await
        .unwrap();
        let events = answer(self.service.get(&format!("{path}/events")).await).await;
        let events = events.body.as_array().unwrap().iter();
        events
            .map(|event| event["type"].as_str().unwrap().to_owned())
            .collect()
    }

    /// The `data` of the event of this type about an order.
    async fn published(&self, event_type: &str, order_id: Uuid) -> Value {
        let subject = format!("{event_type}.{order_id}");
        let event: Value = until(&subject, PATIENCE, || async {
            let stream = self
                .jetstream
                .get_stream("ORDERS")
                .await
                .map_err(|e| e.to_string())?;
            let last = stream.get_last_raw_message_by_subject(&subject).await;
            let message = last.map_err(|e| e.to_string())?;
            serde_json::from_slice(&message.payload).map_err(|e| e.to_string())
        })
        .await
        .unwrap();
        event["data"].clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_confirmed_when_stock_is_reserved() {
    on_each_database(async |house| {
        let order_id = house.place().await;
        let placed = house.published("order.placed.v2", order_id).await;
        assert_eq!(
            placed["lines"][0]["unitPrice"],
            json!({ "cents": 1_290, "currency": "EUR" })
        );
        let v1 = house.published("order.placed.v1", order_id).await;
        assert_eq!(v1["lines"][0]["unitPriceCents"], 1_290);
        let charged = house.published("payment.charged.v1", order_id).await;
        assert_eq!(charged["amount"], placed["total"]);

        house.reserved(order_id).await;
        assert_eq!(
            house.settled(order_id, "confirmed").await,
            [
                "order.placed.v2",
                "payment.charged.v1",
                "inventory.reserved.v1",
                "order.confirmed.v1"
            ]
        );
        let confirmed = house.published("order.confirmed.v1", order_id).await;
        assert_eq!(confirmed["customer"], placed["customer"]);
        assert_eq!(confirmed["total"], placed["total"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_refunded_and_cancelled_when_stock_is_short() {
    on_each_database(async |house| {
        let order_id = house.place().await;
        house.short(order_id).await;
        assert_eq!(
            house.settled(order_id, "cancelled").await,
            [
                "order.placed.v2",
                "payment.charged.v1",
                "inventory.reservation_failed.v1",
                "payment.refunded.v1",
                "order.cancelled.v1",
            ]
        );
        let charged = house.published("payment.charged.v1", order_id).await;
        assert_eq!(
            house.published("payment.refunded.v1", order_id).await,
            charged
        );
        let cancelled = house.published("order.cancelled.v1", order_id).await;
        assert_eq!(cancelled["reason"], "out_of_stock");
        assert_eq!(cancelled["sku"], "MUG-STONEWARE");
        assert_eq!(house.service.ledger.refunds(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settled_order_stays_as_it_is() {
    on_each_database(async |house| {
        let order_id = house.place().await;
        house.reserved(order_id).await;
        let history = house.settled(order_id, "confirmed").await;

        house.reserved(order_id).await;
        house.short(order_id).await;
        house
            .service
            .counted("SELECT COUNT(*) FROM jetway_inbox", 3)
            .await;
        assert_eq!(house.settled(order_id, "confirmed").await, history);
        assert_eq!(house.service.ledger.refunds(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_faster_than_its_order_waits() {
    on_each_database(async |house| {
        // The order's id is known before the order: whoever claims a key gets it.
        let order_id = Uuid::now_v7();
        sqlx::query(
            "INSERT INTO idempotency_keys (idempotency_key, fingerprint, order_id, claimed_at) VALUES ('key', $1, $2, 0)",
        )
        .bind(Fingerprint::of(order().to_string().as_bytes()).as_str())
        .bind(order_id.to_string())
        .execute(house.service.app.database().pool())
        .await
        .unwrap();

        house.reserved(order_id).await;
        house.service.counted("SELECT COUNT(*) FROM jetway_attempts WHERE deferred_at IS NOT NULL", 1).await;
        assert_eq!(house.place().await, order_id);
        house.settled(order_id, "confirmed").await;
    })
    .await;
}
