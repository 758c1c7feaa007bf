//! The report: what a person reads at the end.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use dev::otlp::Span;
use serde::Serialize;

use super::figures::{DeadLetter, Figures, Status};
use super::paint::{Paint, time, wrapped};
use super::trace;

/// Everything that is shown.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    /// What runs, where, and what it is.
    pub(super) places: Vec<(String, String, String)>,
    /// From the first request to the last answer.
    #[serde(rename = "placingSeconds", serialize_with = "seconds")]
    pub(super) placing: Duration,
    /// From the last answer until all had settled.
    #[serde(rename = "settlingSeconds", serialize_with = "seconds")]
    pub(super) settling: Duration,
    #[serde(rename = "p50Seconds", serialize_with = "seconds")]
    pub(super) p50: Duration,
    #[serde(rename = "p99Seconds", serialize_with = "seconds")]
    pub(super) p99: Duration,
    pub(super) figures: Figures,
    pub(super) complaints: Vec<String>,
    /// The order whose trace is shown.
    pub(super) shown_order: String,
    #[serde(skip)]
    pub(super) trace: Vec<Span>,
    pub(super) analytics_page: String,
}

fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

impl Report {
    /// The report as text.
    pub(super) fn text(&self, paint: Paint) -> String {
        let sections = [
            self.where_things_run(paint),
            self.orders(paint),
            self.dead_letters(paint),
            self.one_order(paint),
            self.verdict(paint),
        ];
        sections.join("\n")
    }

    fn where_things_run(&self, paint: Paint) -> String {
        let mut text = format!("{}\n", paint.title("Where things run"));
        let width = self
            .places
            .iter()
            .map(|(_, place, _)| place.chars().count())
            .max()
            .unwrap_or(0);
        for (name, place, what) in &self.places {
            let pad = " ".repeat(width - place.chars().count());
            let _ = writeln!(
                text,
                "  {name:<10} {}{pad}  {}",
                paint.address(place),
                paint.dim(what)
            );
        }
        text
    }

    fn orders(&self, paint: Paint) -> String {
        let figures = &self.figures;
        let placed = figures.orders.len();
        let rate = placed as f64 / self.placing.as_secs_f64().max(0.001);
        let scarce = figures
            .stock
            .iter()
            .filter(|article| article.available == 0)
            .count();
        let lowest = figures
            .stock
            .iter()
            .map(|article| article.available)
            .min()
            .unwrap_or(0);
        let rows = [
            (
                "placed",
                placed,
                format!("in {}, {rate:.0} per second", time(self.placing)),
            ),
            (
                "confirmed",
                figures.count(Status::Confirmed),
                "stock reserved".to_owned(),
            ),
            (
                "cancelled",
                figures.count(Status::Cancelled),
                "for lack of stock, and refunded".to_owned(),
            ),
            (
                "mails",
                figures.mails(),
                format!(
                    "written, one per outcome; all had settled {} after the last order",
                    time(self.settling)
                ),
            ),
            (
                "articles",
                figures.stock.len(),
                format!("{scarce} sold out, the lowest stock is {lowest}"),
            ),
        ];
        let mut text = format!("{}\n", paint.title("Orders"));
        for (name, count, what) in rows {
            let _ = writeln!(text, "  {name:<10} {count:>5}  {}", paint.dim(&what));
        }
        let _ = writeln!(
            text,
            "  POST /orders  p50 {}, p99 {}",
            time(self.p50),
            time(self.p99)
        );
        text
    }

    fn dead_letters(&self, paint: Paint) -> String {
        let mut groups: BTreeMap<(&str, &str), Vec<&DeadLetter>> = BTreeMap::new();
        for letter in &self.figures.dead_letters {
            groups
                .entry((&letter.consumer, &letter.reason))
                .or_default()
                .push(letter);
        }
        let mut text = format!(
            "{}\n",
            paint.title(&format!(
                "Dead letters: {}",
                self.figures.dead_letters.len()
            ))
        );
        let width = groups
            .keys()
            .map(|(consumer, _)| consumer.chars().count())
            .max()
            .unwrap_or(0);
        for ((consumer, reason), letters) in groups {
            let first = letters[0];
            let _ = writeln!(
                text,
                "  {consumer:<width$}  {:>3}  {}  {}",
                letters.len(),
                paint.bad(reason),
                self.story(first)
            );
            for line in wrapped(&first.error, 90, 4) {
                let _ = writeln!(text, "  {:<width$}       {}", "", paint.dim(&line));
            }
        }
        text
    }

    /// Where a dead letter comes from.
    fn story(&self, letter: &DeadLetter) -> String {
        let poison = &self.figures.poison;
        let bounced = self
            .figures
            .orders
            .iter()
            .find(|order| order.bounces && letter.subject.ends_with(&order.id));
        let tries = match letter.attempts.as_str() {
            "0" => "never shown to the handler".to_owned(),
            "1" => "1 attempt".to_owned(),
            many => format!("{many} attempts"),
        };
        if letter.stream == poison.stream && letter.sequence == poison.sequence {
            format!(
                "the poison event, message {} of {}; {tries}",
                poison.sequence, poison.stream
            )
        } else if bounced.is_some() {
            format!("the customer whose mailbox bounces; {tries}")
        } else {
            format!("message {} of {}; {tries}", letter.sequence, letter.stream)
        }
    }

