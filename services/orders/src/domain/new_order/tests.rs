#![allow(clippy::unwrap_used)]

use events::OrderPlacedV1;
use jetway::{Downcast, Upcast, Validate};
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn order() -> Value {
    json!({
        "customer": { "name": "Ada Lovelace", "email": "ada@example.com" },
        "currency": "EUR",
        "lines": [
            { "sku": "MUG-STONEWARE", "quantity": 2 },
            { "sku": "CUP-ESPRESSO", "quantity": 1 }
        ],
        "payment": { "method": "card", "token": "tok_visa" }
    })
}

/// The order with one place changed.
fn with(pointer: &str, value: Value) -> Value {
    let mut order = order();
    *order.pointer_mut(pointer).unwrap() = value;
    order
}

fn pointers(body: &Value) -> Vec<String> {
    let refused = NewOrder::read(body).err().unwrap_or_default();
    refused.into_iter().map(|invalid| invalid.pointer).collect()
}

#[test]
fn an_order_is_read_with_the_prices_of_the_shop() {
    let order = NewOrder::read(&order()).unwrap();
    assert_eq!(order.customer.email, "ada@example.com");
    assert_eq!(order.lines[0].unit_price.cents, 1_290);
    assert_eq!(order.total.cents, 2 * 1_290 + 890);
    assert_eq!(order.total.currency, Currency::Eur);
    assert_eq!(order.note, None);
}

#[test]
fn a_price_in_the_request_is_not_heard() {
    let line = json!({ "sku": "MUG-STONEWARE", "quantity": 1, "unitPriceCents": 1 });
    let order = NewOrder::read(&with("/lines/0", line)).unwrap();
    assert_eq!(order.lines[0].unit_price.cents, 1_290);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let body = json!({
        "customer": { "name": "", "email": "nobody" },
        "currency": "XXX",
        "lines": [
            { "sku": "MUG-STONEWARE", "quantity": 0 },
            { "sku": "NO-SUCH-THING", "quantity": 1.5 },
            {}
        ],
        "payment": { "method": "card" },
        "note": 7
    });
    assert_eq!(
        pointers(&body),
        [
            "/customer/name",
            "/customer/email",
            "/currency",
            "/lines/0/quantity",
            "/lines/1/sku",
            "/lines/1/quantity",
            "/lines/2/sku",
            "/lines/2/quantity",
            "/payment/token",
            "/note",
        ]
    );
}

#[test]
fn each_rule_holds_alone() {
    let long = |length| Value::from("x".repeat(length));
    let lines = |count| Value::from(vec![json!({ "sku": "CUP-ESPRESSO", "quantity": 1 }); count]);
    let invoice = |days: i64| json!({ "method": "invoice", "dueDays": days });

    for (pointer, right) in [
        ("/customer/name", long(200)),
        ("/lines", lines(100)),
        ("/lines/0/quantity", json!(10_000)),
        ("/payment", invoice(1)),
        ("/payment", invoice(90)),
    ] {
        assert_eq!(pointers(&with(pointer, right)), [""; 0], "{pointer}");
    }
    for (pointer, wrong, refused) in [
        ("/customer", json!("Ada"), "/customer/name"),
        ("/customer/name", long(201), "/customer/name"),
        ("/currency", json!("eur"), "/currency"),
        ("/lines", lines(0), "/lines"),
        ("/lines", lines(101), "/lines"),
        ("/lines", json!({}), "/lines"),
        ("/lines/0/quantity", json!(10_001), "/lines/0/quantity"),
        ("/lines/0/sku", json!("mug-stoneware"), "/lines/0/sku"),
        ("/payment/method", json!("cash"), "/payment/method"),
        ("/payment/token", json!(""), "/payment/token"),
        ("/payment", invoice(0), "/payment/dueDays"),
        ("/payment", invoice(91), "/payment/dueDays"),
    ] {
        let found = pointers(&with(pointer, wrong));
        assert_eq!(found.first().map(String::as_str), Some(refused));
    }
}

#[test]
fn a_withdrawn_note_is_not_the_same_as_none() {
    let mut body = order();
    body["note"] = Value::Null;
    assert_eq!(NewOrder::read(&body).unwrap().note, Some(Nullable::Null));
    body["note"] = json!("x".repeat(500));
    assert!(matches!(
        NewOrder::read(&body).unwrap().note,
        Some(Nullable::Value(_))
    ));
    body["note"] = json!("x".repeat(501));
    assert_eq!(pointers(&body), ["/note"]);
}

#[test]
fn an_order_beyond_all_bounds_is_refused() {
    let machines = vec![json!({ "sku": "LEVER-MACHINE", "quantity": 10_000 }); 100];
    assert_eq!(pointers(&with("/lines", machines.into())), ["/lines"]);
}

