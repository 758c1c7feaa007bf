//! Reads an AsyncAPI 3 document into a [`Contract`].

use std::collections::{BTreeMap, HashMap};

use super::audit::Audit;
use super::compile::Compiler;
use super::contract::{
    Address, Contract, Event, EventId, Parameter, Places, Receive, Send, Service, Stream,
};
use super::fields::{mapping, required, required_text, text_or_empty, wrong};
use super::jetstream::{DocumentExtension, OperationSettings};
use super::types::{Kind, Type, TypeId};
use super::{bundle, envelope, grammar, names};
use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::{self, Entry, Node, Span, TypedError, Workspace};

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

    fn parameters(
        &self,
        channel: &'w Node,
        address: &Address,
        data: TypeId,
        report: &mut Report,
    ) -> Option<Vec<Parameter>> {
        let declared = channel
            .get("parameters")
            .map(Node::entries)
            .unwrap_or_default();
        let used = address.parameters();
        let before = report.len();
        for entry in declared
            .iter()
            .filter(|entry| !used.contains(&entry.key.as_str()))
        {
            report.push(
                Diagnostic::error(
                    Code::Parameter,
                    format!("the address has no parameter `{}`", entry.key),
                )
                .at(entry.key_span, "declared here")
                .at(address.span, "not used here"),
            );
        }
        let mut parameters: Vec<Parameter> = Vec::new();
        for name in used {
            let Some(entry) = declared.iter().find(|entry| entry.key == name) else {
                report.push(
                    Diagnostic::error(Code::Parameter, format!("the parameter `{name}` is not declared"))
                        .at(address.span, "used here")
                        .help(format!("add `{name}: {{ location: $message.payload#/data/… }}` to the channel's `parameters`")),
                );
                continue;
            };
            if parameters.iter().any(|parameter| parameter.name == name) {
                report.push(
                    Diagnostic::error(
                        Code::Parameter,
                        format!("the parameter `{name}` stands twice in the address"),
                    )
                    .at(address.span, "each stands once"),
                );
                continue;
            }
            if let Some((fields, by_value)) = self.location(entry, data, report) {
                parameters.push(Parameter {
                    name: name.to_owned(),
                    fields,
                    by_value,
                });
            }
        }
        if parameters.is_empty() && report.len() == before {
            report.push(
                Diagnostic::error(Code::Parameter, "an address without a parameter is not supported: an event needs a key")
                    .at(address.span, "no `{parameter}` here")
                    .help("end the address with the id of what the event is about, as in `order.placed.v1.{orderId}`"),
            );
        }
        (report.len() == before).then_some(parameters)
    }

    /// The Rust fields that lead to a parameter's value.
    fn location(
        &self,
        entry: &'w Entry,
        data: TypeId,
        report: &mut Report,
    ) -> Option<(Vec<String>, bool)> {
        let node = mapping(self.workspace, &entry.value, &grammar::PARAMETER, report)?;
        let Some(location) = node.get("location") else {
            report.push(
                Diagnostic::error(
                    Code::Parameter,
                    format!("the parameter `{}` has no location", entry.key),
                )
                .at(entry.key_span, "its value is taken from the event")
                .help("say where: `location: $message.payload#/data/<property>`"),
            );
            return None;
        };
        let unfit = |label: String| {
            Diagnostic::error(
                Code::Parameter,
                format!("the parameter `{}` needs a required property that is text, a uuid or an integer", entry.key),
            )
            .at(location.span, label)
        };
        let text = location.text().unwrap_or_default();
        let Some(path) = text.strip_prefix("$message.payload#/data/") else {
            report.push(unfit(
                "`$message.payload#/data/<property>` is expected".to_owned(),
            ));
            return None;
        };
        match self.fields_on_the_way(path, data) {
            Ok(found) => Some(found),
            Err((label, span)) => {
                let finding = unfit(label);
                report.push(match span {
                    Some(span) => finding.at(span, "the schema"),
                    None => finding,
                });
                None
            }
        }
    }

    fn fields_on_the_way(
        &self,
        path: &str,
        data: TypeId,
    ) -> Result<(Vec<String>, bool), (String, Option<Span>)> {
        let types = self.compiler.types();
        let mut fields_so_far = Vec::new();
        let mut current = data;
        let mut tokens = path.split('/').peekable();
        while let Some(token) = tokens.next() {
            let token = token.replace("~1", "/").replace("~0", "~");
            let definition = types.get(current);
            let found = match &definition.kind {
                Kind::Struct { fields, .. } => fields.iter().find(|field| field.property == token),
                Kind::Enum { .. } | Kind::Tagged { .. } => None,
            };
            let Some(field) = found else {
                return Err((
                    format!("the data has no property `{token}` here"),
                    Some(definition.span),
                ));
            };
            if !field.required || field.shape.nullable {
                return Err((
                    format!("`{token}` may be absent or null"),
                    Some(definition.span),
                ));
            }
            fields_so_far.push(names::identifier(&field.name));
            match (&field.shape.ty, tokens.peek()) {
                (Type::String, None) => return Ok((fields_so_far, false)),
                (Type::Uuid | Type::Integer, None) => return Ok((fields_so_far, true)),
                (Type::Named { id, .. }, Some(_)) => current = *id,
                _ => {
                    return Err((
                        format!("`{token}` is neither text nor a uuid nor an integer"),
                        Some(definition.span),
                    ));
                }
            }
        }
        Err(("a property is expected".to_owned(), None))
    }

    fn services(&self, operations: &'w [Entry], report: &mut Report) -> Vec<Service> {
        let mut services: Vec<Service> = Vec::new();
        for entry in operations {
            let Some(operation) =
                mapping(self.workspace, &entry.value, &grammar::OPERATION, report)
            else {
                continue;
            };
            let Some((name, local)) = service_and_local(entry, operation, report) else {
                continue;
            };
            let index = services
                .iter()
                .position(|service| service.name == name)
                .unwrap_or_else(|| {
                    services.push(Service {
                        name,
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

/// The streams; `None` where they cannot be read.
fn streams(root: &Node, report: &mut Report) -> Option<Vec<Stream>> {
    let Some(extension) = root.entry("x-jetstream") else {
        return Some(Vec::new());
    };
    let mut settings: BTreeMap<String, _> = match load::read::<DocumentExtension>(&extension.value)
    {
        Ok(extension) => extension.streams,
        Err(error) => {
            report.push(extension_error(&error, extension.key_span));
            return None;
        }
    };
    let declared = extension
        .value
        .get("streams")
        .map(Node::entries)
        .unwrap_or_default();
    let streams = declared
        .iter()
        .filter_map(|entry| {
            let subjects = entry
                .value
                .get("subjects")
                .map(Node::items)
                .unwrap_or_default();
            Some(Stream {
                name: entry.key.clone(),
                span: entry.key_span,
                subjects: subjects
                    .iter()
                    .map(|node| (node.text().unwrap_or_default().to_owned(), node.span))
                    .collect(),
                places: Places::of(&entry.value),
                settings: settings.remove(&entry.key)?,
            })
        })
        .collect();
    Some(streams)
}

fn extension_error(error: &TypedError, otherwise: Span) -> Diagnostic {
    let code = if error.expected.is_some() {
        Code::UnknownField
    } else {
        Code::Malformed
    };
    let finding = Diagnostic::error(code, "`x-jetstream` cannot be read")
        .at(error.span.unwrap_or(otherwise), error.message.clone());
    let Some(expected) = &error.expected else {
        return finding;
    };
    let allowed = expected.allowed.join(", ");
    match names::nearest(&expected.found, expected.allowed.iter().copied()) {
        Some(name) => finding.help(format!("did you mean `{name}`? allowed: {allowed}")),
        None => finding.help(format!("allowed: {allowed}")),
    }
}
