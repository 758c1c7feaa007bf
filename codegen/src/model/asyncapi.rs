//! Reads an AsyncAPI 3 document into a [`Contract`].

mod extension;
mod operations;
mod parameters;

use std::collections::HashMap;

use super::audit::Audit;
use super::compile::Compiler;
use super::contract::{Address, Contract, Event, EventId};
use super::fields::{mapping, required, required_text, text_or_empty};
use super::types::TypeId;
use super::{bundle, envelope, grammar, names};
use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::{Entry, Node, Span, Workspace};
use extension::streams;

/// Reads the contract. What is missing from the result is in the report.
#[must_use]
pub fn read(workspace: &Workspace, report: &mut Report) -> Contract {
    let mut reader = Reader {
        workspace,
        compiler: Compiler::new(workspace),
        audit: Audit::new(workspace),
        channels: HashMap::new(),
        events: Vec::new(),
    };
    let source = workspace
        .files()
        .first()
        .map(|file| file.path.clone())
        .unwrap_or_default();
    let mut contract = Contract {
        source,
        streams: Vec::new(),
        streams_read: false,
        events: Vec::new(),
        services: Vec::new(),
        types: super::types::Types::default(),
    };
    if let Some(root) = workspace.contract()
        && let Some(root) = mapping(workspace, root, &grammar::DOCUMENT, report)
    {
        reader.document(root, report);
        let streams = streams(root, report);
        contract.streams_read = streams.is_some();
        contract.streams = streams.unwrap_or_default();
        for entry in root.get("channels").map(Node::entries).unwrap_or_default() {
            reader.channel(entry, report);
        }
        let operations = root
            .get("operations")
            .map(Node::entries)
            .unwrap_or_default();
        contract.services = reader.services(operations, report);
    }
    contract.events = reader.events;
    contract.types = reader.compiler.finish();
    super::versions::resolve(&mut contract);
    contract
}

struct Reader<'w> {
    workspace: &'w Workspace,
    compiler: Compiler<'w>,
    audit: Audit<'w>,
    /// The event of a channel, by the place of the channel; `None` where the channel has a finding.
    channels: HashMap<Span, Option<EventId>>,
    events: Vec<Event>,
}

impl<'w> Reader<'w> {
    fn document(&self, root: &'w Node, report: &mut Report) {
        if let Some((version, node)) = required_text(root, "asyncapi", "the document", report)
            && !matches!(
                version.split('.').collect::<Vec<_>>()[..],
                ["3", "0" | "1", _]
            )
        {
            report.push(
                Diagnostic::error(
                    Code::Unsupported,
                    format!("AsyncAPI {version} is not supported"),
                )
                .at(node.span, "3.0.x or 3.1.x expected"),
            );
        }
        if let Some(info) = required(root, "info", "the document", report) {
            mapping(self.workspace, info, &grammar::INFO, report);
        }
        content_type(root.get("defaultContentType"), report);
        if let Some(components) = root.get("components") {
            mapping(self.workspace, components, &grammar::COMPONENTS, report);
        }
    }

    fn channel(&mut self, entry: &'w Entry, report: &mut Report) {
        let Some(channel) = report.keep(self.workspace.resolve(&entry.value)) else {
            return;
        };
        let event = self.event(entry, channel, report);
        let id = event.map(|event| {
            self.events.push(event);
            EventId(self.events.len() - 1)
        });
        self.channels.insert(channel.span, id);
    }

