//! An event's whole schema as one document, for the compiled schema: what it refers to in other files is taken in.
//!
//! Where every reference leads to one place, all of them become pointers into the bundle, and addresses are left out.
//! A dynamic reference depends on the schemas that it is reached through (JSON Schema 2020-12, section 8.2.3.2), so a
//! bundle with one keeps every address and anchor: it is a compound document (section 9.3).

use std::collections::HashSet;

use serde_json::{Map, Value as Json};

use super::keywords::{SCHEMA, SCHEMA_LIST, SCHEMA_MAP, ascii_classes};
use crate::load::{FileId, Node, Target, Value, Workspace, encoded, escape};

/// The schema `root` with all that it needs of other files under `$defs`.
pub(super) fn bundle(workspace: &Workspace, root: &Node) -> Json {
    let mut bundler = Bundler::new(workspace, root, false);
    let plain = bundler.whole(root);
    if !bundler.dynamic {
        return plain;
    }
    Bundler::new(workspace, root, true).whole(root)
}

/// What is taken in as one piece: a schema file, or a schema in a file that is none, by the way to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Piece {
    file: FileId,
    tokens: Vec<String>,
}

struct Bundler<'w> {
    workspace: &'w Workspace,
    /// The piece that the bundle is; `None` where the root is part of a file that has other things in it.
    home: Option<Piece>,
    wanted: Vec<Piece>,
    taken: HashSet<Piece>,
    /// Whether addresses and anchors stay.
    compound: bool,
    /// Whether a dynamic reference was met.
    dynamic: bool,
}

impl<'w> Bundler<'w> {
    fn new(workspace: &'w Workspace, root: &Node, compound: bool) -> Self {
        let file = workspace.file(root.span.file);
        let is_file = file.root.as_ref().is_some_and(|own| own.span == root.span);
        Self {
            workspace,
            home: is_file.then(|| Piece {
                file: root.span.file,
                tokens: Vec::new(),
            }),
            wanted: Vec::new(),
            taken: HashSet::new(),
            compound,
            dynamic: false,
        }
    }

    fn whole(&mut self, root: &Node) -> Json {
        let mut schema = self.piece(root);
        let mut next = 0;
        while let Some(piece) = self.wanted.get(next).cloned() {
            next += 1;
            let source = self.workspace.file(piece.file);
            let node = piece
                .tokens
                .iter()
                .try_fold(source.root.as_ref(), |node, token| {
                    Some(node.and_then(|node| child(node, token)))
                })
                .flatten();
            if let Some(node) = node {
                let inner = self.piece(node);
                insert(&mut schema, &self.key(&piece), inner);
            }
        }
        schema
    }

    /// A schema that is taken in, under its address where addresses stay.
    fn piece(&mut self, node: &Node) -> Json {
        let mut copy = self.copy(node);
        if self.compound
            && let Json::Object(entries) = &mut copy
            && let Some(base) = self.workspace.base(node.span)
        {
            entries.insert("$id".to_owned(), base.into());
        }
        copy
    }

    fn key(&self, piece: &Piece) -> String {
        let path = &self.workspace.file(piece.file).path;
        if piece.tokens.is_empty() {
            return format!("file:{path}");
        }
        format!("file:{path}#{}", pointer(&piece.tokens))
    }

    /// As deep as the file is nested, which the parser bounds.
    fn copy(&mut self, schema: &Node) -> Json {
        let Value::Map(entries) = &schema.value else {
            return schema.to_json();
        };
        let mut copy = Map::new();
        for entry in entries {
            let key = entry.key.as_str();
            let value = match (key, entry.value.text()) {
                // Notes would only make it longer.
                (
                    "$comment" | "$schema" | "$vocabulary" | "default" | "description" | "examples"
                    | "title",
                    _,
                ) => continue,
                // Where every reference is a pointer into the bundle, an address would change what it means.
                ("$anchor" | "$dynamicAnchor" | "$id", _) if !self.compound => continue,
                ("$id", Some(id)) => self.workspace.base(schema.span).unwrap_or(id).into(),
                ("$ref", Some(target)) => self.reference(&entry.value, target).into(),
                ("$dynamicRef", Some(target)) => {
                    self.dynamic = true;
                    self.dynamic_reference(&entry.value, target).into()
                }
                ("pattern", Some(pattern)) => ascii_classes(pattern).into(),
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
                        .map(|inner| {
                            let name = if key == "patternProperties" {
                                ascii_classes(&inner.key)
                            } else {
                                inner.key.clone()
                            };
                            (name, self.copy(&inner.value))
                        })
                        .collect()
                }
                _ => entry.value.to_json(),
            };
            copy.insert(entry.key.clone(), value);
        }
        Json::Object(copy)
    }

    fn reference(&mut self, node: &Node, target: &str) -> String {
        if let Some(address) = self.workspace.standard(node) {
            return address;
        }
        // What leads nowhere has been reported.
        let Ok(found) = self.workspace.locate(node) else {
            return target.to_owned();
        };
        let place = self.take(&found);
        if self.compound {
            self.workspace.address(&found)
        } else {
            place
        }
    }

    fn dynamic_reference(&mut self, node: &Node, target: &str) -> String {
        let Ok(found) = self.workspace.locate(node) else {
            return target.to_owned();
        };
        self.take(&found);
        // The name of the anchor matters, not only where it leads.
        let fragment = target.split_once('#').map_or("", |(_, fragment)| fragment);
        if fragment.is_empty() || fragment.starts_with('/') {
            return self.workspace.address(&found);
        }
        let base = self.workspace.base(found.node.span);
        format!("{}#{fragment}", base.unwrap_or_default())
    }

    /// Sees to it that a target is in the bundle; the pointer to it there.
    fn take(&mut self, target: &Target<'_>) -> String {
        let root = self.workspace.file(target.file).root.as_ref();
        // A contract is no schema: only the schema that is meant is taken out of it.
        let is_schema = root.is_some_and(|root| root.get("asyncapi").is_none());
        let whole = Piece {
            file: target.file,
            tokens: Vec::new(),
        };
        if is_schema && self.home.as_ref() == Some(&whole) {
            return format!("#{}", encoded(&pointer(&target.tokens)));
        }
        let (piece, below): (Piece, &[String]) = if is_schema {
            (whole, &target.tokens)
        } else {
            let tokens = target.tokens.clone();
            (Piece { tokens, ..whole }, &[])
        };
        let key = self.key(&piece);
        if self.taken.insert(piece.clone()) {
            self.wanted.push(piece);
        }
        let place = format!("/$defs/{}{}", escape(&key), pointer(below));
        format!("#{}", encoded(&place))
    }
}

fn insert(schema: &mut Json, key: &str, inner: Json) {
    if let Json::Object(schema) = schema {
        let definitions = schema
            .entry("$defs")
            .or_insert_with(|| Json::Object(Map::new()));
        if let Json::Object(definitions) = definitions {
            definitions.insert(key.to_owned(), inner);
        }
    }
}

fn pointer(tokens: &[String]) -> String {
    tokens
        .iter()
        .map(|token| format!("/{}", escape(token)))
        .collect()
}

fn child<'n>(node: &'n Node, token: &str) -> Option<&'n Node> {
    match &node.value {
        Value::List(items) => items.get(token.parse::<usize>().ok()?),
        _ => node.get(token),
    }
}
