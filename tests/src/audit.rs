//! What became of orders: each effect exactly once, in every place where it shows.

use std::collections::BTreeMap;

use crate::{Order, Outcome, Shop};

/// What goes out with `order.placed.v2`, and stands in no history.
const TWIN: &str = "order.placed.v1";
const CONFIRMED: [&str; 4] = [
    "order.placed.v2",
    "payment.charged.v1",
    "inventory.reserved.v1",
    "order.confirmed.v1",
];
const CANCELLED: [&str; 5] = [
    "order.placed.v2",
    "payment.charged.v1",
    "inventory.reservation_failed.v1",
    "payment.refunded.v1",
    "order.cancelled.v1",
];

/// How often one event may be on its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copies {
    /// Once: a second publish lies within the duplicate window.
    One,
    /// Several times under one id: the window has passed.
    Several,
}

/// What is wrong.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn expect<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, found: T, expected: T) {
        if found != expected {
            self.0
                .push(format!("{what}: expected {expected:?}, found {found:?}"));
        }
    }
}

impl Outcome {
    fn history(self) -> Vec<String> {
        let events: &[&str] = match self {
            Self::Confirmed => &CONFIRMED,
            Self::Cancelled => &CANCELLED,
        };
        events.iter().map(|event| (*event).to_owned()).collect()
    }

    fn events(self) -> Vec<String> {
        let mut events = self.history();
        events.push(TWIN.to_owned());
        events
    }

    /// The status of an order that has ended so.
    #[must_use]
    pub fn status(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Shop {
    /// Waits until everything is settled, and asserts that these orders and no others have had each of their effects
    /// exactly once: status, history, events, reservations, mails, read model; and that there are no dead letters.
    pub async fn audit(&self, orders: &[Order]) {
        self.audit_with(orders, Copies::One).await;
    }

    /// The same where copies of an event may be on the streams.
    pub async fn audit_with(&self, orders: &[Order], copies: Copies) {
        self.settled().await;
        let mut findings = Findings::default();
        self.audit_orders(orders, &mut findings).await;
        self.audit_events(orders, copies, &mut findings).await;
        self.audit_stock(orders, &mut findings).await;
        self.audit_mails(orders, &mut findings).await;
        self.audit_read_model(orders, &mut findings).await;
        for letter in self.dead_letters().await {
            findings.0.push(format!(
                "dead letter of {}: {}",
                letter.header("Dead-Consumer"),
                letter.header("Dead-Error")
            ));
        }
        assert!(
            findings.0.is_empty(),
            "not exactly once:\n  {}",
            findings.0.join("\n  ")
        );
    }

    async fn audit_orders(&self, orders: &[Order], findings: &mut Findings) {
        let expected = by_order(orders, |order| order.outcome.status().to_owned());
        findings.expect("statuses", self.statuses().await, expected);
        let expected = by_order(orders, |order| order.outcome.history());
        findings.expect("histories", self.histories().await, expected);
    }

    async fn audit_events(&self, orders: &[Order], copies: Copies, findings: &mut Findings) {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut ids = std::collections::BTreeSet::new();
        for event in self.events().await {
            let id = event.attribute("id").to_owned();
            if ids.insert(id) || copies == Copies::One {
                let order = found.entry(event.order().to_owned()).or_default();
                order.push(event.attribute("type").to_owned());
            }
        }
        let sorted = |mut events: Vec<String>| {
            events.sort();
            events
        };
        let found: BTreeMap<_, _> = found
            .into_iter()
            .map(|(order, all)| (order, sorted(all)))
            .collect();
        findings.expect(
            "events",
            found,
            by_order(orders, |order| sorted(order.outcome.events())),
        );
    }

    async fn audit_stock(&self, orders: &[Order], findings: &mut Findings) {
        let confirmed: Vec<Order> = of(orders, Outcome::Confirmed);
        let expected = by_order(&confirmed, |order| {
            let mut lines: Vec<(String, i64)> = order
                .basket
                .lines
                .iter()
                .map(|(sku, n)| ((*sku).to_owned(), *n))
                .collect();
            lines.sort();
            lines
        });
        findings.expect("reservations", self.reservations().await, expected);
        let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
        for (sku, quantity) in confirmed.iter().flat_map(|order| &order.basket.lines) {
            *sums.entry(sku).or_default() += quantity;
        }
        for (sku, (reserved, on_hand)) in self.stock().await {
            let expected = sums.get(sku.as_str()).copied().unwrap_or(0);
            findings.expect(&format!("reserved pieces of {sku}"), reserved, expected);
            findings.expect(&format!("{sku} is below zero"), reserved > on_hand, false);
        }
    }

    async fn audit_mails(&self, orders: &[Order], findings: &mut Findings) {
        let mut expected: Vec<(String, String)> = orders
            .iter()
            .map(|order| (order.id.to_string(), order.outcome.status().to_owned()))
            .collect();
        expected.sort();
        let mut files: Vec<(String, String)> = std::fs::read_dir(self.mail_dir())
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .map(|name| {
                let stem = name.trim_end_matches(".eml");
                let (order, kind) = stem.rsplit_once('-').unwrap();
                (order.to_owned(), kind.to_owned())
            })
            .collect();
        files.sort();
        findings.expect("mails", files, expected.clone());
        findings.expect("recorded mails", self.sent_mails().await, expected);
    }

    async fn audit_read_model(&self, orders: &[Order], findings: &mut Findings) {
        let summary = self.get("analytics", "/api/summary").await;
        let [all, confirmed, cancelled] = [
            orders.len(),
            of(orders, Outcome::Confirmed).len(),
            of(orders, Outcome::Cancelled).len(),
        ];
        for (field, expected) in [
            ("placed", all),
            ("charged", all),
            ("reserved", confirmed),
            ("confirmed", confirmed),
            ("short", cancelled),
            ("refunded", cancelled),
            ("cancelled", cancelled),
            ("open", 0),
        ] {
            findings.expect(
                &format!("analytics: {field}"),
                summary[field].as_u64(),
                Some(expected as u64),
            );
        }
        let cents: i64 = of(orders, Outcome::Confirmed)
            .iter()
            .map(|order| order.cents)
            .sum();
        if !orders.is_empty() {
            findings.expect(
                "analytics: revenue",
                summary["revenue"][0]["cents"].as_i64(),
                Some(cents),
            );
        }
        let mut pieces: BTreeMap<&str, i64> = BTreeMap::new();
        for (sku, quantity) in orders.iter().flat_map(|order| &order.basket.lines) {
            *pieces.entry(sku).or_default() += quantity;
        }
        let products = summary["topProducts"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        for product in products {
            let sku = product["sku"].as_str().unwrap();
            let expected = pieces.get(sku).copied();
            findings.expect(
                &format!("analytics: pieces of {sku}"),
                product["pieces"].as_i64(),
                expected,
            );
        }
    }
}

fn of(orders: &[Order], outcome: Outcome) -> Vec<Order> {
    orders
        .iter()
        .filter(|order| order.outcome == outcome)
        .cloned()
        .collect()
}

fn by_order<T>(orders: &[Order], value: impl Fn(&Order) -> T) -> BTreeMap<String, T> {
    orders
        .iter()
        .map(|order| (order.id.to_string(), value(order)))
        .collect()
}
