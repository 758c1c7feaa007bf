use dev::otlp::Kind;

use super::*;

/// Times in microseconds after the start.
fn span(id: &str, parent: &str, service: &str, name: &str, (start, end): (u64, u64)) -> Span {
    const BEGIN: u64 = 1_790_000_000_000_000_000;
    Span {
        trace_id: "t".to_owned(),
        span_id: id.to_owned(),
        parent_span_id: Some(parent.to_owned()).filter(|parent| !parent.is_empty()),
        service: service.to_owned(),
        name: name.to_owned(),
        start: BEGIN + start * 1_000,
        end: BEGIN + end * 1_000,
        ..Span::default()
    }
}

fn sends(address: &str, span: Span) -> Span {
    let attributes = BTreeMap::from([(
        "messaging.destination.template".to_owned(),
        address.to_owned(),
    )]);
    Span {
        kind: Kind::Producer,
        attributes,
        ..span
    }
}

fn receives(durable: &str, span: Span) -> Span {
    let attributes = BTreeMap::from([(
        "messaging.consumer.group.name".to_owned(),
        durable.to_owned(),
    )]);
    Span {
        kind: Kind::Consumer,
        attributes,
        ..span
    }
}

fn one_order() -> Vec<Span> {
    vec![
        // As they arrive: the last to end of each service comes late.
        span("3", "2", "orders", "send order.placed.v1", (27_000, 27_900)),
        span("1", "", "demo", "POST /orders", (0, 26_100)),
        span("2", "1", "orders", "POST /orders", (900, 25_400)),
        span(
            "6",
            "5",
            "inventory",
            "send inventory.reserved.v1",
            (36_000, 36_700),
        ),
        span(
            "4",
            "3",
            "analytics",
            "process analytics.recordPlaced",
            (28_500, 30_100),
        ),
        span(
            "5",
            "3",
            "inventory",
            "process inventory.reserveStock",
            (28_200, 33_000),
        ),
        span(
            "7",
            "6",
            "orders",
            "process orders.confirmReserved",
            (37_300, 1_120_000),
        ),
    ]
}

#[test]
fn a_tree_in_the_order_of_time() {
    insta::assert_snapshot!(draw(&one_order(), Paint { on: false }));
}

#[test]
fn orphans_circles_and_failures_are_shown_too() {
    let mut spans = one_order();
    spans.retain(|span| span.span_id != "3");
    spans.push(Span {
        status: Status::Error("550 5.1.1\nno such mailbox".to_owned()),
        ..span(
            "8",
            "9",
            "email",
            "process email.sendConfirmation",
            (50_000, 50_400),
        )
    });
    spans.push(span("9", "8", "email", "a circle", (51_000, 51_001)));
    insta::assert_snapshot!(draw(&spans, Paint { on: false }));
}

#[test]
fn nothing_is_an_empty_tree() {
    assert_eq!(draw(&[], Paint { on: false }), "");
}

#[test]
fn says_what_a_trace_lacks() {
    let sent = sends(
        "order.placed.v1.{orderId}",
        span("3", "", "orders", "send order.placed.v1", (1, 2)),
    );
    let stock = receives(
        "inventory-reserveStock",
        span(
            "4",
            "3",
            "inventory",
            "process inventory.reserveStock",
            (3, 4),
        ),
    );
    let again = Span {
        span_id: "5".to_owned(),
        ..stock.clone()
    };
    let receivers = |address: &str| match address {
        "order.placed.v1.{orderId}" => vec![
            "inventory-reserveStock".to_owned(),
            "analytics-recordPlaced".to_owned(),
        ],
        _ => Vec::new(),
    };
    // A second attempt of the same consumer is no second receiver.
    let lacks = missing(
        &[sent.clone(), stock.clone(), again],
        &["orders", "email"],
        receivers,
    );
    assert_eq!(
        lacks,
        ["email", "1 of 2 receivers of `send order.placed.v1`"]
    );
    let counted = receives(
        "analytics-recordPlaced",
        span(
            "6",
            "3",
            "analytics",
            "process analytics.recordPlaced",
            (3, 4),
        ),
    );
    assert_eq!(
        missing(&[sent, stock.clone(), counted], &["orders"], receivers),
        Vec::<String>::new()
    );
    assert_eq!(
        missing(std::slice::from_ref(&stock), &[], receivers),
        ["the parent 3 of `process inventory.reserveStock` in inventory"]
    );
}

#[test]
fn two_versions_of_one_event_are_handled_once() {
    let send = |id: &str, version: &str| {
        let name = format!("send order.placed.{version}");
        let address = format!("order.placed.{version}.{{orderId}}");
        sends(&address, span(id, "2", "orders", &name, (1, 2)))
    };
    let stock = |parent: &str| {
        let name = "process inventory.reserveStock";
        receives(
            "inventory-reserveStock",
            span("4", parent, "inventory", name, (3, 4)),
        )
    };
    let request = span("2", "", "orders", "POST /orders", (0, 9));
    let receivers = |_: &str| vec!["inventory-reserveStock".to_owned()];
    let both = [request, send("3", "v2"), send("5", "v1")];
    for handled in ["3", "5"] {
        let mut spans = both.to_vec();
        spans.push(stock(handled));
        assert_eq!(missing(&spans, &[], receivers), Vec::<String>::new());
    }
    assert_eq!(
        missing(&both, &[], receivers),
        [
            "1 of 1 receivers of `send order.placed.v2`",
            "1 of 1 receivers of `send order.placed.v1`"
        ]
    );
}
