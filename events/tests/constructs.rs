//! What codegen writes for every construct of JSON Schema, compiled, and held against a validator: the type accepts
//! exactly what the schema accepts, and writes back what it read.

#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code, unreachable_pub)]
#[path = "../../codegen/tests/golden/events/src/generated/mod.rs"]
mod generated;

#[path = "constructs/laws.rs"]
mod laws;
#[path = "constructs/random.rs"]
mod random;

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::{Registry, Validator};
use serde_json::Value;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../codegen/tests/golden")
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn schemas(folder: &Path, name: &str, found: &mut Vec<(String, Value)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{name}/{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            schemas(&path, &name, found);
        } else {
            found.push((format!("contract:///{name}"), json(&path)));
        }
    }
}

fn validator(schema: &str) -> Validator {
    // References in a schema with an address of its own are relative to that; these lead to no other file.
    let document = json(&golden().join(schema));
    if document.get("$id").is_some() {
        let options = jsonschema::options().should_validate_formats(true);
        return options.build(&document).unwrap();
    }
    let mut documents = Vec::new();
    schemas(
        &golden().join("events/schemas"),
        "events/schemas",
        &mut documents,
    );
    let mut registry = Registry::new();
    for (uri, document) in documents {
        registry = registry.add(uri, document).unwrap();
    }
    let registry = registry.prepare().unwrap();
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .with_registry(&registry)
        .build(&serde_json::json!({ "$ref": format!("contract:///{schema}") }))
        .unwrap()
}

fn cases(event: &str, kind: &str) -> Vec<Value> {
    let cases = json(&golden().join(format!("cases/{event}.json")));
    cases[kind].as_array().unwrap().clone()
}

/// The same with every number that is an integer written as one: `10.0` is the JSON value `10`.
fn plain(value: &Value) -> Value {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float)
                if number.is_f64() && float.fract() == 0.0 && float.abs() < 2_f64.powi(63) =>
            {
                // Zero has no sign.
                serde_json::from_str(&format!("{:.0}", float + 0.0)).unwrap()
            }
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(entries) => entries
            .iter()
            .map(|(name, value)| (name.clone(), plain(value)))
            .collect(),
        other => other.clone(),
    }
}

#[test]
fn the_type_accepts_what_the_schema_accepts_and_keeps_it() {
    for event in generated::EVENTS {
        let validator = validator(event.dataschema);
        for case in cases(event.event_type, "valid") {
            assert!(
                validator.is_valid(&case),
                "{}: no valid case: {case}",
                event.event_type
            );
            let written = event.round_trip(&case);
            let written =
                written.unwrap_or_else(|error| panic!("{}: {error}: {case}", event.event_type));
            assert_eq!(plain(&written), plain(&case), "{}", event.event_type);
        }
    }
}

#[test]
fn the_type_refuses_what_the_schema_refuses() {
    for event in generated::EVENTS {
        let validator = validator(event.dataschema);
        for case in cases(event.event_type, "invalid") {
            assert!(
                !validator.is_valid(&case),
                "{}: no invalid case: {case}",
                event.event_type
            );
            assert!(
                event.round_trip(&case).is_err(),
                "{} accepts {case}",
                event.event_type
            );
        }
    }
}

/// Where the compiled schema looks on, a missing inline check would go unseen; so those constructs have events of their
/// own.
#[test]
fn only_what_has_no_inline_check_is_left_to_the_compiled_schema() {
    for event in generated::EVENTS {
        let module = event.event_type.replace('.', "_");
        let path = golden().join(format!("events/src/generated/{module}.rs"));
        let compiled = fs::read_to_string(path).unwrap().contains("Fallback");
        let expected =
            event.event_type.contains(".compiled.") || event.event_type == "rule.applied.v1";
        assert_eq!(compiled, expected, "{}", event.event_type);
    }
}
