//! What the server does not let this service do.
//!
//! A denial surfaces as a time-out where it hurts; why is said only in an error that names the subject and no request. So
//! it is kept here until the same is done with success, or was tried for long enough without another error. The client
//! drops such errors where many come at once, but never all of them, and whatever was denied is tried again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::broadcast;

use crate::http::Health;

/// How many subjects are told apart.
const MOST: usize = 64;
/// How often a denial that lasts is logged.
const AGAIN: Duration = Duration::from_secs(60);
/// How long until something is tried again, at the latest: an event by the relay, whose delays grow up to half a minute;
/// a call of the API, which consumers repeat every few seconds.
const EVENT: Duration = Duration::from_secs(45);
const CALL: Duration = Duration::from_secs(15);
/// How long a new connection has to show that a subscription is still denied.
const RENEWED: Duration = Duration::from_secs(1);
/// How long to wait between connections that are made for the sake of a subscription, at first and at most.
const RENEW: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(30));

/// The denials that stand. Cloning shares them.
#[derive(Clone)]
pub(crate) struct Denials(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    health: Health,
    /// How long until a settlement that was denied is tried again, at the latest.
    patience: Duration,
    publishes: broadcast::Sender<Arc<str>>,
}

#[derive(Default)]
struct State {
    denied: BTreeMap<Deed, Denial>,
    renew_at: Option<Instant>,
    renewals: u32,
    renewed: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    Publish(String),
    Subscribe(String),
}

struct Denial {
    last: Instant,
    logged: Instant,
    unlogged: u64,
}

impl Denials {
    /// None yet. `patience` is the longest ack-wait of the service's consumers.
    pub(super) fn new(health: Health, patience: Duration) -> Self {
        Self(Arc::new(Shared {
            state: Mutex::default(),
            health,
            patience,
            publishes: broadcast::channel(1_024).0,
        }))
    }

    /// Each subject as it is denied to be published to.
    pub(crate) fn publishes(&self) -> broadcast::Receiver<Arc<str>> {
        self.0.publishes.subscribe()
    }

    /// Takes in an error of the server's; false where it is something else.
    pub(super) fn note(&self, error: &str) -> bool {
        self.note_at(error, Instant::now())
    }

    fn note_at(&self, error: &str, now: Instant) -> bool {
        let Some((deed, subject)) = read(error) else {
            return false;
        };
        if matches!(deed, Deed::Publish(_)) {
            // Nobody may be listening.
            let _ = self.0.publishes.send(Arc::from(subject.as_str()));
        }
        let mut state = self.lock();
        if matches!(deed, Deed::Subscribe(_)) && state.renew_at.is_none() {
            let (first, most) = RENEW;
            let pause = first.saturating_mul(2_u32.saturating_pow(state.renewals.min(8)));
            state.renew_at = Some(now + pause.min(most));
        }
        let full = state.denied.len() >= MOST;
        match state.denied.get_mut(&deed) {
            Some(denial) => {
                denial.last = now;
                denial.unlogged += 1;
                if now - denial.logged >= AGAIN {
                    log(error, &subject, denial.unlogged);
                    (denial.logged, denial.unlogged) = (now, 0);
                }
            }
            // More of the same: the others speak for it.
            None if full => {}
            None => {
                log(error, &subject, 1);
                let denial = Denial {
                    last: now,
                    logged: now,
                    unlogged: 0,
                };
                state.denied.insert(deed, denial);
                self.tell(&state);
            }
        }
        true
    }

    /// It was possible to publish to `subject`.
    pub(crate) fn allowed(&self, subject: &str) {
        let mut state = self.lock();
        if !state.denied.is_empty()
            && state
                .denied
                .remove(&Deed::Publish(class(subject)))
                .is_some()
        {
            self.tell(&state);
        }
    }

