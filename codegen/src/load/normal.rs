//! Brings schemas of other dialects into 2020-12, so that the rest of codegen reads only that.

use std::collections::HashMap;

use super::node::{Entry, Node, Value};
use super::workspace::File;
use super::{Dialect, FileId, Formats, Reading, Span, pointer, resources};
use crate::diagnostics::{Code, Diagnostic};

const DRAFT_2020_12: &str = "https://json-schema.org/draft/2020-12/schema";
const DRAFT_07: &str = "http://json-schema.org/draft-07/schema";

/// The keywords whose value is a schema; `items` and `dependencies` are seen to in both of their forms.
const SCHEMA: &[&str] = &[
    "additionalItems",
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
const SCHEMA_LIST: &[&str] = &["allOf", "anyOf", "items", "oneOf", "prefixItems"];
const SCHEMA_MAP: &[&str] = &[
    "$defs",
    "definitions",
    "dependencies",
    "dependentSchemas",
    "patternProperties",
    "properties",
];

/// What 2020-12 has and draft-07 has not: ignored there, so it would enforce nothing.
const NOT_IN_DRAFT_07: &[&str] = &[
    "$anchor",
    "$dynamicAnchor",
    "$dynamicRef",
    "$vocabulary",
    "dependentRequired",
    "dependentSchemas",
    "maxContains",
    "minContains",
    "prefixItems",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// What stays beside a `$ref` in draft-07: it says nothing about validity.
const BESIDE_REFERENCE: &[&str] = &[
    "$comment",
    "$defs",
    "$ref",
    "$schema",
    "default",
    "definitions",
    "deprecated",
    "description",
    "examples",
    "readOnly",
    "title",
    "writeOnly",
];

/// The vocabularies of 2020-12 and the keywords of those that a dialect can do without.
const VOCABULARIES: &[(&str, &[&str])] = &[
    ("core", &[]),
    (
        "applicator",
        &[
            "additionalProperties",
            "allOf",
            "anyOf",
            "contains",
            "dependentSchemas",
            "else",
            "if",
            "items",
            "not",
            "oneOf",
            "patternProperties",
            "prefixItems",
            "properties",
            "propertyNames",
            "then",
        ],
    ),
    (
        "unevaluated",
        &["unevaluatedItems", "unevaluatedProperties"],
    ),
    (
        "validation",
        &[
            "const",
            "dependentRequired",
            "enum",
            "exclusiveMaximum",
            "exclusiveMinimum",
            "maxContains",
            "maxItems",
            "maxLength",
            "maxProperties",
            "maximum",
            "minContains",
            "minItems",
            "minLength",
            "minProperties",
            "minimum",
            "multipleOf",
            "pattern",
            "required",
            "type",
            "uniqueItems",
        ],
    ),
    ("meta-data", &[]),
    ("format-annotation", &[]),
    ("format-assertion", &[]),
    ("content", &[]),
];

/// The dialects that metaschemas in the workspace define: the address, and the keywords that they do without.
pub(super) type Vocabularies = HashMap<String, Vec<&'static str>>;

/// Every metaschema with a `$vocabulary` whose required vocabularies are all known.
pub(super) fn vocabularies(files: &[File], addresses: &HashMap<FileId, String>) -> Vocabularies {
    let mut found = Vocabularies::new();
    for (index, file) in files.iter().enumerate() {
        let Some(root) = &file.root else {
            continue;
        };
        let Some(declared) = root.get("$vocabulary") else {
            continue;
        };
        let id = FileId(u32::try_from(index).unwrap_or(u32::MAX));
        let own = root.get("$id").and_then(Node::text);
        if let Some(without) = without(declared) {
            for address in own
                .into_iter()
                .chain(addresses.get(&id).map(String::as_str))
            {
                let (address, _) = pointer::split(address);
                found.insert(address.to_owned(), without.clone());
            }
        }
    }
    found
}

/// The keywords of the vocabularies that are not declared; `None` where one is required that is not known.
fn without(declared: &Node) -> Option<Vec<&'static str>> {
    const PREFIX: &str = "https://json-schema.org/draft/2020-12/vocab/";
    let known = |entry: &Entry| {
        let name = entry.key.strip_prefix(PREFIX);
        name.is_some_and(|name| VOCABULARIES.iter().any(|(known, _)| *known == name))
    };
    let entries = declared.entries();
    if entries
        .iter()
        .any(|entry| entry.value.value == Value::Bool(true) && !known(entry))
    {
        return None;
    }
    let absent = VOCABULARIES.iter().filter(|(name, _)| {
        !entries
            .iter()
            .any(|entry| entry.key.strip_prefix(PREFIX) == Some(name))
    });
    Some(
        absent
            .flat_map(|(_, keywords)| *keywords)
            .copied()
            .collect(),
    )
}

/// Goes through a file once, before anything in it is understood.
pub(super) struct Normalizer<'n> {
    reading: Reading,
    vocabularies: &'n Vocabularies,
    notes: &'n mut HashMap<Span, Vec<Diagnostic>>,
    /// Whether schemas that name no dialect may have what draft-07 says otherwise than 2020-12.
    older: bool,
}

