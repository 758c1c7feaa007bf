//! What streams and consumers are set to: what a running server refuses to change, and what drops events that were kept.
//!
//! Seen on nats-server 2.10.25, 2.11.10 and 2.15.1: an update may change neither `storage`, nor `retention` from or to
//! `work-queue`, nor where a durable consumer began. All else it takes, and drops at once what is beyond a new limit.

use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use super::topology::Topology;
use crate::load::{Entry, Node, Span};
use crate::model::jetstream::{
    OperationSettings, Ordering, Retention, Start, Storage, StreamSettings,
};

/// One setting that differs.
struct Change<'c> {
    rule: &'static str,
    key: &'static str,
    was: &'c str,
    is: &'c str,
    /// What that does, as a clause.
    effect: &'static str,
    mend: &'static str,
}

const REFUSED: &str =
    "no server changes that of a stream that is there, so the services do not start";
const DROPPED: &str = "events that are kept beyond it are dropped at once, received or not";
const BESIDE: &str = "keep it, or move the events to a stream of another name";
const KEEP: &str = "keep it as it was, or set it once nobody needs what would be dropped";

impl<'v> Topology<'v> {
    /// Compares a stream's settings beside its subjects.
    pub(super) fn stream(&mut self, name: &str, before: &'v Node, after: &'v Entry) {
        let (Some(was), Some(is)) = (
            read::<StreamSettings>(before),
            read::<StreamSettings>(&after.value),
        ) else {
            return;
        };
        let place = |key: &str| place(after, key);
        let mut changes = Vec::new();
        if was.storage != is.storage {
            let word = |storage| match storage {
                Storage::File => "file",
                Storage::Memory => "memory",
            };
            changes.push(Change {
                rule: "stream-storage-changed",
                key: "storage",
                was: word(was.storage),
                is: word(is.storage),
                effect: REFUSED,
                mend: BESIDE,
            });
        }
        changes.extend(retention(was.retention, is.retention));
        let age = |settings: &StreamSettings| settings.max_age.map(|age| age.to_string());
        let number = |number: Option<i64>| number.map(|number| number.to_string());
        let limits = [
            (
                "max-age",
                lower(was.max_age, is.max_age),
                age(&was),
                age(&is),
            ),
            (
                "max-bytes",
                lower(was.max_bytes, is.max_bytes),
                number(was.max_bytes),
                number(is.max_bytes),
            ),
            (
                "max-messages",
                lower(was.max_messages, is.max_messages),
                number(was.max_messages),
                number(is.max_messages),
            ),
        ];
        for (key, lowered, was, is) in &limits {
            if *lowered {
                changes.push(Change {
                    rule: "stream-limit-lowered",
                    key,
                    was: was.as_deref().unwrap_or("unlimited"),
                    is: is.as_deref().unwrap_or("unlimited"),
                    effect: DROPPED,
                    mend: KEEP,
                });
            }
        }
        let windows = (
            was.duplicate_window.to_string(),
            is.duplicate_window.to_string(),
        );
        if is.duplicate_window < was.duplicate_window {
            changes.push(Change {
                rule: "stream-duplicate-window-lowered",
                key: "duplicate-window",
                was: &windows.0,
                is: &windows.1,
                effect: "an event that is sent again after longer than that is kept twice",
                mend: "keep it longer than a sender may try again",
            });
        }
        let copies = (was.replicas.to_string(), is.replicas.to_string());
        if is.replicas < was.replicas {
            changes.push(Change {
                rule: "stream-replicas-lowered",
                key: "replicas",
                was: &copies.0,
                is: &copies.1,
                effect: "fewer servers may fail before events are lost",
                mend: "keep the copies",
            });
        }
        for change in changes {
            self.changed(
                &format!("the stream `{name}`"),
                name,
                place(change.key),
                &change,
            );
        }
    }

