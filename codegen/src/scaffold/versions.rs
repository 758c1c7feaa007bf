//! What a later version asks of the one before: that it is upcast, marked as deprecated, and kept by golden events.

use std::path::Path;

use serde_json::{Map, Value as Json, json};

use super::edit::Edits;
use super::event::NewEvent;
use super::outcome::{Change, Next};
use super::place::{Place, Unusual};
use super::plan::copied;
use super::refusal::Refusal;
use super::texts::Entry;
use crate::model::{Contract, Event, names};

/// What is said of the version before, in entries of it that are there.
#[derive(Debug, Default)]
pub(super) struct Aged {
    /// The name of its channel and message.
    pub(super) name: String,
    /// Whether its message is to be marked.
    pub(super) deprecated: bool,
    /// Until when it is sent.
    pub(super) sunset: Option<String>,
}

impl Aged {
    pub(super) fn of(base: &Event, event: &NewEvent) -> Self {
        Self {
            name: base.name.clone(),
            deprecated: !base.versioning.deprecated,
            sunset: match base.versioning.sunset {
                None => event.sunset.clone(),
                Some(_) => None,
            },
        }
    }

    /// Puts it into the contract: the mark first in the message, the day before what the channel carries.
    pub(super) fn write(&self, place: &Place<'_>, edits: &mut Edits<'_>) -> Result<(), Unusual> {
        if self.deprecated {
            let entry = Entry::new([(0, "deprecated: true".to_owned())]);
            place.add_before(&["components", "messages", &self.name], &[], &entry, edits)?;
        }
        if let Some(day) = &self.sunset {
            let entry = Entry::new([(0, format!("x-sunset: {day}"))]);
            let before = ["parameters", "messages"];
            place.add_before(&["channels", &self.name], &before, &entry, edits)?;
        }
        Ok(())
    }

    /// The same, to be done by hand.
    pub(super) fn by_hand(&self) -> String {
        let mut parts = Vec::new();
        if self.deprecated {
            parts.push(format!(
                "`deprecated: true` into the message `{}`",
                self.name
            ));
        }
        if let Some(day) = &self.sunset {
            parts.push(format!(
                "`x-sunset: {day}` into the channel `{}`",
                self.name
            ));
        }
        if parts.is_empty() {
            return String::new();
        }
        format!("\nand {},\n", parts.join(", and "))
    }
}

/// Golden events: new files, and changes of those that are there.
#[derive(Debug, Default)]
pub(super) struct Golden {
    pub(super) files: Vec<(String, String)>,
    pub(super) changes: Vec<Change>,
    /// Those that are not written as they would be here; a person adds to them.
    pub(super) left: Vec<String>,
}

/// A golden event of the new version, and of each before it what the new one reads: the same as the version before,
/// since their schemas are still alike.
pub(super) fn golden(
    root: &Path,
    contract: &Contract,
    base: &Event,
    name: &str,
) -> Result<Golden, Refusal> {
    let mut golden = Golden::default();
    let folder = |event: &str, kind: &str| format!("events/examples/{event}/{kind}");
    let files = |folder: String| {
        let mut found =
            copied(&root.join(&folder)).map_err(|error| Refusal::Read(folder.clone(), error))?;
        found.sort();
        Ok::<_, Refusal>((folder, found))
    };
    let (_, valid) = files(folder(&base.name, "valid"))?;
    let example = valid.into_iter().find_map(|(file, text)| {
        let data: Json = serde_json::from_str(&text).ok()?;
        Some((file, data))
    });
    let text = |published: &Json, read: Map<String, Json>| {
        format!("{:#}\n", json!({ "published": published, "read": read }))
    };
    if let Some((file, data)) = &example {
        let path = format!("{}/{file}", folder(name, "golden"));
        golden.files.push((path, text(data, Map::new())));
    }
    for older in contract.versions_read_as(base) {
        let (folder, known) = files(folder(&older.name, "golden"))?;
        if known.is_empty()
            && older.name == base.name
            && let Some((file, data)) = &example
        {
            let read = Map::from_iter([(name.to_owned(), data.clone())]);
            golden
                .files
                .push((format!("{folder}/{file}"), text(data, read)));
        }
        for (file, before) in known {
            let path = format!("{folder}/{file}");
            match extended(&before, &base.name, name) {
                Some(after) => golden.changes.push(Change {
                    path,
                    before,
                    after,
                }),
                None => golden.left.push(path),
            }
        }
    }
    Ok(golden)
}

/// A golden event with what `name` reads of it: what `base` does. `None` where the file is written in a way of its own.
fn extended(text: &str, base: &str, name: &str) -> Option<String> {
    let mut golden: Json = serde_json::from_str(text).ok()?;
    if format!("{golden:#}\n") != text {
        return None;
    }
    let same = match golden.get("read")?.get(base) {
        Some(read) => read.clone(),
        None => golden.get("published")?.clone(),
    };
    let read = golden.get_mut("read")?.as_object_mut()?;
    read.insert(name.to_owned(), same);
    Some(format!("{golden:#}\n"))
}

/// What is left for a person to do.
pub(super) fn next(
    contract: &Contract,
    event: &NewEvent,
    base: &Event,
    senders: &[String],
    golden: &Golden,
) -> Vec<Next> {
    let sends = |service: &str| {
        contract
            .services
            .iter()
            .filter(|known| known.name == service)
            .flat_map(|known| &known.sends)
            .any(|send| contract.event(send.event).name == base.name)
    };
    let receivers: Vec<String> = contract
        .services
        .iter()
        .flat_map(|service| &service.receives)
        .filter(|receive| contract.event(receive.event).name == base.name)
        .map(|receive| receive.name.clone())
        .collect();
    let mut next = vec![Next::Upcast {
        new: names::pascal(&event.name(), "Event"),
        old: contract.types.get(base.data).name.clone(),
        both: senders.iter().find(|service| sends(service)).cloned(),
    }];
    if !golden.left.is_empty() {
        next.push(Next::Golden {
            event: event.name(),
            files: golden.left.clone(),
        });
    }
    if !receivers.is_empty() {
        next.push(Next::Move {
            receivers,
            event: event.name(),
        });
    }
    if base.versioning.sunset.is_none() && event.sunset.is_none() {
        next.push(Next::Sunset {
            event: base.name.clone(),
        });
    }
    next
}

#[cfg(test)]
mod tests {
    use super::extended;

    #[test]
    fn only_files_that_are_written_as_here_are_added_to() {
        let golden = "{\n  \"published\": {\n    \"a\": 1\n  },\n  \"read\": {\n    \"e.v2\": {\n      \"b\": 1\n    }\n  }\n}\n";
        let after = extended(golden, "e.v2", "e.v3").unwrap_or_default();
        assert!(after.contains("\"e.v3\": {\n      \"b\": 1\n"), "{after}");
        let after = extended(golden, "e.v1", "e.v3").unwrap_or_default();
        assert!(after.contains("\"e.v3\": {\n      \"a\": 1\n"), "{after}");
        for other in [
            "{}",
            "[]",
            "{ \"published\": 1, \"read\": {} }\n",
            "no JSON",
        ] {
            assert_eq!(extended(other, "e.v1", "e.v3"), None, "{other}");
        }
    }
}
