//! Whether a writer that is exact writes an instance: only with properties that its schema declares.

use serde_json::Value as Json;

use crate::evolve::case::Written;
use crate::evolve::schema::Node;
use crate::evolve::text;

/// How deep references nest in place.
const DEEPEST: usize = 64;

/// Whether every property in `instance`, for which all of `nodes` hold, is declared.
pub(super) fn exact(nodes: &[Node<'_>], instance: &Json) -> bool {
    let mut reached = Vec::new();
    let mut written = Written::default();
    for node in nodes {
        written.exact |= reach(node, instance, &mut reached, 0);
    }
    for node in &reached {
        written.declare(node);
    }
    match instance {
        Json::Object(map) => map.iter().all(|(name, value)| {
            let declared = !written.exact
                || written.open
                || written.names.contains(name)
                || written
                    .patterns
                    .iter()
                    .any(|pattern| text::matches(pattern, name) == Some(true));
            declared && exact(&values(&reached, name), value)
        }),
        Json::Array(items) => items.iter().enumerate().all(|(index, item)| {
            let own = reached.iter().filter_map(|node| {
                let first = node.list("prefixItems").into_iter().nth(index);
                first.or_else(|| node.child("items"))
            });
            exact(&own.collect::<Vec<_>>(), item)
        }),
        _ => true,
    }
}

/// Collects the schemas that hold in place; whether they leave only declared properties to be written.
fn reach<'a>(node: &Node<'a>, instance: &Json, reached: &mut Vec<Node<'a>>, depth: usize) -> bool {
    if depth > DEEPEST || !node.value.is_object() {
        return false;
    }
    let declares = node
        .get("properties")
        .and_then(Json::as_object)
        .is_some_and(|map| !map.is_empty());
    let mut exact = declares || node.get("unevaluatedProperties") == Some(&Json::Bool(false));
    reached.push(node.clone());
    for node in node.reference().into_iter().chain(node.list("allOf")) {
        exact |= reach(&node, instance, reached, depth + 1);
    }
    for keyword in ["anyOf", "oneOf"] {
        let taken: Vec<bool> = node
            .list(keyword)
            .into_iter()
            .filter(|branch| branch.accepts(instance) == Some(true))
            .map(|branch| reach(&branch, instance, reached, depth + 1))
            .collect();
        exact |= !taken.is_empty() && taken.into_iter().all(|exact| exact);
    }
    if let Some(condition) = node.child("if") {
        let then = if condition.accepts(instance) == Some(true) {
            reach(&condition, instance, reached, depth + 1);
            node.child("then")
        } else {
            node.child("else")
        };
        if let Some(then) = then {
            reach(&then, instance, reached, depth + 1);
        }
    }
    for (name, schema) in node.children("dependentSchemas") {
        if instance.get(&name).is_some() {
            reach(&schema, instance, reached, depth + 1);
        }
    }
    exact
}

/// What holds for the value of a property.
fn values<'a>(reached: &[Node<'a>], name: &str) -> Vec<Node<'a>> {
    let mut found = Vec::new();
    for node in reached {
        let before = found.len();
        let named = node.children("properties").into_iter();
        found.extend(named.filter(|(key, _)| key == name).map(|(_, node)| node));
        let matched = node.children("patternProperties").into_iter();
        found.extend(
            matched
                .filter(|(pattern, _)| text::matches(pattern, name) == Some(true))
                .map(|(_, node)| node),
        );
        if found.len() == before {
            found.extend(node.child("additionalProperties"));
        }
    }
    found
}
