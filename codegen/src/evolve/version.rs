//! A version of the contract, from a folder or from git, and its events' schemas as single documents.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json};

use crate::diagnostics::Report;
use crate::load::{Node, Span, Value, Workspace, escape};
use crate::model::{self, Contract};

/// A contract as it was, or is.
pub(super) struct Version {
    pub(super) workspace: Workspace,
    pub(super) contract: Contract,
    pub(super) report: Report,
    /// Keeps the files while they are needed.
    _folder: Option<tempfile::TempDir>,
}

impl Version {
    pub(super) fn load(path: &Path, folder: Option<tempfile::TempDir>) -> std::io::Result<Self> {
        let mut report = Report::default();
        let workspace = Workspace::load(path, &mut report)?;
        let contract = model::read(&workspace, &mut report);
        Ok(Self {
            workspace,
            contract,
            report,
            _folder: folder,
        })
    }

    /// The events and the documents of their data.
    pub(super) fn events(&self) -> Vec<(&str, Option<Json>)> {
        self.contract
            .events
            .iter()
            .map(|event| (event.name.as_str(), self.document(&event.schema)))
            .collect()
    }

    /// A file's schema with all that it refers to.
    fn document(&self, path: &str) -> Option<Json> {
        let file = self.workspace.find(path)?;
        let root = self.workspace.file(file).root.as_ref()?;
        let mut bundler = Bundler {
            workspace: &self.workspace,
            wanted: vec![path.to_owned()],
            pointers: HashMap::new(),
        };
        let mut files = Map::new();
        let mut next = 0;
        while let Some(path) = bundler.wanted.get(next).cloned() {
            next += 1;
            let file = self.workspace.file(self.workspace.find(&path)?);
            files.insert(path, bundler.copy(file.root.as_ref()?, false)?);
        }
        let mut document = Map::new();
        if let Some(dialect) = root.get("$schema") {
            document.insert("$schema".to_owned(), dialect.to_json());
        }
        document.insert("$ref".to_owned(), reference(path, "").into());
        document.insert("$defs".to_owned(), Json::Object(files));
        Some(Json::Object(document))
    }

    /// Where something of an event's document stands, or what is nearest to it.
    pub(super) fn place(&self, schema: &str, pointer: &str) -> Option<Span> {
        let mut tokens = pointer
            .split('/')
            .skip(1)
            .map(|token| token.replace("~1", "/").replace("~0", "~"))
            .peekable();
        let path = match tokens.next().as_deref() {
            Some("$defs") => tokens.next()?,
            _ => schema.to_owned(),
        };
        let file = self.workspace.file(self.workspace.find(&path)?);
        let mut node = file.root.as_ref()?;
        let mut span = node.span;
        for token in tokens {
            let (next, place) = match &node.value {
                Value::List(items) => {
                    let item = token
                        .parse::<usize>()
                        .ok()
                        .and_then(|index| items.get(index));
                    let Some(item) = item else { break };
                    (item, item.span)
                }
                _ => {
                    let Some(entry) = node.entry(&token) else {
                        break;
                    };
                    (&entry.value, entry.key_span)
                }
            };
            node = next;
            span = place;
        }
        Some(span)
    }
}

/// The file of the contract below a folder that holds an older version.
pub(super) fn contract_file(folder: &Path, now: &Path) -> PathBuf {
    folder.join(now.file_name().unwrap_or_default())
}

fn reference(path: &str, pointer: &str) -> String {
    let path = escape(path);
    let text = format!("/$defs/{path}{pointer}");
    let escaped = percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC);
    format!("#{}", escaped.to_string().replace("%2F", "/"))
}

struct Bundler<'w> {
    workspace: &'w Workspace,
    wanted: Vec<String>,
    /// From the place of a node to its pointer, for each file that was referred to.
    pointers: HashMap<String, HashMap<usize, String>>,
}

impl<'w> Bundler<'w> {
    /// `named`: the keys here are names of the author's choice, and no keywords.
    fn copy(&mut self, node: &'w Node, named: bool) -> Option<Json> {
        let entries = match &node.value {
            Value::Map(entries) => entries,
            Value::List(items) => {
                return items.iter().map(|item| self.copy(item, false)).collect();
            }
            _ => return Some(node.to_json()),
        };
        let mut copy = Map::new();
        for entry in entries {
            let value = match (entry.key.as_str(), entry.value.text()) {
                ("const" | "default" | "enum" | "example" | "examples", _) if !named => {
                    entry.value.to_json()
                }
                // Every reference is followed here, so none needs a name.
                ("$id" | "$anchor" | "$schema", Some(_)) if !named => continue,
                ("$ref", Some(_)) if !named => self.follow(&entry.value)?.into(),
                (key, _) => {
                    let names = matches!(
                        key,
                        "$defs"
                            | "definitions"
                            | "dependencies"
                            | "dependentSchemas"
                            | "patternProperties"
                            | "properties"
                    );
                    self.copy(&entry.value, names && !named)?
                }
            };
            copy.insert(entry.key.clone(), value);
        }
        Some(Json::Object(copy))
    }

    fn follow(&mut self, node: &'w Node) -> Option<String> {
        let target = self.workspace.target(node).ok()?;
        let file = self.workspace.file(target.span.file);
        if !self.wanted.contains(&file.path) {
            self.wanted.push(file.path.clone());
        }
        let pointers = self.pointers.entry(file.path.clone()).or_insert_with(|| {
            let mut found = HashMap::new();
            if let Some(root) = &file.root {
                collect(root, String::new(), &mut found);
            }
            found
        });
        let pointer = pointers.get(&(std::ptr::from_ref(target) as usize))?;
        Some(reference(&file.path, pointer))
    }
}

fn collect(node: &Node, pointer: String, found: &mut HashMap<usize, String>) {
    for (index, item) in node.items().iter().enumerate() {
        collect(item, format!("{pointer}/{index}"), found);
    }
    for entry in node.entries() {
        collect(
            &entry.value,
            format!("{pointer}/{}", escape(&entry.key)),
            found,
        );
    }
    found.insert(std::ptr::from_ref(node) as usize, pointer);
}
