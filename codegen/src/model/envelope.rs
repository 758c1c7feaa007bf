//! A message's payload: the envelope that the runtime speaks, and the event's data in it.

use std::sync::LazyLock;

use serde_json::Value as Json;

use super::fields::{mapping, required, wrong};
use super::grammar;
use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::{Entry, Node, Value, Workspace};

/// The one envelope that the runtime writes and reads: structured CloudEvents 1.0 JSON.
const ENVELOPE: &str = include_str!("envelope.json");

const SHAPE: &str = "a payload is `allOf` of the envelope and of `properties` with `type: { const: <event> }` and `data: { $ref: <its schema file> }`";

/// What a payload is.
pub(super) enum Payload<'w> {
    /// The envelope, with data in it.
    Enveloped(Enveloped<'w>),
    /// The data alone: the runtime puts its envelope around it.
    Bare(&'w Node),
}

/// What an envelope says: the event's type, where that stands, and the reference to the schema of its data.
pub(super) struct Enveloped<'w> {
    pub(super) event: &'w str,
    pub(super) event_node: &'w Node,
    pub(super) data: &'w Node,
}

/// Reads a payload.
pub(super) fn payload<'w>(
    workspace: &'w Workspace,
    node: &'w Node,
    report: &mut Report,
) -> Option<Payload<'w>> {
    let mut reference = node;
    let mut node = report.keep(workspace.resolve(node))?;
    // A schema with its format may lead to another such: the innermost counts. Each is deeper in a document that ends.
    for _ in 0..DEEPEST {
        let Some(format) = node.get("schemaFormat") else {
            break;
        };
        let formatted = mapping(workspace, node, &grammar::FORMATTED_SCHEMA, report)?;
        reference = required(formatted, "schema", "a schema with its format", report)?;
        foreign_format(format, report)?;
        node = report.keep(workspace.resolve(reference))?;
    }
    payload_of(workspace, reference, node, report)
}

/// How many schemas with formats may lie in each other.
pub(super) const DEEPEST: usize = 8;

fn payload_of<'w>(
    workspace: &'w Workspace,
    schema: &'w Node,
    node: &'w Node,
    report: &mut Report,
) -> Option<Payload<'w>> {
    if !is_envelope(workspace, node) {
        return Some(Payload::Bare(schema));
    }
    let unfit = |node: &Node, label: &str| {
        Diagnostic::error(
            Code::Unsupported,
            "a payload of another form than the envelope's is not supported",
        )
        .at(node.span, label)
        .help(SHAPE)
    };
    if let Some(entry) = other_than(node, &["allOf", "title", "description"]) {
        report.push(unfit(&entry.value, "this would not be enforced").at(entry.key_span, "here"));
        return None;
    }
    let [envelope, own] = node.get("allOf").map(Node::items).unwrap_or_default() else {
        report.push(unfit(node, "this has not exactly two parts under `allOf`"));
        return None;
    };
    let envelope_schema = report.keep(workspace.resolve(envelope))?;
    same_envelope(envelope, envelope_schema, report);
    if let Some(entry) = other_than(own, &["properties", "type"]) {
        report.push(unfit(&entry.value, "this would not be enforced"));
        return None;
    }
    let properties = own.get("properties")?;
    if let Some(entry) = other_than(properties, &["type", "data"]) {
        report.push(unfit(
            &entry.value,
            "the envelope has no such attribute of its own",
        ));
        return None;
    }
    let event_node = properties.get("type").and_then(|ty| ty.get("const"));
    let (Some(event_node), Some(data)) = (event_node, properties.get("data")) else {
        report.push(unfit(own, "`type` with a `const`, or `data`, is missing"));
        return None;
    };
    let Some(event) = event_node.text() else {
        report.push(wrong(event_node, "a string", "the type of an event"));
        return None;
    };
    Some(Payload::Enveloped(Enveloped {
        event,
        event_node,
        data,
    }))
}

/// Whether a payload describes CloudEvents itself: another envelope around that would be one too many.
fn is_envelope(workspace: &Workspace, node: &Node) -> bool {
    let has = |node: &Node| {
        let properties = node.get("properties");
        properties.is_some_and(|properties| properties.get("specversion").is_some())
    };
    let parts = node.get("allOf").map(Node::items).unwrap_or_default();
    has(node)
        || parts
            .iter()
            .any(|part| workspace.resolve(part).is_ok_and(has))
}

/// The languages of schemas that codegen does not read, by what their media types contain.
const FOREIGN: &[(&str, &str)] = &[
    ("avro", "Avro"),
    ("protobuf", "Protobuf"),
    ("raml", "RAML"),
    ("openapi", "OpenAPI's schemas"),
    ("xml", "XML Schema"),
];

