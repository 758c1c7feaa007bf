//! One order is one trace across all services, asserted on what they send to a real OTLP collector.

#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use dev::otlp::{Collector, Kind, Span, Status};
use system_tests::{Basket, Message, On, Order, Shop};

/// One hop over the broker: who sends what because of which event, and who processes it.
struct Hop {
    event: &'static str,
    sender: &'static str,
    cause: Option<&'static str>,
    consumers: &'static [(&'static str, &'static str)],
}

const PLACED: Hop = Hop {
    event: "order.placed.v2",
    sender: "orders",
    cause: None,
    // It gets the first version too, and knows it for the same fact: a duplicate has no span.
    consumers: &[("inventory", "inventory.reserveStock")],
};

const PLACED_V1: Hop = Hop {
    event: "order.placed.v1",
    sender: "orders",
    cause: None,
    consumers: &[("analytics", "analytics.recordPlaced")],
};

const CHARGED: Hop = Hop {
    event: "payment.charged.v1",
    sender: "orders",
    cause: None,
    consumers: &[("analytics", "analytics.recordCharged")],
};

const CONFIRMED: [Hop; 5] = [
    PLACED,
    PLACED_V1,
    CHARGED,
    Hop {
        event: "inventory.reserved.v1",
        sender: "inventory",
        cause: Some("order.placed.v2"),
        consumers: &[
            ("orders", "orders.confirmReserved"),
            ("analytics", "analytics.recordReserved"),
        ],
    },
    Hop {
        event: "order.confirmed.v1",
        sender: "orders",
        cause: Some("inventory.reserved.v1"),
        consumers: &[
            ("email", "email.sendConfirmation"),
            ("analytics", "analytics.recordConfirmed"),
        ],
    },
];

const CANCELLED: [Hop; 6] = [
    PLACED,
    PLACED_V1,
    CHARGED,
    Hop {
        event: "inventory.reservation_failed.v1",
        sender: "inventory",
        cause: Some("order.placed.v2"),
        consumers: &[
            ("orders", "orders.cancelShort"),
            ("analytics", "analytics.recordReservationFailed"),
        ],
    },
    Hop {
        event: "payment.refunded.v1",
        sender: "orders",
        cause: Some("inventory.reservation_failed.v1"),
        consumers: &[("analytics", "analytics.recordRefunded")],
    },
    Hop {
        event: "order.cancelled.v1",
        sender: "orders",
        cause: Some("inventory.reservation_failed.v1"),
        consumers: &[
            ("email", "email.sendCancellation"),
            ("analytics", "analytics.recordCancelled"),
        ],
    },
];

#[tokio::test]
async fn one_order_is_one_trace_from_the_request_to_the_mail() {
    let collector = Collector::start().await.unwrap();
    let mut shop = Shop::new(On::Sqlite).await;
    shop.set_all("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint());
    shop.start_all().await;

    let confirmed = shop.place(&Basket::in_stock()).await;
    let cancelled = shop.place(&Basket::too_much()).await;
    shop.audit(&[confirmed.clone(), cancelled.clone()]).await;

    let first = check(&shop, &collector, &confirmed, &CONFIRMED).await;
    let second = check(&shop, &collector, &cancelled, &CANCELLED).await;
    assert_ne!(first, second, "two orders share a trace");
}

/// Checks everything about one order; returns its trace id.
async fn check(shop: &Shop, collector: &Collector, order: &Order, hops: &[Hop]) -> String {
    let events = shop.events_of(order.id).await;
    let event = |kind: &str| {
        events
            .iter()
            .find(|event| event.attribute("type") == kind)
            .unwrap()
    };
    check_ids(order, hops, event);

    let (trace, _) = trace_parent(event("order.placed.v1"));
    let expected: usize = 1 + hops
        .iter()
        .map(|hop| 1 + hop.consumers.len())
        .sum::<usize>();
    let interesting = |span: &Span| span.trace_id == trace && span.kind != Kind::Internal;
    let enough = |spans: &[Span]| spans.iter().filter(|span| interesting(span)).count() >= expected;
    collector
        .wait_for(enough, Duration::from_secs(20))
        .await
        .unwrap();
    let spans: Vec<Span> = collector
        .trace(&trace)
        .into_iter()
        .filter(interesting)
        .collect();
    assert_eq!(spans.len(), expected, "{}", names(&spans));

    let server = check_server(&spans);
    for hop in hops {
        check_hop(hop, event(hop.event), &spans, server);
    }
    trace
}

/// Correlation id: the same on all. Causation id: the id of the event that was handled when this one was sent.
fn check_ids<'e>(order: &Order, hops: &[Hop], event: impl Fn(&str) -> &'e Message) {
    let correlation = event("order.placed.v1")
        .attribute("correlationid")
        .to_owned();
    assert!(
        correlation.parse::<uuid::Uuid>().is_ok(),
        "correlation id {correlation:?}"
    );
    for hop in hops {
        let sent = event(hop.event);
        assert_eq!(
            sent.attribute("correlationid"),
            correlation,
            "{}",
            hop.event
        );
        let cause = hop.cause.map_or("", |cause| event(cause).attribute("id"));
        assert_eq!(
            sent.attribute("causationid"),
            cause,
            "{} is caused by {:?}",
            hop.event,
            hop.cause
        );
        assert_eq!(sent.attribute("source"), format!("/{}", hop.sender));
        assert_eq!(sent.attribute("subject"), order.id.to_string());
        assert_eq!(sent.header("Nats-Msg-Id"), sent.attribute("id"));
        assert_eq!(sent.header("Content-Type"), "application/cloudevents+json");
    }
}