    fn event(&mut self, entry: &'w Entry, channel: &'w Node, report: &mut Report) -> Option<Event> {
        let channel = mapping(self.workspace, channel, &grammar::CHANNEL, report)?;
        let address =
            required_text(channel, "address", "a channel", report).map(|(text, node)| Address {
                text: text.to_owned(),
                span: node.span,
            });
        let messages = required(channel, "messages", "a channel", report)?;
        let [message_entry] = messages.entries() else {
            report.push(
                Diagnostic::error(
                    Code::Unsupported,
                    "a channel with other than one message is not supported",
                )
                .at(
                    messages.span,
                    format!("{} messages", messages.entries().len()),
                )
                .help("give every event version a channel of its own"),
            );
            return None;
        };
        let message = mapping(
            self.workspace,
            &message_entry.value,
            &grammar::MESSAGE,
            report,
        )?;
        content_type(message.get("contentType"), report);
        self.correlation(message, report);
        let payload = required(message, "payload", "a message", report)?;
        let payload = envelope::payload(self.workspace, payload, report)?;
        for (what, name, span) in [
            ("channel", &entry.key, entry.key_span),
            ("message", &message_entry.key, message_entry.key_span),
        ] {
            if name != payload.event {
                report.push(
                    Diagnostic::error(Code::NameMismatch, format!("an event, its channel and its message share one name; the event is `{}`", payload.event))
                        .at(span, format!("the {what} has another"))
                        .at(payload.event_node.span, "the event's type"),
                );
            }
        }
        let (schema, data) = self.data(payload.event, payload.data, report)?;
        let address = address?;
        let parameters = self.parameters(channel, &address, data, report)?;
        let module = self.compiler.type_module(data);
        let compiled = self.compiled(data, schema, report);
        Some(Event {
            name: payload.event.to_owned(),
            span: payload.event_node.span,
            doc: text_or_empty(channel, &["description", "summary"]),
            address,
            parameters,
            schema: self.workspace.file(schema.span.file).path.clone(),
            module,
            data,
            versioning: super::versions::read(channel, message, report),
            compiled,
        })
    }

    fn correlation(&self, message: &'w Node, report: &mut Report) {
        let Some(node) = message.get("correlationId") else {
            return;
        };
        let Some(node) = mapping(self.workspace, node, &grammar::CORRELATION_ID, report) else {
            return;
        };
        if let Some((location, node)) = required_text(node, "location", "a correlation id", report)
            && location != "$message.payload#/correlationid"
        {
            report.push(
                Diagnostic::error(
                    Code::Unsupported,
                    "another correlation id than the envelope's is not supported",
                )
                .at(node.span, "`$message.payload#/correlationid` expected"),
            );
        }
    }

    fn data(
        &mut self,
        event: &str,
        reference: &'w Node,
        report: &mut Report,
    ) -> Option<(&'w Node, TypeId)> {
        if !envelope::whole_file(reference) {
            report.push(
                Diagnostic::error(
                    Code::Unsupported,
                    "the schema of an event's data is a file of its own",
                )
                .at(reference.span, "no reference to a file")
                .help(format!(
                    "put it into `events/schemas/{event}.json` and refer to that with `$ref`"
                )),
            );
            return None;
        }
        let schema = report.keep(self.workspace.resolve(reference))?;
        let path = &self.workspace.file(schema.span.file).path;
        let file_name = path.rsplit('/').next().unwrap_or(path);
        let stem = file_name
            .rsplit_once('.')
            .map_or(file_name, |(stem, _)| stem);
        if stem != event {
            let span = reference
                .reference()
                .map_or(reference.span, |target| target.span);
            report.push(
                Diagnostic::error(
                    Code::NameMismatch,
                    format!("the schema of `{event}` is expected in a file of that name"),
                )
                .at(span, format!("this is `{file_name}`"))
                .help("one event version, one schema, one file"),
            );
        }
        if let Some(earlier) = self.events.iter().find(|known| known.name == event) {
            report.push(
                Diagnostic::error(
                    Code::NameCollision,
                    format!("the event `{event}` has two channels"),
                )
                .at(reference.span, "the second")
                .at(earlier.span, "the first"),
            );
            return None;
        }
        let before = report.len();
        self.audit.schema(schema, report);
        let module = names::snake(event, "event");
        self.compiler.event_module(schema.span.file, &module);
        let data = self
            .compiler
            .event(schema, &names::pascal(event, "Event"), report)?;
        // A type that was made of a faulty schema would only breed more findings.
        (report.len() == before).then_some((schema, data))
    }

    /// The whole schema as text, where the compiled schema is needed; it is compiled once here in any case.
    fn compiled(&self, data: TypeId, schema: &'w Node, report: &mut Report) -> Option<String> {
        let bundle = bundle::bundle(self.workspace, schema);
        super::metaschema::check(self.workspace, schema, &bundle, report);
        let types = self.compiler.types();
        let needed = types
            .reachable(data)
            .into_iter()
            .any(|id| !types.get(id).compiled.is_empty());
        needed.then(|| bundle.to_string())
    }
}

fn content_type(node: Option<&Node>, report: &mut Report) {
    if let Some(node) = node
        && node.text() != Some("application/cloudevents+json")
    {
        report.push(
            Diagnostic::error(
                Code::Unsupported,
                "another content type than `application/cloudevents+json` is not supported",
            )
            .at(node.span, "events travel as structured CloudEvents JSON"),
        );
    }
}
