//! Whether two schemas say the same in the same words.

use std::collections::HashSet;

use serde_json::Value as Json;

use crate::evolve::schema::Node;

const LISTS: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];
const MAPS: &[&str] = &["dependentSchemas", "patternProperties", "properties"];
const SCHEMAS: &[&str] = &[
    "additionalProperties",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Pairs that are compared before it is given up.
const MOST_PAIRS: usize = 4000;

/// Whether they do; recursive references that lead to one another count as the same.
pub(super) fn same(left: &Node<'_>, right: &Node<'_>) -> bool {
    let mut seen = HashSet::new();
    let mut rest = vec![(left.clone(), right.clone())];
    while let Some((left, right)) = rest.pop() {
        if left.id() == right.id() || !seen.insert((left.id(), right.id())) {
            continue;
        }
        if seen.len() > MOST_PAIRS {
            return false;
        }
        let (Json::Object(ours), Json::Object(theirs)) = (left.value, right.value) else {
            if left.value == right.value {
                continue;
            }
            return false;
        };
        let told = |key: &&String| !matches!(key.as_str(), "$defs" | "definitions");
        if ours.keys().filter(told).count() != theirs.keys().filter(told).count() {
            return false;
        }
        for key in ours.keys().filter(told) {
            let key = key.as_str();
            if theirs.get(key).is_none() {
                return false;
            }
            if key == "$ref" {
                match (left.reference(), right.reference()) {
                    (Some(left), Some(right)) => rest.push((left, right)),
                    _ => return false,
                }
            } else if LISTS.contains(&key) || MAPS.contains(&key) {
                let (ours, theirs) = (left.children(key), right.children(key));
                if ours.len() != theirs.len() {
                    return false;
                }
                for (name, node) in ours {
                    match theirs.iter().find(|(other, _)| *other == name) {
                        Some((_, other)) => rest.push((node, other.clone())),
                        None => return false,
                    }
                }
            } else if SCHEMAS.contains(&key) {
                rest.extend(left.child(key).zip(right.child(key)));
            } else if !same_value(key, ours.get(key), theirs.get(key)) {
                return false;
            }
        }
    }
    true
}

fn same_value(key: &str, left: Option<&Json>, right: Option<&Json>) -> bool {
    if let (Some(Json::Array(left)), Some(Json::Array(right))) = (left, right)
        && matches!(key, "enum" | "required" | "type")
    {
        // A value may be listed twice.
        return left.iter().all(|value| right.contains(value))
            && right.iter().all(|value| left.contains(value));
    }
    left == right
}