    fn one_order(&self, paint: Paint) -> String {
        let title = format!("One order through all services: {}", self.shown_order);
        let mut text = format!("{}\n", paint.title(&title));
        for line in trace::draw(&self.trace, paint).lines() {
            let _ = writeln!(text, "  {line}");
        }
        text
    }

    fn verdict(&self, paint: Paint) -> String {
        let mut text = format!(
            "{} {}\n\n",
            paint.title("Analytics"),
            paint.address(&self.analytics_page)
        );
        if self.complaints.is_empty() {
            text.push_str(&paint.good("Every figure adds up."));
            text.push('\n');
        } else {
            let _ = writeln!(text, "{}", paint.bad("Not every figure adds up:"));
            for complaint in &self.complaints {
                let _ = writeln!(text, "  - {complaint}");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::figures::{Article, Order, Poison};
    use super::*;

    fn letter(
        consumer: &str,
        reason: &str,
        error: &str,
        sequence: u64,
        subject: &str,
    ) -> DeadLetter {
        let [consumer, reason, error, subject] =
            [consumer, reason, error, subject].map(str::to_owned);
        DeadLetter {
            consumer,
            reason,
            error,
            subject,
            attempts: "0".to_owned(),
            stream: "ORDERS".to_owned(),
            sequence,
        }
    }

    fn order(id: &str, status: Status, bounces: bool) -> Order {
        let mails = if bounces { Vec::new() } else { vec![status] };
        Order {
            id: id.to_owned(),
            status,
            bounces,
            mails,
            ..Order::default()
        }
    }

    fn report() -> Report {
        let invalid = "at /data/lines: an order has at least 1 line\n(and 2 more breaches of events/schemas/order.placed.v1.json, each named here at length)";
        let span =
            |id: &str, parent: Option<&str>, service: &str, name: &str, start: u64, end: u64| {
                Span {
                    span_id: id.to_owned(),
                    parent_span_id: parent.map(str::to_owned),
                    service: service.to_owned(),
                    name: name.to_owned(),
                    start,
                    end,
                    ..Span::default()
                }
            };
        Report {
            places: [
                (
                    "broker",
                    "nats://127.0.0.1:18222",
                    "nats-server 2.15.1 with JetStream",
                ),
                (
                    "orders",
                    "http://127.0.0.1:20001",
                    "POST /orders, GET /orders/{id}, /orders/{id}/events",
                ),
                ("files", "/tmp/jetway-demo-x1", "logs, databases, mails"),
            ]
            .map(|(name, place, what)| (name.to_owned(), place.to_owned(), what.to_owned()))
            .to_vec(),
            placing: Duration::from_millis(4_210),
            settling: Duration::from_millis(640),
            p50: Duration::from_micros(31_400),
            p99: Duration::from_micros(118_000),
            figures: Figures {
                wanted: 3,
                orders: vec![
                    order("a", Status::Confirmed, false),
                    order("b", Status::Cancelled, false),
                    order("c", Status::Confirmed, true),
                ],
                stock: vec![Article {
                    sku: "LEVER".to_owned(),
                    on_hand: 12,
                    reserved: 12,
                    available: 0,
                }],
                dead_letters: vec![
                    letter(
                        "inventory-reserveStock",
                        "invalid",
                        invalid,
                        7,
                        "order.placed.v1.x",
                    ),
                    letter(
                        "email-sendConfirmation",
                        "permanent",
                        "550 5.1.1 no such mailbox",
                        9,
                        "order.confirmed.v1.c",
                    ),
                ],
                poison: Poison {
                    stream: "ORDERS".to_owned(),
                    sequence: 7,
                    consumers: Vec::new(),
                },
                ..Figures::default()
            },
            complaints: Vec::new(),
            shown_order: "0198c0de-0000-7000-8000-000000000001".to_owned(),
            trace: vec![
                span("1", None, "demo", "POST /orders", 0, 26_000_000),
                span(
                    "2",
                    Some("1"),
                    "orders",
                    "POST /orders",
                    1_000_000,
                    25_000_000,
                ),
            ],
            analytics_page: "http://127.0.0.1:20004/".to_owned(),
        }
    }

    #[test]
    fn reads_well_in_a_file() {
        insta::assert_snapshot!(report().text(Paint { on: false }));
    }

    #[test]
    fn says_what_does_not_add_up() {
        let complaints = vec![
            "3 of LEVER are reserved, but the confirmed orders hold 4".to_owned(),
            "analytics lags".to_owned(),
        ];
        let text = Report {
            complaints,
            ..report()
        }
        .text(Paint { on: false });
        let end: Vec<&str> = text.lines().rev().take(3).collect();
        assert_eq!(
            end,
            [
                "  - analytics lags",
                "  - 3 of LEVER are reserved, but the confirmed orders hold 4",
                "Not every figure adds up:"
            ]
        );
        assert!(!text.contains("Every figure adds up."));
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        let mut plain = String::new();
        let mut within = false;
        for c in report().text(Paint { on: true }).chars() {
            match (c, within) {
                ('\x1b', _) => within = true,
                ('m', true) => within = false,
                (c, false) => plain.push(c),
                _ => {}
            }
        }
        assert_eq!(plain, report().text(Paint { on: false }));
    }
}
