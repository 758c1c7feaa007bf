//! What an object is made of: a schema, what it refers to and the branches of its `allOf`.

use std::collections::HashSet;

use super::Compiler;
use crate::load::{Entry, Node, Span};

/// How deep branches are followed.
const DEEPEST: usize = 32;

/// Keywords that beside a `$ref` make another struct of what is referred to.
const SHAPING: [&str; 6] = [
    "additionalProperties",
    "dependentRequired",
    "patternProperties",
    "properties",
    "required",
    "unevaluatedProperties",
];

impl<'w> Compiler<'w> {
    /// The schemas that all hold for what `schema` describes, where that is an object for certain: what it refers to,
    /// the branches of `allOf`, and last its own keywords.
    pub(super) fn parts(&self, schema: &'w Node) -> Option<Vec<&'w Node>> {
        let mut parts = Vec::new();
        if !self.collect(schema, 0, &mut Vec::new(), &mut parts) {
            return None;
        }
        let mut types = parts.iter().filter_map(|part| part.get("type")).peekable();
        types.peek()?;
        types.all(|ty| ty.text() == Some("object")).then_some(parts)
    }

    fn collect(
        &self,
        schema: &'w Node,
        depth: usize,
        seen: &mut Vec<Span>,
        parts: &mut Vec<&'w Node>,
    ) -> bool {
        if !schema.is_map() || depth > DEEPEST {
            return false;
        }
        // What holds once holds twice.
        if seen.contains(&schema.span) {
            return true;
        }
        seen.push(schema.span);
        if let Some(reference) = schema.reference() {
            let Ok(target) = self.workspace.target(reference) else {
                return false;
            };
            if !self.collect(target, depth + 1, seen, parts) {
                return false;
            }
        }
        for branch in schema.get("allOf").map(Node::items).unwrap_or_default() {
            if !self.collect(branch, depth + 1, seen, parts) {
                return false;
            }
        }
        if !self.assertions(schema, &["$ref", "allOf"]).is_empty() {
            parts.push(schema);
        }
        true
    }

    /// Whether `schema` is an object whose properties stand in several places: beside a `$ref`, in branches of `allOf`.
    pub(super) fn is_merged(&self, schema: &'w Node) -> bool {
        let beside = schema.reference().is_some()
            && SHAPING.iter().any(|keyword| schema.get(keyword).is_some());
        let several = schema.get("allOf").is_some_and(|all| {
            all.items().len() > 1 || !self.assertions(schema, &["allOf"]).is_empty()
        });
        (beside || several)
            && self.parts(schema).is_some_and(|parts| {
                let declares = |part: &&&Node| {
                    part.get("properties")
                        .is_some_and(|node| !node.entries().is_empty())
                };
                parts.iter().filter(declares).count() > 0
            })
    }

    /// Whether a branch that holds for the same object speaks of a property that is not `declared`. `merged`: the
    /// branches of `allOf` and what is referred to are among the parts.
    pub(super) fn speaks_of_others(
        &self,
        parts: &[&'w Node],
        merged: bool,
        declared: &[&str],
    ) -> bool {
        let mut seen = HashSet::new();
        parts.iter().any(|part| {
            let is_merged = |key: &str| merged && matches!(key, "$ref" | "allOf");
            let mut inner = part
                .entries()
                .iter()
                .filter(|entry| !is_merged(&entry.key))
                .flat_map(|entry| self.applied(entry));
            inner.any(|schema| self.names_others(schema, declared, 0, &mut seen))
                || part.get("dependentSchemas").is_some_and(|node| {
                    let mut entries = node.entries().iter();
                    entries.any(|entry| !declared.contains(&entry.key.as_str()))
                })
                || part.get("unevaluatedProperties").is_some_and(Node::is_map)
        })
    }

    fn names_others(
        &self,
        schema: &'w Node,
        declared: &[&str],
        depth: usize,
        seen: &mut HashSet<Span>,
    ) -> bool {
        if depth > DEEPEST {
            return true;
        }
        if !seen.insert(schema.span) {
            return false;
        }
        let other = |name: &str| !declared.contains(&name);
        let names = |node: &Node| node.items().iter().filter_map(Node::text).any(other);
        schema.entries().iter().any(|entry| {
            let node = &entry.value;
            let own = match entry.key.as_str() {
                "properties" | "dependentSchemas" => {
                    node.entries().iter().any(|inner| other(&inner.key))
                }
                "required" => names(node),
                "dependentRequired" => node
                    .entries()
                    .iter()
                    .any(|inner| other(&inner.key) || names(&inner.value)),
                "patternProperties" => !node.entries().is_empty(),
                "additionalProperties" | "unevaluatedProperties" => node.is_map(),
                "minProperties" | "maxProperties" => true,
                _ => false,
            };
            own || self
                .applied(entry)
                .into_iter()
                .any(|inner| self.names_others(inner, declared, depth + 1, seen))
        })
    }

    /// The schemas of a keyword that hold for the same object.
    fn applied(&self, entry: &'w Entry) -> Vec<&'w Node> {
        let node = &entry.value;
        match entry.key.as_str() {
            "$ref" => self.workspace.target(node).into_iter().collect(),
            "allOf" | "anyOf" | "oneOf" => node.items().iter().collect(),
            "else" | "if" | "not" | "then" => vec![node],
            "dependentSchemas" => node.entries().iter().map(|entry| &entry.value).collect(),
            _ => Vec::new(),
        }
    }
}
