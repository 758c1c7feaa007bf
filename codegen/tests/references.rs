//! References between the files of a contract, as people write them.

#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code)]
mod support;

use support::{CONTRACT_FILE, Project, SCHEMA_FILE, stderr};

const NOTE: &str = r#"{ "type": "string", "maxLength": 500 }"#;
const ID: &str = "\"type\": \"object\",";
const MONEY: &str = r#"{ "type": "object", "required": ["cents"], "properties": { "cents": { "type": "integer" } } }"#;

/// What is generated for the event, after `note` became `schema`.
fn generated(project: &Project, schema: &str) -> String {
    project.replace(SCHEMA_FILE, NOTE, schema);
    let output = project.run(&[]);
    assert!(output.status.success(), "{}", stderr(&output));
    project.read("events/src/generated/order_placed_v1.rs")
}

fn identified(project: &Project, file: &str, id: &str) {
    project.replace(file, ID, &format!("\"$id\": \"{id}\", {ID}"));
}

#[test]
fn a_file_is_found_beside_one_that_has_an_address() {
    let project = Project::new();
    identified(
        &project,
        SCHEMA_FILE,
        "https://example.com/schemas/order.json",
    );
    project.write("events/schemas/shared/money.json", MONEY);
    let text = generated(&project, r#"{ "$ref": "shared/money.json" }"#);
    assert!(text.contains("pub note: Option<Money>"), "{text}");
}

#[test]
fn an_address_goes_before_a_file_of_the_same_name() {
    let project = Project::new();
    identified(
        &project,
        SCHEMA_FILE,
        "https://example.com/schemas/order.json",
    );
    project.write("events/schemas/money.json", r#"{ "type": "string" }"#);
    let inner = MONEY.replacen('{', r#"{ "$id": "money.json", "#, 1);
    project.replace(
        SCHEMA_FILE,
        "\"type\": \"object\",",
        &format!("\"type\": \"object\", \"$defs\": {{ \"money\": {inner} }},"),
    );
    let text = generated(&project, r#"{ "$ref": "money.json" }"#);
    assert!(text.contains("pub note: Option<Money>"), "{text}");
    assert!(text.contains("pub cents: i64"), "{text}");
}

#[test]
fn a_schema_is_known_by_its_address_wherever_its_file_lies() {
    let project = Project::new();
    project.write(
        "elsewhere/money.json",
        &MONEY.replacen('{', r#"{ "$id": "https://example.com/money", "#, 1),
    );
    project.replace(
        SCHEMA_FILE,
        "\"orderId\": {",
        "\"paid\": { \"$ref\": \"../../elsewhere/money.json\" },\n    \"orderId\": {",
    );
    let text = generated(
        &project,
        r##"{ "$ref": "https://example.com/money#/properties/cents" }"##,
    );
    assert!(text.contains("pub note: Option<i64>"), "{text}");
}

#[test]
fn a_schema_in_the_contract_itself() {
    let project = Project::new();
    let contract = project.read(CONTRACT_FILE);
    project.write(
        CONTRACT_FILE,
        &format!("{contract}  schemas:\n    Amount: {{ type: object, properties: {{ cents: {{ $ref: '#/components/schemas/Cents' }} }}, not: {{ required: [void] }} }}\n    Cents: {{ type: integer }}\n"),
    );
    let text = generated(
        &project,
        r##"{ "$ref": "../../asyncapi.yaml#/components/schemas/Amount" }"##,
    );
    assert!(text.contains("pub note: Option<Amount>"), "{text}");
    // In the compiled schema: those two, and nothing else of the contract.
    assert!(text.contains("asyncapi.yaml#"), "{text}");
    assert!(!text.contains("channels"), "{text}");
}

#[test]
fn two_schemas_with_one_address() {
    let project = Project::new();
    let inner = r#"{ "$id": "https://example.com/a", "type": "string" }"#;
    project.replace(
        SCHEMA_FILE,
        NOTE,
        &format!("{{ \"anyOf\": [{inner}, {inner}] }}"),
    );
    let output = project.run(&[]);
    assert!(!output.status.success());
    insta::assert_snapshot!(stderr(&output));
}

#[test]
fn text_beyond_the_basic_plane_is_read_as_json_escapes_it() {
    let project = Project::new();
    let text = generated(&project, r#"{ "enum": ["\ud83d\ude00", "a\/b"] }"#);
    assert!(text.contains("\u{1f600}") && text.contains("a/b"), "{text}");
}
