//! Values near to what two schemas disagree on.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::evolve::number;
use crate::evolve::obstacle::Obstacle;
use crate::evolve::schema::Node;
use crate::evolve::text;

/// Schemas that are looked through.
const MOST_SCHEMAS: usize = 60;

/// What the schemas speak of.
#[derive(Debug, Default)]
pub(super) struct Hints {
    pub(super) numbers: Vec<Json>,
    pub(super) lengths: BTreeSet<u64>,
    pub(super) texts: Vec<String>,
    pub(super) names: Vec<String>,
    pub(super) values: Vec<Json>,
}

impl Hints {
    pub(super) fn of(obstacle: &Obstacle<'_>) -> Self {
        let mut hints = Self::default();
        hints.add(obstacle);
        hints
    }

    /// Adds what both sides of an obstacle speak of.
    pub(super) fn add(&mut self, obstacle: &Obstacle<'_>) {
        let mut rest = vec![obstacle.asked.clone()];
        rest.extend(obstacle.case.parts.iter().map(|part| part.node.clone()));
        rest.extend(obstacle.case.nots.iter().cloned());
        let mut seen = BTreeSet::new();
        let mut next = 0;
        while let Some(node) = rest.get(next).cloned() {
            next += 1;
            if next > MOST_SCHEMAS || !seen.insert(node.id()) {
                continue;
            }
            self.node(&node);
            rest.extend(inner(&node));
        }
    }

    fn node(&mut self, node: &Node<'_>) {
        let Some(map) = node.value.as_object() else {
            return;
        };
        for (keyword, value) in map {
            match (keyword.as_str(), value) {
                ("const", value) => self.values.push(value.clone()),
                ("enum", Json::Array(values)) => self.values.extend(values.iter().cloned()),
                ("pattern", Json::String(pattern)) => self.texts.extend(text::samples(pattern)),
                ("format", Json::String(format)) => self.texts.extend(
                    text::of_format(format)
                        .iter()
                        .map(|text| (*text).to_owned()),
                ),
                (
                    "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties"
                    | "maxProperties" | "minContains" | "maxContains",
                    Json::Number(count),
                ) => {
                    let count = number::integer(count).and_then(|count| u64::try_from(count).ok());
                    self.lengths.extend(count);
                }
                (_, Json::Number(_)) => self.numbers.push(value.clone()),
                ("properties" | "dependentRequired" | "dependentSchemas", Json::Object(map)) => {
                    self.names.extend(map.keys().cloned());
                }
                ("patternProperties", Json::Object(map)) => {
                    self.names
                        .extend(map.keys().flat_map(|key| text::samples(key)));
                }
                ("required", Json::Array(names)) => {
                    let names = names.iter().filter_map(Json::as_str);
                    self.names.extend(names.map(str::to_owned));
                }
                _ => {}
            }
        }
    }
}

fn inner<'a>(node: &Node<'a>) -> Vec<Node<'a>> {
    let mut found = crate::evolve::case::in_place(node);
    for keyword in [
        "not",
        "items",
        "contains",
        "propertyNames",
        "additionalProperties",
        "unevaluatedProperties",
        "unevaluatedItems",
    ] {
        found.extend(node.child(keyword));
    }
    for keyword in ["properties", "patternProperties", "prefixItems"] {
        found.extend(node.children(keyword).into_iter().map(|(_, node)| node));
    }
    found
}
