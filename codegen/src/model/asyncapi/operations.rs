//! Operations, by service.

use std::collections::HashMap;

use super::extension::extension_error;
use super::{Reader, derive};
use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::{self, Entry, Node, Span, Value};
use crate::model::contract::{EventId, Places, Receive, Send, Service};
use crate::model::fields::{mapping, required, required_text, text_or_empty, wrong};
use crate::model::grammar;
use crate::model::jetstream::OperationSettings;

/// An operation and where its parts stand.
struct Operation<'w> {
    /// Its whole name.
    name: String,
    /// Its name within its service.
    local: String,
    entry: &'w Entry,
    /// What it stands for, with its traits.
    node: &'w Node,
}

impl<'w> Reader<'w> {
    /// Notes the channels that are sent to: the subjects of their events must be known.
    pub(super) fn find_sent(&mut self, operations: &'w [Entry]) {
        for entry in operations {
            // What cannot be followed is reported when the operation is read.
            let Ok(operation) = self.workspace.resolve(&entry.value) else {
                continue;
            };
            let sends = operation.get("action").and_then(Node::text) == Some("send");
            if let Some(channel) = operation.get("channel").filter(|_| sends)
                && let Ok(channel) = self.workspace.resolve(channel)
            {
                self.sent.insert(channel.span);
            }
        }
    }

    pub(super) fn services(
        &self,
        root: &'w Node,
        operations: &'w [Entry],
        report: &mut Report,
    ) -> Vec<Service> {
        let derived = root.get("x-jetstream").is_none().then(|| {
            let modules = self.compiler.types().modules();
            let own = modules.filter(|module| !module.shared);
            let mut taken: Vec<&str> = own.map(|module| module.name.as_str()).collect();
            taken.extend(["mod", "shared", "topology"]);
            derive::service(root, &taken)
        });
        let mut services: Vec<Service> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        for entry in operations {
            let Some(node) = report.keep(self.workspace.resolve(&entry.value)) else {
                continue;
            };
            let node = self.merged.with(node);
            let Some(node) = mapping(self.workspace, node, &grammar::OPERATION, report) else {
                continue;
            };
            let named = service_and_local(entry, node, derived.as_deref(), report);
            let Some((service, name, local)) = named else {
                continue;
            };
            let index = *known.entry(service).or_insert_with_key(|name| {
                services.push(Service {
                    name: name.clone(),
                    span: entry.key_span,
                    receives: Vec::new(),
                    sends: Vec::new(),
                });
                services.len() - 1
            });
            let operation = Operation {
                name,
                local,
                entry,
                node,
            };
            if let Some(service) = services.get_mut(index) {
                self.operation(operation, service, report);
            }
        }
        services
    }

    fn operation(&self, operation: Operation<'w>, service: &mut Service, report: &mut Report) {
        let Operation { entry, node, .. } = operation;
        if let Some(reply) = node.entry("reply") {
            report.push(
                Diagnostic::error(
                    Code::RequestReply,
                    format!(
                        "the operation `{}` has a reply, which is not supported",
                        entry.key
                    ),
                )
                .at(reply.key_span, "nothing would await or send this")
                .help(
                    "answer with an event: a channel of its own that the asking side receives from",
                ),
            );
            return;
        }
        let events = self.events_of(node, report);
        match required_text(node, "action", "an operation", report) {
            Some(("send", _)) => {
                if let Some(settings) = node.entry("x-jetstream") {
                    report.push(
                        Diagnostic::error(
                            Code::UnknownField,
                            "a send operation has no `x-jetstream`",
                        )
                        .at(settings.key_span, "these are settings of a consumer"),
                    );
                }
                let events = events.into_iter().flat_map(|(events, _)| events);
                service.sends.extend(events.map(|event| Send {
                    name: operation.name.clone(),
                    span: entry.key_span,
                    event,
                }));
            }
            Some(("receive", _)) => {
                let settings = settings(node, report);
                let Some((events, skipped)) = events else {
                    return;
                };
                let (Some((event, others)), Some((settings, places))) =
                    (events.split_first(), settings)
                else {
                    return;
                };
                service.receives.push(Receive {
                    name: operation.name,
                    local: operation.local,
                    span: entry.key_span,
                    doc: text_or_empty(node, &["description", "summary", "title"]),
                    event: *event,
                    others: others.to_vec(),
                    skipped,
                    settings,
                    places,
                });
            }
            Some((_, node)) => report.push(
                Diagnostic::error(
                    Code::Malformed,
                    "an operation's action is `send` or `receive`",
                )
                .at(node.span, "neither"),
            ),
            None => {}
        }
    }

