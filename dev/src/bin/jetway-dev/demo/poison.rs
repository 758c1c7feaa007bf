//! The event that breaks its schema, published past the service that would have refused to.

use anyhow::Context;
use async_nats::HeaderMap;
use async_nats::jetstream;
use serde_json::json;

use super::figures::Poison;

/// Publishes it straight to the subject. It is whole JSON and a whole envelope; only its data is wrong: an order of
/// nothing, for less than nothing, by somebody without an address.
pub(super) async fn publish(context: &jetstream::Context) -> anyhow::Result<Poison> {
    let (order, event) = (uuid::Uuid::new_v4(), uuid::Uuid::now_v7());
    let body = json!({
        "specversion": "1.0",
        "id": event,
        "type": "order.placed.v1",
        "source": "/demo",
        "subject": order,
        "time": "2026-01-01T00:00:00Z",
        "datacontenttype": "application/json",
        "correlationid": uuid::Uuid::now_v7(),
        "data": {
            "orderId": order,
            "placedAt": "2026-01-01T00:00:00Z",
            "customer": {"name": "Mallory", "email": "nowhere"},
            "lines": [],
            "total": {"cents": -100, "currency": "EUR"},
            "payment": {"method": "card", "last4": "4242"},
        },
    });
    let mut headers = HeaderMap::new();
    headers.insert("Content-Type", "application/cloudevents+json");
    headers.insert("Nats-Msg-Id", event.to_string());
    let subject = format!("order.placed.v1.{order}");
    let sent = context
        .publish_with_headers(subject, headers, body.to_string().into())
        .await;
    let stored = sent
        .context("cannot publish the poison event")?
        .await
        .context("the poison event was not stored")?;
    Ok(Poison {
        stream: stored.stream,
        sequence: stored.sequence,
        consumers: Vec::new(),
    })
}
