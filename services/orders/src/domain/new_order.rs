//! An order as a client asks for it: which are accepted, and what they cost.

use events::OrderPlacedV2;
use events::order_placed_v2::{OrderLine, PaymentMethod, UnitPrice};
use events::shared::{Currency, Customer, Money};
use jetway::Nullable;
use jetway::settings::Secret;
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::catalogue;
use super::form::{Form, Invalid};

/// The most that one order may cost, in cents: the bound of the contract's `Money`.
const MOST_CENTS: i64 = 100_000_000_000;

/// An order that the shop accepts, once it is paid.
#[derive(Clone, Debug, PartialEq)]
pub struct NewOrder {
    /// Who orders.
    pub customer: Customer,
    /// What, with the shop's prices.
    pub lines: Vec<OrderLine>,
    /// What it costs.
    pub total: Money,
    /// How it is going to be paid.
    pub payment: Payment,
    /// What the customer wrote to us.
    pub note: Option<Nullable<String>>,
}

/// How an order is going to be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payment {
    /// With a card.
    Card {
        /// What the payment provider calls the card. It could be used to charge it, so it is neither logged nor kept.
        token: Secret,
    },
    /// On account.
    Invoice {
        /// Within how many days.
        due_days: i64,
    },
}

enum Method {
    Card,
    Invoice,
}

impl NewOrder {
    /// Reads an order from the body of a request.
    ///
    /// # Errors
    ///
    /// Everything for which the shop does not accept it, each with its place.
    pub fn read(body: &Value) -> Result<Self, Vec<Invalid>> {
        let mut form = Form::new(body);
        let customer = Customer {
            name: form.text("/customer/name", 1..=200),
            email: form.email("/customer/email"),
        };
        let currency = read_currency(&mut form);
        let lines = read_lines(&mut form, currency);
        let total = Money {
            cents: sum(&lines).unwrap_or_else(|| {
                form.refuse("/lines", "the shop takes no order as large as this");
                0
            }),
            currency,
        };
        let payment = read_payment(&mut form);
        let note = read_note(&mut form);
        form.finish(Self {
            customer,
            lines,
            total,
            payment,
            note,
        })
    }

    /// The event that says that this order has been paid and stored.
    #[must_use]
    pub fn placed(
        self,
        order_id: Uuid,
        placed_at: OffsetDateTime,
        payment: PaymentMethod,
    ) -> OrderPlacedV2 {
        OrderPlacedV2 {
            order_id,
            placed_at,
            customer: self.customer,
            lines: self.lines,
            total: self.total,
            payment,
            note: self.note,
        }
    }
}

fn read_currency(form: &mut Form<'_>) -> Currency {
    let currency = |value| Currency::deserialize(value).ok();
    form.required("/currency", "one of EUR, USD, GBP, CHF", currency)
        .unwrap_or(Currency::Eur)
}

fn read_lines(form: &mut Form<'_>, currency: Currency) -> Vec<OrderLine> {
    let lines = form.items("/lines", 1..=100);
    lines
        .iter()
        .map(|line| read_line(form, line, currency))
        .collect()
}

fn read_line(form: &mut Form<'_>, line: &str, currency: Currency) -> OrderLine {
    let article = |value: &Value| {
        let sku = value.as_str()?;
        Some((sku.to_owned(), catalogue::price(sku, currency)?))
    };
    let (sku, cents) = form
        .required(&format!("{line}/sku"), "an article of the shop", article)
        .unwrap_or_default();
    OrderLine {
        sku,
        quantity: form.integer(&format!("{line}/quantity"), 1..=10_000),
        unit_price: UnitPrice { cents, currency },
    }
}

fn read_payment(form: &mut Form<'_>) -> Payment {
    let method = |value: &Value| match value.as_str()? {
        "card" => Some(Method::Card),
        "invoice" => Some(Method::Invoice),
        _ => None,
    };
    match form.required("/payment/method", "card or invoice", method) {
        Some(Method::Card) => Payment::Card {
            token: form.text("/payment/token", 1..=200).into(),
        },
        Some(Method::Invoice) => Payment::Invoice {
            due_days: form.integer("/payment/dueDays", 1..=90),
        },
        None => Payment::Invoice { due_days: 0 },
    }
}

fn read_note(form: &mut Form<'_>) -> Option<Nullable<String>> {
    match form.optional("/note")? {
        Value::Null => Some(Nullable::Null),
        _ => Some(Nullable::Value(form.text("/note", 0..=500))),
    }
}

/// What the lines cost together, or `None` where it is more than the shop can book.
fn sum(lines: &[OrderLine]) -> Option<i64> {
    lines
        .iter()
        .try_fold(0_i64, |sum, line| {
            sum.checked_add(line.quantity.checked_mul(line.unit_price.cents)?)
        })
        .filter(|cents| *cents <= MOST_CENTS)
}

#[cfg(test)]
mod tests;
