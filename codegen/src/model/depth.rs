//! How deep schemas lie within each other, references followed. Types, checks and the compiled schema are all made, and
//! dropped, as deep as that, so it is bounded before any of them is.

use std::collections::{HashMap, HashSet};

use super::keywords::{SCHEMA, SCHEMA_LIST, SCHEMA_MAP};
use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::{Node, Span, Workspace};

/// How many schemas may lie within each other: far more than anybody writes, and few enough for the stack of any
/// thread.
pub(super) const DEEPEST: usize = 200;

/// Reports where the schemas that `root` reaches lie too deep within each other.
pub(super) fn check(workspace: &Workspace, root: &Node, report: &mut Report) {
    let mut walk = Walk {
        workspace,
        known: HashMap::new(),
        open: HashSet::new(),
        path: Vec::new(),
    };
    if let Some(node) = walk.deepest(root) {
        report.push(too_deep(node));
    }
}

/// The finding.
pub(super) fn too_deep(node: &Node) -> Diagnostic {
    Diagnostic::error(
        Code::TooDeep,
        format!("more than {DEEPEST} schemas lie within each other"),
    )
    .at(node.span, "from here on")
    .help("a chain of references or nested schemas this long is refused: flatten it")
}

/// A reference from within a schema: how deep in it, and to what.
type Reference<'w> = (usize, &'w Node);

/// A schema whose references are being followed.
struct Open<'w> {
    schema: &'w Node,
    references: Vec<Reference<'w>>,
    next: usize,
    depth: usize,
}

/// Depth first, with a list in place of recursion, for the chain may be of any length.
struct Walk<'w> {
    workspace: &'w Workspace,
    /// How deep what lies in a schema is, once all of it has been seen.
    known: HashMap<Span, usize>,
    open: HashSet<Span>,
    path: Vec<Open<'w>>,
}

impl<'w> Walk<'w> {
    /// The first schema that is too deep.
    fn deepest(&mut self, root: &'w Node) -> Option<&'w Node> {
        self.enter(root);
        while let Some(open) = self.path.last_mut() {
            let Some((level, target)) = open.references.get(open.next).copied() else {
                let (schema, depth) = (open.schema, open.depth);
                if depth > DEEPEST {
                    return Some(schema);
                }
                self.leave(schema, depth);
                continue;
            };
            if let Some(depth) = self.known.get(&target.span) {
                open.depth = open.depth.max(level + depth);
                open.next += 1;
            } else if self.open.contains(&target.span) {
                // A circle is as deep as it is long; the compiled schema enters it once.
                open.next += 1;
            } else {
                self.enter(target);
            }
        }
        None
    }

    fn enter(&mut self, schema: &'w Node) {
        let mut references = Vec::new();
        let depth = self.inner(schema, 1, &mut references);
        self.open.insert(schema.span);
        self.path.push(Open {
            schema,
            references,
            next: 0,
            depth,
        });
    }

    fn leave(&mut self, schema: &Node, depth: usize) {
        self.path.pop();
        self.open.remove(&schema.span);
        self.known.insert(schema.span, depth);
    }

    /// How deep `schema` is without its references, which are collected. As deep as its file is nested.
    fn inner(&self, schema: &'w Node, level: usize, references: &mut Vec<Reference<'w>>) -> usize {
        let mut deepest = level;
        for entry in schema.entries() {
            let key = entry.key.as_str();
            // Definitions lie in what refers to them.
            let inner: Vec<&Node> = if matches!(key, "$defs" | "definitions") {
                continue;
            } else if matches!(key, "$ref" | "$dynamicRef") {
                if let Ok(target) = self.workspace.target(&entry.value) {
                    references.push((level, target));
                }
                continue;
            } else if SCHEMA.contains(&key) {
                vec![&entry.value]
            } else if SCHEMA_LIST.contains(&key) {
                entry.value.items().iter().collect()
            } else if SCHEMA_MAP.contains(&key) {
                entry.value.entries().iter().map(|e| &e.value).collect()
            } else {
                continue;
            };
            for schema in inner {
                deepest = deepest.max(self.inner(schema, level + 1, references));
            }
        }
        deepest
    }
}
