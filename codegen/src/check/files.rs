//! Files that nothing refers to: a schema without an event, examples without an event.

use std::collections::HashSet;
use std::path::Path;

use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::Workspace;
use crate::model::Contract;

const SCHEMAS: &str = "events/schemas";
const EXAMPLES: &str = "events/examples";

pub(super) fn check(contract: &Contract, workspace: &Workspace, report: &mut Report) {
    // What a faulty part of the contract refers to is not known.
    if report.has_errors() {
        return;
    }
    for path in schemas(&workspace.root().join(SCHEMAS)) {
        let path = format!("{SCHEMAS}/{path}");
        if workspace.find(&path).is_none() {
            report.push(
                Diagnostic::error(Code::UnusedFile, format!("nothing refers to `{path}`"))
                    .help("refer to it from the contract or from another schema, or remove it"),
            );
        }
    }
    let events: HashSet<&str> = contract
        .events
        .iter()
        .map(|event| event.name.as_str())
        .collect();
    for name in entries(&workspace.root().join(EXAMPLES)) {
        if !events.contains(name.as_str()) {
            report.push(
                Diagnostic::error(
                    Code::UnusedFile,
                    format!("`{EXAMPLES}/{name}` belongs to no event"),
                )
                .help("a folder of examples is called after its event"),
            );
        }
    }
}

/// The schema files below `folder`, relative to it.
fn schemas(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for name in entries(folder) {
        let path = folder.join(&name);
        if path.is_dir() {
            found.extend(
                schemas(&path)
                    .into_iter()
                    .map(|inner| format!("{name}/{inner}")),
            );
        } else if [".json", ".yaml", ".yml"]
            .iter()
            .any(|end| name.ends_with(end))
        {
            found.push(name);
        }
    }
    found
}

/// The names in a folder, sorted; none where it cannot be read, since the contract need not have one.
fn entries(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    names
}
