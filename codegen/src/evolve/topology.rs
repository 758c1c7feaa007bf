//! What others rely on beside the events' data: channels and their addresses, operations and their consumers, streams.
//!
//! Read from the documents as they stand, so that a contract of an older form can be compared too.

use serde_json::{Value as Json, json};

use super::item::{Category, Item};
use super::version::Version;
use crate::load::{Entry, Node, Span};
use crate::model::subject;

/// What is gone or different.
pub(super) fn compare(old: &Version, now: &Version, against: &str) -> Vec<Item> {
    let mut topology = Topology {
        old,
        now,
        against,
        items: Vec::new(),
    };
    topology.channels();
    topology.operations();
    topology.streams();
    topology.items
}

pub(super) struct Topology<'v> {
    old: &'v Version,
    now: &'v Version,
    against: &'v str,
    items: Vec<Item>,
}

impl<'v> Topology<'v> {
    fn channels(&mut self) {
        let channels = section(self.now, &["channels"]);
        for entry in entries(self.old, &["channels"]) {
            let name = &entry.key;
            let before = resolved(self.old, &entry.value);
            let Some(other) = channels.and_then(|channels| channels.entry(name)) else {
                let message = format!(
                    "the channel `{name}` is gone; whoever sends to it or receives from it fails"
                );
                self.push(
                    "channel-removed",
                    name,
                    heading(self.now, &["channels"]),
                    message,
                    "keep the channel",
                    &Json::Null,
                );
                continue;
            };
            let after = resolved(self.now, &other.value);
            let (was, is) = (text(before, "address"), text(after, "address"));
            if was != is {
                let place = after
                    .get("address")
                    .map_or(other.key_span, |node| node.span);
                let message = format!(
                    "the address of `{name}` is now `{}`, was `{}`; services that are not yet updated send and receive elsewhere",
                    is.unwrap_or("none"),
                    was.unwrap_or("none")
                );
                self.push(
                    "address-changed",
                    name,
                    Some(place),
                    message,
                    "keep the address, or publish a new version beside it",
                    &json!([was, is]),
                );
            }
            self.parameters(name, before, other);
            self.messages(name, before, after, other.key_span);
        }
    }

    fn messages(&mut self, channel: &str, before: &'v Node, after: &'v Node, place: Span) {
        let messages = after.get("messages");
        for entry in before
            .get("messages")
            .map(Node::entries)
            .unwrap_or_default()
        {
            let name = &entry.key;
            let Some(other) = messages.and_then(|messages| messages.entry(name)) else {
                let place = messages.map_or(place, |node| node.span);
                let message = format!(
                    "the channel `{channel}` no longer has the message `{name}`; events of it are no longer understood there"
                );
                self.push(
                    "message-removed",
                    channel,
                    Some(place),
                    message,
                    "keep the message",
                    &json!(name),
                );
                continue;
            };
            let (was, is) = (
                content_type(self.old, &entry.value),
                content_type(self.now, &other.value),
            );
            if was != is {
                let shown = |content: Option<&str>| content.unwrap_or("none").to_owned();
                let message = format!(
                    "the content type of `{name}` is now `{}`, was `{}`; readers of the other one cannot parse it",
                    shown(is),
                    shown(was)
                );
                self.push(
                    "content-type-changed",
                    name,
                    Some(other.key_span),
                    message,
                    "keep the content type",
                    &json!([was, is]),
                );
            }
        }
    }

    fn operations(&mut self) {
        let operations = section(self.now, &["operations"]);
        for entry in entries(self.old, &["operations"]) {
            let name = &entry.key;
            let before = resolved(self.old, &entry.value);
            let receives = text(before, "action") == Some("receive");
            let Some(other) = operations.and_then(|operations| operations.entry(name)) else {
                let (rule, message) = if receives {
                    let durable = name.replace('.', "-");
                    (
                        "durable-removed",
                        format!(
                            "the operation `{name}` is gone, and with it the consumer `{durable}` and what it had not yet received"
                        ),
                    )
                } else {
                    (
                        "operation-removed",
                        format!(
                            "the operation `{name}` is gone; its service can no longer send these events"
                        ),
                    )
                };
                self.push(
                    rule,
                    name,
                    heading(self.now, &["operations"]),
                    message,
                    "keep the operation under its name",
                    &Json::Null,
                );
                continue;
            };
            let after = resolved(self.now, &other.value);
            if receives && text(after, "action") == Some("receive") {
                self.consumer(name, before, after, other.key_span);
            }
            for (what, was, is) in [
                ("action", text(before, "action"), text(after, "action")),
                ("channel", target(before), target(after)),
            ] {
                let moved = what == "channel" && self.moved_on(was, is, receives);
                if was != is && !moved {
                    let message = format!(
                        "the {what} of `{name}` is now `{}`, was `{}`; its consumer or its events are no longer the same",
                        is.unwrap_or("none"),
                        was.unwrap_or("none")
                    );
                    self.push(
                        "operation-changed",
                        name,
                        Some(other.key_span),
                        message,
                        "give the changed operation a name of its own",
                        &json!([was, is]),
                    );
                }
            }
        }
    }

