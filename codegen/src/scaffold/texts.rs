//! What is written: entries of the contract, the schema, the examples.

use serde_json::json;

use super::event::NewEvent;
use crate::model::names;

/// An entry of the contract in block style, to be indented as its place wants it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Depth below the place, and the line.
    lines: Vec<(usize, String)>,
}

impl Entry {
    pub(super) fn new(lines: impl IntoIterator<Item = (usize, String)>) -> Self {
        Self {
            lines: lines.into_iter().collect(),
        }
    }

    /// Puts another entry below this one.
    pub(super) fn extend(&mut self, other: &Self) {
        self.lines.extend(other.lines.iter().cloned());
    }

    /// A section that holds `inner` alone.
    pub(super) fn section(key: &str, inner: Self) -> Self {
        let inner = inner
            .lines
            .into_iter()
            .map(|(depth, line)| (depth + 1, line));
        Self::new(std::iter::once((0, format!("{key}:"))).chain(inner))
    }

    /// The lines of an entry whose key is at `column`, each depth `step` further in.
    pub(super) fn lines(&self, column: usize, step: usize) -> Vec<String> {
        self.lines
            .iter()
            .map(|(depth, line)| format!("{}{line}", " ".repeat(column + depth * step)))
            .collect()
    }
}

/// A parameter of an address and where its value is found.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) location: String,
}

pub(super) fn channel(
    name: &str,
    address: &str,
    description: &str,
    upcasts: Option<&str>,
    parameters: &[Parameter],
) -> Entry {
    let mut lines = vec![
        (0, format!("{name}:")),
        (1, format!("address: {address}")),
        (1, format!("description: {}", scalar(description))),
    ];
    if let Some(older) = upcasts {
        lines.push((1, format!("x-upcasts: {older}")));
    }
    if !parameters.is_empty() {
        lines.push((1, "parameters:".to_owned()));
        for Parameter { name, location } in parameters {
            lines.push((2, format!("{name}: {{ location: {location} }}")));
        }
    }
    lines.push((1, "messages:".to_owned()));
    lines.push((
        2,
        format!("{name}: {{ $ref: '#/components/messages/{name}' }}"),
    ));
    Entry::new(lines)
}

pub(super) fn operation(name: &str, action: &str, channel: &str) -> Entry {
    Entry::new([
        (0, format!("{name}:")),
        (1, format!("action: {action}")),
        (1, format!("channel: {{ $ref: '#/channels/{channel}' }}")),
    ])
}

pub(super) fn message(
    name: &str,
    correlation: Option<&str>,
    envelope: &str,
    schema: &str,
) -> Entry {
    let mut lines = vec![(0, format!("{name}:"))];
    if let Some(location) = correlation {
        lines.push((1, format!("correlationId: {{ location: {location} }}")));
    }
    lines.extend([
        (1, "payload:".to_owned()),
        (2, "allOf:".to_owned()),
        (3, format!("- $ref: {envelope}")),
        (
            3,
            format!("- properties: {{ type: {{ const: {name} }}, data: {{ $ref: {schema} }} }}"),
        ),
    ]);
    Entry::new(lines)
}

pub(super) fn stream(name: &str, subject: &str) -> Entry {
    let line = format!("{name}: {{ subjects: [{subject}], max-age: 30d, duplicate-window: 2m }}");
    Entry::new([(0, line)])
}

/// Text as a YAML scalar on one line: plain where that reads the same, else in quotes as JSON has them.
fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.contains(' ')
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.chars().any(char::is_control);
    if plain {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

/// The schema of a first version: the key and the moment, to be added to.
pub(super) fn schema(event: &NewEvent) -> String {
    let (key, moment) = (event.key(), event.moment());
    let quoted = |text: String| serde_json::Value::from(text).to_string();
    let entity = event.entity().replace('_', " ");
    format!(
        "{{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n  \"title\": {},\n  \"description\": {},\n  \
         \"type\": \"object\",\n  \"required\": [\"{key}\", \"{moment}\"],\n  \"properties\": {{\n    \"{key}\": {{ \
         \"type\": \"string\", \"format\": \"uuid\", \"description\": {} }},\n    \"{moment}\": {{ \"type\": \"string\", \
         \"format\": \"date-time\", \"description\": \"When it happened.\" }}\n  }}\n}}\n",
        quoted(names::pascal(&event.name(), "Event")),
        quoted(event.description()),
        quoted(format!("The {entity}; also the ordering key.")),
    )
}

/// The examples of a first version: their paths below the event's own folder and their text.
pub(super) fn examples(event: &NewEvent) -> Vec<(String, String)> {
    let (key, moment) = (event.key(), event.moment());
    let file = |property: &str| names::snake(property, "property").replace('_', "-");
    let id = "0198c0de-7a10-7c3e-9f4b-3a52d1c8e6f0";
    let time = "2026-03-04T09:30:00Z";
    let text = |value: serde_json::Value| format!("{value:#}\n");
    vec![
        (
            format!("valid/{}.json", file(event.happened())),
            text(json!({ &*key: id, &*moment: time })),
        ),
        (
            format!("invalid/{}-missing.json", file(&key)),
            text(json!({ &*moment: time })),
        ),
        (
            format!("invalid/{}-not-a-uuid.json", file(&key)),
            text(json!({ &*key: "17", &*moment: time })),
        ),
        (
            format!("invalid/{}-not-a-time.json", file(&moment)),
            text(json!({ &*key: id, &*moment: "yesterday" })),
        ),
    ]
}