    /// What stands in the way of publishing to `subject`, if it was denied of late. Where so much is denied that not all
    /// of it is known, an example.
    pub(crate) fn of(&self, subject: &str) -> Option<String> {
        let deed = Deed::Publish(class(subject));
        let state = self.lock();
        if state.denied.contains_key(&deed) {
            return Some(words(&deed));
        }
        let (first, _) = state.denied.first_key_value()?;
        (state.denied.len() >= MOST).then(|| format!("{}; and much else", words(first)))
    }

    /// A connection was made: each subscription was asked for anew.
    pub(super) fn connected(&self) {
        self.connected_at(Instant::now());
    }

    fn connected_at(&self, now: Instant) {
        self.lock().renewed = Some(now);
    }

    /// Forgets what is denied no longer. True where the connection is to be made anew because of a subscription.
    pub(super) fn look(&self) -> bool {
        self.look_at(Instant::now())
    }

    fn look_at(&self, now: Instant) -> bool {
        let mut state = self.lock();
        let renewed = state.renewed;
        let before = state.denied.len();
        state.denied.retain(|deed, denial| match deed {
            Deed::Publish(subject) => now - denial.last < self.quiet(subject),
            Deed::Subscribe(_) => renewed.is_none_or(|at| denial.last >= at || now - at < RENEWED),
        });
        if state.denied.len() != before {
            self.tell(&state);
        }
        let subscriptions = state
            .denied
            .keys()
            .any(|deed| matches!(deed, Deed::Subscribe(_)));
        if !subscriptions {
            (state.renew_at, state.renewals) = (None, 0);
        }
        let renew = state.renew_at.is_some_and(|at| now >= at);
        if renew {
            state.renew_at = None;
            state.renewals += 1;
        }
        renew
    }

    fn quiet(&self, subject: &str) -> Duration {
        if subject.starts_with("$JS.ACK.") {
            self.0.patience + CALL
        } else if subject.starts_with('$') {
            CALL
        } else {
            EVENT
        }
    }

