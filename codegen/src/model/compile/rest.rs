//! The properties that a schema allows without naming them: refused, ignored or kept.

use serde_json::json;

use super::object::Object;
use super::{Compiler, Hint, malformed};
use crate::diagnostics::Report;
use crate::load::{Node, Value};
use crate::model::names::Scope;
use crate::model::types::{Rest, Shape, Type};

/// What the field is called: the first that no property has.
const NAMES: [&str; 3] = ["others", "other_properties", "undeclared"];

impl<'w> Compiler<'w> {
    /// Whether an object is closed, and where it keeps what is not declared.
    pub(super) fn rest_of(
        &mut self,
        schema: &'w Node,
        object: &mut Object<'w>,
        own_name: &str,
        report: &mut Report,
    ) -> (bool, Option<Rest>) {
        if let Some(only) = object.single() {
            return self.rest_of_one(only, object, own_name, report);
        }
        let says = |part: &Node| {
            ["additionalProperties", "patternProperties"]
                .iter()
                .any(|keyword| {
                    part.get(keyword)
                        .is_some_and(|node| node.value != Value::Bool(true))
                })
        };
        let plain = !object.parts.iter().any(|part| says(part));
        let sealed = |part: &Node| part.get("unevaluatedProperties").is_some_and(is_false);
        // What is evaluated below the outermost schema is what the parts declare.
        if plain
            && sealed(schema)
            && !object.parts.iter().any(|part| {
                applies(part)
                    || (!std::ptr::eq(*part, schema) && part.get("unevaluatedProperties").is_some())
            })
        {
            object
                .handled
                .extend(["additionalProperties", "unevaluatedProperties"]);
            self.asked_for(object, None, true);
            return (true, None);
        }
        self.asked_for(object, None, false);
        if plain {
            object.handled.push("additionalProperties");
        }
        // What one part refuses is never there.
        let shut = |part: &&Node| {
            part.get("additionalProperties").is_some_and(is_false)
                && part.get("patternProperties").is_none()
        };
        let others = !object.parts.iter().any(shut) && (!plain || self.needs_others(object));
        (false, others.then(|| any_others(object)))
    }

    fn rest_of_one(
        &mut self,
        schema: &'w Node,
        object: &mut Object<'w>,
        own_name: &str,
        report: &mut Report,
    ) -> (bool, Option<Rest>) {
        let patterns: &[_] = schema.get("patternProperties").map_or(&[], Node::entries);
        let (keyword, additional) = match schema.get("additionalProperties") {
            None if !applies(schema) && (object.merged || !refers(schema)) => {
                ("unevaluatedProperties", schema.get("unevaluatedProperties"))
            }
            additional => ("additionalProperties", additional),
        };
        let closed = additional.is_some_and(is_false);
        let valued = additional.filter(|node| node.is_map());
        if let Some(node) = additional
            && !node.is_map()
            && !matches!(node.value, Value::Bool(_))
        {
            report.push(malformed(node, "a schema is a mapping, true or false"));
        }
        self.asked_for(object, valued.filter(|_| patterns.is_empty()), closed);
        if patterns.is_empty() {
            object.handled.extend([keyword, "patternProperties"]);
            let Some(valued) = valued else {
                let others = !closed && self.needs_others(object);
                return (closed, others.then(|| any_others(object)));
            };
            let shape = self.value_shape(valued, own_name, report);
            return (false, Some(others(object, shape, Vec::new(), false)));
        }
        let declared = object.declared();
        let overlap = patterns
            .iter()
            .any(|entry| matches_any(&entry.key, &declared));
        let counted =
            schema.get("minProperties").is_some() || schema.get("maxProperties").is_some();
        let filtered = valued.is_none() && !counted && !self.needs_others(object);
        let shape = match (patterns, valued) {
            ([only], None) if filtered || closed => {
                if !overlap {
                    object.handled.push("patternProperties");
                }
                self.value_shape(&only.value, own_name, report)
            }
            _ => Shape::plain(Type::Any),
        };
        if valued.is_none() {
            object.handled.push(keyword);
        }
        let names = if filtered || closed {
            patterns.iter().map(|entry| entry.key.clone()).collect()
        } else {
            Vec::new()
        };
        (false, Some(others(object, shape, names, closed)))
    }

    /// Fields for what `required` and `dependentRequired` name and `properties` does not.
    fn asked_for(&mut self, object: &mut Object<'w>, node: Option<&'w Node>, closed: bool) {
        let mut wanted: Vec<(&'w str, bool)> = Vec::new();
        for part in &object.parts {
            let required = part.get("required").map(Node::items).unwrap_or_default();
            wanted.extend(
                required
                    .iter()
                    .filter_map(Node::text)
                    .map(|name| (name, true)),
            );
            for entry in part
                .get("dependentRequired")
                .map(Node::entries)
                .unwrap_or_default()
            {
                wanted.push((&entry.key, false));
                let needed = entry.value.items().iter().filter_map(Node::text);
                wanted.extend(needed.map(|name| (name, false)));
            }
        }
        for (name, required) in wanted {
            if !closed {
                self.ask_for(object, name, required, node);
            } else if required && !object.declared().contains(&name) {
                // Required and not allowed: nothing is valid, which only the compiled schema says.
                self.note(["required"]);
            }
        }
    }

    fn needs_others(&self, object: &Object<'w>) -> bool {
        let counts = |part: &&Node| {
            part.get("minProperties").is_some() || part.get("maxProperties").is_some()
        };
        object.parts.iter().any(counts)
            || self.speaks_of_others(&object.parts, object.merged, &object.declared())
    }

    fn value_shape(&mut self, schema: &'w Node, own_name: &str, report: &mut Report) -> Shape {
        self.collections += 1;
        let shape = self.shape(schema, &Hint::below(own_name, "other"), report);
        self.collections -= 1;
        shape
    }
}

fn any_others(object: &Object<'_>) -> Rest {
    others(object, Shape::plain(Type::Any), Vec::new(), false)
}

fn others(object: &Object<'_>, shape: Shape, patterns: Vec<String>, closed: bool) -> Rest {
    let declared: Vec<String> = object
        .declared()
        .iter()
        .map(|name| (*name).to_owned())
        .collect();
    let mut scope = Scope::default();
    for name in &declared {
        scope.try_claim(&crate::model::names::snake(name, "property"));
    }
    Rest {
        name: scope.claim(NAMES.map(str::to_owned)),
        shape,
        patterns,
        closed,
        declared,
    }
}

/// Whether a pattern matches one of `names`, as the validator sees it; one that does not compile is reported elsewhere.
fn matches_any(pattern: &str, names: &[&str]) -> bool {
    jsonschema::draft202012::new(&json!({ "pattern": pattern })).map_or(true, |validator| {
        names.iter().any(|name| validator.is_valid(&json!(name)))
    })
}

fn is_false(node: &Node) -> bool {
    node.value == Value::Bool(false)
}

/// Whether schemas apply to the same object that could evaluate properties.
fn applies(schema: &Node) -> bool {
    [
        "anyOf",
        "oneOf",
        "if",
        "then",
        "else",
        "not",
        "dependentSchemas",
    ]
    .iter()
    .any(|keyword| schema.get(keyword).is_some())
}

/// Whether what it refers to, or the branches of `allOf`, are not among the parts.
fn refers(schema: &Node) -> bool {
    schema.get("$ref").is_some() || schema.get("allOf").is_some()
}
