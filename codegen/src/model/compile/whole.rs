//! The type of an event's whole data, called after the event.

use super::{Compiler, Hint, WHOLE};
use crate::diagnostics::Report;
use crate::load::{Node, Value};
use crate::model::types::{Kind, Type, TypeId};

impl<'w> Compiler<'w> {
    /// The data type of an event, called `name`: a struct or an enum, or a type of its own around anything else.
    pub(in crate::model) fn event(
        &mut self,
        schema: &'w Node,
        name: &str,
        report: &mut Report,
    ) -> Option<TypeId> {
        let hint = Hint::root(name);
        self.root = Some(schema.span);
        if self.is_merged(schema) {
            return self.structure(schema, None, &hint, true, report);
        }
        if schema.reference().is_none() {
            if schema.get("type").and_then(Node::text) == Some("object") && has_fields(schema) {
                return self.structure(schema, None, &hint, true, report);
            }
            if let Some(id) = self.enumeration(schema, &hint, report) {
                return Some(id);
            }
        }
        let id = self.open_type(schema, Some(WHOLE), &hint, true);
        let inner = Hint {
            names: vec![format!("{name}Value")],
        };
        let shape = self.unnamed(schema, &inner, report);
        self.close_type(id, Kind::Newtype { shape });
        Some(id)
    }

    /// The type of a schema that is an enum by itself.
    fn enumeration(
        &mut self,
        schema: &'w Node,
        hint: &Hint,
        report: &mut Report,
    ) -> Option<TypeId> {
        let values = schema.get("enum").map(Node::items).unwrap_or_default();
        if values.iter().any(|value| value.value == Value::Null) {
            return None;
        }
        match self.strings(schema, hint).map(|shape| shape.ty) {
            Some(Type::Named { id, .. }) => Some(id),
            _ => self.tagged(schema, hint, report),
        }
    }

    /// The data type of an event whose schema shares a file with others: it gets a module of its own.
    pub(in crate::model) fn inline_event(
        &mut self,
        schema: &'w Node,
        module: &str,
        name: &str,
        report: &mut Report,
    ) -> Option<TypeId> {
        let file = schema.span.file;
        let id = self.add_module(file, module.to_owned(), false);
        self.inline = Some((file, id));
        // Another event may have the same schema: each has a type of its own.
        let key = (schema.span, None);
        let known = self.known.remove(&key);
        let found = self.event(schema, name, report);
        if let Some(known) = known {
            self.known.insert(key, known);
        }
        self.inline = None;
        found
    }
}

/// Whether an object becomes a struct: where it has fields, or can have none.
fn has_fields(schema: &Node) -> bool {
    let declared = schema
        .get("properties")
        .is_some_and(|node| !node.entries().is_empty());
    let closed = schema
        .get("additionalProperties")
        .is_some_and(|node| node.value == Value::Bool(false));
    declared || (closed && schema.get("patternProperties").is_none())
}
