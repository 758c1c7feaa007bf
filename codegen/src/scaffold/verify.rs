//! Tries a plan on a copy: it must load, have no errors, and say what it said before and nothing else but what was asked.

use std::path::Path;

use serde_json::Value as Json;

use super::outcome::Plan;
use super::plan::Wanted;
use super::streams::Keeping;
use crate::check;
use crate::diagnostics::Report;
use crate::load::{Node, Workspace, escape};
use crate::model;

/// Why the plan is not carried out.
#[derive(Debug)]
pub(super) enum Error {
    /// The text would say something else than was meant.
    Differs,
    /// The findings, as text.
    Findings(String),
    /// The copy cannot be written.
    Io(std::io::Error),
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

pub(super) fn verify(workspace: &Workspace, plan: &Plan, wanted: &Wanted) -> Result<(), Error> {
    let copy = tempfile::tempdir()?;
    // Files above the contract's folder stay above it.
    let above = |path: &str| path.split('/').take_while(|part| *part == "..").count();
    let depth = workspace.files().iter().map(|file| above(&file.path)).max();
    let root = copy.path().join("x/".repeat(depth.unwrap_or(0) + 1));
    for file in workspace.files() {
        write(&root.join(&file.path), &file.text)?;
    }
    // The first event is also the first to refer to the envelope.
    let envelope = wanted.envelope.trim_start_matches("./");
    let there = plan.root.join(envelope);
    if workspace.find(envelope).is_none() && there.is_file() {
        write(&root.join(envelope), &std::fs::read_to_string(there)?)?;
    }
    write(&root.join(&plan.contract.path), &plan.contract.after)?;
    for (path, text) in &plan.files {
        write(&root.join(path), text)?;
    }
    for change in &plan.changed {
        write(&root.join(&change.path), &change.after)?;
    }
    let mut report = Report::default();
    let tried = Workspace::load(&root.join(&plan.contract.path), &mut report)?;
    let before = workspace.contract().map(Node::to_json).unwrap_or_default();
    let after = tried.contract().map(Node::to_json).unwrap_or_default();
    let mut without = after;
    if !taken_out(&mut without, wanted) || !same(&before, &without) {
        return Err(Error::Differs);
    }
    let contract = model::read(&tried, &mut report);
    check::check(&contract, &tried, &mut report);
    if report.has_errors() {
        return Err(Error::Findings(report.render(&tried, false)));
    }
    let there = contract
        .events
        .iter()
        .any(|event| event.name == wanted.name);
    let named = |name: &str| {
        contract.services.iter().any(|service| {
            service.sends.iter().any(|send| send.name == name)
                || service.receives.iter().any(|receive| receive.name == name)
        })
    };
    if there && wanted.operations.iter().all(|(name, _)| named(name)) {
        Ok(())
    } else {
        Err(Error::Differs)
    }
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text)
}

/// Takes what was asked out of the document; false where some of it is not there.
fn taken_out(document: &mut Json, wanted: &Wanted) -> bool {
    let mut all = remove(document, "/channels", &wanted.name);
    all &= remove(document, "/components/messages", &wanted.name);
    for (operation, _) in &wanted.operations {
        all &= remove(document, "/operations", operation);
    }
    if let Some(aged) = &wanted.aged {
        let pointer = |section: &str| format!("{section}/{}", escape(&aged.name));
        if aged.deprecated {
            all &= remove(document, &pointer("/components/messages"), "deprecated");
        }
        if aged.sunset.is_some() {
            all &= remove(document, &pointer("/channels"), "x-sunset");
        }
    }
    match &wanted.stream {
        Keeping::Kept => {}
        Keeping::New { stream, .. } => all &= remove(document, "/x-jetstream/streams", stream),
        Keeping::Widened { stream, subject } => {
            let subjects = document
                .pointer_mut(&format!("/x-jetstream/streams/{stream}/subjects"))
                .and_then(Json::as_array_mut);
            all &= subjects.is_some_and(|subjects| {
                subjects.pop().is_some_and(|last| last == subject.as_str())
            });
        }
    }
    all
}

fn remove(document: &mut Json, pointer: &str, key: &str) -> bool {
    document
        .pointer_mut(pointer)
        .and_then(Json::as_object_mut)
        .is_some_and(|map| map.shift_remove(key).is_some())
}

/// Whether two documents say the same; a section that is empty says what one that is absent does.
fn same(before: &Json, after: &Json) -> bool {
    let empty = |value: Option<&Json>| match value {
        None | Some(Json::Null) => true,
        Some(Json::Object(map)) => map
            .values()
            .all(|value| value.as_object().is_some_and(|map| map.is_empty())),
        Some(_) => false,
    };
    match (before, after) {
        (Json::Object(old), Json::Object(new)) => {
            old.keys()
                .chain(new.keys())
                .all(|key| match (old.get(key), new.get(key)) {
                    (Some(old), Some(new)) => same(old, new),
                    (old, new) => empty(old) && empty(new),
                })
        }
        (old, new) => old == new || (empty(Some(old)) && empty(Some(new))),
    }
}
