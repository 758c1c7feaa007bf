//! A valid example of an event: the first of its folder, by name.

use crate::load::Workspace;
use crate::model::Event;

/// Where examples are.
pub(super) const FOLDER: &str = "events/examples";

/// An example and its file, relative to the contract's folder.
pub(super) struct Example {
    pub(super) path: String,
    pub(super) text: String,
}

/// The first valid example; `None` where there is none that can be read.
pub(super) fn first(workspace: &Workspace, event: &Event) -> Option<Example> {
    let folder = format!("{FOLDER}/{}/valid", event.name);
    let entries = std::fs::read_dir(workspace.root().join(&folder)).ok()?;
    let name = entries
        .filter_map(Result::ok)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".json") && !name.starts_with('.'))
        .min()?;
    let path = format!("{folder}/{name}");
    let text = std::fs::read_to_string(workspace.root().join(&path)).ok()?;
    let value: serde_json::Value = serde_json::from_str(&text).ok()?;
    let text = serde_json::to_string_pretty(&value).ok()?;
    Some(Example { path, text })
}
