//! `oneOf` and `anyOf` whose branches a constant property tells apart.

use super::numbers::values;
use super::{Compiler, Hint};
use crate::diagnostics::Report;
use crate::load::Node;
use crate::model::names;
use crate::model::types::{Kind, TaggedVariant, TypeId};

/// How many references and wrappers are followed to an object.
const LONGEST: usize = 32;

impl<'w> Compiler<'w> {
    /// The enum of a discriminated `oneOf`; `None` where nothing discriminates it.
    pub(super) fn tagged(
        &mut self,
        schema: &'w Node,
        hint: &Hint,
        report: &mut Report,
    ) -> Option<TypeId> {
        let (tag, branches) = self.discriminated(schema)?;
        if let Some(id) = self.known.get(&(schema.span, None)) {
            return Some(*id);
        }
        let id = self.open_type(schema, None, hint, false);
        self.rest(schema, &["oneOf", "anyOf", "type"]);
        let own_name = self.name_of(id);
        let values: Vec<&str> = branches.iter().map(|(value, _)| *value).collect();
        let variant_names = names::distinct(&values, |name| names::pascal(name, "Empty"));
        let mut variants = Vec::with_capacity(branches.len());
        for ((value, branch), name) in branches.into_iter().zip(variant_names) {
            let name = if name == "Self" {
                "Self_".to_owned()
            } else {
                name
            };
            let hint = Hint {
                names: vec![name.clone(), format!("{own_name}{name}")],
            };
            let body = self.structure(branch, Some(tag), &hint, false, report)?;
            variants.push(TaggedVariant {
                name,
                value: value.to_owned(),
                body,
            });
        }
        self.close_type(
            id,
            Kind::Tagged {
                tag: tag.to_owned(),
                variants,
            },
        );
        Some(id)
    }

    /// Whether `schema` is objects only, told apart by a constant.
    pub(super) fn is_discriminated(&self, schema: &'w Node) -> bool {
        self.discriminated(schema).is_some()
    }

    /// The property that every branch requires as a distinct constant string, and the branches with their constants.
    fn discriminated(&self, schema: &'w Node) -> Option<(&'w str, Vec<(&'w str, &'w Node)>)> {
        let keyword = ["oneOf", "anyOf"]
            .into_iter()
            .find(|keyword| schema.get(keyword).is_some())?;
        let branches: Vec<(&Node, Vec<&Node>)> = schema
            .get(keyword)?
            .items()
            .iter()
            .map(|branch| self.plain_object(branch))
            .collect::<Option<_>>()?;
        if !self.assertions(schema, &[keyword, "type"]).is_empty()
            || schema
                .get("type")
                .is_some_and(|ty| ty.text() != Some("object"))
        {
            return None;
        }
        let (_, first) = branches.first()?;
        let mut properties = first
            .iter()
            .filter_map(|part| part.get("properties"))
            .flat_map(Node::entries);
        properties.find_map(|entry| {
            let tag = entry.key.as_str();
            let values: Vec<&str> = branches
                .iter()
                .map(|(_, parts)| self.constant(parts, tag))
                .collect::<Option<_>>()?;
            let mut distinct = values.clone();
            distinct.sort_unstable();
            distinct.dedup();
            let nodes = branches.iter().map(|(node, _)| *node);
            (distinct.len() == values.len()).then(|| (tag, values.into_iter().zip(nodes).collect()))
        })
    }

    /// What a branch refers to, and what that is made of, where it is an object.
    fn plain_object(&self, branch: &'w Node) -> Option<(&'w Node, Vec<&'w Node>)> {
        let mut node = branch;
        // What only names another schema is that schema; anything beside the name would be lost.
        for _ in 0..LONGEST {
            if self.assertions(node, &["$ref"]).is_empty()
                && let Some(reference) = node.reference()
            {
                node = self.workspace.target(reference).ok()?;
            } else if let [only] = node.get("allOf").map(Node::items).unwrap_or_default()
                && self.assertions(node, &["allOf"]).is_empty()
            {
                node = only;
            } else {
                return Some((node, self.parts(node)?));
            }
        }
        None
    }

    /// The constant string that an object requires as `tag`.
    fn constant(&self, parts: &[&'w Node], tag: &str) -> Option<&'w str> {
        let mut required = parts
            .iter()
            .filter_map(|part| part.get("required"))
            .flat_map(Node::items);
        if !required.any(|name| name.text() == Some(tag)) {
            return None;
        }
        let mut constant = None;
        let declared = parts
            .iter()
            .filter_map(|part| part.get("properties")?.get(tag));
        for node in declared {
            // Nothing else may be asserted of it: the enum knows only the constant.
            let plain = self.assertions(node, &["const", "enum", "type"]).is_empty()
                && node
                    .get("type")
                    .is_none_or(|ty| ty.text() == Some("string"));
            if !plain {
                return None;
            }
            let found = match values(node).as_deref() {
                Some([only]) => Some(only.text()?),
                None if node.get("const").is_none() => None,
                _ => return None,
            };
            if found.is_some() && constant.is_some() && found != constant {
                return None;
            }
            constant = constant.or(found);
        }
        constant
    }
}
