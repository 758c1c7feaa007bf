// The event of this bench as one writes it by hand: what serde derives, nothing checked.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use uuid::Uuid;

/// A structured CloudEvents event.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Envelope {
    pub(crate) specversion: String,
    pub(crate) id: Uuid,
    #[serde(rename = "type")]
    pub(crate) event_type: String,
    pub(crate) source: String,
    pub(crate) subject: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) time: OffsetDateTime,
    pub(crate) datacontenttype: String,
    pub(crate) dataschema: String,
    pub(crate) correlationid: String,
    pub(crate) data: Order,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Order {
    pub(crate) order_id: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) placed_at: OffsetDateTime,
    pub(crate) email: String,
    pub(crate) lines: Vec<Line>,
    pub(crate) total_cents: i64,
    pub(crate) currency: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Line {
    pub(crate) sku: String,
    pub(crate) quantity: i64,
    pub(crate) unit_cents: i64,
}

impl Envelope {
    pub(crate) fn example(number: u64) -> Self {
        let order = Order::example(number);
        Self {
            specversion: "1.0".to_owned(),
            id: Uuid::now_v7(),
            event_type: "bench.order.v1".to_owned(),
            source: "/bench".to_owned(),
            subject: order.order_id.to_string(),
            time: OffsetDateTime::now_utc(),
            datacontenttype: "application/json".to_owned(),
            dataschema: "bench.order.v1.json".to_owned(),
            correlationid: Uuid::now_v7().to_string(),
            data: order,
        }
    }
}

impl Order {
    pub(crate) fn example(number: u64) -> Self {
        Self {
            order_id: Uuid::from_u128(u128::from(number % 1_000)),
            placed_at: OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(number as i64),
            email: "ada@example.com".to_owned(),
            lines: vec![
                Line {
                    sku: "TEA-EARL-GREY".to_owned(),
                    quantity: 2,
                    unit_cents: 1_250,
                },
                Line {
                    sku: "CUP-01".to_owned(),
                    quantity: 1,
                    unit_cents: 900,
                },
            ],
            total_cents: 3_400,
            currency: "EUR".to_owned(),
        }
    }
}
