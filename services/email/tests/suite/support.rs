//! What the tests of this service share.

use email::domain::{Letter, Mail, cancellation, confirmation};
use events::order_cancelled_v1::CancellationReason;
use events::shared::{Currency, Customer, Money};
use events::{OrderCancelledV1, OrderConfirmedV1};
use time::macros::datetime;
use uuid::Uuid;

pub(crate) const EVENT_ID: &str = "0198c0df-0000-7000-8000-00000000abcd";

pub(crate) fn order_id() -> Uuid {
    Uuid::from_u128(0x0198_c0de_0000_7000_8000_0000_cafe_f00d)
}

pub(crate) fn customer(name: &str, email: &str) -> Customer {
    Customer {
        name: name.to_owned(),
        email: email.to_owned(),
    }
}

pub(crate) fn confirmed(customer: Customer) -> OrderConfirmedV1 {
    OrderConfirmedV1 {
        order_id: order_id(),
        customer,
        total: Money {
            cents: 4990,
            currency: Currency::Eur,
        },
        confirmed_at: datetime!(2026-03-01 12:30:00 UTC),
    }
}

pub(crate) fn cancelled(reason: CancellationReason, sku: Option<&str>) -> OrderCancelledV1 {
    OrderCancelledV1 {
        order_id: order_id(),
        customer: customer("Ada Lovelace", "ada@example.com"),
        total: Money {
            cents: 4990,
            currency: Currency::Eur,
        },
        reason,
        sku: sku.map(str::to_owned),
        cancelled_at: datetime!(2026-03-01 12:30:00 UTC),
    }
}

pub(crate) fn confirmation_to(name: &str, address: &str) -> Letter {
    confirmation(EVENT_ID, &confirmed(customer(name, address))).unwrap()
}

pub(crate) fn cancellation_for(reason: CancellationReason, sku: Option<&str>) -> Letter {
    cancellation(EVENT_ID, &cancelled(reason, sku)).unwrap()
}

pub(crate) fn mail_to(address: &str) -> Mail {
    let from = "Jetway sample shop <shop@example.com>".parse().unwrap();
    Mail::new(&confirmation_to("Ada Lovelace", address), &from).unwrap()
}
