//! The two letters that the shop writes.

use askama::Template;
use events::order_cancelled_v1::CancellationReason;
use events::shared::{Customer, Money};
use events::{OrderCancelledV1, OrderConfirmedV1};
use time::OffsetDateTime;
use uuid::Uuid;

use super::wording::{amount, one_line, order_number};

/// What a letter is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The order will be shipped.
    Confirmed,
    /// The order will not be shipped.
    Cancelled,
}

impl Kind {
    /// The kind as it stands in file names and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A finished letter to one customer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The event that gave rise to it.
    pub event_id: String,
    /// The order that it is about.
    pub order_id: Uuid,
    /// What it is about.
    pub kind: Kind,
    /// The customer's name, on one line.
    pub name: String,
    /// The customer's address, as the order has it.
    pub address: String,
    /// The subject line.
    pub subject: String,
    /// The letter as plain text.
    pub text: String,
    /// The same letter as HTML.
    pub html: String,
    /// When the order was confirmed or cancelled.
    pub dated: OffsetDateTime,
}

/// The letter that an order will be shipped.
///
/// # Errors
///
/// Where a template fails to render.
pub fn confirmation(event_id: &str, order: &OrderConfirmedV1) -> Result<Letter, askama::Error> {
    let words = Words::new(order.order_id, &order.customer, &order.total);
    Ok(Letter {
        event_id: event_id.to_owned(),
        order_id: order.order_id,
        kind: Kind::Confirmed,
        subject: format!("Your order {} is confirmed", words.number),
        text: ConfirmedText { words: &words }.render()?,
        html: ConfirmedHtml { words: &words }.render()?,
        name: words.name,
        address: order.customer.email.clone(),
        dated: order.confirmed_at,
    })
}

/// The letter that an order will not be shipped, and why.
///
/// # Errors
///
/// Where a template fails to render.
pub fn cancellation(event_id: &str, order: &OrderCancelledV1) -> Result<Letter, askama::Error> {
    let words = Words::new(order.order_id, &order.customer, &order.total);
    let sold_out = order.reason == CancellationReason::OutOfStock;
    let sku = order.sku.as_deref();
    Ok(Letter {
        event_id: event_id.to_owned(),
        order_id: order.order_id,
        kind: Kind::Cancelled,
        subject: format!("Your order {} is cancelled", words.number),
        text: CancelledText {
            words: &words,
            sold_out,
            sku,
        }
        .render()?,
        html: CancelledHtml {
            words: &words,
            sold_out,
            sku,
        }
        .render()?,
        name: words.name,
        address: order.customer.email.clone(),
        dated: order.cancelled_at,
    })
}

/// What every letter says.
struct Words {
    name: String,
    number: String,
    total: String,
}

impl Words {
    fn new(order_id: Uuid, customer: &Customer, total: &Money) -> Self {
        Self {
            name: one_line(&customer.name),
            number: order_number(order_id),
            total: amount(total),
        }
    }
}

#[derive(Template)]
#[template(path = "confirmed.txt")]
struct ConfirmedText<'a> {
    words: &'a Words,
}

#[derive(Template)]
#[template(path = "confirmed.html")]
struct ConfirmedHtml<'a> {
    words: &'a Words,
}

#[derive(Template)]
#[template(path = "cancelled.txt")]
struct CancelledText<'a> {
    words: &'a Words,
    sold_out: bool,
    sku: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "cancelled.html")]
struct CancelledHtml<'a> {
    words: &'a Words,
    sold_out: bool,
    sku: Option<&'a str>,
}
