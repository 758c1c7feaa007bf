//! Channels and their messages: each message is an event.

use std::collections::HashMap;

use super::draft::{Draft, address, bare, same_names};
use super::{Channel, Message, Reader};
use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::{Entry, Node, Span};
use crate::model::contract::{Event, EventId};
use crate::model::envelope::{self, Payload};
use crate::model::fields::{mapping, required, required_text, text_or_empty};
use crate::model::types::TypeId;
use crate::model::{bundle, grammar, metaschema, names, part, versions};

/// The class of a name that is a class's with its packages, as Java has them: `org.shop.events.OrderPlaced`.
fn class(name: &str) -> Option<&str> {
    let (packages, class) = name.rsplit_once('.')?;
    let is_package = |part: &&str| part.starts_with(|c: char| c.is_ascii_lowercase());
    let deep = packages.split('.').take_while(is_package).count() > 1;
    (deep && class.starts_with(|c: char| c.is_ascii_uppercase())).then_some(class)
}

/// The schema of an event's data.
struct Data<'w> {
    /// The schema, or a reference to it.
    reference: &'w Node,
    schema: &'w Node,
    ty: TypeId,
    /// Where it is, for those who read the event.
    place: String,
}

impl<'w> Reader<'w> {
    /// Reads all channels: first what their messages are, then, with all names known, the events.
    pub(super) fn channels(&mut self, channels: &'w [Entry], report: &mut Report) {
        let mut drafts = Vec::new();
        for entry in channels {
            self.channel(entry, &mut drafts, report);
        }
        let schemas: Vec<&Node> = drafts
            .iter()
            .filter_map(|draft| draft.schema_file(self.workspace))
            .collect();
        self.audit.prepare(&schemas);
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for draft in drafts.iter().filter(|draft| draft.is_bare()) {
            let key = draft.message.key.as_str();
            *counts.entry(key).or_default() += 1;
            if let Some(short) = class(key) {
                *counts.entry(short).or_default() += 1;
            }
        }
        let unique = |name: &str| counts.get(name).is_none_or(|count| *count < 2);
        for draft in &drafts {
            let key = draft.message.key.as_str();
            let name = if unique(key) {
                key.to_owned()
            } else {
                format!("{}.{key}", draft.channel.key)
            };
            let short = class(key).filter(|short| unique(key) && unique(short));
            let rust = short.map_or_else(|| name.clone(), str::to_owned);
            let Some(event) = self.event(draft, name, &rust, report) else {
                continue;
            };
            self.names.insert(event.name.clone(), self.events.len());
            self.events.push(event);
            let id = EventId(self.events.len() - 1);
            let channel = self.channels.get_mut(&draft.node.span);
            let messages = channel
                .into_iter()
                .flat_map(|channel| &mut channel.messages);
            for message in messages.filter(|message| message.key == draft.message.key_span) {
                message.event = Some(id);
            }
        }
    }

    fn channel(&mut self, entry: &'w Entry, drafts: &mut Vec<Draft<'w>>, report: &mut Report) {
        let Some(node) = report.keep(self.workspace.resolve(&entry.value)) else {
            return;
        };
        let channel = self.channels.entry(node.span).or_insert_with(|| Channel {
            span: entry.key_span,
            messages: Vec::new(),
        });
        if channel.span != entry.key_span {
            let finding = Diagnostic::error(Code::NameCollision, "one channel has two names")
                .at(entry.key_span, "the second")
                .at(channel.span, "the first");
            report.push(finding);
            return;
        }
        let Some(node) = mapping(self.workspace, node, &grammar::CHANNEL, report) else {
            return;
        };
        let entries = node.get("messages").map(Node::entries).unwrap_or_default();
        if entries.is_empty() {
            report.push(
                Diagnostic::warning(Code::NoEffect, "a channel without messages has no effect")
                    .at(entry.key_span, "nothing is generated for this")
                    .help("an event is a message of a channel, with a payload")
                    .gathered(),
            );
        }
        for message in entries {
            let Some(target) = report.keep(self.workspace.resolve(&message.value)) else {
                continue;
            };
            if let Some(channel) = self.channels.get_mut(&node.span) {
                channel.messages.push(Message {
                    key: message.key_span,
                    entry: message.value.span,
                    target: target.span,
                    event: None,
                });
            }
            let own = self.merged.with(target);
            let Some(own) = mapping(self.workspace, own, &grammar::MESSAGE, report) else {
                continue;
            };
            let Some(payload) = required(own, "payload", "a message", report) else {
                continue;
            };
            if let Some(payload) = envelope::payload(self.workspace, payload, report) {
                drafts.push(Draft {
                    channel: entry,
                    node,
                    message,
                    own,
                    payload,
                });
            }
        }
    }

