//! Which orders are placed, and placing them.

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, ensure};
use dev::otlp::{Kind, Span};
use futures::StreamExt;
use serde_json::{Value, json};

use super::figures::Article;
use super::http::Http;

/// How many requests are under way at once.
const IN_FLIGHT: usize = 8;
/// The most that one line of an order may ask for.
const LARGEST_QUANTITY: i64 = 10_000;

/// An order that is to be placed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    pub(super) customer: String,
    pub(super) email: String,
    pub(super) currency: &'static str,
    pub(super) lines: Vec<(String, i64)>,
    pub(super) payment: Value,
    pub(super) note: Option<String>,
    pub(super) too_large: bool,
    pub(super) bounces: bool,
}

/// What became of the request.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) plan: Plan,
    /// The order's id, or what was said instead.
    pub(super) answer: Result<String, String>,
    /// From sending the request to having read the answer.
    pub(super) latency: Duration,
    /// The span of the request; the others of its trace come from the services.
    pub(super) span: Span,
}

const PEOPLE: [(&str, &str); 8] = [
    ("Ada Lovelace", "ada"),
    ("Grace Hopper", "grace"),
    ("Edsger Dijkstra", "edsger"),
    ("Barbara Liskov", "barbara"),
    ("Tony Hoare", "tony"),
    ("Radia Perlman", "radia"),
    ("Leslie Lamport", "leslie"),
    ("Frances Allen", "frances"),
];
const NOTES: [&str; 3] = [
    "Please ring twice.",
    "A present: no invoice in the parcel.",
    "Grüße an das Team!",
];

/// Orders of all kinds, the same ones for the same stock: most are small, every 13th asks for more than there is of an
/// article, every 10th wants one of the scarcest, and one customer's mailbox bounces.
pub(super) fn plan(count: usize, stock: &[Article]) -> anyhow::Result<Vec<Plan>> {
    let mut articles: Vec<&Article> = stock
        .iter()
        .filter(|article| article.available > 0)
        .collect();
    articles.sort_by_key(|article| (article.available, article.sku.clone()));
    ensure!(
        articles.len() >= 4,
        "inventory has {} articles in stock; the demo needs at least 4",
        articles.len()
    );
    ensure!(
        articles[0].available < LARGEST_QUANTITY,
        "no article is scarce enough to be ordered beyond its stock"
    );
    let (scarce, plentiful) = articles.split_at((articles.len() / 6).max(1));
    Ok((0..count).map(|n| one(n, scarce, plentiful)).collect())
}

fn one(n: usize, scarce: &[&Article], plentiful: &[&Article]) -> Plan {
    let (customer, local) = PEOPLE[n % PEOPLE.len()];
    let bounces = n == 7;
    let too_large = n % 13 == 5;
    let mut lines: Vec<(String, i64)> = (0..=n % 3)
        .map(|line| {
            (
                plentiful[(n + line * 3) % plentiful.len()].sku.clone(),
                1 + ((n + line) % 3) as i64,
            )
        })
        .collect();
    lines.sort();
    lines.dedup_by(|a, b| a.0 == b.0);
    if too_large {
        let article = scarce[n % scarce.len()];
        lines = vec![(article.sku.clone(), article.available + 1)];
    } else if n % 10 == 9 {
        lines = vec![(scarce[(n / 10) % scarce.len()].sku.clone(), 1)];
    }
    Plan {
        customer: customer.to_owned(),
        email: if bounces {
            format!("{local}@bounce.example")
        } else {
            format!("{local}.{n}@customer.example")
        },
        currency: ["EUR", "EUR", "EUR", "USD", "EUR", "GBP", "EUR", "CHF"][(n / 2) % 8],
        lines,
        payment: if n % 5 == 4 {
            json!({"method": "invoice", "dueDays": 14})
        } else {
            json!({"method": "card", "token": "tok_visa"})
        },
        note: (n % 9 == 3).then(|| NOTES[(n / 9) % NOTES.len()].to_owned()),
        too_large,
        bounces,
    }
}

impl Plan {
    fn body(&self) -> Value {
        let lines: Vec<Value> = self
            .lines
            .iter()
            .map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity}))
            .collect();
        let mut body = json!({
            "customer": {"name": self.customer, "email": self.email},
            "currency": self.currency,
            "lines": lines,
            "payment": self.payment,
        });
        if let Some(note) = &self.note {
            body["note"] = json!(note);
        }
        body
    }
}

