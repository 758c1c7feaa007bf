//! Objects: structs, and maps where no property is declared.

use super::numbers::whole;
use super::{Compiler, Hint, description, is_true};
use crate::diagnostics::Report;
use crate::load::{Node, Value};
use crate::model::names;
use crate::model::types::{Field, Kind, ObjectRule, Shape, Type, TypeId};

/// A property of a struct: what its schemas say of it, and whether it must be there.
pub(super) struct Property<'w> {
    pub(super) key: &'w str,
    nodes: Vec<&'w Node>,
    required: bool,
}

/// What is known of an object while its struct is made.
pub(super) struct Object<'w> {
    /// What it is made of; one schema, where it is not merged.
    pub(super) parts: Vec<&'w Node>,
    /// Whether the branches of `allOf` and what is referred to are among the parts.
    pub(super) merged: bool,
    pub(super) tag: Option<&'w str>,
    pub(super) properties: Vec<Property<'w>>,
    /// The keywords of each part that generated code enforces.
    pub(super) handled: Vec<&'static str>,
}

/// Keywords that say nothing of an object.
const OTHER_TYPES: [&str; 18] = [
    "contains",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "items",
    "maxContains",
    "maxItems",
    "maxLength",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minimum",
    "multipleOf",
    "pattern",
    "prefixItems",
    "unevaluatedItems",
    "uniqueItems",
];

impl<'w> Object<'w> {
    /// The names that have a field, and the tag's.
    pub(super) fn declared(&self) -> Vec<&'w str> {
        let own = self.properties.iter().map(|property| property.key);
        own.chain(self.tag).collect()
    }

    /// The one schema that it is, where it is not merged.
    pub(super) fn single(&self) -> Option<&'w Node> {
        match self.parts.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }
}

/// The keywords of objects: a struct notes itself which of them it leaves to the compiled schema.
const OBJECT: [&str; 10] = [
    "type",
    "properties",
    "required",
    "additionalProperties",
    "patternProperties",
    "minProperties",
    "maxProperties",
    "dependentRequired",
    "dependentSchemas",
    "propertyNames",
];

impl<'w> Compiler<'w> {
    /// A struct or a mapping, and the keywords that the shape enforces.
    pub(super) fn object(
        &mut self,
        schema: &'w Node,
        hint: &Hint,
        report: &mut Report,
    ) -> (Shape, Vec<&'static str>) {
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
        let id = self.structure(schema, None, hint, false, report);
        let shape = id.map_or(Shape::plain(Type::Any), |id| self.named(id));
        (shape, OBJECT.to_vec())
    }

    /// A struct of the declared properties, without the one called `tag`.
    pub(super) fn structure(
        &mut self,
        schema: &'w Node,
        tag: Option<&'w str>,
        hint: &Hint,
        fixed: bool,
        report: &mut Report,
    ) -> Option<TypeId> {
        if let Some(id) = self.known.get(&(schema.span, tag.map(str::to_owned))) {
            return Some(*id);
        }
        let id = self.open_type(schema, tag, hint, fixed);
        let mut object = self.object_of(schema, tag);
        let own_name = self.name_of(id);
        let (closed, rest) = self.rest_of(schema, &mut object, &own_name, report);
        let rules = self.object_rules(&mut object, closed, rest.as_ref());
        for part in object.parts.clone() {
            self.rest(part, &object.handled);
        }
        let keys = object.declared();
        let keys = &keys[..object.properties.len()];
        let field_names = names::distinct(keys, |key| names::snake(key, "property"));
        let mut fields = Vec::with_capacity(keys.len());
        for (property, name) in object.properties.iter().zip(field_names) {
            let hint = Hint::below(&own_name, property.key);
            let node = self.chosen(&property.nodes);
            let shape = match node {
                Some(node) => self.shape(node, &hint, report),
                None => Shape::plain(Type::Any),
            };
            let mut said = property.nodes.iter().map(|node| self.field_doc(node));
            fields.push(Field {
                name,
                property: property.key.to_owned(),
                doc: said.rfind(|doc| !doc.is_empty()).unwrap_or_default(),
                deprecated: property
                    .nodes
                    .iter()
                    .any(|node| is_true(node, "deprecated")),
                required: property.required,
                compiled: self.left(&property.nodes, &shape),
                shape,
            });
        }
        self.close_type(
            id,
            Kind::Struct {
                fields,
                closed,
                rest,
                rules,
            },
        );
        Some(id)
    }