/// Refuses a schema that is no JSON Schema, by name.
fn foreign_format(format: &Node, report: &mut Report) -> Option<()> {
    let Some(text) = format.text() else {
        report.push(wrong(format, "a string", "`schemaFormat`"));
        return None;
    };
    let (kind, version) = text.split_once(';').unwrap_or((text, ""));
    let version = version.trim();
    let readable = match kind.trim() {
        "application/vnd.aai.asyncapi"
        | "application/vnd.aai.asyncapi+json"
        | "application/vnd.aai.asyncapi+yaml" => true,
        "application/schema+json" | "application/schema+yaml" => {
            version.is_empty() || version.ends_with("draft-07") || version.ends_with("2020-12")
        }
        _ => false,
    };
    if readable {
        return Some(());
    }
    let lower = text.to_ascii_lowercase();
    let name = FOREIGN.iter().find(|(part, _)| lower.contains(part));
    let name = name.map_or_else(|| format!("`{text}`"), |(_, name)| (*name).to_owned());
    report.push(
        Diagnostic::error(
            Code::ForeignSchema,
            format!("a payload in {name} is not supported"),
        )
        .at(format.span, "codegen reads JSON Schema only")
        .help("write the schema in JSON Schema 2020-12 or draft-07, or in AsyncAPI's own dialect of it"),
    );
    None
}

fn other_than<'w>(node: &'w Node, known: &[&str]) -> Option<&'w Entry> {
    node.entries()
        .iter()
        .find(|entry| !known.contains(&entry.key.as_str()) && !entry.key.starts_with("x-"))
}

/// The runtime enforces the envelope by hand: one that says something else would not be enforced.
fn same_envelope(reference: &Node, found: &Node, report: &mut Report) {
    static EXPECTED: LazyLock<Json> =
        LazyLock::new(|| serde_json::from_str(ENVELOPE).unwrap_or_default());
    if same(&EXPECTED, found) {
        return;
    }
    let Ok(expected) = serde_json::from_str::<Json>(ENVELOPE) else {
        unreachable!("the envelope in this program is JSON, which a test holds");
    };
    if let Some(difference) = difference(&bare(expected), &bare(found.to_json()), String::new()) {
        report.push(
            Diagnostic::error(Code::Envelope, "this envelope is not the one that the runtime speaks")
                .at(found.span, format!("it differs at `{difference}`"))
                .at(reference.span, "used here")
                .help("say what is special of an event in its data; the envelope is structured CloudEvents 1.0"),
        );
    }
}

/// Whether `found` says the same, notes apart, in the same order of lists: every message asks, and mostly it does.
fn same(expected: &Json, found: &Node) -> bool {
    match (expected, &found.value) {
        (Json::Object(expected), Value::Map(entries)) => {
            let mut said = entries.iter().filter(|entry| !is_note(&entry.key));
            said.clone().count() == expected.len()
                && said.all(|entry| {
                    expected
                        .get(&entry.key)
                        .is_some_and(|expected| same(expected, &entry.value))
                })
        }
        (Json::Array(expected), Value::List(items)) => {
            expected.len() == items.len()
                && expected
                    .iter()
                    .zip(items)
                    .all(|(expected, item)| same(expected, item))
        }
        (Json::String(expected), Value::String(found)) => expected == found,
        (Json::Number(expected), Value::Number(found)) => expected == found,
        _ => false,
    }
}

fn is_note(key: &str) -> bool {
    matches!(
        key,
        "$id" | "$schema" | "$comment" | "title" | "description" | "examples"
    )
}

/// The schema without notes.
fn bare(schema: Json) -> Json {
    match schema {
        Json::Object(map) => map
            .into_iter()
            .filter(|(key, _)| !is_note(key))
            .map(|(key, value)| (key, bare(value)))
            .collect(),
        other => other,
    }
}

/// The pointer to the first difference; the order of `required` says nothing.
fn difference(expected: &Json, found: &Json, at: String) -> Option<String> {
    match (expected, found) {
        (Json::Object(a), Json::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|key| !a.contains_key(*key)));
            keys.into_iter().find_map(|key| {
                let at = format!("{at}/{key}");
                match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => difference(a, b, at),
                    _ => Some(at),
                }
            })
        }
        (Json::Array(a), Json::Array(b)) => {
            let sorted = |items: &[Json]| {
                let mut items: Vec<String> = items.iter().map(Json::to_string).collect();
                items.sort();
                items
            };
            (sorted(a) != sorted(b)).then_some(at)
        }
        (a, b) => (a != b).then_some(at),
    }
}

/// Whether `node` is a reference to a whole file.
pub(super) fn whole_file(node: &Node) -> bool {
    node.reference()
        .and_then(Node::text)
        .is_some_and(|target| !target.contains('#'))
        && node
            .entries()
            .iter()
            .all(|entry| matches!(entry.key.as_str(), "$ref" | "description"))
        && matches!(node.value, Value::Map(_))
}
