//! Examples, held against the schema of their event.

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;

use jsonschema::Validator;
use serde_json::Value as Json;

use super::Reader;
use crate::diagnostics::{Beside, Code, Diagnostic, Report};
use crate::load::{Node, Span, Workspace};
use crate::model::fields::{mapping, wrong};
use crate::model::grammar;

/// Where examples lie, by event, relative to the contract's folder.
const FOLDER: &str = "events/examples";

impl<'w> Reader<'w> {
    /// The examples of a message; those of an enveloped one are whole events.
    pub(super) fn message_examples(
        &self,
        message: &'w Node,
        validator: &Validator,
        enveloped: bool,
        report: &mut Report,
    ) {
        let Some(examples) = message.get("examples") else {
            return;
        };
        if !matches!(examples.value, crate::load::Value::List(_)) {
            report.push(wrong(examples, "a list", "`examples` of a message"));
            return;
        }
        for example in examples.items() {
            let Some(example) = mapping(self.workspace, example, &grammar::EXAMPLE, report) else {
                continue;
            };
            let Some(payload) = example.get("payload") else {
                continue;
            };
            let data = if enveloped {
                payload.get("data")
            } else {
                Some(payload)
            };
            let Some(data) = data else {
                report.push(
                    Diagnostic::error(Code::Example, "an example of an event needs `data`")
                        .at(payload.span, "`data` is missing here"),
                );
                continue;
            };
            if let Err(error) = validator.validate(&data.to_json()) {
                let at = error.instance_path().to_string();
                report.push(
                    Diagnostic::error(Code::Example, "the schema of this example rejects it")
                        .at(nearest(data, &at).span, error.to_string()),
                );
            }
        }
    }

    /// Whether there is anything to hold against the schema of an event.
    pub(super) fn has_examples(&self, event: &str, message: &Node) -> bool {
        self.examples.contains(event) || message.get("examples").is_some()
    }

    /// The files of an event's examples: valid ones must be, and invalid ones must not.
    pub(super) fn example_files(
        &self,
        event: &str,
        span: Span,
        validator: &Validator,
        report: &mut Report,
    ) {
        // So a name that leads elsewhere, as `..` does, is never followed.
        if !self.examples.contains(event) {
            return;
        }
        for kind in ["valid", "invalid"] {
            let folder = self.workspace.root().join(FOLDER).join(event).join(kind);
            for name in names(&folder) {
                let path = format!("{FOLDER}/{event}/{kind}/{name}");
                let text = match std::fs::read_to_string(folder.join(&name)) {
                    Ok(text) => text,
                    Err(why) => {
                        let message = format!("`{path}` cannot be read: {why}");
                        report
                            .push(Diagnostic::error(Code::Example, message).at(span, "the schema"));
                        continue;
                    }
                };
                let finding = match serde_json::from_str::<Json>(&text) {
                    Err(error) => Some((
                        format!("`{path}` is not JSON"),
                        offset(&text, error.line(), error.column()),
                        error.to_string(),
                    )),
                    Ok(example) => match (kind, validator.validate(&example)) {
                        ("valid", Err(error)) => {
                            let at = error.instance_path().to_string();
                            let shown = if at.is_empty() { "/" } else { &at };
                            let message = format!("the schema rejects `{path}` at `{shown}`");
                            Some((message, place(&text, &at), error.to_string()))
                        }
                        ("invalid", Ok(())) => Some((
                            format!("the schema accepts `{path}`, which it should not"),
                            place(&text, ""),
                            "nothing here is wrong".to_owned(),
                        )),
                        _ => None,
                    },
                };
                if let Some((message, place, label)) = finding {
                    let beside = Beside {
                        path,
                        text,
                        place,
                        label,
                    };
                    let finding = Diagnostic::error(Code::Example, message).beside(beside);
                    report.push(finding.at(span, "the schema"));
                }
            }
        }
    }
}

/// The names of the events that have files of examples.
pub(super) fn folders(workspace: &Workspace) -> HashSet<String> {
    let entries = std::fs::read_dir(workspace.root().join(FOLDER));
    let entries = entries.into_iter().flatten().filter_map(Result::ok);
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// The JSON files in a folder, sorted; none where there is no such folder.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries.filter_map(Result::ok);
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".json")).collect();
    names.sort();
    names
}

/// Where the value at `pointer` stands in an example, its first line of it.
fn place(text: &str, pointer: &str) -> Range<usize> {
    let root = crate::load::alone(text);
    let span = root.as_ref().map(|root| nearest(root, pointer).span);
    let start = span.map_or(0, |span| span.start as usize);
    let end = span.map_or(0, |span| span.end as usize);
    let line = text[start..].find('\n').map_or(text.len(), |at| start + at);
    start..end.min(line).max(start)
}

/// Line and column, counted from 1, columns in bytes, as an offset.
fn offset(text: &str, line: usize, column: usize) -> Range<usize> {
    let before: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let at = text.floor_char_boundary((before + column.saturating_sub(1)).min(text.len()));
    at..at
}

/// The node at `pointer` below `root`, or the nearest one on the way to it.
fn nearest<'n>(root: &'n Node, pointer: &str) -> &'n Node {
    let mut node = root;
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let index = token.parse::<usize>().ok();
        let next = node
            .get(&token)
            .or_else(|| index.and_then(|index| node.items().get(index)));
        match next {
            Some(next) => node = next,
            None => break,
        }
    }
    node
}
