//! Reads an AsyncAPI 3 document into a [`Contract`].

mod derive;
mod draft;
mod examples;
mod extension;
mod messages;
mod operations;
mod parameters;
mod traits;

use std::collections::{HashMap, HashSet};

use super::audit::Audit;
use super::compile::Compiler;
use super::contract::{Contract, Event, EventId};
use super::fields::{mapping, required, required_text};
use super::grammar;
use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::{Node, Span, Workspace};
use extension::streams;
use traits::Merged;

/// Reads the contract. What is missing from the result is in the report.
#[must_use]
pub fn read(workspace: &Workspace, report: &mut Report) -> Contract {
    let merged = workspace
        .contract()
        .map(|root| Merged::of(workspace, root, report))
        .unwrap_or_default();
    let mut reader = Reader {
        workspace,
        merged: &merged,
        compiler: Compiler::new(workspace),
        audit: Audit::new(workspace),
        content_type: None,
        channels: HashMap::new(),
        sent: HashSet::new(),
        examples: examples::folders(workspace),
        events: Vec::new(),
        names: HashMap::new(),
    };
    let source = workspace
        .files()
        .first()
        .map(|file| file.path.clone())
        .unwrap_or_default();
    let mut contract = Contract {
        source,
        native: false,
        streams: Vec::new(),
        streams_read: false,
        events: Vec::new(),
        services: Vec::new(),
        types: super::types::Types::default(),
        by_subject: std::sync::OnceLock::new(),
        stream_statics: std::sync::OnceLock::new(),
    };
    if let Some(root) = workspace.contract()
        && let Some(root) = mapping(workspace, root, &grammar::DOCUMENT, report)
        && reader.document(root, report)
    {
        contract.native = root.get("x-jetstream").is_some();
        let entries = |key| root.get(key).map(Node::entries).unwrap_or_default();
        reader.find_sent(entries("operations"));
        reader.channels(entries("channels"), report);
        let streams = if contract.native {
            streams(root, report)
        } else {
            let place = root.entry("channels").map_or(root.span, |e| e.key_span);
            Some(derive::streams(&reader.events, place, report))
        };
        contract.streams_read = streams.is_some();
        contract.streams = streams.unwrap_or_default();
        contract.services = reader.services(root, entries("operations"), report);
    }
    contract.events = reader.events;
    contract.types = reader.compiler.finish();
    super::versions::resolve(&mut contract);
    contract
}

struct Reader<'w> {
    workspace: &'w Workspace,
    merged: &'w Merged,
    compiler: Compiler<'w>,
    audit: Audit<'w>,
    /// `defaultContentType` of the document.
    content_type: Option<&'w Node>,
    /// The document's channels, by the place of each.
    channels: HashMap<Span, Channel>,
    /// The channels that some operation sends to, by their places.
    sent: HashSet<Span>,
    /// The names of the events that have files of examples.
    examples: HashSet<String>,
    events: Vec<Event>,
    /// The numbers of the events, by their names.
    names: HashMap<String, usize>,
}

/// A channel of the document.
struct Channel {
    /// Where its name stands.
    span: Span,
    messages: Vec<Message>,
}

/// A message of a channel, by what an operation may call it.
#[derive(Clone, Copy)]
struct Message {
    /// Where its name in the channel stands.
    key: Span,
    /// What stands under that name: often a reference.
    entry: Span,
    /// What that stands for.
    target: Span,
    /// `None` where the message has a finding.
    event: Option<EventId>,
}

impl<'w> Reader<'w> {
    /// What stands at the top; whether the rest can be read.
    fn document(&mut self, root: &'w Node, report: &mut Report) -> bool {
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
                .at(node.span, "3.0.x or 3.1.x expected")
                .help("`asyncapi convert` of AsyncAPI's own command line brings a document of 2.x to 3.0"),
            );
            return false;
        }
        if let Some(info) = required(root, "info", "the document", report) {
            mapping(self.workspace, info, &grammar::INFO, report);
        }
        self.content_type = root.get("defaultContentType");
        if let Some(components) = root.get("components") {
            mapping(self.workspace, components, &grammar::COMPONENTS, report);
        }
        true
    }
}