    /// Compares the settings of an operation that receives, as far as they cannot be changed in place or its handler may
    /// rely on them.
    pub(super) fn consumer(&mut self, name: &str, before: &'v Node, after: &'v Node, at: Span) {
        let settings = |node: &Node| match node.get("x-jetstream") {
            Some(node) => read::<OperationSettings>(node),
            None => Some(OperationSettings::default()),
        };
        let (Some(was), Some(is)) = (settings(before), settings(after)) else {
            return;
        };
        let place = |key: &str| {
            let entry = after.entry("x-jetstream");
            entry.map_or(at, |entry| place(entry, key))
        };
        let what = format!("the operation `{name}`");
        if was.start != is.start {
            let word = |start| match start {
                Start::All => "all",
                Start::New => "new",
            };
            let change = Change {
                rule: "durable-start-changed",
                key: "start",
                was: word(was.start),
                is: word(is.start),
                effect: "no server changes where a consumer that is there began, so the service does not start",
                mend: "keep it, or give the operation a name of its own",
            };
            self.changed(&what, name, place(change.key), &change);
        }
        if was.ordering == Ordering::Key && is.ordering == Ordering::None {
            let change = Change {
                rule: "ordering-dropped",
                key: "ordering",
                was: "key",
                is: "none",
                effect: "events of one key are handled at the same time, and in any order",
                mend: "keep the order, unless the handler needs none",
            };
            self.changed(&what, name, place(change.key), &change);
        }
    }

    /// Compares where the parts of a channel's address come from: the subject of an event, and its ordering key.
    pub(super) fn parameters(&mut self, name: &str, before: &'v Node, after: &'v Entry) {
        let location = |channel: &'v Node, parameter: &str| {
            channel
                .get("parameters")?
                .get(parameter)?
                .get("location")?
                .text()
        };
        let parameters = before.get("parameters").map(Node::entries);
        for parameter in parameters.unwrap_or_default() {
            let key = &parameter.key;
            let node = self.after(after);
            let (was, is) = (location(before, key), location(node, key));
            // A parameter that is gone has changed the address, which is told.
            let (Some(was), Some(is)) = (was, is) else {
                continue;
            };
            if was != is {
                let entry = node.get("parameters").and_then(|all| all.entry(key));
                let message = format!(
                    "`{key}` in the address of `{name}` is now taken from `{is}`, was `{was}`; the same event has another \
                     subject and another ordering key than before"
                );
                self.push(
                    "key-changed",
                    name,
                    Some(entry.map_or(after.key_span, |entry| entry.key_span)),
                    message,
                    "keep the location, or publish a new version beside it",
                    &json!([key, was, is]),
                );
            }
        }
    }

    fn changed(&mut self, what: &str, subject: &str, place: Span, change: &Change<'_>) {
        let message = format!(
            "`{}` of {what} is now {}, was {}; {}",
            change.key, change.is, change.was, change.effect
        );
        let values = json!([change.key, change.was, change.is]);
        self.push(
            change.rule,
            subject,
            Some(place),
            message,
            change.mend,
            &values,
        );
    }
}

/// What a change of retention does. From `interest` to `limits` more is kept than before.
fn retention(was: Retention, is: Retention) -> Option<Change<'static>> {
    let word = |retention| match retention {
        Retention::Limits => "limits",
        Retention::Interest => "interest",
        Retention::WorkQueue => "work-queue",
    };
    let (effect, mend) = match (was, is) {
        (was, is) if was == is => return None,
        (Retention::Interest, Retention::Limits) => return None,
        (Retention::Limits, Retention::Interest) => (
            "what every consumer has acknowledged is dropped, so that no later one and no replay has it",
            "keep it",
        ),
        _ => (REFUSED, BESIDE),
    };
    Some(Change {
        rule: "stream-retention-changed",
        key: "retention",
        was: word(was),
        is: word(is),
        effect,
        mend,
    })
}

/// Whether a limit is new or lower.
fn lower<T: PartialOrd>(was: Option<T>, is: Option<T>) -> bool {
    match (was, is) {
        (Some(was), Some(is)) => is < was,
        (None, Some(_)) => true,
        (_, None) => false,
    }
}

/// Settings as they stand; none where they are of a form that is not known, which is told elsewhere.
fn read<T: DeserializeOwned>(node: &Node) -> Option<T> {
    let json: Json = node.to_json();
    serde_json::from_value(json).ok()
}

/// Where a setting stands, or else the heading of all.
fn place(heading: &Entry, key: &str) -> Span {
    let entry = heading.value.entry(key);
    entry.map_or(heading.key_span, |entry| entry.key_span)
}