    /// The events of an operation and the others of its channel, those without a finding.
    fn events_of(
        &self,
        operation: &'w Node,
        report: &mut Report,
    ) -> Option<(Vec<EventId>, Vec<EventId>)> {
        let reference = required(operation, "channel", "an operation", report)?;
        let node = report.keep(self.workspace.resolve(reference))?;
        let Some(channel) = self.channels.get(&node.span) else {
            report.push(
                Diagnostic::error(
                    Code::Malformed,
                    "an operation's channel is one of the document's `channels`",
                )
                .at(reference.span, "this is none of them"),
            );
            return None;
        };
        let all: Vec<EventId> = channel.messages.iter().filter_map(|m| m.event).collect();
        let Some(listed) = operation.get("messages") else {
            return Some((all, Vec::new()));
        };
        let Value::List(listed) = &listed.value else {
            report.push(wrong(listed, "a list", "`messages` of an operation"));
            return None;
        };
        if listed.is_empty() {
            report.push(
                Diagnostic::warning(
                    Code::NoEffect,
                    "an operation without messages has no effect",
                )
                .at(operation.span, "its `messages` is empty")
                .help("leave `messages` out to mean all of the channel's")
                .gathered(),
            );
        }
        let mut events: Vec<EventId> = Vec::new();
        for message in listed {
            let spans = self.spans_of(message, report)?;
            let own = channel
                .messages
                .iter()
                .find(|own| spans.contains(&own.entry) || spans.contains(&own.target));
            match own {
                // Named twice it is meant once.
                Some(own) => events.extend(own.event.filter(|event| !events.contains(event))),
                None => report.push(
                    Diagnostic::error(
                        Code::Malformed,
                        "an operation's messages are those of its channel",
                    )
                    .at(message.span, "this is another"),
                ),
            }
        }
        let skipped = all.into_iter().filter(|event| !events.contains(event));
        Some((events.clone(), skipped.collect()))
    }

    /// Where the steps of a reference lead.
    fn spans_of(&self, node: &'w Node, report: &mut Report) -> Option<Vec<Span>> {
        report.keep(self.workspace.resolve(node))?;
        let mut spans = vec![node.span];
        let mut current = node;
        while let Some(reference) = current.reference() {
            current = report.keep(self.workspace.target(reference))?;
            spans.push(current.span);
        }
        Some(spans)
    }
}

/// The settings of a consumer; `None` where they cannot be read.
fn settings(operation: &Node, report: &mut Report) -> Option<(OperationSettings, Places)> {
    let Some(extension) = operation.entry("x-jetstream") else {
        return Some((OperationSettings::default(), Places::default()));
    };
    match load::read::<OperationSettings>(&extension.value) {
        Ok(settings) => Some((settings, Places::of(&extension.value))),
        Err(error) => {
            report.push(extension_error(&error, extension.key_span));
            None
        }
    }
}

/// The service of an operation, the operation's whole name and its name within the service; `derived` is the service of
/// a document that was not written for Jetway and need not name one.
fn service_and_local(
    entry: &Entry,
    operation: &Node,
    derived: Option<&str>,
    report: &mut Report,
) -> Option<(String, String, String)> {
    let parts = entry.key.split_once('.');
    let local = parts
        .map_or(entry.key.as_str(), |(_, local)| local)
        .to_owned();
    if let Some(node) = operation.get("x-service") {
        let Some(name) = node.text() else {
            report.push(wrong(node, "a string", "`x-service`"));
            return None;
        };
        return Some((name.to_owned(), entry.key.clone(), local));
    }
    match (parts, derived) {
        (Some((service, _)), None) => Some((service.to_owned(), entry.key.clone(), local)),
        (Some((service, _)), Some(_)) if derive::is_service(service) => {
            Some((service.to_owned(), entry.key.clone(), local))
        }
        (_, Some(service)) => {
            report.push(derive::no_service(service, entry.key_span));
            let name = derive::operation(service, &entry.key);
            Some((service.to_owned(), name, entry.key.clone()))
        }
        (None, None) => {
            report.push(
                Diagnostic::error(
                    Code::Malformed,
                    format!("the operation `{}` names no service", entry.key),
                )
                .at(entry.key_span, "`<service>.<operation>` expected")
                .help("or name the service in `x-service`"),
            );
            None
        }
    }
}
