//! A JSON Schema of the contract for editors: AsyncAPI's own, and what the extensions add.

use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::{File, notice};
use crate::load::Workspace;
use crate::model::Contract;
use crate::model::extensions::{self, Place};
use crate::model::jetstream::{DocumentExtension, OperationSettings};

/// AsyncAPI's own schema of a version, in the form that its authors make for editors. Patch releases share it.
fn asyncapi(workspace: &Workspace) -> String {
    let version = workspace
        .contract()
        .and_then(|root| root.get("asyncapi")?.text());
    let mut parts = version.unwrap_or_default().split('.');
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next());
    let number = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    let version = match minor {
        Some(minor) if number(major) && number(minor) => format!("{major}.{minor}.0"),
        _ => "3.0.0".to_owned(),
    };
    format!("https://asyncapi.com/schema-store/{version}-without-$id.json")
}

/// The schema.
pub(super) fn files(contract: &Contract, workspace: &Workspace) -> Vec<File> {
    let mut text = serde_json::to_string_pretty(&schema(contract, workspace)).unwrap_or_default();
    text.push('\n');
    vec![File {
        path: "asyncapi-jetway.json".to_owned(),
        text,
    }]
}

fn schema(contract: &Contract, workspace: &Workspace) -> Value {
    // Editors read draft-07 best, which AsyncAPI's own schema is written in.
    let mut generator = SchemaSettings::draft07().into_generator();
    let document = generator.subschema_for::<DocumentExtension>();
    let operation = generator.subschema_for::<OperationSettings>();
    let of = |place: Place| -> Value {
        let known = extensions::of(place).iter().map(|name| {
            let schema = match (place, *name) {
                (Place::Document, "x-jetstream") => document.clone().to_value(),
                (Place::Operation, "x-jetstream") => operation.clone().to_value(),
                (_, name) => plain(name),
            };
            ((*name).to_owned(), schema)
        });
        json!({ "properties": known.collect::<serde_json::Map<String, Value>>() })
    };
    let mut ours = of(Place::Document);
    let mut parts = serde_json::Map::new();
    let mut components = serde_json::Map::new();
    for (place, part) in [
        (Place::Channel, "channels"),
        (Place::Operation, "operations"),
        (Place::Message, "messages"),
    ] {
        let each = json!({ "additionalProperties": of(place) });
        if place != Place::Message {
            parts.insert(part.to_owned(), each.clone());
        }
        components.insert(part.to_owned(), each);
    }
    parts.insert("components".to_owned(), json!({ "properties": components }));
    if let Some(properties) = ours.get_mut("properties").and_then(Value::as_object_mut) {
        properties.append(&mut parts);
    }
    let definitions = generator.take_definitions(true);
    json!({
        "$comment": notice(&[&contract.source]),
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "AsyncAPI with the extensions of Jetway",
        "allOf": [{ "$ref": asyncapi(workspace) }, { "$ref": "#/definitions/Jetway" }],
        "definitions": merged(definitions, ours),
    })
}

fn merged(mut definitions: serde_json::Map<String, Value>, ours: Value) -> Value {
    definitions.insert("Jetway".to_owned(), ours);
    Value::Object(definitions)
}

/// Extensions that are plain values.
fn plain(name: &str) -> Value {
    match name {
        "x-service" => json!({
            "type": "string",
            "description": "The service of this operation, where it is not the part of the name before the first dot.",
        }),
        "x-upcasts" => json!({
            "type": "string",
            "description": "The older version of the same event that this one is upcast from, as in order.placed.v1.",
        }),
        "x-deprecated" => json!({ "type": "boolean" }),
        "x-sunset" => json!({
            "type": "string",
            "format": "date",
            "description": "The day from which this version is no longer published, as in 2027-03-31.",
        }),
        _ => json!({}),
    }
}
