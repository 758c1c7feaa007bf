//! The contract as codegen understands it: events, services and streams, with the places that findings point at.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use super::jetstream::{OperationSettings, StreamSettings};
use super::subject_index::SubjectIndex;
use super::types::{ModuleId, TypeId, Types};
use crate::load::{Node, Span};

/// All that code is generated from.
#[derive(Debug)]
pub struct Contract {
    /// The contract's file name, as in `asyncapi.yaml`.
    pub source: String,
    /// Whether the document has `x-jetstream`: written for Jetway, it is held to Jetway's rules of style.
    pub native: bool,
    /// The streams, in the order of the document.
    pub streams: Vec<Stream>,
    /// Whether the streams could be read; else nothing can be said of what they keep.
    pub streams_read: bool,
    /// The events, in the order of their channels.
    pub events: Vec<Event>,
    /// The services, in the order of their first operations.
    pub services: Vec<Service>,
    /// The types of the events' data.
    pub types: Types,
    /// The streams by their subjects, made when it is first asked for.
    pub(super) by_subject: OnceLock<SubjectIndex>,
    /// The names of the streams' statics in generated code, by the streams' own, made when they are first asked for.
    pub(crate) stream_statics: OnceLock<HashMap<String, String>>,
}

impl Contract {
    /// The event of a channel.
    #[must_use]
    pub fn event(&self, id: EventId) -> &Event {
        &self.events[id.0]
    }

    /// The stream that keeps all subjects of an event.
    #[must_use]
    pub fn stream_of(&self, event: &Event) -> Option<&Stream> {
        let index = self.by_subject.get_or_init(|| {
            let mut index = SubjectIndex::default();
            for (number, stream) in self.streams.iter().enumerate() {
                for (subject, _) in &stream.subjects {
                    index.insert(subject, number);
                }
            }
            index
        });
        let covering = index.covering(&event.address.filter());
        covering
            .first()
            .and_then(|number| self.streams.get(*number))
    }
}

/// A JetStream stream.
#[derive(Debug)]
pub struct Stream {
    /// Its name, as in `ORDERS`.
    pub name: String,
    /// Where it is declared.
    pub span: Span,
    /// Its subjects and their places.
    pub subjects: Vec<(String, Span)>,
    /// Its settings.
    pub settings: StreamSettings,
    /// Where the settings stand.
    pub places: Places,
}

/// An event, by its number in [`Contract::events`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub(super) usize);

impl EventId {
    /// Its place in [`Contract::events`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// An event version: a channel with its message.
#[derive(Debug)]
pub struct Event {
    /// The CloudEvents type, as in `order.placed.v1`.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// What the channel says of it.
    pub doc: String,
    /// The channel's address.
    pub address: Address,
    /// Where the values of the address's parameters are found.
    pub parameters: Vec<Parameter>,
    /// The schema of its data: a file relative to the contract's folder, with a JSON Pointer behind `#` where the schema
    /// is a part of it.
    pub schema: String,
    /// The module of that file.
    pub module: ModuleId,
    /// The type of its data.
    pub data: TypeId,
    /// What it has to do with other versions of it.
    pub versioning: super::versions::Versioning,
    /// The whole schema as JSON text, where something in it is left to the compiled schema.
    pub compiled: Option<String>,
}

/// A channel's address: a subject with parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// As in `order.placed.v1.{orderId}`.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

impl Address {
    /// The names of the parameters, in order.
    #[must_use]
    pub fn parameters(&self) -> Vec<&str> {
        self.text.split('.').filter_map(parameter).collect()
    }

    /// The subject with `*` for every parameter.
    #[must_use]
    pub fn filter(&self) -> String {
        let tokens: Vec<&str> = self
            .text
            .split('.')
            .map(|token| parameter(token).map_or(token, |_| "*"))
            .collect();
        tokens.join(".")
    }
}

fn parameter(token: &str) -> Option<&str> {
    token.strip_prefix('{')?.strip_suffix('}')
}

/// A parameter of an address and the way to its value in the event's data.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// The Rust fields, outermost first; none where the contract does not say, which only what nobody sends may have.
    pub fields: Vec<String>,
    /// Whether the value is copied where it is used.
    pub by_value: bool,
}

/// A service: the operations that share the first part of their names.
#[derive(Debug)]
pub struct Service {
    /// Its name, as in `inventory`.
    pub name: String,
    /// Where it is named first.
    pub span: Span,
    /// What it receives.
    pub receives: Vec<Receive>,
    /// What it sends.
    pub sends: Vec<Send>,
}

impl Service {
    /// The events that it sends, each once.
    #[must_use]
    pub fn sent(&self) -> Vec<EventId> {
        let mut seen = HashSet::new();
        let events = self.sends.iter().map(|send| send.event);
        events.filter(|event| seen.insert(*event)).collect()
    }
}

/// A send operation.
#[derive(Debug)]
pub struct Send {
    /// Its whole name, as in `orders.placeOrder`.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// What it sends.
    pub event: EventId,
}

/// Where the settings of an extension stand, for findings.
#[derive(Clone, Debug, Default)]
pub struct Places {
    places: Vec<(String, Span)>,
}

impl Places {
    pub(super) fn of(settings: &Node) -> Self {
        let mut places = Vec::new();
        for entry in settings.entries() {
            places.push((entry.key.clone(), entry.value.span));
            for inner in entry.value.entries() {
                places.push((format!("{}.{}", entry.key, inner.key), inner.value.span));
            }
        }
        Self { places }
    }

    /// Where `setting` stands; `None` where it has its default.
    #[must_use]
    pub fn find(&self, setting: &str) -> Option<Span> {
        self.places
            .iter()
            .find(|(name, _)| name == setting)
            .map(|(_, span)| *span)
    }
}

/// A receive operation.
#[derive(Debug)]
pub struct Receive {
    /// Its whole name, as in `inventory.reserveStock`.
    pub name: String,
    /// The name without its service, as in `reserveStock`.
    pub local: String,
    /// Where the name stands.
    pub span: Span,
    /// What the contract says of it.
    pub doc: String,
    /// What it receives: the first of them, where it receives several.
    pub event: EventId,
    /// The others. They are messages of the same channel.
    pub others: Vec<EventId>,
    /// The other messages of that channel, by their events, which the operation does not name.
    pub skipped: Vec<EventId>,
    /// Its settings.
    pub settings: OperationSettings,
    /// Where the settings stand.
    pub places: Places,
}

impl Receive {
    /// All that it receives, in the order of the document.
    pub fn events(&self) -> impl Iterator<Item = EventId> + '_ {
        std::iter::once(self.event).chain(self.others.iter().copied())
    }

    /// The durable consumer: JetStream takes no dots in its name.
    #[must_use]
    pub fn durable(&self) -> String {
        self.name.replace('.', "-")
    }
}
