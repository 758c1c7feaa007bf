//! A schema that is a part of its file as one document, for the compiled schema: what it refers to is taken in piece by
//! piece, since the rest of such a file (an AsyncAPI document, say) is no schema.

use std::collections::BTreeSet;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value as Json};

use super::keywords::{SCHEMA, SCHEMA_LIST, SCHEMA_MAP};
use crate::load::{Node, Value, Workspace, escape};

/// `root` with everything that it refers to under `$defs`.
pub(super) fn bundle<'w>(workspace: &'w Workspace, root: &'w Node) -> Json {
    let mut bundler = Bundler {
        workspace,
        wanted: Vec::new(),
        taken: BTreeSet::new(),
    };
    let mut schema = bundler.copy(root);
    let mut definitions = Map::new();
    let mut next = 0;
    while let Some((key, node)) = bundler.wanted.get(next).cloned() {
        next += 1;
        definitions.insert(key, bundler.copy(node));
    }
    if let Json::Object(schema) = &mut schema
        && !definitions.is_empty()
    {
        let own = schema
            .entry("$defs")
            .or_insert_with(|| Json::Object(Map::new()));
        if let Json::Object(own) = own {
            own.extend(definitions);
        }
    }
    schema
}

struct Bundler<'w> {
    workspace: &'w Workspace,
    wanted: Vec<(String, &'w Node)>,
    taken: BTreeSet<String>,
}

impl<'w> Bundler<'w> {
    /// As deep as the document, whose depth its parser limits.
    fn copy(&mut self, schema: &'w Node) -> Json {
        let Value::Map(entries) = &schema.value else {
            return schema.to_json();
        };
        let mut copy = Map::new();
        for entry in entries {
            let key = entry.key.as_str();
            let value = match key {
                "$id" | "$schema" | "$comment" | "default" | "description" | "examples"
                | "title" => continue,
                "$ref" if entry.value.text().is_some() => match self.reference(&entry.value) {
                    Some(reference) => Json::String(reference),
                    // Reported where the schema is read.
                    None => continue,
                },
                _ if key.starts_with("x-") => continue,
                _ if SCHEMA.contains(&key) => self.copy(&entry.value),
                _ if SCHEMA_LIST.contains(&key) => {
                    let items = entry.value.items().iter();
                    items.map(|item| self.copy(item)).collect()
                }
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

    fn reference(&mut self, reference: &'w Node) -> Option<String> {
        if let Some(address) = self.workspace.standard(reference) {
            return Some(address);
        }
        let target = self.workspace.target(reference).ok()?;
        let text = reference.text()?;
        let fragment = text.split_once('#').map_or("", |(_, fragment)| fragment);
        let path = &self.workspace.file(target.span.file).path;
        // No definition of a schema has such a name.
        let key = format!("file:{path}#{fragment}");
        let pointer = utf8_percent_encode(&escape(&key), NON_ALPHANUMERIC).to_string();
        if self.taken.insert(key.clone()) {
            self.wanted.push((key, target));
        }
        Some(format!("#/$defs/{pointer}"))
    }
}
