//! How versions of one event are made of each other, by hand. The compiler asks for what `asyncapi.yaml` declares:
//! an [`Upcast`] for every `x-upcasts`, a [`Downcast`] where a service sends two versions side by side.
//!
//! These are pure functions of the data. What they make of every version ever published is pinned in
//! `events/examples/<event>/golden`.

use jetway::{Downcast, Upcast};

use crate::shared::Currency;
use crate::{OrderPlacedV1, OrderPlacedV2, order_placed_v1 as v1, order_placed_v2 as v2};

/// v2 states the currency of each price; in v1 it is that of the total.
impl Upcast<OrderPlacedV1> for OrderPlacedV2 {
    fn upcast(old: OrderPlacedV1) -> Self {
        let currency = old.total.currency;
        Self {
            order_id: old.order_id,
            placed_at: old.placed_at,
            customer: old.customer,
            lines: old.lines.into_iter().map(|l| line(l, currency)).collect(),
            total: old.total,
            payment: match old.payment {
                v1::PaymentMethod::Card(v1::Card { last4 }) => {
                    v2::PaymentMethod::Card(v2::Card { last4 })
                }
                v1::PaymentMethod::Invoice(v1::Invoice { due_days }) => {
                    v2::PaymentMethod::Invoice(v2::Invoice { due_days })
                }
            },
            note: old.note,
        }
    }
}

fn line(old: v1::OrderLine, currency: Currency) -> v2::OrderLine {
    v2::OrderLine {
        sku: old.sku,
        quantity: old.quantity,
        unit_price: v2::UnitPrice {
            cents: old.unit_price_cents,
            currency,
        },
    }
}

/// All prices of an order are in the currency of its total, so v1 loses nothing.
impl Downcast<OrderPlacedV1> for OrderPlacedV2 {
    fn downcast(&self) -> OrderPlacedV1 {
        let lines = self.lines.iter().map(|line| v1::OrderLine {
            sku: line.sku.clone(),
            quantity: line.quantity,
            unit_price_cents: line.unit_price.cents,
        });
        OrderPlacedV1 {
            order_id: self.order_id,
            placed_at: self.placed_at,
            customer: self.customer.clone(),
            lines: lines.collect(),
            total: self.total.clone(),
            payment: match &self.payment {
                v2::PaymentMethod::Card(card) => v1::PaymentMethod::Card(v1::Card {
                    last4: card.last4.clone(),
                }),
                v2::PaymentMethod::Invoice(invoice) => v1::PaymentMethod::Invoice(v1::Invoice {
                    due_days: invoice.due_days,
                }),
            },
            note: self.note.clone(),
        }
    }
}