    fn object_of(&self, schema: &'w Node, tag: Option<&'w str>) -> Object<'w> {
        let merged = self.parts(schema).filter(|parts| !parts.is_empty());
        let mut handled = vec!["type", "properties", "required"];
        handled.extend(OTHER_TYPES);
        if merged.is_some() {
            handled.extend(["$ref", "allOf"]);
        }
        let mut object = Object {
            merged: merged.is_some(),
            parts: merged.unwrap_or_else(|| vec![schema]),
            tag,
            properties: Vec::new(),
            handled,
        };
        for part in &object.parts {
            for entry in part
                .get("properties")
                .map(Node::entries)
                .unwrap_or_default()
            {
                let key = entry.key.as_str();
                let known = object.properties.iter_mut().find(|known| known.key == key);
                match known {
                    Some(known) => known.nodes.push(&entry.value),
                    None if Some(key) == tag => {}
                    None => object.properties.push(Property {
                        key,
                        nodes: vec![&entry.value],
                        required: false,
                    }),
                }
            }
        }
        for part in &object.parts {
            for name in part.get("required").map(Node::items).unwrap_or_default() {
                let property = object
                    .properties
                    .iter_mut()
                    .find(|p| name.text() == Some(p.key));
                if let Some(property) = property {
                    property.required = true;
                }
            }
        }
        object
    }

    /// Gives a field to a property that is asked for and not declared, where the object may have it: else it would be
    /// lost. Whether it has one now.
    pub(super) fn ask_for(
        &self,
        object: &mut Object<'w>,
        name: &'w str,
        required: bool,
        node: Option<&'w Node>,
    ) {
        if !object.declared().contains(&name) {
            object.properties.push(Property {
                key: name,
                nodes: node.into_iter().collect(),
                required,
            });
        }
    }

    /// Rules of the whole object that can be checked on the struct.
    fn object_rules(
        &mut self,
        object: &mut Object<'w>,
        closed: bool,
        rest: Option<&crate::model::types::Rest>,
    ) -> Vec<ObjectRule> {
        let mut rules = Vec::new();
        let declared = object.declared();
        for part in &object.parts {
            for entry in part
                .get("dependentRequired")
                .map(Node::entries)
                .unwrap_or_default()
            {
                for needed in entry.value.items().iter().filter_map(Node::text) {
                    rules.push(ObjectRule::Dependent(entry.key.clone(), needed.to_owned()));
                }
            }
        }
        let known = |name: &str| declared.contains(&name) && Some(name) != object.tag;
        let all_known = rules.iter().all(|rule| match rule {
            ObjectRule::Dependent(name, needed) => known(name) && known(needed),
            _ => true,
        });
        if all_known {
            object.handled.push("dependentRequired");
        } else {
            rules.clear();
        }
        // A count is right where no property is ignored.
        let counted = closed || rest.is_some_and(|rest| rest.patterns.is_empty() || rest.closed);
        if counted && object.tag.is_none() {
            object.handled.extend(["minProperties", "maxProperties"]);
            for part in &object.parts {
                let least = whole(part, "minProperties").filter(|n| *n > 0);
                rules.extend(least.map(ObjectRule::MinProperties));
                let most = whole(part, "maxProperties");
                rules.extend(most.map(ObjectRule::MaxProperties));
            }
        }
        rules
    }

    /// The one schema of a property that its type is made from. Whatever the others say is left to the compiled
    /// schema; each holds, so any of them describes every value.
    fn chosen(&mut self, nodes: &[&'w Node]) -> Option<&'w Node> {
        let saying: Vec<&Node> = nodes
            .iter()
            .copied()
            .filter(|node| !node.is_map() || !self.assertions(node, &[]).is_empty())
            .collect();
        if let [only] = saying.as_slice() {
            return Some(only);
        }
        let Some(first) = saying.first() else {
            return nodes.first().copied();
        };
        let is_constant =
            |node: &&&Node| node.get("const").is_some_and(|node| node.text().is_some());
        let constant = saying.iter().find(is_constant).copied();
        let only_text = |node: &&Node| {
            node.get("type").and_then(Node::text) == Some("string")
                && self.assertions(node, &["type", "const"]).is_empty()
        };
        if let Some(constant) = constant
            && saying.iter().all(|node| {
                std::ptr::eq(*node, constant) || (only_text(node) && node.get("const").is_none())
            })
        {
            return Some(constant);
        }
        if saying
            .iter()
            .all(|node| node.to_json() == first.to_json() && node.span.file == first.span.file)
        {
            return Some(first);
        }
        self.note(["allOf"]);
        let scalar = |node: &&Node| {
            let ty = node.get("type").and_then(Node::text);
            ty.is_some_and(|ty| matches!(ty, "boolean" | "integer" | "number" | "string"))
        };
        constant.or_else(|| saying.iter().copied().find(scalar))
    }

    /// What the compiled schema enforces of a property that is any JSON to Rust.
    fn left(&self, nodes: &[&'w Node], shape: &Shape) -> Vec<String> {
        let mut keywords: Vec<String> = Vec::new();
        if shape.ty == Type::Any {
            for keyword in nodes.iter().flat_map(|node| self.assertions(node, &[])) {
                if !keywords.iter().any(|known| known == keyword) {
                    keywords.push(keyword.to_owned());
                }
            }
        }
        keywords
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
