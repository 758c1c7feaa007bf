//! What the demo counted, and whether it adds up. Without I/O: every inequality can be tested, and has its sentence.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// All that was counted at the end.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Figures {
    /// How many orders were to be placed.
    pub(super) wanted: usize,
    /// What was said to those that were not taken.
    pub(super) refused: Vec<String>,
    /// Those that were.
    pub(super) orders: Vec<Order>,
    /// The stock at the end.
    pub(super) stock: Vec<Article>,
    /// What analytics counted; nothing on a broker that holds the events of others.
    pub(super) analytics: Option<Counts>,
    /// All dead letters of this run.
    pub(super) dead_letters: Vec<DeadLetter>,
    /// The event that was published to break the rules.
    pub(super) poison: Poison,
    /// Services that the trace ought to show and does not.
    pub(super) missing_in_trace: Vec<String>,
}

/// One order, from the outside.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order {
    pub(super) id: String,
    pub(super) status: Status,
    /// Article and quantity.
    pub(super) lines: Vec<(String, i64)>,
    /// Asked for more of an article than there ever was.
    pub(super) too_large: bool,
    /// Its customer's mailbox refuses everything.
    pub(super) bounces: bool,
    /// The outcomes that mails were written about.
    pub(super) mails: Vec<Status>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    #[default]
    Placed,
    Confirmed,
    Cancelled,
}

impl Status {
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "placed" => Self::Placed,
            "confirmed" => Self::Confirmed,
            "cancelled" => Self::Cancelled,
            _ => return None,
        })
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Confirmed => "confirmed",
            Self::Cancelled => "cancelled",
        }
    }
}

#[derive(Clone, Debug, Default, Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Article {
    pub(super) sku: String,
    pub(super) on_hand: i64,
    pub(super) reserved: i64,
    pub(super) available: i64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub(super) struct Counts {
    pub(super) placed: usize,
    pub(super) confirmed: usize,
    pub(super) cancelled: usize,
}

/// What a dead letter's headers say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeadLetter {
    pub(super) consumer: String,
    pub(super) reason: String,
    pub(super) error: String,
    pub(super) attempts: String,
    pub(super) stream: String,
    pub(super) sequence: u64,
    pub(super) subject: String,
}

/// Where the poison event lies, and who gets it.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Poison {
    pub(super) stream: String,
    pub(super) sequence: u64,
    pub(super) consumers: Vec<String>,
}

impl Figures {
    pub(super) fn count(&self, status: Status) -> usize {
        self.orders
            .iter()
            .filter(|order| order.status == status)
            .count()
    }

    pub(super) fn mails(&self) -> usize {
        self.orders.iter().map(|order| order.mails.len()).sum()
    }

