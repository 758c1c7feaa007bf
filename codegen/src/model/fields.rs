//! Reads a mapping of the contract field by field, so that none is passed over in silence.

use super::names::nearest;
use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::{Entry, Node, Workspace};

/// What codegen knows of the fields of one kind of mapping.
pub(super) struct Known {
    /// What the mapping is, as in `a channel`.
    pub(super) what: &'static str,
    /// The fields that are read, or that say nothing about code.
    pub(super) fields: &'static [&'static str],
    /// The fields that AsyncAPI has and that change nothing, and why; a warning says so.
    pub(super) idle: &'static [(&'static str, &'static str)],
    /// The fields that AsyncAPI has and codegen refuses, and why.
    pub(super) refused: &'static [(&'static str, &'static str)],
    /// The extensions that are read; others that begin with `x-` are ignored.
    pub(super) extensions: &'static [&'static str],
}

/// What `node` stands for, where that is a mapping; its fields are checked against `known`.
pub(super) fn mapping<'w>(
    workspace: &'w Workspace,
    node: &'w Node,
    known: &Known,
    report: &mut Report,
) -> Option<&'w Node> {
    let node = report.keep(workspace.resolve(node))?;
    if !node.is_map() {
        report.push(wrong(node, "a mapping", known.what));
        return None;
    }
    for entry in node.entries() {
        let key = entry.key.as_str();
        if known.fields.contains(&key) || known.extensions.contains(&key) {
            continue;
        }
        if let Some((_, why)) = known.idle.iter().find(|(name, _)| *name == key) {
            report.push(
                Diagnostic::warning(
                    Code::NoEffect,
                    format!("`{key}` of {} has no effect", known.what),
                )
                .at(entry.key_span, "nothing is generated for this")
                .help(*why)
                .gathered(),
            );
        } else if let Some((_, why)) = known.refused.iter().find(|(name, _)| *name == key) {
            report.push(
                Diagnostic::error(
                    Code::Unsupported,
                    format!("`{key}` of {} is not supported", known.what),
                )
                .at(entry.key_span, "nothing would be generated for this")
                .help(*why),
            );
        } else if key.starts_with("x-") {
            // A slip in an extension of ours would otherwise be an extension of nobody's.
            if let Some(name) = nearest(key, known.extensions.iter().copied()) {
                report.push(
                    unknown(entry.key_span, key, known).help(format!("did you mean `{name}`?")),
                );
            }
        } else {
            let finding = unknown(entry.key_span, key, known);
            let idle = known.idle.iter().map(|(name, _)| *name);
            report.push(
                match nearest(key, known.fields.iter().copied().chain(idle)) {
                    Some(name) => finding.help(format!("did you mean `{name}`?")),
                    None => {
                        finding.help(format!("{} has: {}", known.what, known.fields.join(", ")))
                    }
                },
            );
        }
    }
    Some(node)
}

fn unknown(span: crate::load::Span, key: &str, known: &Known) -> Diagnostic {
    Diagnostic::error(
        Code::UnknownField,
        format!("{} has no field `{key}`", known.what),
    )
    .at(span, "unknown here")
}

/// A value of the wrong kind.
pub(super) fn wrong(node: &Node, expected: &str, what: &str) -> Diagnostic {
    Diagnostic::error(
        Code::Malformed,
        format!("{what} is expected to be {expected}"),
    )
    .at(node.span, format!("this is {}", node.kind()))
}

/// The value of a field that must be there.
pub(super) fn required<'w>(
    node: &'w Node,
    key: &str,
    what: &str,
    report: &mut Report,
) -> Option<&'w Node> {
    let found = node.get(key);
    // A slip of the pen has been reported as the unknown field that it is.
    let slip = |entry: &Entry| nearest(&entry.key, [key]).is_some();
    if found.is_none() && !node.entries().iter().any(slip) {
        report.push(
            Diagnostic::error(Code::Malformed, format!("{what} needs `{key}`"))
                .at(node.span, format!("`{key}` is missing here")),
        );
    }
    found
}

/// The text of a field that must be there.
pub(super) fn required_text<'w>(
    node: &'w Node,
    key: &str,
    what: &str,
    report: &mut Report,
) -> Option<(&'w str, &'w Node)> {
    let value = required(node, key, what, report)?;
    match value.text() {
        Some(text) => Some((text, value)),
        None => {
            report.push(wrong(value, "a string", &format!("`{key}` of {what}")));
            None
        }
    }
}

/// The text of a field, or nothing.
pub(super) fn text_or_empty(node: &Node, keys: &[&str]) -> String {
    keys.iter()
        .find_map(|key| node.get(key).and_then(Node::text))
        .unwrap_or_default()
        .trim()
        .to_owned()
}