    /// Whether an operation went from one version of an event to a newer one without leaving anybody behind: who
    /// receives the newer is given the older through its upcasts, and who sends the newer still sends the older.
    fn moved_on(&self, was: Option<&str>, is: Option<&str>, receives: bool) -> bool {
        let (Some(was), Some(is)) = (was.and_then(channel), is.and_then(channel)) else {
            return false;
        };
        let upcasts = |name: &&str| {
            let node = section(self.now, &["channels", name])?;
            text(node, "x-upcasts")
        };
        let mut chain = std::iter::successors(Some(is), upcasts).take(MOST_VERSIONS);
        let still_sent = entries(self.now, &["operations"]).iter().any(|entry| {
            let operation = resolved(self.now, &entry.value);
            text(operation, "action") == Some("send")
                && target(operation).and_then(channel) == Some(was)
        });
        was != is && chain.any(|name| name == was) && (receives || still_sent)
    }

    fn streams(&mut self) {
        let path = ["x-jetstream", "streams"];
        let streams = section(self.now, &path);
        for entry in entries(self.old, &path) {
            let name = &entry.key;
            let Some(other) = streams.and_then(|streams| streams.entry(name)) else {
                let message = format!(
                    "the stream `{name}` is gone or renamed; what it keeps is lost to its consumers"
                );
                self.push(
                    "stream-removed",
                    name,
                    heading(self.now, &path),
                    message,
                    "keep the stream under its name",
                    &Json::Null,
                );
                continue;
            };
            self.stream(name, &entry.value, other);
            let subjects = |node: &'v Node| -> Vec<&'v str> {
                let list = node.get("subjects").map(Node::items).unwrap_or_default();
                list.iter().filter_map(Node::text).collect()
            };
            let after = subjects(&other.value);
            for subject in subjects(&entry.value) {
                if !after.iter().any(|wider| subject::covers(wider, subject)) {
                    let place = other
                        .value
                        .get("subjects")
                        .map_or(other.key_span, |node| node.span);
                    let message = format!(
                        "the stream `{name}` no longer keeps all of `{subject}`; events on it are lost"
                    );
                    self.push(
                        "stream-subjects-narrowed",
                        name,
                        Some(place),
                        message,
                        "keep the subject",
                        &json!(subject),
                    );
                }
            }
        }
    }

    /// What an entry of the new document stands for.
    pub(super) fn after(&self, entry: &'v Entry) -> &'v Node {
        resolved(self.now, &entry.value)
    }

    pub(super) fn push(
        &mut self,
        rule: &str,
        subject: &str,
        place: Option<Span>,
        message: String,
        mend: &str,
        values: &Json,
    ) {
        let place = place.map(|span| {
            let (line, column) = self.now.workspace.line_and_column(span);
            let file = self.now.workspace.file(span.file).path.clone();
            (file, line, column)
        });
        let (file, line, column) = place.unwrap_or((self.now.contract.source.clone(), 1, 1));
        let item = Item {
            category: Category::Topology,
            rule: rule.to_owned(),
            direction: None,
            breaks: true,
            subject: subject.to_owned(),
            file,
            line,
            column,
            path: String::new(),
            message,
            mend: mend.to_owned(),
            counterexample: None,
            against: self.against.to_owned(),
            fingerprint: String::new(),
        };
        self.items.push(item.sealed(values));
    }
}

/// More than any event has; upcasts in a circle are a finding of the contract's.
const MOST_VERSIONS: usize = 1_000;

/// The mapping at a path of the document.
fn section<'v>(version: &'v Version, path: &[&str]) -> Option<&'v Node> {
    let mut node = version.workspace.contract()?;
    for key in path {
        node = resolved(version, node.get(key)?);
    }
    Some(node)
}

/// Where the innermost heading of a path stands that is there.
fn heading(version: &Version, path: &[&str]) -> Option<Span> {
    let mut node = version.workspace.contract()?;
    let mut span = node.span;
    for key in path {
        let Some(entry) = node.entry(key) else { break };
        span = entry.key_span;
        node = resolved(version, &entry.value);
    }
    Some(span)
}

fn entries<'v>(version: &'v Version, path: &[&str]) -> &'v [Entry] {
    section(version, path)
        .map(Node::entries)
        .unwrap_or_default()
}

fn resolved<'v>(version: &'v Version, node: &'v Node) -> &'v Node {
    version.workspace.resolve(node).unwrap_or(node)
}

fn text<'v>(node: &'v Node, key: &str) -> Option<&'v str> {
    node.get(key)?.text()
}

/// The channel that a reference of an operation names.
fn channel(reference: &str) -> Option<&str> {
    reference.strip_prefix("#/channels/")
}

/// What an operation's channel refers to.
fn target(operation: &Node) -> Option<&str> {
    operation.get("channel")?.reference()?.text()
}

/// A message's own content type, or the document's.
fn content_type<'v>(version: &'v Version, message: &'v Node) -> Option<&'v str> {
    let own = text(resolved(version, message), "contentType");
    own.or_else(|| text(version.workspace.contract()?, "defaultContentType"))
}