    /// A sentence for each figure that does not add up; none if all do.
    pub(super) fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        self.check_orders(&mut complaints);
        self.check_stock(&mut complaints);
        self.check_mails(&mut complaints);
        self.check_dead_letters(&mut complaints);
        self.check_analytics(&mut complaints);
        if !self.missing_in_trace.is_empty() {
            complaints.push(format!(
                "the trace of the order shown lacks {}",
                self.missing_in_trace.join(", ")
            ));
        }
        complaints
    }

    fn check_orders(&self, complaints: &mut Vec<String>) {
        let placed = self.orders.len();
        if placed != self.wanted {
            let first = self
                .refused
                .first()
                .map_or_else(String::new, |why| format!("; the first refusal: {why}"));
            complaints.push(format!(
                "{} orders were to be placed, and {placed} were{first}",
                self.wanted
            ));
        }
        let ids: BTreeSet<&str> = self.orders.iter().map(|order| order.id.as_str()).collect();
        if ids.len() != placed {
            complaints.push(format!(
                "{placed} orders were placed under {} ids",
                ids.len()
            ));
        }
        let (confirmed, cancelled) = (self.count(Status::Confirmed), self.count(Status::Cancelled));
        if placed != confirmed + cancelled {
            let open = self
                .orders
                .iter()
                .find(|order| order.status == Status::Placed)
                .map_or("", |order| &order.id);
            complaints.push(format!(
                "{placed} orders were placed, but {confirmed} confirmed and {cancelled} cancelled make {}; order {open} is open",
                confirmed + cancelled
            ));
        }
        for order in self
            .orders
            .iter()
            .filter(|order| order.too_large && order.status == Status::Confirmed)
        {
            complaints.push(format!(
                "order {} asked for more than there is in stock and was confirmed",
                order.id
            ));
        }
    }

    fn check_stock(&self, complaints: &mut Vec<String>) {
        if self.stock.is_empty() {
            complaints.push("inventory knows no articles".to_owned());
        }
        let mut sold: BTreeMap<&str, i64> = BTreeMap::new();
        for order in self
            .orders
            .iter()
            .filter(|order| order.status == Status::Confirmed)
        {
            for (sku, quantity) in &order.lines {
                *sold.entry(sku).or_default() += quantity;
            }
        }
        for article in &self.stock {
            let Article {
                sku,
                on_hand,
                reserved,
                available,
            } = article;
            if *available < 0 || *on_hand < 0 {
                complaints.push(format!(
                    "the stock of {sku} is below zero: {available} available, {on_hand} on hand"
                ));
            }
            let sold = sold.get(sku.as_str()).copied().unwrap_or(0);
            if sold != *reserved {
                complaints.push(format!(
                    "{reserved} of {sku} are reserved, but the confirmed orders hold {sold}"
                ));
            }
        }
    }

    fn check_mails(&self, complaints: &mut Vec<String>) {
        for order in &self.orders {
            let expected = usize::from(order.status != Status::Placed && !order.bounces);
            if order.mails.len() != expected {
                let words: Vec<&str> = order.mails.iter().map(|mail| mail.word()).collect();
                complaints.push(format!(
                    "order {} is {}{} and should have {expected} mail(s), but has {} [{}]",
                    order.id,
                    order.status.word(),
                    if order.bounces {
                        " with a mailbox that bounces"
                    } else {
                        ""
                    },
                    order.mails.len(),
                    words.join(", "),
                ));
            } else if let Some(mail) = order.mails.iter().find(|mail| **mail != order.status) {
                complaints.push(format!(
                    "order {} is {}, but its mail says {}",
                    order.id,
                    order.status.word(),
                    mail.word()
                ));
            }
        }
    }

    /// Each dead letter must be one that the demo provoked, and each that it provoked must be there, once.
    fn check_dead_letters(&self, complaints: &mut Vec<String>) {
        let mut unexplained: Vec<&DeadLetter> = self.dead_letters.iter().collect();
        for consumer in &self.poison.consumers {
            let count = take(&mut unexplained, |letter| {
                letter.consumer == *consumer
                    && letter.stream == self.poison.stream
                    && letter.sequence == self.poison.sequence
            });
            if count != 1 {
                complaints.push(format!(
                    "the poison event should be one dead letter of {consumer}, but is {count}"
                ));
            }
        }
        if self.poison.consumers.is_empty() {
            complaints.push("no consumer receives the poison event".to_owned());
        }
        for order in self
            .orders
            .iter()
            .filter(|order| order.bounces && order.status != Status::Placed)
        {
            let count = take(&mut unexplained, |letter| {
                letter.consumer.starts_with("email-") && letter.subject.ends_with(&order.id)
            });
            if count != 1 {
                let id = &order.id;
                complaints.push(format!("the mail of order {id}, whose mailbox bounces, should be one dead letter, but is {count}"));
            }
        }
        for letter in unexplained {
            complaints.push(format!(
                "a dead letter of {} is not accounted for: message {} of {} ({}): {}: {}",
                letter.consumer,
                letter.sequence,
                letter.stream,
                letter.subject,
                letter.reason,
                letter.error
            ));
        }
    }

    fn check_analytics(&self, complaints: &mut Vec<String>) {
        let Some(counted) = self.analytics else {
            return;
        };
        let pairs = [
            ("placed", counted.placed, self.orders.len()),
            (
                "confirmed",
                counted.confirmed,
                self.count(Status::Confirmed),
            ),
            (
                "cancelled",
                counted.cancelled,
                self.count(Status::Cancelled),
            ),
        ];
        for (word, seen, is) in pairs.into_iter().filter(|(_, seen, is)| seen != is) {
            complaints.push(format!(
                "analytics counts {seen} orders {word}, orders has {is}"
            ));
        }
    }
}

/// Takes out those that match and says how many they were.
fn take<T>(list: &mut Vec<T>, matches: impl Fn(&T) -> bool) -> usize {
    let before = list.len();
    list.retain(|item| !matches(item));
    before - list.len()
}

#[cfg(test)]
#[path = "figures_tests.rs"]
mod tests;
