//! An order that the shop has taken.

use std::fmt;
use std::str::FromStr;

use events::order_cancelled_v1::CancellationReason;
use events::{
    OrderCancelledV1, OrderConfirmedV1, OrderPlacedV1, OrderPlacedV2, PaymentChargedV1,
    PaymentRefundedV1,
};
use jetway::Upcast;
use serde::{Deserialize, Deserializer, Serialize};
use time::OffsetDateTime;

/// An order: what was placed, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// What was placed.
    #[serde(flatten, deserialize_with = "placed")]
    pub placed: OrderPlacedV2,
    /// What became of it.
    pub status: Status,
    /// The payment provider's reference.
    pub payment_id: String,
}

impl Order {
    /// The event that says that it has been paid.
    #[must_use]
    pub fn charged(&self) -> PaymentChargedV1 {
        PaymentChargedV1 {
            order_id: self.placed.order_id,
            payment_id: self.payment_id.clone(),
            amount: self.placed.total.clone(),
        }
    }

    /// The event that says that it will be shipped.
    #[must_use]
    pub fn confirmed(&self, confirmed_at: OffsetDateTime) -> OrderConfirmedV1 {
        OrderConfirmedV1 {
            order_id: self.placed.order_id,
            customer: self.placed.customer.clone(),
            total: self.placed.total.clone(),
            confirmed_at,
        }
    }

    /// The event that says that all of its payment is given back.
    #[must_use]
    pub fn refunded(&self) -> PaymentRefundedV1 {
        PaymentRefundedV1 {
            order_id: self.placed.order_id,
            payment_id: self.payment_id.clone(),
            amount: self.placed.total.clone(),
        }
    }

    /// The event that says that it will not be shipped, for there is too little of `sku`.
    #[must_use]
    pub fn out_of_stock(&self, sku: String, cancelled_at: OffsetDateTime) -> OrderCancelledV1 {
        OrderCancelledV1 {
            order_id: self.placed.order_id,
            customer: self.placed.customer.clone(),
            total: self.placed.total.clone(),
            reason: CancellationReason::OutOfStock,
            sku: Some(sku),
            cancelled_at,
        }
    }
}

/// What was placed, as it is stored: an order from before `order.placed.v2` is stored in v1.
///
/// # Errors
///
/// Where it is neither.
pub fn placed<'de, D: Deserializer<'de>>(stored: D) -> Result<OrderPlacedV2, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored {
        V2(OrderPlacedV2),
        V1(OrderPlacedV1),
    }
    Ok(match Stored::deserialize(stored)? {
        Stored::V2(placed) => placed,
        Stored::V1(old) => OrderPlacedV2::upcast(old),
    })
}

/// How a request for an order ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The shop has taken the order.
    Placed(Box<Order>),
    /// The payment was declined, for this reason.
    Declined(String),
}

/// What became of an order. It is placed once, and then either confirmed or cancelled, for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Paid and stored; stock has not answered yet.
    Placed,
    /// Stock is reserved: it will be shipped.
    Confirmed,
    /// It will not be shipped, and the payment is given back.
    Cancelled,
}

impl Status {
    const ALL: [Self; 3] = [Self::Placed, Self::Confirmed, Self::Cancelled];

    /// The status as it is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Confirmed => "confirmed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        let named = |status: &Self| status.as_str() == text;
        Self::ALL
            .into_iter()
            .find(named)
            .ok_or_else(|| UnknownStatus(text.to_owned()))
    }
}

/// A stored status that no version of the shop has written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the status of an order: placed, confirmed or cancelled")]
pub struct UnknownStatus(String);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_order_from_before_the_second_version_is_read() {
        let mut order = serde_json::json!({
            "orderId": "0198c0de-7000-7000-8000-000000000001",
            "placedAt": "2026-03-01T08:30:00Z",
            "customer": { "name": "Ada Lovelace", "email": "ada@example.com" },
            "lines": [{ "sku": "CUP-01", "quantity": 2, "unitPriceCents": 450 }],
            "total": { "cents": 900, "currency": "GBP" },
            "payment": { "method": "card", "last4": "4242" },
            "status": "placed",
            "paymentId": "pay_1"
        });
        let read: Order = serde_json::from_value(order.clone()).unwrap();
        let price = serde_json::json!({ "cents": 450, "currency": "GBP" });
        order["lines"] =
            serde_json::json!([{ "sku": "CUP-01", "quantity": 2, "unitPrice": price }]);
        assert_eq!(serde_json::json!(read), order);
        assert_eq!(serde_json::from_value::<Order>(order).unwrap(), read);
    }

    #[test]
    fn a_status_is_read_as_it_was_written() {
        for status in Status::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
            assert_eq!(serde_json::json!(status), status.as_str());
        }
        assert!("PLACED".parse::<Status>().is_err());
    }
}
