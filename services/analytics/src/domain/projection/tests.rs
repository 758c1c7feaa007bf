use events::order_placed_v1::{Card, OrderLine, PaymentMethod};
use events::shared::{Currency, Customer};
use time::macros::datetime;
use uuid::Uuid;

use super::*;

fn euros(cents: i64) -> Money {
    Money {
        cents,
        currency: Currency::Eur,
    }
}

fn placed(lines: &[(&str, i64)]) -> OrderPlacedV1 {
    OrderPlacedV1 {
        order_id: Uuid::nil(),
        placed_at: datetime!(1970-01-01 00:02:30 UTC),
        customer: Customer {
            name: "Ada".to_owned(),
            email: "ada@example.com".to_owned(),
        },
        lines: lines
            .iter()
            .map(|(sku, quantity)| OrderLine {
                sku: (*sku).to_owned(),
                quantity: *quantity,
                unit_price_cents: 100,
            })
            .collect(),
        total: euros(700),
        payment: PaymentMethod::Card(Card {
            last4: "4242".to_owned(),
        }),
        note: None,
    }
}

fn ordered(sku: &str, pieces: i64) -> Change {
    Change::Ordered {
        sku: sku.to_owned(),
        pieces,
    }
}

#[test]
fn a_placed_order_brings_money_and_names_each_article_once_in_order() {
    let projection =
        placed(&[("MUG", 2), ("CUP", 1), ("MUG", 4)]).project(OffsetDateTime::now_utc());
    assert_eq!(projection.step, Step::Placed);
    assert_eq!(projection.at, datetime!(1970-01-01 00:02:30 UTC));
    assert_eq!(
        projection.changes,
        [
            Change::Order {
                pieces: 7,
                cents: 700,
                currency: Currency::Eur
            },
            ordered("CUP", 1),
            ordered("MUG", 6),
            Change::Revenue {
                minute: 2,
                cents: 700,
                currency: Currency::Eur
            },
        ]
    );
}

#[test]
fn a_refund_takes_the_money_out_in_the_minute_in_which_it_is_made() {
    let refunded = PaymentRefundedV1 {
        order_id: Uuid::nil(),
        payment_id: "p1".to_owned(),
        amount: euros(700),
    };
    let projection = refunded.project(datetime!(1970-01-01 00:09:59 UTC));
    assert_eq!(projection.step, Step::Refunded);
    assert_eq!(
        projection.changes,
        [Change::Revenue {
            minute: 9,
            cents: -700,
            currency: Currency::Eur
        }]
    );
}

#[test]
fn a_failed_reservation_is_a_shortage_of_its_article() {
    let failed = InventoryReservationFailedV1 {
        order_id: Uuid::nil(),
        sku: "MUG".to_owned(),
        requested: 5,
        available: 3,
    };
    let projection = failed.project(OffsetDateTime::UNIX_EPOCH);
    assert_eq!(projection.step, Step::Short);
    assert_eq!(
        projection.changes,
        [Change::Shortage {
            sku: "MUG".to_owned()
        }]
    );
}

#[test]
fn minutes_before_1970_are_rounded_down_too() {
    assert_eq!(minute(datetime!(1969-12-31 23:59:59 UTC)), -1);
    assert_eq!(minute(datetime!(1969-12-31 23:59:00 UTC)), -1);
    assert_eq!(minute(datetime!(1970-01-01 00:00:59 UTC)), 0);
}
