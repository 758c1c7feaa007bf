//! An event's whole schema as one document, for the compiled schema: what it refers to in other files is taken in.

use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Map, Value as Json};

use super::keywords::{SCHEMA, SCHEMA_LIST, SCHEMA_MAP};
use crate::load::{FileId, Node, Value, Workspace, escape};

/// The schema in `root`'s file with every other file that it needs under `$defs`.
pub(super) fn bundle(workspace: &Workspace, root: &Node) -> Json {
    let mut bundler = Bundler {
        workspace,
        home: root.span.file,
        wanted: Vec::new(),
        taken: BTreeSet::new(),
    };
    let mut schema = bundler.copy(root);
    let mut next = 0;
    while let Some(file) = bundler.wanted.get(next).copied() {
        next += 1;
        let source = workspace.file(file);
        if let Some(node) = &source.root {
            let inner = bundler.copy(node);
            insert(&mut schema, &source.path, inner);
        }
    }
    schema
}

fn insert(schema: &mut Json, path: &str, inner: Json) {
    if let Json::Object(schema) = schema {
        let definitions = schema
            .entry("$defs")
            .or_insert_with(|| Json::Object(Map::new()));
        if let Json::Object(definitions) = definitions {
            definitions.insert(key(path), inner);
        }
    }
}

/// What a URI's fragment holds only as an escape (RFC 3986, section 3.5).
const NOT_IN_FRAGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// No definition of a schema has such a name.
fn key(path: &str) -> String {
    format!("file:{path}")
}

struct Bundler<'w> {
    workspace: &'w Workspace,
    home: FileId,
    wanted: Vec<FileId>,
    taken: BTreeSet<FileId>,
}

impl Bundler<'_> {
    fn copy(&mut self, schema: &Node) -> Json {
        let Value::Map(entries) = &schema.value else {
            return schema.to_json();
        };
        let mut copy = Map::new();
        for entry in entries {
            let key = entry.key.as_str();
            let value = match (key, entry.value.text()) {
                // Without `$id` every reference is relative to the bundle; notes would only make it longer.
                (
                    "$id" | "$schema" | "$comment" | "default" | "description" | "examples"
                    | "title",
                    _,
                ) => continue,
                ("$ref", Some(target)) => Json::String(self.reference(&entry.value, target)),
                _ if key.starts_with("x-") => continue,
                _ if SCHEMA.contains(&key) => self.copy(&entry.value),
                _ if SCHEMA_LIST.contains(&key) => entry
                    .value
                    .items()
                    .iter()
                    .map(|item| self.copy(item))
                    .collect(),
                _ if SCHEMA_MAP.contains(&key) => {
                    let inner = entry.value.entries().iter();
                    inner
                        .map(|entry| (entry.key.clone(), self.copy(&entry.value)))
                        .collect()
                }
                _ => entry.value.to_json(),
            };
            copy.insert(entry.key.clone(), value);
        }
        Json::Object(copy)
    }

    fn reference(&mut self, node: &Node, target: &str) -> String {
        let fragment = target.split_once('#').map_or("", |(_, fragment)| fragment);
        let Ok(found) = self.workspace.target(node) else {
            return target.to_owned();
        };
        let file = found.span.file;
        if file == self.home {
            return format!("#{fragment}");
        }
        if self.taken.insert(file) {
            self.wanted.push(file);
        }
        let path = escape(&key(&self.workspace.file(file).path));
        let path = utf8_percent_encode(&path, NOT_IN_FRAGMENT);
        format!("#/$defs/{path}{fragment}")
    }
}