    fn event(
        &mut self,
        draft: &Draft<'w>,
        bare_name: String,
        rust: &str,
        report: &mut Report,
    ) -> Option<Event> {
        let address = address(draft, report);
        self.content_type(draft, report)?;
        self.correlation(draft, report);
        let (name, span, data) = match &draft.payload {
            Payload::Enveloped(payload) => {
                same_names(draft, payload, report);
                let data = self.data_file(payload, report)?;
                (payload.event.to_owned(), payload.event_node.span, data)
            }
            Payload::Bare(schema) => {
                let name = bare_name;
                report.push(bare(&name, schema.span));
                let data = self.bare_data(draft, schema, (&name, rust), report)?;
                (name, draft.message.key_span, data)
            }
        };
        let address = address?;
        let parameters = self.parameters(draft.node, &address, &draft.payload, data.ty, report)?;
        let compiled = self.compiled(draft.own, &name, &data, &draft.payload, report);
        let keys = ["description", "summary"];
        let mut doc = text_or_empty(draft.node, &keys);
        if doc.is_empty() || matches!(draft.payload, Payload::Bare(_)) {
            let own = text_or_empty(draft.own, &["description", "summary", "title"]);
            doc = if own.is_empty() { doc } else { own };
        }
        Some(Event {
            name,
            span,
            doc,
            address,
            parameters,
            schema: data.place,
            module: self.compiler.type_module(data.ty),
            data: data.ty,
            versioning: versions::read(draft.node, draft.own, report),
            compiled,
        })
    }

    fn content_type(&self, draft: &Draft<'w>, report: &mut Report) -> Option<()> {
        let Some(node) = draft.own.get("contentType").or(self.content_type) else {
            return Some(());
        };
        let text = node.text().unwrap_or_default();
        let kind = text.split(';').next().unwrap_or_default().trim();
        if kind == "application/cloudevents+json" {
            return Some(());
        }
        if matches!(draft.payload, Payload::Enveloped(_)) {
            report.push(
                Diagnostic::error(
                    Code::Unsupported,
                    "another content type than `application/cloudevents+json` is not supported",
                )
                .at(node.span, "events travel as structured CloudEvents JSON"),
            );
            return None;
        }
        if kind.ends_with("/json") || kind.ends_with("+json") {
            return Some(());
        }
        report.push(
            Diagnostic::error(
                Code::ForeignContent,
                format!("content of the type `{text}` is not supported"),
            )
            .at(node.span, "events are JSON")
            .help("say `application/json`, or leave the channel out of this document"),
        );
        None
    }

    fn correlation(&self, draft: &Draft<'w>, report: &mut Report) {
        let Some(node) = draft.own.get("correlationId") else {
            return;
        };
        let Some(node) = mapping(self.workspace, node, &grammar::CORRELATION_ID, report) else {
            return;
        };
        let Some((location, node)) = required_text(node, "location", "a correlation id", report)
        else {
            return;
        };
        if location == "$message.payload#/correlationid" {
            return;
        }
        if matches!(draft.payload, Payload::Bare(_)) {
            report.push(
                Diagnostic::warning(Code::NoEffect, "`correlationId` of a message has no effect")
                    .at(node.span, "nothing is generated for this")
                    .help(
                        "the envelope has a correlation id of its own, which the runtime fills in",
                    )
                    .gathered(),
            );
            return;
        }
        report.push(
            Diagnostic::error(
                Code::Unsupported,
                "another correlation id than the envelope's is not supported",
            )
            .at(node.span, "`$message.payload#/correlationid` expected"),
        );
    }

