//! Traits of operations and messages, merged into what has them (AsyncAPI 3, "Traits Merge Mechanism").

use std::collections::HashMap;

use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::{Entry, Node, Span, Value, Workspace};
use crate::model::fields::wrong;

/// What an operation says itself and a trait of operations has not.
const NO_OPERATION_TRAIT: &[&str] = &["action", "channel", "messages", "reply", "traits"];
/// What a message says itself and a trait of messages has not.
const NO_MESSAGE_TRAIT: &[&str] = &["payload", "traits"];

/// Operations and messages with their traits merged in, by the place of the one that has them.
#[derive(Debug, Default)]
pub(super) struct Merged {
    nodes: HashMap<Span, Node>,
}

impl Merged {
    /// Merges the traits of all operations and messages that the document has or refers to.
    pub(super) fn of(workspace: &Workspace, root: &Node, report: &mut Report) -> Self {
        let mut merged = Self::default();
        for operation in all(root, "operations") {
            merged.add(workspace, operation, NO_OPERATION_TRAIT, report);
        }
        for channel in all(root, "channels") {
            // Where a reference leads is reported by whoever reads the channel.
            let Ok(channel) = workspace.resolve(channel) else {
                continue;
            };
            for message in all(channel, "messages") {
                merged.add(workspace, message, NO_MESSAGE_TRAIT, report);
            }
        }
        merged
    }

    /// `node` with its traits, or itself.
    pub(super) fn with<'n>(&'n self, node: &'n Node) -> &'n Node {
        self.nodes.get(&node.span).unwrap_or(node)
    }

    fn add(&mut self, workspace: &Workspace, node: &Node, refused: &[&str], report: &mut Report) {
        let Ok(target) = workspace.resolve(node) else {
            return;
        };
        let Some(traits) = target.get("traits") else {
            return;
        };
        if self.nodes.contains_key(&target.span) {
            return;
        }
        let Value::List(items) = &traits.value else {
            report.push(wrong(traits, "a list", "`traits`"));
            return;
        };
        let mut result = Vec::new();
        for item in items {
            let Some(found) = report.keep(workspace.resolve(item)) else {
                continue;
            };
            if !found.is_map() {
                report.push(wrong(found, "a mapping", "a trait"));
            }
            // Other fields are judged where they end up: in the operation or message.
            for entry in found.entries() {
                if refused.contains(&entry.key.as_str()) {
                    report.push(
                        Diagnostic::error(
                            Code::UnknownField,
                            format!("a trait has no field `{}`", entry.key),
                        )
                        .at(entry.key_span, "say it in what has the trait"),
                    );
                }
            }
            patch(&mut result, found.entries());
        }
        // What a trait says never replaces what the object itself says.
        patch(&mut result, target.entries());
        let merged = Node {
            span: target.span,
            value: Value::Map(result),
        };
        self.nodes.insert(target.span, merged);
    }
}

fn all<'n>(node: &'n Node, key: &str) -> impl Iterator<Item = &'n Node> {
    let entries = node.get(key).map(Node::entries).unwrap_or_default();
    entries.iter().map(|entry| &entry.value)
}

/// JSON Merge Patch (RFC 7386, section 2): mappings are merged, null removes, anything else replaces. As deep as the
/// document, whose depth its parser limits.
fn patch(target: &mut Vec<Entry>, changes: &[Entry]) {
    for change in changes {
        let known = target.iter().position(|entry| entry.key == change.key);
        match (&change.value.value, known) {
            (Value::Null, Some(at)) => {
                target.remove(at);
            }
            (Value::Null, None) => {}
            (Value::Map(inner), known) => {
                let at = known.unwrap_or_else(|| {
                    target.push(Entry {
                        value: Node {
                            span: change.value.span,
                            value: Value::Map(Vec::new()),
                        },
                        ..change.clone()
                    });
                    target.len() - 1
                });
                let Some(entry) = target.get_mut(at) else {
                    continue;
                };
                if let Value::Map(outer) = &mut entry.value.value {
                    patch(outer, inner);
                } else {
                    let mut fresh = Vec::new();
                    patch(&mut fresh, inner);
                    entry.value = Node {
                        span: change.value.span,
                        value: Value::Map(fresh),
                    };
                }
            }
            (_, Some(at)) => target[at] = change.clone(),
            (_, None) => target.push(change.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Workspace;

    fn merged(target: &str, changes: &str) -> String {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let path = folder.path().join("both.yaml");
        let text = format!("target: {target}\nchanges: {changes}\n");
        std::fs::write(&path, text).unwrap_or_else(|error| panic!("{error}"));
        let workspace = Workspace::load(&path, &mut Report::default());
        let workspace = workspace.unwrap_or_else(|error| panic!("{error}"));
        let root = workspace.contract();
        let entries = |key| root.and_then(|root| root.get(key)).map(Node::entries);
        let mut result = entries("target").unwrap_or_default().to_vec();
        patch(&mut result, entries("changes").unwrap_or_default());
        let span = root.map(|root| root.span);
        let value = Value::Map(result);
        span.map(|span| Node { span, value }.to_json().to_string())
            .unwrap_or_default()
    }

    /// The cases of RFC 7386, appendix A, whose target and patch are objects.
    #[test]
    fn a_patch_does_what_the_rfc_says() {
        for (target, changes, result) in [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
            (
                r#"{"a":{"b":"c"}}"#,
                r#"{"a":{"b":"d","c":null}}"#,
                r#"{"a":{"b":"d"}}"#,
            ),
            (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
            (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"a":1,"e":null}"#),
            ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
        ] {
            let expected: serde_json::Value =
                serde_json::from_str(result).unwrap_or_else(|error| panic!("{error}"));
            let found: serde_json::Value = serde_json::from_str(&merged(target, changes))
                .unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(found, expected, "{target} with {changes}");
        }
    }
}