    fn tell(&self, state: &State) {
        let told = match state.denied.first_key_value() {
            None => Ok(()),
            Some((first, _)) => Err(match state.denied.len() - 1 {
                0 => words(first),
                more => format!("{}; and {more} more", words(first)),
            }),
        };
        self.0.health.ready("permissions", told);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn log(error: &str, subject: &str, times: u64) {
    tracing::error!(
        subject,
        times,
        error,
        "the broker's permissions do not allow it"
    );
}

fn words(deed: &Deed) -> String {
    let (to, subject) = match deed {
        Deed::Publish(subject) => ("publish", subject),
        Deed::Subscribe(subject) => ("subscribe", subject),
    };
    format!(
        "Permissions Violation: the broker does not allow this service's user to {to} to {subject}"
    )
}

/// What was denied, and the subject as the server spells it: `Permissions Violation for Publish to "a.b"`.
fn read(error: &str) -> Option<(Deed, String)> {
    let at = error
        .to_ascii_lowercase()
        .find("permissions violation for ")?;
    let rest = &error[at + "permissions violation for ".len()..];
    let (what, rest) = rest.split_once(' ')?;
    let subject = match rest.split_once('"') {
        Some((_, rest)) => rest.split('"').next()?,
        None => rest.trim_start_matches("to ").split_whitespace().next()?,
    };
    let deed = if what.eq_ignore_ascii_case("publish") {
        Deed::Publish(class(subject))
    } else {
        Deed::Subscribe(subject.to_owned())
    };
    Some((deed, subject.to_owned()))
}

/// The subject that a denial is remembered by: each settlement has one of its own, of which the consumer's part counts.
fn class(subject: &str) -> String {
    let Some(rest) = subject.strip_prefix("$JS.ACK.") else {
        return subject.to_owned();
    };
    let tokens: Vec<&str> = rest.split('.').collect();
    // With domain and account hash before it where there are more: `<domain>.<hash>.<stream>.<consumer>.…`.
    let named = match tokens.as_slice() {
        [_, _, stream, consumer, _, _, _, _, _, ..] => [*stream, *consumer],
        [stream, consumer, ..] => [*stream, *consumer],
        _ => return subject.to_owned(),
    };
    format!("$JS.ACK.{}.{}.>", named[0], named[1])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_servers_words_are_understood() {
        let publish = |subject: &str| Some((Deed::Publish(class(subject)), subject.to_owned()));
        assert_eq!(
            read("Permissions Violation for Publish to \"a.b c\""),
            publish("a.b c")
        );
        assert_eq!(
            read("nats: permissions violation for publish to a.b"),
            publish("a.b")
        );
        let subject = "_INBOX_x.y.*".to_owned();
        assert_eq!(
            read("Permissions Violation for Subscription to \"_INBOX_x.y.*\" using queue \"q\""),
            Some((Deed::Subscribe(subject.clone()), subject))
        );
        assert_eq!(read("Authorization Violation"), None);
        assert_eq!(read("Permissions Violation for"), None);
    }

    #[test]
    fn settlements_are_known_by_their_consumer() {
        assert_eq!(
            class("$JS.ACK.ORDERS.email-send.1.2.3.4.5"),
            "$JS.ACK.ORDERS.email-send.>"
        );
        assert_eq!(
            class("$JS.ACK.hub.hash.ORDERS.email-send.1.2.3.4.5.x"),
            "$JS.ACK.ORDERS.email-send.>"
        );
        assert_eq!(class("order.placed.v1.17"), "order.placed.v1.17");
        assert_eq!(class("$JS.ACK.x"), "$JS.ACK.x");
    }

    fn denials() -> (Denials, Health) {
        let health = Health::new();
        health.started();
        (
            Denials::new(health.clone(), Duration::from_secs(30)),
            health,
        )
    }

    #[test]
    fn a_denial_lasts_until_it_is_tried_without_one() {
        let (denials, health) = denials();
        assert!(denials.note("Permissions Violation for Publish to \"a.b\""));
        assert!(!health.is_ready());
        denials.allowed("a.c");
        assert!(!health.is_ready());
        denials.allowed("a.b");
        assert!(health.is_ready());
        let mut now = Instant::now();
        for (subject, quiet) in [
            ("$JS.API.CONSUMER.INFO.S.D", 15),
            ("$JS.ACK.S.D.1.1.1.1.1", 45),
            ("dead.x", 45),
        ] {
            for _ in 0..3 {
                denials.note_at(
                    &format!("Permissions Violation for Publish to \"{subject}\""),
                    now,
                );
                now += Duration::from_secs(quiet - 1);
                assert!(!denials.look_at(now));
                assert!(!health.is_ready(), "{subject}");
            }
            now += Duration::from_secs(1);
            assert!(!denials.look_at(now));
            assert!(health.is_ready(), "{subject}");
        }
    }

    #[test]
    fn a_subscription_is_asked_for_anew_ever_more_rarely() {
        let (denials, health) = denials();
        let refused = "Permissions Violation for Subscription to \"_INBOX_x.>\"";
        let mut now = Instant::now();
        let mut pauses = Vec::new();
        for _ in 0..6 {
            denials.note_at(refused, now);
            let begun = now;
            while !denials.look_at(now) {
                now += Duration::from_secs(1);
            }
            pauses.push((now - begun).as_secs());
            assert!(!health.is_ready());
            denials.connected_at(now);
        }
        assert_eq!(pauses, [2, 4, 8, 16, 30, 30]);
        now += RENEWED;
        assert!(!denials.look_at(now));
        assert!(health.is_ready());
    }

    #[test]
    fn a_flood_of_subjects_is_bounded() {
        let (denials, health) = denials();
        for number in 0..10_000 {
            denials.note(&format!(
                "Permissions Violation for Publish to \"order.placed.v1.{number}\""
            ));
        }
        assert_eq!(denials.lock().denied.len(), MOST);
        assert!(!health.is_ready());
    }
}