impl<'n> Normalizer<'n> {
    pub(super) fn new(
        reading: Reading,
        vocabularies: &'n Vocabularies,
        notes: &'n mut HashMap<Span, Vec<Diagnostic>>,
    ) -> Self {
        Self {
            reading,
            vocabularies,
            notes,
            older: false,
        }
    }

    /// Has schemas that name no dialect read as AsyncAPI's own, which may be written as in draft-07 or as in 2020-12.
    pub(super) fn older(&mut self, older: bool) -> &mut Self {
        self.older = older;
        self
    }

    /// A document that may have schemas in it: those that name another dialect than 2020-12 are brought into it.
    pub(super) fn anything(&mut self, node: &mut Node, named: bool) {
        let dialect = node.get("$schema").and_then(Node::text);
        if !named && dialect.is_some_and(|uri| uri.trim_end_matches('#') != DRAFT_2020_12) {
            return self.schema(node);
        }
        let (before, span) = (self.older, node.span);
        self.older &= named || dialect.is_none();
        match &mut node.value {
            Value::List(items) => {
                for item in items {
                    self.anything(item, false);
                }
            }
            Value::Map(entries) => {
                if self.older && !named {
                    self.respelt(span, entries);
                }
                for entry in entries {
                    let Some(inner) = resources::below(&entry.key, named) else {
                        continue;
                    };
                    // Whatever an extension holds, it is not this document's schema.
                    let older = self.older;
                    self.older &= named || !entry.key.starts_with("x-");
                    self.anything(&mut entry.value, inner);
                    self.older = older;
                }
            }
            _ => {}
        }
        self.older = before;
    }

    /// What only draft-07 has, in the words of 2020-12.
    fn respelt(&mut self, span: Span, entries: &mut Vec<Entry>) {
        let is_schema = |node: &Node| matches!(node.value, Value::Map(_) | Value::Bool(_));
        let tuple = entries.iter().any(|entry| {
            let items = &entry.value.value;
            entry.key == "items"
                && matches!(items, Value::List(items) if items.iter().all(is_schema))
        });
        if tuple || entries.iter().any(|entry| entry.key == "additionalItems") {
            self.items(span, entries);
        }
        dependencies(entries);
        identifier(entries);
    }

    /// A schema in the dialect that it names, or else in the one of the whole reading.
    pub(super) fn schema(&mut self, node: &mut Node) {
        self.inner(node, self.reading.dialect, &[]);
    }