    /// The data of an envelope: a schema in a file of its own.
    fn data_file(
        &mut self,
        payload: &envelope::Enveloped<'w>,
        report: &mut Report,
    ) -> Option<Data<'w>> {
        let (event, reference) = (payload.event, payload.data);
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
        // The file's own root: what stands there beside a `$ref` counts too.
        let schema = report.keep(self.workspace.target(reference.reference()?))?;
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
        self.once(event, reference.span, report)?;
        let before = report.errors();
        self.audit.schema(schema, report);
        let module = names::snake(event, "event");
        let ty = self.own_type(schema, &module, &names::pascal(event, "Event"), report)?;
        // A type that was made of a faulty schema would only breed more findings.
        (report.errors() == before).then(|| Data {
            reference,
            schema,
            ty,
            place: path.clone(),
        })
    }

    /// The data without an envelope: a schema anywhere.
    fn bare_data(
        &mut self,
        draft: &Draft<'w>,
        reference: &'w Node,
        (event, rust): (&str, &str),
        report: &mut Report,
    ) -> Option<Data<'w>> {
        let schema = report.keep(self.workspace.resolve(reference))?;
        self.once(event, draft.message.key_span, report)?;
        let before = report.errors();
        self.audit.schema(schema, report);
        let module = names::snake(rust, "event");
        let name = names::pascal(rust, "Event");
        let ty = if envelope::whole_file(reference) {
            self.own_type(schema, &module, &name, report)
        } else {
            self.compiler.inline_event(schema, &module, &name, report)
        }?;
        (report.errors() == before).then(|| Data {
            reference,
            schema,
            ty,
            place: self.place(draft, schema),
        })
    }

    /// The type of an event whose schema is a whole file; another may have opened that file for a type of its own.
    fn own_type(
        &mut self,
        schema: &'w Node,
        module: &str,
        name: &str,
        report: &mut Report,
    ) -> Option<TypeId> {
        if self.compiler.is_open(schema.span.file) {
            return self.compiler.inline_event(schema, module, name, report);
        }
        self.compiler.event_module(schema.span.file, module);
        self.compiler.event(schema, name, report)
    }

    fn once(&self, event: &str, span: Span, report: &mut Report) -> Option<()> {
        let earlier = self.names.get(event);
        let Some(earlier) = earlier.and_then(|number| self.events.get(*number)) else {
            return Some(());
        };
        report.push(
            Diagnostic::error(
                Code::NameCollision,
                format!("the event `{event}` has two channels"),
            )
            .at(span, "the second")
            .at(earlier.span, "the first"),
        );
        None
    }

    /// The file and the JSON Pointer of a bare payload's schema.
    fn place(&self, draft: &Draft<'w>, schema: &'w Node) -> String {
        let token = |entry: &Entry| crate::load::escape(&entry.key);
        let at = format!("/channels/{}", token(draft.channel));
        let at = self.follow(&draft.channel.value, at);
        let at = format!("{at}/messages/{}", token(draft.message));
        let at = self.follow(&draft.message.value, at);
        let Some(payload) = draft.own.get("payload") else {
            return at;
        };
        let mut at = self.follow(payload, format!("{at}/payload"));
        let mut node = self.workspace.resolve(payload).ok();
        for _ in 0..envelope::DEEPEST {
            let formatted = node.filter(|node| node.get("schemaFormat").is_some());
            let Some(inner) = formatted.and_then(|node| node.get("schema")) else {
                break;
            };
            at = self.follow(inner, format!("{at}/schema"));
            node = self.workspace.resolve(inner).ok();
        }
        let path = &self.workspace.file(schema.span.file).path;
        match at.as_str() {
            "" => path.clone(),
            at => format!("{path}#{at}"),
        }
    }

    /// The pointer of what `node`, itself at `at`, stands for: that of its last reference.
    fn follow(&self, node: &'w Node, at: String) -> String {
        let (mut node, mut at) = (node, at);
        // Whoever calls this has resolved the node: there is no circle.
        while let Some(reference) = node.reference() {
            let text = reference.text().unwrap_or_default();
            at = text
                .split_once('#')
                .map_or("", |(_, pointer)| pointer)
                .to_owned();
            match self.workspace.target(reference) {
                Ok(target) => node = target,
                Err(_) => break,
            }
        }
        at
    }

    /// The whole schema as text, where the compiled schema is needed; it is compiled once here, and the examples are
    /// held against it, unless there are none and it is certain to be valid.
    fn compiled(
        &self,
        message: &'w Node,
        event: &str,
        data: &Data<'w>,
        payload: &Payload<'w>,
        report: &mut Report,
    ) -> Option<String> {
        let types = self.compiler.types();
        let needed = types
            .reachable(data.ty)
            .into_iter()
            .any(|id| !types.get(id).compiled.is_empty());
        let examples = self.has_examples(event, message);
        if !needed && !examples && self.audit.is_plain(data.schema) {
            return None;
        }
        // A bare payload may refer to parts of files that are no schemas.
        let bundle = match payload {
            Payload::Enveloped(_) => bundle::bundle(self.workspace, data.schema),
            Payload::Bare(_) => part::bundle(self.workspace, data.schema),
        };
        let validator = metaschema::check(self.workspace, data.schema, &bundle, report);
        if let Some(validator) = validator.filter(|_| examples) {
            let enveloped = matches!(payload, Payload::Enveloped(_));
            self.message_examples(message, &validator, enveloped, report);
            self.example_files(event, data.reference.span, &validator, report);
        }
        needed.then(|| bundle.to_string())
    }
}
