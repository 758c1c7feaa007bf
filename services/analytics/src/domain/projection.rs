//! What each event changes.

use std::collections::BTreeMap;
use std::iter;

use events::shared::Money;
use events::{
    InventoryReservationFailedV1, InventoryReservedV1, OrderCancelledV1, OrderConfirmedV1,
    OrderPlacedV1, PaymentChargedV1, PaymentRefundedV1,
};
use time::OffsetDateTime;

use super::{Change, Projection, Step};

/// An event that the read model takes notice of.
pub trait Project: Send + Sync {
    /// What the event changes. `published_at` stands in where the event's data does not say when it happened.
    fn project(&self, published_at: OffsetDateTime) -> Projection;
}

impl Project for OrderPlacedV1 {
    fn project(&self, _: OffsetDateTime) -> Projection {
        // Sorted by article, and each article once.
        let mut articles = BTreeMap::<&str, i64>::new();
        for line in &self.lines {
            *articles.entry(&line.sku).or_default() += line.quantity;
        }
        let order = Change::Order {
            pieces: articles.values().sum(),
            cents: self.total.cents,
            currency: self.total.currency,
        };
        let ordered = articles.into_iter().map(|(sku, pieces)| Change::Ordered {
            sku: sku.to_owned(),
            pieces,
        });
        Projection {
            order_id: self.order_id,
            step: Step::Placed,
            at: self.placed_at,
            changes: iter::once(order)
                .chain(ordered)
                .chain([income(&self.total, self.placed_at)])
                .collect(),
        }
    }
}

impl Project for PaymentChargedV1 {
    fn project(&self, published_at: OffsetDateTime) -> Projection {
        Projection {
            order_id: self.order_id,
            step: Step::Charged,
            at: published_at,
            changes: Vec::new(),
        }
    }
}

impl Project for InventoryReservedV1 {
    fn project(&self, _: OffsetDateTime) -> Projection {
        Projection {
            order_id: self.order_id,
            step: Step::Reserved,
            at: self.reserved_at,
            changes: Vec::new(),
        }
    }
}

impl Project for InventoryReservationFailedV1 {
    fn project(&self, published_at: OffsetDateTime) -> Projection {
        Projection {
            order_id: self.order_id,
            step: Step::Short,
            at: published_at,
            changes: vec![Change::Shortage {
                sku: self.sku.clone(),
            }],
        }
    }
}

impl Project for OrderConfirmedV1 {
    fn project(&self, _: OffsetDateTime) -> Projection {
        Projection {
            order_id: self.order_id,
            step: Step::Confirmed,
            at: self.confirmed_at,
            changes: Vec::new(),
        }
    }
}

impl Project for OrderCancelledV1 {
    fn project(&self, _: OffsetDateTime) -> Projection {
        Projection {
            order_id: self.order_id,
            step: Step::Cancelled,
            at: self.cancelled_at,
            changes: Vec::new(),
        }
    }
}

impl Project for PaymentRefundedV1 {
    fn project(&self, published_at: OffsetDateTime) -> Projection {
        Projection {
            order_id: self.order_id,
            step: Step::Refunded,
            at: published_at,
            changes: vec![outgo(&self.amount, published_at)],
        }
    }
}

fn income(money: &Money, at: OffsetDateTime) -> Change {
    Change::Revenue {
        minute: minute(at),
        cents: money.cents,
        currency: money.currency,
    }
}

fn outgo(money: &Money, at: OffsetDateTime) -> Change {
    Change::Revenue {
        minute: minute(at),
        cents: -money.cents,
        currency: money.currency,
    }
}

/// Minutes since 1970, rounded down also before it.
fn minute(at: OffsetDateTime) -> i64 {
    at.unix_timestamp().div_euclid(60)
}

#[cfg(test)]
mod tests;
