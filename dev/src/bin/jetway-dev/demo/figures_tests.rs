use super::*;

fn order(id: &str, status: Status) -> Order {
    Order {
        id: id.to_owned(),
        status,
        lines: vec![("CUP".to_owned(), 2)],
        mails: vec![status],
        ..Order::default()
    }
}

fn letter(consumer: &str, sequence: u64, subject: &str) -> DeadLetter {
    DeadLetter {
        consumer: consumer.to_owned(),
        reason: "invalid".to_owned(),
        error: "at /lines: empty".to_owned(),
        attempts: "1".to_owned(),
        stream: "ORDERS".to_owned(),
        sequence,
        subject: subject.to_owned(),
    }
}

/// Three orders: one confirmed, one cancelled, one whose mailbox bounces.
fn sound() -> Figures {
    let bounced = Order {
        bounces: true,
        mails: Vec::new(),
        ..order("c", Status::Confirmed)
    };
    let large = Order {
        too_large: true,
        ..order("b", Status::Cancelled)
    };
    Figures {
        wanted: 3,
        orders: vec![order("a", Status::Confirmed), large, bounced],
        stock: vec![Article {
            sku: "CUP".to_owned(),
            on_hand: 9,
            reserved: 4,
            available: 5,
        }],
        analytics: Some(Counts {
            placed: 3,
            confirmed: 2,
            cancelled: 1,
        }),
        dead_letters: vec![
            letter("inventory-reserveStock", 7, "order.placed.v1.x"),
            letter("analytics-recordPlaced", 7, "order.placed.v1.x"),
            letter("email-sendConfirmation", 9, "order.confirmed.v1.c"),
        ],
        poison: Poison {
            stream: "ORDERS".to_owned(),
            sequence: 7,
            consumers: vec![
                "inventory-reserveStock".to_owned(),
                "analytics-recordPlaced".to_owned(),
            ],
        },
        ..Figures::default()
    }
}

/// The sentences after one figure was spoiled.
fn spoiled(spoil: impl FnOnce(&mut Figures)) -> String {
    let mut figures = sound();
    spoil(&mut figures);
    figures.complaints().join("\n")
}

#[test]
fn sound_figures_have_no_complaints() {
    assert_eq!(sound().complaints(), Vec::<String>::new());
}

#[test]
fn orders_that_were_not_taken() {
    let said = spoiled(|f| {
        f.wanted = 4;
        f.refused.push("503 Service Unavailable".to_owned());
    });
    assert_eq!(
        said,
        "4 orders were to be placed, and 3 were; the first refusal: 503 Service Unavailable"
    );
}

#[test]
fn one_order_under_two_names() {
    let said = spoiled(|f| {
        f.wanted = 4;
        f.orders.push(Order {
            lines: Vec::new(),
            ..order("a", Status::Confirmed)
        });
        f.analytics = None;
    });
    assert_eq!(said, "4 orders were placed under 3 ids");
}

#[test]
fn an_order_that_stays_open() {
    let said = spoiled(|f| {
        f.orders[1].status = Status::Placed;
        f.orders[1].mails.clear();
        f.analytics = None;
    });
    assert_eq!(
        said,
        "3 orders were placed, but 2 confirmed and 0 cancelled make 2; order b is open"
    );
}

#[test]
fn an_order_that_is_too_large_and_confirmed() {
    let said = spoiled(|f| f.orders[0].too_large = true);
    assert_eq!(
        said,
        "order a asked for more than there is in stock and was confirmed"
    );
}

#[test]
fn stock_below_zero() {
    let said = spoiled(|f| f.stock[0].available = -1);
    assert_eq!(
        said,
        "the stock of CUP is below zero: -1 available, 9 on hand"
    );
    assert_eq!(spoiled(|f| f.stock.clear()), "inventory knows no articles");
}

#[test]
fn stock_that_was_reserved_twice() {
    assert_eq!(
        spoiled(|f| f.stock[0].reserved = 6),
        "6 of CUP are reserved, but the confirmed orders hold 4"
    );
}

#[test]
fn mails_missing_doubled_wrong_or_to_nobody() {
    let said = spoiled(|f| f.orders[0].mails.clear());
    assert_eq!(
        said,
        "order a is confirmed and should have 1 mail(s), but has 0 []"
    );
    let said = spoiled(|f| f.orders[0].mails.push(Status::Confirmed));
    assert_eq!(
        said,
        "order a is confirmed and should have 1 mail(s), but has 2 [confirmed, confirmed]"
    );
    let said = spoiled(|f| f.orders[0].mails = vec![Status::Cancelled]);
    assert_eq!(said, "order a is confirmed, but its mail says cancelled");
    let said = spoiled(|f| f.orders[2].mails.push(Status::Confirmed));
    assert_eq!(
        said,
        "order c is confirmed with a mailbox that bounces and should have 0 mail(s), but has 1 [confirmed]"
    );
}

#[test]
fn dead_letters_that_are_missing() {
    let said = spoiled(|f| drop(f.dead_letters.remove(1)));
    assert_eq!(
        said,
        "the poison event should be one dead letter of analytics-recordPlaced, but is 0"
    );
    let said = spoiled(|f| drop(f.dead_letters.pop()));
    assert_eq!(
        said,
        "the mail of order c, whose mailbox bounces, should be one dead letter, but is 0"
    );
    let said = spoiled(|f| f.dead_letters.push(f.dead_letters[0].clone()));
    assert_eq!(
        said,
        "the poison event should be one dead letter of inventory-reserveStock, but is 2"
    );
}

#[test]
fn dead_letters_that_nobody_asked_for() {
    let said = spoiled(|f| {
        f.dead_letters.push(letter(
            "orders-confirmReserved",
            12,
            "inventory.reserved.v1.a",
        ))
    });
    assert_eq!(
        said,
        "a dead letter of orders-confirmReserved is not accounted for: message 12 of ORDERS (inventory.reserved.v1.a): \
         invalid: at /lines: empty"
    );
    assert_eq!(
        spoiled(|f| {
            f.poison.consumers.clear();
            f.dead_letters.drain(..2);
        }),
        "no consumer receives the poison event"
    );
}

#[test]
fn analytics_that_counts_otherwise() {
    let said = spoiled(|f| {
        f.analytics = Some(Counts {
            placed: 4,
            confirmed: 2,
            cancelled: 0,
        })
    });
    assert_eq!(
        said,
        "analytics counts 4 orders placed, orders has 3\nanalytics counts 0 orders cancelled, orders has 1"
    );
}

#[test]
fn a_trace_with_a_gap() {
    let said = spoiled(|f| f.missing_in_trace = vec!["email".to_owned(), "analytics".to_owned()]);
    assert_eq!(said, "the trace of the order shown lacks email, analytics");
}
