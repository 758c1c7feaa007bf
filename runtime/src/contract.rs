//! The contract as the generated code states it: services, operations and streams. All of it is `'static` data.

use std::time::Duration;

use crate::tx::PublishError;
use crate::versions::Twins;

/// A service of the contract. Implemented by a generated marker type.
pub trait Service: Send + Sync + 'static {
    /// Its name, as in `inventory`.
    const NAME: &'static str;
    /// The streams that it sends to or receives from.
    const STREAMS: &'static [&'static Stream];
    /// Its receive operations.
    const OPERATIONS: &'static [&'static Operation];
}

/// Says that the contract lets service `S` send this event. Implemented by generated code only.
#[diagnostic::on_unimplemented(
    message = "the contract does not let service `{S}` send `{Self}`",
    label = "not an event that `{S}` publishes",
    note = "in `asyncapi.yaml` add an operation of the service with `action: send` on the event's channel, then run `just codegen`",
    note = "where `asyncapi.yaml` has that operation, this is an older version that goes out with a newer one: publish the newer"
)]
pub trait SentBy<S> {
    /// Publishes the older versions of this event that the contract lets the service send with it.
    ///
    /// # Errors
    ///
    /// Where the schema of one of them rejects it, or it is too large.
    fn twins(&self, twins: &mut Twins<'_, '_, S>) -> Result<(), PublishError> {
        let _ = twins;
        Ok(())
    }
}

/// A JetStream stream of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Its name, as in `ORDERS`.
    pub name: &'static str,
    /// The subjects that it keeps.
    pub subjects: &'static [&'static str],
    /// When it drops messages.
    pub retention: Retention,
    /// Where it keeps them.
    pub storage: Storage,
    /// How many servers keep a copy.
    pub replicas: usize,
    /// How long it keeps a message; `None` keeps it forever.
    pub max_age: Option<Duration>,
    /// How many bytes it keeps; `None` is without limit.
    pub max_bytes: Option<i64>,
    /// How many messages it keeps; `None` is without limit.
    pub max_messages: Option<i64>,
    /// How long it remembers message ids. No idempotency: the inbox is.
    pub duplicate_window: Duration,
}

/// When a stream drops messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    /// At its limits.
    Limits,
    /// When every consumer has acknowledged, or at its limits.
    Interest,
    /// When one consumer has acknowledged, or at its limits.
    WorkQueue,
}

/// Where a stream keeps its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// On disk.
    File,
    /// In memory: lost with the server.
    Memory,
}

/// A receive operation: one handler of one service, and its durable consumer.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Its name in asyncapi.yaml, as in `inventory.reserveStock`.
    pub name: &'static str,
    /// The durable consumer, as in `inventory-reserveStock`.
    pub durable: &'static str,
    /// The stream that it reads.
    pub stream: &'static Stream,
    /// The subjects that it reads, with wildcards: those of the event, then those of each version that is upcast to it.
    pub filters: &'static [&'static str],
    /// The channel's address with its parameters.
    pub address: &'static str,
    /// The CloudEvents type that it handles; where it handles several, all of them with commas between.
    pub event_type: &'static str,
    /// How many handlers run at once.
    pub concurrency: usize,
    /// Whether events of one key are handled in order.
    pub ordering: Ordering,
    /// How long the server waits for an ack or a sign of life before it redelivers.
    pub ack_wait: Duration,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// What happens after a failed attempt.
    pub retry: Retry,
    /// After how many failed attempts of one event a warning is logged.
    pub alert_after: u32,
    /// Where a new consumer begins.
    pub start: Start,
    /// How many handlers begin per second at most.
    pub rate_limit: Option<u32>,
    /// When it pauses because a dependency of the handler's is down.
    pub pause: Pause,
}

impl Operation {
    /// The key of a subject, the same in every version of the event: what stands where a filter has wildcards. The whole
    /// subject, where it is none of this operation's.
    pub(crate) fn key(&self, subject: &str) -> String {
        let found = self
            .filters
            .iter()
            .find_map(|filter| wildcards(filter, subject));
        found.map_or_else(|| subject.to_owned(), |tokens| tokens.join("."))
    }

    /// Whether it reads this subject.
    pub(crate) fn reads(&self, subject: &str) -> bool {
        self.filters
            .iter()
            .any(|filter| wildcards(filter, subject).is_some())
    }
}

/// What stands in `subject` where `filter` has `*` and `>`; `None` where they do not match.
fn wildcards<'s>(filter: &str, subject: &'s str) -> Option<Vec<&'s str>> {
    let mut tokens = subject.split('.');
    let mut found = Vec::new();
    for part in filter.split('.') {
        match (part, tokens.next()?) {
            (">", token) => {
                found.push(token);
                found.extend(tokens);
                return Some(found);
            }
            ("*", token) => found.push(token),
            (part, token) if part == token => {}
            _ => return None,
        }
    }
    tokens.next().is_none().then_some(found)
}

/// Whether events of one key are handled in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ordering {
    /// No order: a failed event is retried while later ones pass it.
    None,
    /// One lane per key within this process: a retry holds its lane and no other.
    Key,
}

/// What happens after a failed attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How many attempts, the first included, before the event becomes a dead letter.
    pub max_attempts: u32,
    /// How the delay grows.
    pub backoff: Backoff,
    /// The delay after the first failure.
    pub initial: Duration,
    /// The longest delay.
    pub cap: Duration,
    /// How long an event may be deferred in all before it becomes a dead letter.
    pub defer_limit: Duration,
}

/// When an operation pauses because a dependency of its handler's is down, and how it finds out that it is back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    /// After how many failures of this kind ([`crate::Failure::unavailable`]) without an event handled in between.
    pub after: u32,
    /// How long after that one event tries again. Each time it fails the interval doubles.
    pub probe: Duration,
    /// The longest interval.
    pub cap: Duration,
}

/// How the delay between attempts grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backoff {
    /// Doubles.
    Exponential,
    /// Grows by the initial delay.
    Linear,
    /// Stays.
    Fixed,
}

/// Where a new consumer begins to read its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At the oldest message that is kept.
    All,
    /// At what is published from now on.
    New,
}

impl Retry {
    /// The delay after failed attempt `attempt` (the first is 1), before jitter.
    #[must_use]
    pub fn delay(&self, attempt: u32) -> Duration {
        let step = attempt.saturating_sub(1);
        let delay = match self.backoff {
            Backoff::Exponential => self.initial.checked_mul(2_u32.saturating_pow(step.min(31))),
            Backoff::Linear => self.initial.checked_mul(step.saturating_add(1)),
            Backoff::Fixed => Some(self.initial),
        };
        delay.unwrap_or(self.cap).min(self.cap)
    }
}

#[cfg(test)]
mod tests {
    use super::wildcards;

    #[test]
    fn a_filter_matches_as_the_server_matches_it() {
        let matches = |filter, subject| wildcards(filter, subject).is_some();
        assert!(matches("order.placed.v1.*", "order.placed.v1.7"));
        assert!(matches("order.>", "order.placed.v1.7"));
        assert!(!matches("order.placed.v1.*", "order.placed.v1"));
        assert!(!matches("order.placed.v1.*", "order.placed.v1.7.8"));
        assert!(!matches("order.>", "order"));
        assert!(!matches("order.*", "payment.7"));
    }

    #[test]
    fn what_the_wildcards_stand_for_is_the_key() {
        assert_eq!(
            wildcards("order.*.placed.v1.*", "order.eu.placed.v1.7"),
            Some(vec!["eu", "7"])
        );
        assert_eq!(wildcards("order.>", "order.a.b"), Some(vec!["a", "b"]));
    }
}
