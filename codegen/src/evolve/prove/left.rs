//! What is known of properties and items that nothing evaluates: `unevaluatedProperties` and `unevaluatedItems` hold for
//! them. That they are written exactly is not known: what stands there is no type of its own.

use std::collections::{BTreeSet, HashSet};

use crate::evolve::case::{Case, Part, in_place};
use crate::evolve::schema::Node;
use crate::evolve::text;

/// Schemas that are looked through for what may evaluate a place.
const MOST_SCHEMAS: usize = 200;

/// The schemas that may evaluate something in place of `node`, itself among them; `None` where they are too many, or one
/// of them evaluates all there is.
fn evaluators<'a>(node: &Node<'a>, all: &[&str], own: &str) -> Option<Vec<Node<'a>>> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    let mut rest = vec![node.clone()];
    while let Some(next) = rest.pop() {
        if !seen.insert(next.id()) {
            continue;
        }
        let another = next.id() != node.id() && next.get(own).is_some();
        if found.len() > MOST_SCHEMAS || another || all.iter().any(|all| next.get(all).is_some()) {
            return None;
        }
        rest.extend(in_place(&next));
        found.push(next);
    }
    Some(found)
}

/// The schemas of `unevaluatedProperties` that hold for a property of this name.
pub(super) fn of_property<'a>(case: &Case<'a>, name: &str) -> Vec<Part<'a>> {
    let unevaluated = |part: &Part<'a>| {
        let own = "unevaluatedProperties";
        let asked = part.node.child(own)?;
        let evaluated = evaluators(&part.node, &["additionalProperties"], own)?
            .iter()
            .any(|node| {
                let named = node.children("properties").into_iter();
                let matched = node.children("patternProperties").into_iter();
                named.map(|(key, _)| key).any(|key| key == name)
                    || matched
                        .map(|(pattern, _)| pattern)
                        .any(|pattern| text::matches(&pattern, name) != Some(false))
            });
        (!evaluated).then_some(Part {
            node: asked,
            writer: false,
        })
    };
    case.parts.iter().filter_map(unevaluated).collect()
}

/// The same for all properties that none of `names` and `patterns` means.
pub(super) fn of_others<'a>(
    case: &Case<'a>,
    names: &BTreeSet<String>,
    patterns: &BTreeSet<String>,
) -> Vec<Part<'a>> {
    let unevaluated = |part: &Part<'a>| {
        let own = "unevaluatedProperties";
        let asked = part.node.child(own)?;
        let evaluators = evaluators(&part.node, &["additionalProperties"], own)?;
        let known = evaluators.iter().all(|node| {
            let named = node.children("properties").into_iter();
            let matched = node.children("patternProperties").into_iter();
            named.map(|(key, _)| key).all(|key| names.contains(&key))
                && matched
                    .map(|(pattern, _)| pattern)
                    .all(|pattern| patterns.contains(&pattern))
        });
        known.then_some(Part {
            node: asked,
            writer: false,
        })
    };
    case.parts.iter().filter_map(unevaluated).collect()
}

/// The schemas of `unevaluatedItems` that hold for the item at `index`.
pub(super) fn of_item<'a>(case: &Case<'a>, index: usize) -> Vec<Part<'a>> {
    let unevaluated = |part: &Part<'a>| {
        let own = "unevaluatedItems";
        let asked = part.node.child(own)?;
        let evaluators = evaluators(&part.node, &["items", "contains"], own)?;
        let places = evaluators.iter().map(|node| node.list("prefixItems").len());
        (places.max().unwrap_or(0) <= index).then_some(Part {
            node: asked,
            writer: false,
        })
    };
    case.parts.iter().filter_map(unevaluated).collect()
}
