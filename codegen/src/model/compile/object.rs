//! Objects: structs, and maps where no property is declared.

use super::{Compiler, Hint, description, is_true};
use crate::diagnostics::Report;
use crate::load::{Node, Value};
use crate::model::names;
use crate::model::types::{Field, Kind, Shape, TypeId};

impl<'w> Compiler<'w> {
    pub(super) fn object(&mut self, schema: &'w Node, hint: &Hint, report: &mut Report) -> Shape {
        let declared = schema
            .get("properties")
            .is_some_and(|node| !node.entries().is_empty());
        let closed = schema
            .get("additionalProperties")
            .is_some_and(|node| node.value == Value::Bool(false));
        let nothing_else = closed && schema.get("patternProperties").is_none();
        if !declared && !nothing_else {
            return self.map(schema, hint, report);
        }
        match self.structure(schema, None, hint, false, report) {
            Some(id) => self.named(id),
            None => self.compiled_any([]),
        }
    }

    /// A struct of the declared properties, without the one called `tag`.
    pub(super) fn structure(
        &mut self,
        schema: &'w Node,
        tag: Option<&str>,
        hint: &Hint,
        fixed: bool,
        report: &mut Report,
    ) -> Option<TypeId> {
        if let Some(id) = self.known.get(&(schema.span, tag.map(str::to_owned))) {
            return Some(*id);
        }
        let id = self.open_type(schema, tag, hint, fixed);
        let mut handled = vec!["type", "properties", "required"];
        let closed = self.closed(schema, &mut handled);
        self.rest(schema, &handled);
        let properties: Vec<_> = schema
            .get("properties")
            .map(Node::entries)
            .unwrap_or_default()
            .iter()
            .filter(|entry| Some(entry.key.as_str()) != tag)
            .collect();
        let required: Vec<&str> = schema
            .get("required")
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(Node::text)
            .collect();
        let declared =
            |name: &&str| Some(*name) == tag || properties.iter().any(|entry| entry.key == **name);
        if !required.iter().all(declared) {
            // A property that is required but not declared has no field to be missing from.
            self.note(["required"]);
        }
        let keys: Vec<&str> = properties.iter().map(|entry| entry.key.as_str()).collect();
        let field_names = names::distinct(&keys, |key| names::snake(key, "property"));
        let own_name = self.name_of(id);
        let mut fields = Vec::with_capacity(properties.len());
        for (entry, name) in properties.iter().zip(field_names) {
            let shape = self.shape(&entry.value, &Hint::below(&own_name, &entry.key), report);
            fields.push(Field {
                name,
                property: entry.key.clone(),
                doc: self.field_doc(&entry.value),
                deprecated: is_true(&entry.value, "deprecated"),
                required: required.contains(&entry.key.as_str()),
                shape,
            });
        }
        self.close_type(id, Kind::Struct { fields, closed });
        Some(id)
    }

    fn closed(&self, schema: &'w Node, handled: &mut Vec<&'static str>) -> bool {
        let Some(node) = schema.get("additionalProperties") else {
            return false;
        };
        // What `patternProperties` allows beside the declared ones only the compiled schema knows.
        if schema.get("patternProperties").is_some() {
            return false;
        }
        if let Value::Bool(open) = node.value {
            handled.push("additionalProperties");
            return !open;
        }
        false
    }

    /// The property's own description, else that of what it refers to.
    fn field_doc(&self, schema: &'w Node) -> String {
        let own = description(schema);
        if !own.is_empty() || schema.reference().is_none() {
            return own;
        }
        self.workspace
            .resolve(schema)
            .map(description)
            .unwrap_or_default()
    }
}