#[test]
fn a_card_token_is_not_shown() {
    let order = NewOrder::read(&order()).unwrap();
    assert!(!format!("{order:?}").contains("tok_visa"));
}

#[test]
fn a_sum_never_wraps() {
    let line = |quantity, cents| OrderLine {
        sku: String::new(),
        quantity,
        unit_price: UnitPrice {
            cents,
            currency: Currency::Eur,
        },
    };
    assert_eq!(sum(&[line(2, 50), line(1, 1)]), Some(101));
    assert_eq!(sum(&[line(1, MOST_CENTS)]), Some(MOST_CENTS));
    assert_eq!(sum(&[line(1, MOST_CENTS), line(1, 1)]), None);
    assert_eq!(sum(&[line(i64::MAX, 2)]), None);
    assert_eq!(sum(&[line(1, i64::MAX), line(1, i64::MAX)]), None);
}

/// A number that is sometimes within bounds.
fn any_number() -> impl Strategy<Value = Value> {
    prop_oneof![
        (-1..=10_001_i64).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
    ]
}

const KNOWN: [&str; 7] = [
    "MUG-STONEWARE",
    "LEVER-MACHINE",
    "EUR",
    "CHF",
    "card",
    "invoice",
    "a@b.example",
];

fn any_text() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => prop::sample::select(&KNOWN[..]).prop_map(Value::from),
        1 => ".{0,600}".prop_map(Value::from),
        1 => any_number(),
        1 => Just(Value::Null),
    ]
}

prop_compose! {
    /// Something like an order.
    fn any_body()(
        name in any_text(), email in any_text(), currency in any_text(), method in any_text(),
        token in any_text(), days in any_number(), note in any_text(),
        lines in prop::collection::vec((any_text(), any_number()), 0..101),
    ) -> Value {
        let line = |(sku, quantity)| json!({ "sku": sku, "quantity": quantity });
        let lines: Vec<_> = lines.into_iter().map(line).collect();
        json!({
            "customer": { "name": name, "email": email },
            "currency": currency,
            "lines": lines,
            "payment": { "method": method, "token": token, "dueDays": days },
            "note": note,
        })
    }
}

prop_compose! {
    /// An order within the bounds, up to them.
    fn any_order()(
        name in ".{1,200}",
        email in "[a-z]{1,20}(\\.[a-z]{1,20})?@[a-z]{1,20}\\.example",
        currency in prop::sample::select(&["EUR", "USD", "GBP", "CHF"][..]),
        lines in prop::collection::vec(
            (prop::sample::select(&["CUP-ESPRESSO", "LEVER-MACHINE"][..]), 1..=10_000_i64), 1..=100,
        ),
        payment in prop_oneof![
            Just(json!({ "method": "card", "token": "tok_visa" })),
            (1..=90_i64).prop_map(|days| json!({ "method": "invoice", "dueDays": days })),
        ],
        note in prop::option::of(".{0,500}"),
    ) -> Value {
        let line = |(sku, quantity)| json!({ "sku": sku, "quantity": quantity });
        let lines: Vec<_> = lines.into_iter().map(line).collect();
        json!({
            "customer": { "name": name, "email": email },
            "currency": currency, "lines": lines, "payment": payment, "note": note,
        })
    }
}

/// Whatever is charged can be published: what the shop accepts, the contract accepts.
fn assert_publishable(order: NewOrder) -> Result<(), TestCaseError> {
    let sum: i128 = order
        .lines
        .iter()
        .map(|line| i128::from(line.quantity) * i128::from(line.unit_price.cents))
        .sum();
    prop_assert_eq!(sum, i128::from(order.total.cents));
    let payment = PaymentMethod::Invoice(events::order_placed_v2::Invoice { due_days: 14 });
    let placed = order.placed(Uuid::nil(), OffsetDateTime::UNIX_EPOCH, payment);
    prop_assert_eq!(placed.validate(), Ok(()));
    // In both of the versions that go out, and none says less than the other.
    let old: OrderPlacedV1 = placed.downcast();
    prop_assert_eq!(old.validate(), Ok(()));
    prop_assert_eq!(OrderPlacedV2::upcast(old), placed);
    Ok(())
}

proptest! {
    #[test]
    fn an_order_within_the_bounds_is_accepted_and_publishable(body in any_order()) {
        match NewOrder::read(&body) {
            Ok(order) => assert_publishable(order)?,
            // The one rule that spans all lines.
            Err(refused) => prop_assert_eq!(&refused[0].pointer, "/lines"),
        }
    }

    #[test]
    fn anything_else_is_refused_or_publishable(body in any_body()) {
        match NewOrder::read(&body) {
            Ok(order) => assert_publishable(order)?,
            Err(refused) => prop_assert!(!refused.is_empty()),
        }
    }
}
