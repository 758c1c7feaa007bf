//! Operations, by service.

use std::collections::HashMap;

use super::Reader;
use super::extension::extension_error;
use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::{self, Entry, Node};
use crate::model::contract::{EventId, Places, Receive, Send, Service};
use crate::model::fields::{mapping, required, required_text, text_or_empty, wrong};
use crate::model::grammar;
use crate::model::jetstream::OperationSettings;

impl<'w> Reader<'w> {
    pub(super) fn services(&self, operations: &'w [Entry], report: &mut Report) -> Vec<Service> {
        let mut services: Vec<Service> = Vec::new();
        let mut known: HashMap<String, usize> = HashMap::new();
        for entry in operations {
            let Some(operation) =
                mapping(self.workspace, &entry.value, &grammar::OPERATION, report)
            else {
                continue;
            };
            let Some((name, local)) = service_and_local(entry, operation, report) else {
                continue;
            };
            let index = *known.entry(name).or_insert_with_key(|name| {
                services.push(Service {
                    name: name.clone(),
                    span: entry.key_span,
                    receives: Vec::new(),
                    sends: Vec::new(),
                });
                services.len() - 1
            });
            self.operation(entry, operation, local, &mut services[index], report);
        }
        services
    }

    fn operation(
        &self,
        entry: &'w Entry,
        operation: &'w Node,
        local: String,
        service: &mut Service,
        report: &mut Report,
    ) {
        let event = self.channel_of(operation, report);
        let settings = operation.entry("x-jetstream");
        match required_text(operation, "action", "an operation", report) {
            Some(("send", _)) => {
                if let Some(settings) = settings {
                    report.push(
                        Diagnostic::error(
                            Code::UnknownField,
                            "a send operation has no `x-jetstream`",
                        )
                        .at(settings.key_span, "these are settings of a consumer"),
                    );
                }
                service.sends.extend(event.map(|event| Send {
                    name: entry.key.clone(),
                    span: entry.key_span,
                    event,
                }));
            }
            Some(("receive", _)) => {
                let read = settings.map(|entry| load::read::<OperationSettings>(&entry.value));
                let settings_span = settings.map_or(entry.key_span, |entry| entry.key_span);
                let places = settings
                    .map(|entry| Places::of(&entry.value))
                    .unwrap_or_default();
                let settings = match read.transpose() {
                    Ok(settings) => settings.unwrap_or_default(),
                    Err(error) => {
                        report.push(extension_error(&error, settings_span));
                        return;
                    }
                };
                if let Some(event) = event {
                    service.receives.push(Receive {
                        name: entry.key.clone(),
                        local,
                        span: entry.key_span,
                        doc: text_or_empty(operation, &["description", "summary", "title"]),
                        event,
                        settings,
                        places,
                    });
                }
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

    fn channel_of(&self, operation: &'w Node, report: &mut Report) -> Option<EventId> {
        let reference = required(operation, "channel", "an operation", report)?;
        let channel = report.keep(self.workspace.resolve(reference))?;
        let known = self.channels.get(&channel.span);
        if known.is_none() {
            report.push(
                Diagnostic::error(
                    Code::Malformed,
                    "an operation's channel is one of the document's `channels`",
                )
                .at(reference.span, "this is none of them"),
            );
        }
        let event = *known?;
        // One message per channel, so `messages` can only name that one.
        for message in operation
            .get("messages")
            .map(Node::items)
            .unwrap_or_default()
        {
            let target = report.keep(self.workspace.resolve(message))?;
            let own = channel
                .get("messages")
                .map(Node::entries)
                .unwrap_or_default()
                .first()?;
            let own = report.keep(self.workspace.resolve(&own.value))?;
            if target.span != own.span {
                report.push(
                    Diagnostic::error(
                        Code::Malformed,
                        "an operation's messages are those of its channel",
                    )
                    .at(message.span, "this is another"),
                );
            }
        }
        event
    }
}

/// The service of an operation and the operation's name within it.
fn service_and_local(
    entry: &Entry,
    operation: &Node,
    report: &mut Report,
) -> Option<(String, String)> {
    let parts = entry.key.split_once('.');
    let local = parts
        .map_or(entry.key.as_str(), |(_, local)| local)
        .to_owned();
    if let Some(node) = operation.get("x-service") {
        let Some(name) = node.text() else {
            report.push(wrong(node, "a string", "`x-service`"));
            return None;
        };
        return Some((name.to_owned(), local));
    }
    let Some((service, _)) = parts else {
        report.push(
            Diagnostic::error(
                Code::Malformed,
                format!("the operation `{}` names no service", entry.key),
            )
            .at(entry.key_span, "`<service>.<operation>` expected")
            .help("or name the service in `x-service`"),
        );
        return None;
    };
    Some((service.to_owned(), local))
}
