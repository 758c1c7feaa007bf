//! `oneOf` whose branches a constant property tells apart.

use super::{Compiler, Hint};
use crate::diagnostics::Report;
use crate::load::{Node, Value};
use crate::model::names;
use crate::model::types::{Kind, TaggedVariant, TypeId};

impl<'w> Compiler<'w> {
    /// The enum of a discriminated `oneOf`; `None` where nothing discriminates it.
    pub(super) fn tagged(
        &mut self,
        schema: &'w Node,
        hint: &Hint,
        report: &mut Report,
    ) -> Option<TypeId> {
        if let Some(id) = self.known.get(&(schema.span, None)) {
            return Some(*id);
        }
        let (tag, branches) = self.discriminated(schema)?;
        let id = self.open_type(schema, None, hint, false);
        self.rest(schema, &["oneOf", "type"]);
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
        let branches: Vec<&Node> = schema
            .get("oneOf")?
            .items()
            .iter()
            .map(|branch| self.plain_object(branch))
            .collect::<Option<_>>()?;
        if !self.assertions(schema, &["oneOf", "type"]).is_empty()
            || schema
                .get("type")
                .is_some_and(|ty| ty.text() != Some("object"))
        {
            return None;
        }
        let first = branches.first()?;
        first.get("properties")?.entries().iter().find_map(|entry| {
            let tag = entry.key.as_str();
            let values: Vec<&str> = branches
                .iter()
                .map(|branch| constant(branch, tag))
                .collect::<Option<_>>()?;
            let mut distinct = values.clone();
            distinct.sort_unstable();
            distinct.dedup();
            (distinct.len() == values.len())
                .then(|| (tag, values.into_iter().zip(branches.clone()).collect()))
        })
    }

    /// What a branch refers to, where that is an object and nothing is said beside the reference.
    fn plain_object(&self, branch: &'w Node) -> Option<&'w Node> {
        if branch.reference().is_some() && !self.assertions(branch, &["$ref"]).is_empty() {
            return None;
        }
        let target = self.workspace.resolve(branch).ok()?;
        let is_object = target.get("type").and_then(Node::text) == Some("object");
        is_object.then_some(target)
    }
}

/// The constant string that `branch` requires as `tag`.
fn constant<'w>(branch: &'w Node, tag: &str) -> Option<&'w str> {
    let required = branch.get("required")?.items();
    let property = branch.get("properties")?.get(tag)?;
    let is_required = required.iter().any(|name| name.text() == Some(tag));
    // Nothing else may be asserted of it: the enum knows only the constant.
    let only_constant = property.entries().iter().all(|entry| {
        matches!(entry.key.as_str(), "const" | "description" | "title")
            || (entry.key == "type" && entry.value.value == Value::String("string".to_owned()))
    });
    property
        .get("const")
        .and_then(Node::text)
        .filter(|_| is_required && only_constant)
}
