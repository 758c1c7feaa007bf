//! Enums of what JSON itself tells apart: `oneOf` and `anyOf` of different types, and `type` with several.

use super::numbers::{literal_type, values};
use super::{Compiler, Hint, description};
use crate::diagnostics::Report;
use crate::load::{Node, Span, Value};
use crate::model::names::{self, Scope};
use crate::model::types::{Kind, Shape, TypeId, UnionVariant};

/// In the place of a tag: the same schema may be the struct of its object variant too.
pub(super) const UNION: &str = "\0union";

/// How many schemas are looked at to learn the types of a branch.
const MOST: usize = 64;

/// A branch of a choice: the schema, and the one type that it has beside null.
struct Branch<'w> {
    schema: &'w Node,
    json: &'static str,
}

impl<'w> Compiler<'w> {
    /// The enum of a `oneOf` or `anyOf` whose branches JSON tells apart by their types.
    pub(super) fn choice(
        &mut self,
        schema: &'w Node,
        hint: &Hint,
        report: &mut Report,
    ) -> Option<Shape> {
        let keyword = ["oneOf", "anyOf"]
            .into_iter()
            .find(|keyword| schema.get(keyword).is_some())?;
        if !self.assertions(schema, &[keyword, "type"]).is_empty() {
            return None;
        }
        let (branches, null) = self.branches(schema, keyword)?;
        if let Some(ty) = schema.get("type") {
            let allowed = types_of(ty)?;
            let covered = |json: &str| {
                allowed.contains(&json) || (json == "integer" && allowed.contains(&"number"))
            };
            if !branches.iter().all(|branch| covered(branch.json)) || (null && !covered("null")) {
                return None;
            }
        }
        let key = (schema.span, Some(UNION.to_owned()));
        if let Some(id) = self.known.get(&key) {
            let mut shape = self.named(*id);
            shape.nullable = null;
            return Some(shape);
        }
        let id = self.open_type(schema, Some(UNION), hint, false);
        let own_name = self.name_of(id);
        let mut scope = Scope::with(["Self"]);
        let mut variants = Vec::with_capacity(branches.len());
        for branch in branches {
            let name = scope.claim(variant_names(branch.schema, branch.json));
            let hint = Hint {
                names: vec![format!("{own_name}{name}")],
            };
            let shape = self.shape(branch.schema, &hint, report);
            variants.push(self.variant(name, &branch, shape));
        }
        self.close_type(id, Kind::Union { variants });
        let mut shape = self.named(id);
        shape.nullable = null;
        Some(shape)
    }

    fn variant(&self, name: String, branch: &Branch<'w>, mut shape: Shape) -> UnionVariant {
        shape.nullable = false;
        let own = description(branch.schema);
        let doc = if own.is_empty() {
            let target = self.workspace.resolve(branch.schema);
            target.map(description).unwrap_or_default()
        } else {
            own
        };
        UnionVariant {
            name,
            doc,
            json: branch.json,
            shape,
        }
    }

    /// The branches that are not null alone, and whether one takes null; `None` where a value could be of two of them.
    fn branches(&self, schema: &'w Node, keyword: &str) -> Option<(Vec<Branch<'w>>, bool)> {
        let mut branches: Vec<Branch<'w>> = Vec::new();
        let mut null = false;
        for branch in schema.get(keyword)?.items() {
            let mut types = self.json_types(branch, &mut Vec::new())?;
            let before = types.len();
            types.retain(|json| *json != "null");
            if types.len() < before && std::mem::replace(&mut null, true) {
                return None;
            }
            match types.as_slice() {
                [] => {}
                [only] => {
                    if branches.iter().any(|known| overlap(known.json, only)) {
                        return None;
                    }
                    branches.push(Branch {
                        schema: branch,
                        json: only,
                    });
                }
                _ => return None,
            }
        }
        (branches.len() > 1).then_some((branches, null))
    }