/// Places them all, several at a time, and tells `done` of each.
pub(super) async fn place_all(
    http: &Http,
    orders_url: &str,
    plans: Vec<Plan>,
    mut done: impl FnMut(),
) -> Vec<Placed> {
    let mut placing = futures::stream::iter(plans)
        .map(|plan| place(http, orders_url, plan))
        .buffered(IN_FLIGHT);
    let mut all = Vec::new();
    while let Some(placed) = placing.next().await {
        all.push(placed);
        done();
    }
    all
}

async fn place(http: &Http, orders_url: &str, plan: Plan) -> Placed {
    let mut span = request_span();
    let traceparent = format!("00-{}-{}-01", span.trace_id, span.span_id);
    let begin = Instant::now();
    let answer = http
        .order(orders_url, &plan.body(), &traceparent)
        .await
        .context("POST /orders");
    let latency = begin.elapsed();
    span.end = span.start + u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
    Placed {
        plan,
        answer: answer.map_err(|error| format!("{error:#}")),
        latency,
        span,
    }
}

/// A client takes part in the trace of its request: it makes the trace's id.
fn request_span() -> Span {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    Span {
        trace_id: uuid::Uuid::new_v4().simple().to_string(),
        span_id: format!("{:016x}", rand::random::<u64>().max(1)),
        name: "POST /orders".to_owned(),
        kind: Kind::Client,
        service: "demo".to_owned(),
        start: u64::try_from(now.as_nanos()).unwrap_or(u64::MAX),
        ..Span::default()
    }
}

/// The latency that this part of all requests stays within, by nearest rank; `part` from 0 to 1.
pub(super) fn percentile(latencies: &[Duration], part: f64) -> Duration {
    let mut sorted = latencies.to_vec();
    sorted.sort_unstable();
    let rank = (part * sorted.len() as f64).ceil() as usize;
    sorted
        .get(rank.saturating_sub(1))
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn stock() -> Vec<Article> {
        let article = |(sku, on_hand): (&str, i64)| Article {
            sku: sku.to_owned(),
            on_hand,
            reserved: 0,
            available: on_hand,
        };
        [
            ("BEANS", 9000),
            ("LEVER", 12),
            ("CUP", 8000),
            ("VINTAGE", 3),
            ("MUG", 8000),
            ("SCALE", 2500),
            ("EMPTY", 0),
        ]
        .map(article)
        .to_vec()
    }

    #[test]
    fn every_kind_of_order_is_among_them() {
        let plans = plan(200, &stock()).unwrap();
        assert_eq!(plans.len(), 200);
        assert_eq!(plans.iter().filter(|plan| plan.bounces).count(), 1);
        assert!(plans.iter().any(|plan| plan.note.is_some()));
        let large: Vec<&Plan> = plans.iter().filter(|plan| plan.too_large).collect();
        assert_eq!(large.len(), 15);
        for plan in &plans {
            let beyond = plan.lines.iter().any(|(sku, wanted)| {
                stock()
                    .iter()
                    .any(|a| a.sku == *sku && *wanted > a.available)
            });
            assert_eq!(beyond, plan.too_large, "{plan:?}");
            let mut skus: Vec<&String> = plan.lines.iter().map(|(sku, _)| sku).collect();
            skus.dedup();
            assert!(
                !skus.is_empty() && skus.len() == plan.lines.len(),
                "{plan:?}"
            );
        }
        // The customer whose mailbox bounces gets an order that is confirmed, so that there is a mail to bounce.
        assert!(!plans[7].too_large);
        assert_eq!(plan(200, &stock()).unwrap(), plans);
    }

    #[test]
    fn a_shop_that_cannot_be_sold_out_is_refused() {
        let plenty: Vec<Article> = stock()
            .into_iter()
            .map(|a| Article {
                available: 1_000_000,
                ..a
            })
            .collect();
        assert!(
            plan(10, &plenty)
                .unwrap_err()
                .to_string()
                .contains("scarce")
        );
        assert!(
            plan(10, &stock()[..2])
                .unwrap_err()
                .to_string()
                .contains("at least 4")
        );
    }

    #[test]
    fn percentiles_are_measured_values() {
        let latencies: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&latencies, 0.5), Duration::from_millis(100));
        assert_eq!(percentile(&latencies, 0.99), Duration::from_millis(198));
        assert_eq!(
            percentile(&latencies[..1], 0.99),
            Duration::from_millis(200)
        );
        assert_eq!(percentile(&[], 0.5), Duration::ZERO);
    }
}