fn check_server(spans: &[Span]) -> &Span {
    let servers: Vec<&Span> = spans
        .iter()
        .filter(|span| span.kind == Kind::Server)
        .collect();
    let [server] = servers[..] else {
        panic!("one request, not {}", names(spans))
    };
    assert_eq!(
        (server.service.as_str(), server.name.as_str()),
        ("orders", "POST /orders")
    );
    assert_eq!(server.parent_span_id, None);
    assert_eq!(server.attribute("http.request.method"), "POST");
    assert_eq!(server.attribute("http.route"), "/orders");
    assert_eq!(server.attribute("http.response.status_code"), "201");
    server
}

fn check_hop(hop: &Hop, event: &Message, spans: &[Span], server: &Span) {
    let sends = of(spans, hop.sender, &format!("send {}", hop.event));
    let [send] = sends[..] else {
        panic!("one send of {}: {}", hop.event, names(spans))
    };
    let parent = match hop.cause {
        None => server,
        // Sent while this service handled the cause.
        Some(cause) => spans
            .iter()
            .find(|span| {
                span.kind == Kind::Consumer
                    && span.service == hop.sender
                    && span.attribute("messaging.destination.template") == address(cause)
            })
            .unwrap(),
    };
    assert_eq!(
        send.parent_span_id.as_deref(),
        Some(parent.span_id.as_str()),
        "parent of {}",
        send.name
    );
    assert_eq!(send.kind, Kind::Producer);
    assert_eq!(send.status, Status::Unset);
    check_attributes(send, hop.event, event, "send");
    assert_eq!(
        trace_parent(event),
        (send.trace_id.clone(), send.span_id.clone()),
        "traceparent of {}",
        hop.event
    );

    for (service, operation) in hop.consumers {
        let processed = of(spans, service, &format!("process {operation}"));
        let [process] = processed[..] else {
            panic!("one process {operation}: {}", names(spans))
        };
        assert_eq!(process.kind, Kind::Consumer);
        assert_eq!(process.status, Status::Unset, "{operation}");
        assert_eq!(
            process.parent_span_id.as_deref(),
            Some(send.span_id.as_str()),
            "parent of {operation}"
        );
        let links: Vec<_> = process
            .links
            .iter()
            .map(|link| (&link.trace_id, &link.span_id))
            .collect();
        assert_eq!(
            links,
            [(&send.trace_id, &send.span_id)],
            "links of {operation}"
        );
        check_attributes(process, hop.event, event, "process");
        assert_eq!(
            process.attribute("messaging.consumer.group.name"),
            operation.replace('.', "-")
        );
        assert!(
            process.end >= process.start && process.start >= send.start,
            "{operation} began before its send"
        );
    }
}

fn check_attributes(span: &Span, event_type: &str, event: &Message, operation: &str) {
    for (attribute, expected) in [
        ("messaging.system", "nats"),
        ("messaging.operation.type", operation),
        ("messaging.operation.name", operation),
        (
            "messaging.destination.template",
            address(event_type).as_str(),
        ),
        ("messaging.message.id", event.attribute("id")),
        (
            "messaging.message.conversation_id",
            event.attribute("correlationid"),
        ),
    ] {
        assert_eq!(
            span.attribute(attribute),
            expected,
            "{attribute} of {} ({})",
            span.name,
            span.service
        );
    }
    let raw = event.order();
    let named = span
        .attributes
        .iter()
        .find(|(name, value)| name.starts_with("messaging.destination") && value.contains(raw));
    assert_eq!(
        named, None,
        "a raw subject is no destination of {}",
        span.name
    );
}

fn address(event: &str) -> String {
    format!("{event}.{{orderId}}")
}

/// Trace and span id in the header of a message.
fn trace_parent(message: &Message) -> (String, String) {
    let header = message.header("traceparent");
    let parts: Vec<&str> = header.split('-').collect();
    let ["00", trace, span, "01"] = parts[..] else {
        panic!("traceparent {header:?}")
    };
    (trace.to_owned(), span.to_owned())
}

fn of<'s>(spans: &'s [Span], service: &str, name: &str) -> Vec<&'s Span> {
    spans
        .iter()
        .filter(|span| span.service == service && span.name == name)
        .collect()
}

fn names(spans: &[Span]) -> String {
    let lines: Vec<String> = spans
        .iter()
        .map(|span| format!("{}: {}", span.service, span.name))
        .collect();
    lines.join("\n")
}