    fn inner(&mut self, node: &mut Node, mut dialect: Dialect, without: &[&'static str]) {
        let span = node.span;
        let Value::Map(entries) = &mut node.value else {
            return;
        };
        let vocabularies = self.vocabularies;
        let mut without = without;
        let named = entries.iter_mut().find(|entry| entry.key == "$schema");
        if let Some(named) = named
            && let Value::String(uri) = &mut named.value.value
        {
            match uri.trim_end_matches('#') {
                DRAFT_2020_12 => (dialect, without) = (Dialect::Draft202012, &[]),
                DRAFT_07 => (dialect, without) = (Dialect::Draft07, &[]),
                other => {
                    if let Some(absent) = vocabularies.get(other) {
                        (dialect, without) = (Dialect::Draft202012, absent);
                        DRAFT_2020_12.clone_into(uri);
                    }
                }
            }
            if uri.trim_end_matches('#') == DRAFT_07 {
                DRAFT_2020_12.clone_into(uri);
            }
        }
        if dialect == Dialect::Draft07 {
            self.draft_07(span, entries);
        }
        entries.retain(|entry| {
            let ignored = without.contains(&entry.key.as_str());
            if ignored {
                self.note(span, ignored_by(entry, "the dialect of this schema"));
            }
            let annotation = entry.key == "format" && self.reading.formats == Formats::Annotated;
            !(ignored || annotation)
        });
        for entry in entries {
            let key = entry.key.as_str();
            match &mut entry.value.value {
                Value::Map(inner) if SCHEMA_MAP.contains(&key) => {
                    for inner in inner {
                        self.inner(&mut inner.value, dialect, without);
                    }
                }
                Value::List(items) if SCHEMA_LIST.contains(&key) => {
                    for item in items {
                        self.inner(item, dialect, without);
                    }
                }
                Value::Map(_) if SCHEMA.contains(&key) => {
                    self.inner(&mut entry.value, dialect, without);
                }
                _ => {}
            }
        }
    }

    fn note(&mut self, span: Span, finding: Diagnostic) {
        self.notes.entry(span).or_default().push(finding);
    }

    fn draft_07(&mut self, span: Span, entries: &mut Vec<Entry>) {
        for entry in entries.iter() {
            if NOT_IN_DRAFT_07.contains(&entry.key.as_str()) {
                self.note(
                    span,
                    Diagnostic::error(
                        Code::Keyword,
                        format!("`{}` is no keyword of draft-07", entry.key),
                    )
                    .at(entry.key_span, "ignored there, so it would enforce nothing")
                    .help(format!(
                        "write the schema in 2020-12: `\"$schema\": \"{DRAFT_2020_12}\"`"
                    )),
                );
            }
        }
        let refers = entries
            .iter()
            .any(|entry| entry.key == "$ref" && entry.value.text().is_some());
        if refers {
            entries.retain(|entry| {
                let key = entry.key.as_str();
                let stays = BESIDE_REFERENCE.contains(&key) || key.starts_with("x-");
                if !stays {
                    self.note(
                        span,
                        ignored_by(entry, "draft-07, since it stands beside `$ref`"),
                    );
                }
                stays
            });
            return;
        }
        self.items(span, entries);
        dependencies(entries);
        identifier(entries);
    }

    /// `items` with a list, and `additionalItems`, which means something only then.
    fn items(&mut self, span: Span, entries: &mut Vec<Entry>) {
        let tuple = entries
            .iter()
            .any(|entry| entry.key == "items" && matches!(entry.value.value, Value::List(_)));
        if !tuple {
            entries.retain(|entry| {
                let stays = entry.key != "additionalItems";
                if !stays {
                    let why = "draft-07, since `items` is no list";
                    self.note(span, ignored_by(entry, why));
                }
                stays
            });
            return;
        }
        entries.retain(|entry| {
            entry.key != "items"
                || !matches!(&entry.value.value, Value::List(items) if items.is_empty())
        });
        for entry in entries {
            match entry.key.as_str() {
                "items" => "prefixItems".clone_into(&mut entry.key),
                "additionalItems" => "items".clone_into(&mut entry.key),
                _ => {}
            }
        }
    }
}

fn ignored_by(entry: &Entry, whom: &str) -> Diagnostic {
    Diagnostic::warning(
        Code::IgnoredKeyword,
        format!("`{}` is ignored by {whom}", entry.key),
    )
    .at(entry.key_span, "enforces nothing")
}

/// `dependencies`, which is two keywords in 2020-12.
fn dependencies(entries: &mut Vec<Entry>) {
    let Some(index) = entries.iter().position(|entry| entry.key == "dependencies") else {
        return;
    };
    if !entries[index].value.is_map() {
        return;
    }
    let old = entries.remove(index);
    let Value::Map(inner) = old.value.value else {
        return;
    };
    let (required, schemas): (Vec<Entry>, Vec<Entry>) = inner
        .into_iter()
        .partition(|entry| matches!(entry.value.value, Value::List(_)));
    for (key, inner) in [
        ("dependentRequired", required),
        ("dependentSchemas", schemas),
    ] {
        if !inner.is_empty() {
            let entry = Entry {
                key: key.to_owned(),
                key_span: old.key_span,
                value: Node {
                    span: old.value.span,
                    value: Value::Map(inner),
                },
            };
            entries.insert(index, entry);
        }
    }
}

/// A fragment in `$id`, which is an anchor in 2020-12.
fn identifier(entries: &mut Vec<Entry>) {
    let Some(index) = entries.iter().position(|entry| entry.key == "$id") else {
        return;
    };
    let Some((uri, fragment)) = entries[index]
        .value
        .text()
        .and_then(|id| id.split_once('#'))
    else {
        return;
    };
    let (uri, fragment) = (uri.to_owned(), fragment.to_owned());
    let old = entries.remove(index);
    for (key, text) in [("$anchor", fragment), ("$id", uri)] {
        if !text.is_empty() {
            let mut entry = old.clone();
            key.clone_into(&mut entry.key);
            entry.value.value = Value::String(text);
            entries.insert(index, entry);
        }
    }
}
