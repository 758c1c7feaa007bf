//! What holds of every document: the type accepts it exactly where the schema does, and writes the same value.

use std::collections::BTreeSet;

use jsonschema::Validator;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use serde_json::Value;

use super::random::{Documents, UNDECLARED, documents};
use super::{generated, golden, plain, schemas, validator};

fn all_schemas() -> Documents {
    let mut found = Vec::new();
    schemas(
        &golden().join("events/schemas"),
        "events/schemas",
        &mut found,
    );
    let path = |uri: String| uri.trim_start_matches("contract:///").to_owned();
    found
        .into_iter()
        .map(|(uri, schema)| (path(uri), schema))
        .collect()
}

/// Without what an open object ignores.
fn stripped(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(stripped).collect(),
        Value::Object(entries) => entries
            .iter()
            .filter(|(name, _)| !UNDECLARED.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), stripped(value)))
            .collect(),
        other => plain(other),
    }
}

fn hold(
    event: &jetway::EventInfo,
    validator: &Validator,
    document: &Value,
) -> Result<bool, TestCaseError> {
    let fail = |message: String| TestCaseError::fail(format!("{message}\n{document}"));
    let valid = validator.is_valid(document);
    let written = match (valid, event.round_trip(document)) {
        (true, Ok(written)) => written,
        (true, Err(error)) => return Err(fail(format!("refused: {error}"))),
        (false, Ok(_)) => return Err(fail("accepted, and the schema refuses it".to_owned())),
        (false, Err(_)) => return Ok(false),
    };
    if stripped(&written) != stripped(document) {
        return Err(fail(format!("written as {written}")));
    }
    // Two items may differ in nothing but what is ignored.
    let ignored = stripped(document) != plain(document);
    if !ignored && !validator.is_valid(&written) {
        return Err(fail(format!(
            "the schema refuses what is written: {written}"
        )));
    }
    let again = event.round_trip(&written);
    if again.as_ref() != Ok(&written) {
        return Err(fail(format!(
            "written differently the second time: {again:?}"
        )));
    }
    Ok(true)
}

#[test]
fn random_documents_are_judged_as_the_schema_judges_them_and_kept() {
    let schemas = all_schemas();
    let mut never = BTreeSet::new();
    let mut failed = Vec::new();
    for event in generated::EVENTS {
        // The validator asserts fewer formats in draft-07 than AsyncAPI's authors mean; `conformance` has that draft.
        if schemas[event.dataschema]["$schema"] == "http://json-schema.org/draft-07/schema#" {
            continue;
        }
        let validator = validator(event.dataschema);
        let mut runner = TestRunner::new(Config {
            cases: 400,
            // The same documents every time.
            rng_seed: RngSeed::Fixed(7),
            failure_persistence: None,
            ..Config::default()
        });
        let accepted = std::cell::Cell::new(0);
        let result = runner.run(&documents(&schemas, event.dataschema), |document| {
            if hold(event, &validator, &document)? {
                accepted.set(accepted.get() + 1);
            }
            Ok(())
        });
        if let Err(error) = result {
            failed.push(format!("{}: {error}", event.event_type));
        }
        // What refers by address is beyond the maker of documents here; `conformance` has that, too.
        if accepted.get() < 10 && event.event_type != "thing.addressed.v1" {
            never.insert((event.event_type, accepted.get()));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
    assert_eq!(
        never,
        BTreeSet::new(),
        "too few documents were valid to say anything"
    );
}
