//! The catalogue of the events for people: an index, a page per event, and who sends what to whom as a picture.

mod example;
mod facets;
mod fields;
mod index;
mod lifecycle;
mod page;
mod rules;
mod schemas;
mod words;

use std::collections::HashMap;

use super::{File, graph, markdown, service_document};
use crate::load::{Node, Span, Workspace};
use crate::model::{Contract, Event, Receive, Send, Service, names};
use lifecycle::Lifecycle;

/// The index.
const INDEX: &str = "README.md";
/// The picture.
const PICTURE: &str = "services.svg";
/// The same as text.
const DIAGRAM: &str = "services.md";

/// All files.
pub(super) fn files(contract: &Contract, workspace: &Workspace) -> Vec<File> {
    let book = Book::of(contract, workspace);
    let deprecated = |index| book.lifecycle(index).deprecated;
    let graph = graph::Graph::of(contract, deprecated, &book.heirs);
    let mut files: Vec<File> = contract
        .events
        .iter()
        .enumerate()
        .map(|(index, event)| File {
            path: book.page(index),
            text: page::text(&book, index, event),
        })
        .collect();
    let mut add = |path: &str, text: String| {
        files.push(File {
            path: path.to_owned(),
            text,
        });
    };
    add(INDEX, index::text(&book));
    add(PICTURE, graph::svg(&graph, &contract.source));
    add(DIAGRAM, graph::mermaid(&graph, &contract.source));
    files
}

/// What all pages are written from.
struct Book<'c> {
    contract: &'c Contract,
    workspace: &'c Workspace,
    /// The pages' files, by the event's place.
    pages: Vec<String>,
    /// The services' own documents, by the service's name.
    documents: HashMap<&'c str, String>,
    /// The channels, by the places of their addresses.
    channels: HashMap<Span, &'c Node>,
    /// The schemas of the events' data, by the event's place.
    schemas: Vec<Option<&'c Node>>,
    lifecycles: Vec<Lifecycle>,
    /// The newer events that each is made into where they are received, by the event's place.
    heirs: Vec<Vec<usize>>,
    /// The versions of each fact with the events' places, the oldest first.
    versions: HashMap<&'c str, Vec<(u64, usize)>>,
    /// Who sends and who receives, by the event's place.
    senders: Vec<Vec<(&'c Service, &'c Send)>>,
    receivers: Vec<Vec<(&'c Service, &'c Receive)>>,
}

impl<'c> Book<'c> {
    fn of(contract: &'c Contract, workspace: &'c Workspace) -> Self {
        let event_names: Vec<&str> = contract.events.iter().map(|e| e.name.as_str()).collect();
        let pages = names::distinct(&event_names, markdown::file_stem)
            .into_iter()
            .map(|stem| format!("{stem}.md"))
            .collect();
        let mut senders = vec![Vec::new(); contract.events.len()];
        let mut receivers = vec![Vec::new(); contract.events.len()];
        for service in &contract.services {
            for send in &service.sends {
                if let Some(known) = senders.get_mut(send.event.index()) {
                    known.push((service, send));
                }
            }
            for receive in &service.receives {
                for event in receive.events() {
                    if let Some(known) = receivers.get_mut(event.index()) {
                        known.push((service, receive));
                    }
                }
            }
        }
        let mut versions: HashMap<&str, Vec<(u64, usize)>> = HashMap::new();
        for (index, event) in contract.events.iter().enumerate() {
            if let Some((fact, version)) = lifecycle::split(&event.name) {
                versions.entry(fact).or_default().push((version, index));
            }
        }
        versions
            .values_mut()
            .for_each(|known| known.sort_unstable());
        let documents = contract
            .services
            .iter()
            .map(|service| service.name.as_str());
        let channels = lifecycle::channels(workspace);
        let schemas = schemas::all(contract, workspace);
        let lifecycles = lifecycle::all(contract, workspace, &channels, &schemas);
        Self {
            contract,
            workspace,
            pages,
            documents: documents.zip(service_document::paths(contract)).collect(),
            heirs: lifecycle::heirs(contract, &lifecycles),
            schemas,
            lifecycles,
            channels,
            versions,
            senders,
            receivers,
        }
    }

    fn event(&self, index: usize) -> Option<&'c Event> {
        self.contract.events.get(index)
    }

    fn page(&self, index: usize) -> String {
        self.pages.get(index).cloned().unwrap_or_default()
    }

    fn lifecycle(&self, index: usize) -> Lifecycle {
        self.lifecycles.get(index).cloned().unwrap_or_default()
    }

    fn senders(&self, index: usize) -> &[(&'c Service, &'c Send)] {
        self.senders.get(index).map_or(&[], Vec::as_slice)
    }

    fn receivers(&self, index: usize) -> &[(&'c Service, &'c Receive)] {
        self.receivers.get(index).map_or(&[], Vec::as_slice)
    }

    /// The channel of an event.
    fn channel(&self, event: &Event) -> Option<&'c Node> {
        self.channels.get(&event.address.span).copied()
    }

    /// The schema of an event's data.
    fn schema(&self, index: usize) -> Option<&'c Node> {
        self.schemas.get(index).copied().flatten()
    }

    /// The versions of an event and their places, the oldest first.
    fn versions(&self, event: &Event) -> &[(u64, usize)] {
        let fact = lifecycle::split(&event.name).map(|(fact, _)| fact);
        fact.and_then(|fact| self.versions.get(fact))
            .map_or(&[], Vec::as_slice)
    }

    /// Who receives an event and as which: the event itself, or a newer version that it is made into.
    fn all_receivers(&self, index: usize) -> Vec<(usize, &'c Service, &'c Receive)> {
        let heirs = self.heirs.get(index).map_or(&[][..], Vec::as_slice);
        let received = std::iter::once(&index).chain(heirs);
        received
            .flat_map(|as_which| {
                let receivers = self.receivers(*as_which).iter();
                receivers.map(|(service, receive)| (*as_which, *service, *receive))
            })
            .collect()
    }

    /// A link to an event's page, from another page of the catalogue.
    fn link(&self, index: usize) -> String {
        let name = self.event(index).map_or("", |event| event.name.as_str());
        markdown::link(name, &self.page(index))
    }
}
