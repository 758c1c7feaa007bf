//! Each service's own AsyncAPI document: its operations, and of the rest what they need.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Value as Json};

use super::trees::{DOCUMENTS, up};
use super::{File, markdown, notice, yaml};
use crate::load::{Entry, Node, Value, Workspace};
use crate::model::{Contract, Service, names};
use crate::parallel;

/// The parts of a document that hold things by name, in the order in which they are written.
const PARTS: [&str; 3] = ["servers", "channels", "operations"];
/// Values that are data, whatever their keys look like.
const DATA: &[&str] = &["const", "default", "enum", "example", "examples"];

/// One document per service.
pub(super) fn files(contract: &Contract, workspace: &Workspace) -> Vec<File> {
    let Some(root) = workspace.contract() else {
        return Vec::new();
    };
    let stems = stems(contract);
    let services: Vec<(&Service, String)> = contract.services.iter().zip(stems).collect();
    parallel::map(&services, |(service, stem)| File {
        path: format!("{stem}.yaml"),
        text: document(contract, workspace, root, service),
    })
}

/// The services' documents, in the services' order, relative to the contract's folder.
pub(super) fn paths(contract: &Contract) -> Vec<String> {
    let path = |stem| format!("{DOCUMENTS}/{stem}.yaml");
    stems(contract).into_iter().map(path).collect()
}

fn stems(contract: &Contract) -> Vec<String> {
    let all: Vec<&str> = contract.services.iter().map(|s| s.name.as_str()).collect();
    names::distinct(&all, markdown::file_stem)
}

fn document(contract: &Contract, workspace: &Workspace, root: &Node, service: &Service) -> String {
    let mut excerpt = Excerpt {
        workspace,
        root,
        wanted: BTreeSet::new(),
    };
    let own = service.receives.iter().map(|receive| &receive.name);
    for name in own.chain(service.sends.iter().map(|send| &send.name)) {
        excerpt.want(&["operations", name]);
    }
    excerpt.follow();
    let mut document = Map::new();
    for entry in root.entries() {
        let value = match entry.key.as_str() {
            "id" => continue,
            "info" => info(&entry.value, service),
            "x-jetstream" => streams(contract, workspace, &entry.value, service),
            "components" => excerpt.components(&entry.value),
            part if PARTS.contains(&part) => excerpt.part(part, &entry.value),
            _ => excerpt.copy(&entry.value),
        };
        let empty = value.as_object().is_some_and(Map::is_empty);
        if !empty {
            document.insert(entry.key.clone(), value);
        }
    }
    format!(
        "# {}\n{}",
        notice(&[&contract.source]),
        yaml::document(&document)
    )
}

fn info(info: &Node, service: &Service) -> Json {
    let mut info = info.to_json();
    if let Some(Json::String(title)) = info.get_mut("title") {
        *title = format!("{title}: {}", service.name);
    }
    if let Some(map) = info.as_object_mut() {
        map.insert(
            "description".to_owned(),
            format!(
                "What the service {} sends and receives: an excerpt of the whole contract.",
                service.name
            )
            .into(),
        );
    }
    info
}

/// The document's extension with the service's streams only.
fn streams(
    contract: &Contract,
    workspace: &Workspace,
    extension: &Node,
    service: &Service,
) -> Json {
    let Value::Map(entries) = &extension.value else {
        return extension.to_json();
    };
    let received = service.receives.iter().map(|receive| receive.event);
    let needed = received
        .chain(service.sent())
        .filter_map(|event| contract.stream_of(contract.event(event)))
        .map(|stream| stream.name.as_str());
    let needed: HashSet<&str> = needed.collect();
    let mut excerpt = Map::new();
    for entry in entries {
        let value = match &entry.value.value {
            Value::Map(_) if entry.key == "streams" => {
                let streams = named(workspace, &entry.value, needed.iter().copied());
                if streams.is_empty() {
                    return Json::Object(Map::new());
                }
                let streams = streams.into_iter();
                let streams = streams.map(|entry| (entry.key.clone(), entry.value.to_json()));
                Json::Object(streams.collect())
            }
            _ => entry.value.to_json(),
        };
        excerpt.insert(entry.key.clone(), value);
    }
    Json::Object(excerpt)
}

/// The entries of `node` that have one of these distinct names, in the order of the document. Goes through the names and
/// not through the entries: a document has many times more than one of its services needs.
fn named<'w, 'n>(
    workspace: &'w Workspace,
    node: &'w Node,
    names: impl Iterator<Item = &'n str>,
) -> Vec<&'w Entry> {
    let mut places: Vec<usize> = names
        .filter_map(|name| workspace.place(node, name))
        .collect();
    places.sort_unstable();
    let entries = node.entries();
    places.iter().filter_map(|at| entries.get(*at)).collect()
}