    /// The types that values of `schema` can have, as far as that can be said.
    fn json_types(&self, schema: &'w Node, seen: &mut Vec<Span>) -> Option<Vec<&'static str>> {
        let schema = self.workspace.resolve(schema).ok()?;
        if seen.len() > MOST || !schema.is_map() {
            return None;
        }
        // What has been looked at has been counted.
        if seen.contains(&schema.span) {
            return Some(Vec::new());
        }
        seen.push(schema.span);
        if let Some(ty) = schema.get("type") {
            return types_of(ty);
        }
        if let Some(values) = values(schema) {
            let null = values.iter().any(|value| value.value == Value::Null);
            let text = |node: &&Node| node.text().is_some() || node.value == Value::Null;
            let json = if values.iter().all(text) {
                "string"
            } else {
                literal_type(&values)?
            };
            return Some(if null { vec![json, "null"] } else { vec![json] });
        }
        if self.is_merged(schema) {
            return Some(vec!["object"]);
        }
        if let [only] = schema.get("allOf").map(Node::items).unwrap_or_default() {
            return self.json_types(only, seen);
        }
        let keyword = ["oneOf", "anyOf"]
            .into_iter()
            .find(|keyword| schema.get(keyword).is_some())?;
        let mut types: Vec<&'static str> = Vec::new();
        for branch in schema.get(keyword)?.items() {
            for json in self.json_types(branch, seen)? {
                if !types.contains(&json) {
                    types.push(json);
                }
            }
        }
        Some(types)
    }

    /// A value of several types that `type` lists; of none where `names` is empty.
    pub(super) fn several(
        &mut self,
        schema: &'w Node,
        names: &[&'w str],
        null: bool,
        hint: &Hint,
        report: &mut Report,
    ) -> Shape {
        let types = schema.get("type").and_then(types_of).unwrap_or_default();
        let types: Vec<&'static str> = types
            .iter()
            .copied()
            .filter(|json| *json != "null" && !(*json == "integer" && types.contains(&"number")))
            .collect();
        // With constants the types say little.
        if names.is_empty() || types.len() < 2 || values(schema).is_some() {
            let all = self.assertions(schema, &[]);
            return self.compiled_any(all);
        }
        let key = (schema.span, Some(UNION.to_owned()));
        let id = match self.known.get(&key) {
            Some(id) => *id,
            None => self.by_types(schema, &types, hint, report),
        };
        let mut shape = self.named(id);
        shape.nullable = null;
        shape
    }

    fn by_types(
        &mut self,
        schema: &'w Node,
        types: &[&'static str],
        hint: &Hint,
        report: &mut Report,
    ) -> TypeId {
        let id = self.open_type(schema, Some(UNION), hint, false);
        let own_name = self.name_of(id);
        let mut variants = Vec::with_capacity(types.len());
        let mut all_handled = Vec::new();
        for json in types {
            let name = names::pascal(json, "Value");
            let hint = Hint {
                names: vec![format!("{own_name}{name}")],
            };
            let (shape, handled) = self.by_type(json, schema, &hint, report);
            all_handled.extend(handled);
            variants.push(UnionVariant {
                name,
                // The description is the enum's.
                doc: String::new(),
                json,
                shape,
            });
        }
        self.rest(schema, &all_handled);
        self.close_type(id, Kind::Union { variants });
        id
    }
}

/// What a variant may be called: as its schema, or as its type.
fn variant_names(schema: &Node, json: &str) -> Vec<String> {
    let title = schema.get("title").and_then(Node::text);
    let target = schema
        .reference()
        .and_then(Node::text)
        .and_then(|text| text.rsplit(['/', '#']).find(|part| !part.is_empty()))
        .map(|name| name.split('.').next().unwrap_or(name));
    [title, target, Some(json)]
        .into_iter()
        .flatten()
        .map(|name| names::pascal(name, "Value"))
        .collect()
}

fn overlap(a: &str, b: &str) -> bool {
    let number = |json: &str| matches!(json, "integer" | "number");
    a == b || (number(a) && number(b))
}

/// The types that the value of `type` lists, each once.
fn types_of(node: &Node) -> Option<Vec<&'static str>> {
    const TYPES: [&str; 7] = [
        "array", "boolean", "integer", "null", "number", "object", "string",
    ];
    let listed: Vec<&Node> = match node.value {
        Value::List(_) => node.items().iter().collect(),
        _ => vec![node],
    };
    let mut types: Vec<&'static str> = Vec::new();
    for name in listed {
        let known = TYPES.into_iter().find(|known| name.text() == Some(known))?;
        if !types.contains(&known) {
            types.push(known);
        }
    }
    Some(types)
}
