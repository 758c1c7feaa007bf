//! Every example of every event, by schema and by generated type alike.
//!
//! A valid one passes both and comes back as it was; an invalid one is refused by both, at the same place.

#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Registry, ValidationError, Validator};
use serde_json::Value;

/// The contract's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

fn json(path: &Path) -> Value {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The examples of one kind, by path.
fn examples(event: &str, kind: &str) -> BTreeMap<PathBuf, Value> {
    let folder = root().join("events/examples").join(event).join(kind);
    let Ok(entries) = fs::read_dir(&folder) else {
        return BTreeMap::new();
    };
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), json(&path)))
        .collect()
}

/// The schemas by their path from the contract's folder, as references between them say it.
fn validator(schema: &str) -> Validator {
    let uri = |path: &str| format!("contract:///{path}");
    let mut documents = Vec::new();
    for folder in ["events/schemas", "events/schemas/shared"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let name = path
                    .strip_prefix(root())
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                documents.push((uri(&name), json(&path)));
            }
        }
    }
    let mut registry = Registry::new();
    for (uri, document) in documents {
        registry = registry.add(uri, document).unwrap();
    }
    let registry = registry.prepare().unwrap();
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .with_registry(&registry)
        .build(&serde_json::json!({ "$ref": uri(schema) }))
        .unwrap()
}

/// Where a validator sees a breach. `oneOf` it reports at the object that has to choose; what is wrong within the
/// branch that the object meant is in the context, and belongs to the answer.
fn pointers(error: &ValidationError<'_>, found: &mut BTreeSet<String>) {
    found.insert(error.instance_path().as_str().to_owned());
    if let ValidationErrorKind::OneOfNotValid { context } = error.kind() {
        for branch in context {
            for error in branch {
                pointers(error, found);
            }
        }
    }
}

#[test]
fn valid_examples_pass_both_and_come_back_as_they_were() {
    for event in events::EVENTS {
        let validator = validator(event.dataschema);
        let examples = examples(event.event_type, "valid");
        assert!(
            !examples.is_empty(),
            "{} has no valid example",
            event.event_type
        );
        for (path, value) in examples {
            let errors: Vec<String> = validator
                .iter_errors(&value)
                .map(|e| e.to_string())
                .collect();
            assert!(
                errors.is_empty(),
                "{}: the schema says {errors:?}",
                path.display()
            );
            let written = event
                .round_trip(&value)
                .unwrap_or_else(|error| panic!("{}: the type says {error}", path.display()));
            assert_eq!(written, value, "{}", path.display());
        }
    }
}

#[test]
fn invalid_examples_are_refused_by_both_at_the_same_place() {
    for event in events::EVENTS {
        let validator = validator(event.dataschema);
        let examples = examples(event.event_type, "invalid");
        assert!(
            examples.len() >= 3,
            "{} has under three invalid examples",
            event.event_type
        );
        for (path, value) in examples {
            let mut by_schema = BTreeSet::new();
            for error in validator.iter_errors(&value) {
                pointers(&error, &mut by_schema);
            }
            assert!(
                !by_schema.is_empty(),
                "{}: the schema accepts it",
                path.display()
            );
            let Err(violations) = event.round_trip(&value) else {
                panic!("{}: the type accepts it", path.display());
            };
            let by_type: Vec<&str> = violations.0.iter().map(|v| v.pointer.as_str()).collect();
            assert_eq!(
                by_type.len(),
                1,
                "{}: more than one breach: {violations}",
                path.display()
            );
            assert!(
                by_schema.contains(by_type[0]),
                "{}: the type says {violations}; the schema says {by_schema:?}",
                path.display()
            );
        }
    }
}

#[test]
fn every_example_belongs_to_an_event() {
    let known: BTreeSet<&str> = events::EVENTS
        .iter()
        .map(|event| event.event_type)
        .collect();
    for entry in fs::read_dir(root().join("events/examples")).unwrap() {
        let folder = entry.unwrap();
        let name = folder.file_name().into_string().unwrap();
        assert!(
            known.contains(name.as_str()),
            "events/examples/{name} belongs to no event"
        );
        for entry in fs::read_dir(folder.path()).unwrap() {
            let kind = entry.unwrap().file_name().into_string().unwrap();
            assert!(
                matches!(kind.as_str(), "valid" | "invalid" | "golden"),
                "{name}/{kind} is none of valid, invalid, golden"
            );
        }
    }
}