/// A part of the document, and what it refers to within the document.
struct Excerpt<'w> {
    workspace: &'w Workspace,
    root: &'w Node,
    /// The ways to what is needed: a part and a name, or `components`, a kind and a name.
    wanted: BTreeSet<Vec<String>>,
}

impl<'w> Excerpt<'w> {
    fn want(&mut self, way: &[&str]) {
        self.wanted
            .insert(way.iter().map(|step| (*step).to_owned()).collect());
    }

    /// Finds what the wanted parts refer to, and what those refer to.
    fn follow(&mut self) {
        let mut next: Vec<Vec<String>> = self.wanted.iter().cloned().collect();
        while let Some(way) = next.pop() {
            let mut node = Some(self.root);
            for step in &way {
                node = node.and_then(|node| {
                    let entry = node.entries().get(self.workspace.place(node, step)?)?;
                    Some(&entry.value)
                });
            }
            let mut found = Vec::new();
            if let Some(node) = node {
                self.references(node, &mut found);
            }
            for way in found {
                if self.wanted.insert(way.clone()) {
                    next.push(way);
                }
            }
        }
    }

    /// The ways to what `node` refers to in its own document.
    fn references(&self, node: &Node, found: &mut Vec<Vec<String>>) {
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            open.extend(node.items());
            for entry in node.entries() {
                match entry.value.text() {
                    Some(target) if entry.key == "$ref" => found.extend(self.inner(target)),
                    _ if DATA.contains(&entry.key.as_str()) => {}
                    _ => open.push(&entry.value),
                }
            }
        }
    }

    /// The way that a reference within the document leads: to the named thing that holds its target.
    fn inner(&self, target: &str) -> Option<Vec<String>> {
        let pointer = target.strip_prefix("#/")?;
        let steps = pointer.split('/').map(|step| {
            let step = percent_encoding::percent_decode_str(step).decode_utf8_lossy();
            step.replace("~1", "/").replace("~0", "~")
        });
        let mut steps: Vec<String> = steps.collect();
        let named = if steps.first().is_some_and(|first| first == "components") {
            3
        } else {
            2
        };
        steps.truncate(named);
        Some(steps)
    }

    fn part(&self, part: &str, node: &'w Node) -> Json {
        self.named(&[part], node)
    }

    fn components(&self, node: &'w Node) -> Json {
        let kinds = node.entries().iter().filter_map(|kind| {
            let named = self.named(&["components", &kind.key], &kind.value);
            let some = named.as_object().is_some_and(|named| !named.is_empty());
            some.then(|| (kind.key.clone(), named))
        });
        Json::Object(kinds.collect())
    }

    /// What is wanted of a mapping of named things.
    fn named(&self, way: &[&str], node: &'w Node) -> Json {
        let names = self.wanted.iter().filter_map(|wanted| {
            let (name, above) = wanted.split_last()?;
            (above == way).then_some(name.as_str())
        });
        let entries = named(self.workspace, node, names).into_iter();
        Json::Object(
            entries
                .map(|entry| (entry.key.clone(), self.copy(&entry.value)))
                .collect(),
        )
    }

    /// The same, with references that lead to the same places from the folder of the excerpt.
    fn copy(&self, node: &Node) -> Json {
        match &node.value {
            Value::List(items) => items.iter().map(|item| self.copy(item)).collect(),
            Value::Map(entries) => entries
                .iter()
                .map(|entry| {
                    let value = match entry.value.text() {
                        Some(target) if entry.key == "$ref" => {
                            Json::String(self.reference(&entry.value, target))
                        }
                        _ if DATA.contains(&entry.key.as_str()) => entry.value.to_json(),
                        _ => self.copy(&entry.value),
                    };
                    (entry.key.clone(), value)
                })
                .collect(),
            _ => node.to_json(),
        }
    }

    fn reference(&self, node: &Node, target: &str) -> String {
        if target.starts_with('#') {
            return target.to_owned();
        }
        let fragment = target.split_once('#').map(|(_, fragment)| fragment);
        match self.workspace.target(node) {
            Ok(found) => {
                let file = up(&self.workspace.file(found.span.file).path);
                match fragment {
                    Some(fragment) if !fragment.is_empty() => format!("{file}#{fragment}"),
                    _ => file,
                }
            }
            Err(_) => target.to_owned(),
        }
    }
}
