//! The schemas of the events' data.

use std::collections::HashMap;

use crate::load::{FileId, Node, Span, Workspace};
use crate::model::Contract;

/// The schema of each event's data, by the event's place: a file of its own, or a part of one.
pub(super) fn all<'w>(contract: &Contract, workspace: &'w Workspace) -> Vec<Option<&'w Node>> {
    let mut parts: HashMap<FileId, HashMap<Span, &Node>> = HashMap::new();
    contract
        .events
        .iter()
        .map(|event| {
            let span = contract.types.get(event.data).span;
            let root = workspace.file(span.file).root.as_ref()?;
            if root.span == span {
                return Some(root);
            }
            let parts = parts.entry(span.file).or_insert_with(|| mappings(root));
            parts.get(&span).copied()
        })
        .collect()
}

/// Every mapping below `root`, by its place.
fn mappings(root: &Node) -> HashMap<Span, &Node> {
    let mut found = HashMap::new();
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        if node.is_map() {
            found.insert(node.span, node);
        }
        open.extend(node.items());
        open.extend(node.entries().iter().map(|entry| &entry.value));
    }
    found
}
