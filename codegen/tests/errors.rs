//! What is said of a wrong contract: each mistake once, with its line.

#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code)]
mod support;

use support::{CONTRACT_FILE, Project, SCHEMA_FILE, stderr};

/// The report on a project with `changes`, each `(file, from, to)`.
fn report(changes: &[(&str, &str, &str)]) -> String {
    let project = Project::new();
    for (file, from, to) in changes {
        project.replace(file, from, to);
    }
    said(&project)
}

fn said(project: &Project) -> String {
    let output = project.run(&[]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(
        !project.path("events/src").exists(),
        "nothing may be written"
    );
    stderr(&output)
}

macro_rules! reports {
    ($($name:ident: $changes:expr;)*) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!(stringify!($name), report(&$changes));
        })*
    };
}

const NOTE: &str = r#"{ "type": "string", "maxLength": 500 }"#;
const OPERATIONS: &str = "operations:\n";

/// Definitions, each of which refers to the next: at once, or for its items.
fn chain(length: usize, how: &str) -> String {
    let definitions: Vec<String> = (0..length)
        .map(|n| {
            let reference = format!("{{ \"$ref\": \"#/$defs/n{}\" }}", n + 1);
            match how {
                "$ref" => format!("\"n{n}\": {reference}"),
                _ => format!("\"n{n}\": {{ \"type\": \"array\", \"items\": {reference} }}"),
            }
        })
        .collect();
    let end = format!("\"n{length}\": {{ \"type\": \"string\" }}");
    format!("\"$defs\": {{ {}, {end} }}", definitions.join(", "))
}

fn deep(levels: usize) -> String {
    let (open, close) = ("{ \"not\": ".repeat(levels), " }".repeat(levels));
    format!("{open}true{close}")
}

reports! {
    yaml_that_does_not_parse: [(CONTRACT_FILE, "info: {", "info: [")];
    a_missing_file: [(CONTRACT_FILE, "schemas/order.placed.v1.json", "schemas/order.plcaed.v1.json")];
    a_missing_pointer: [(CONTRACT_FILE, "'#/components/messages/order.placed.v1'", "'#/components/messages/order.lost.v1'")];
    a_circle_of_references: [(SCHEMA_FILE, NOTE, r##"{ "$ref": "#/$defs/a" }"##), (SCHEMA_FILE, "\"type\": \"object\",", r##""type": "object", "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } },"##)];
    an_unknown_field: [(CONTRACT_FILE, "    action: receive", "    acton: receive")];
    traits_that_say_too_much: [(CONTRACT_FILE, "    action: receive", "    action: receive\n    traits: [{ action: send, channel: {}, bindngs: {} }]")];
    an_unknown_setting: [(CONTRACT_FILE, "concurrency", "concurency")];
    a_setting_that_is_no_duration: [(CONTRACT_FILE, "max-age: 30d", "max-age: 30")];
    a_setting_of_another_name: [(CONTRACT_FILE, "concurrency: 8", "ordering: keys")];
    a_command: [(CONTRACT_FILE, "order.placed.v1", "email.send.v1"), (CONTRACT_FILE, "schemas/email.send.v1", "schemas/order.placed.v1")];
    a_name_without_version: [(CONTRACT_FILE, "order.placed.v1", "order.placed"), (CONTRACT_FILE, "schemas/order.placed.json", "schemas/order.placed.v1.json")];
    a_parameter_without_location: [(CONTRACT_FILE, "orderId: { location: $message.payload#/data/orderId }", "orderId: { description: The order. }")];
    a_parameter_of_no_property: [(CONTRACT_FILE, "#/data/orderId", "#/data/orderNo")];
    a_parameter_that_may_be_absent: [(CONTRACT_FILE, "#/data/orderId", "#/data/note")];
    a_reply: [(CONTRACT_FILE, "    action: receive", "    action: receive\n    reply: { channel: { $ref: '#/channels/order.placed.v1' } }")];
    an_illegal_address: [(CONTRACT_FILE, "address: order.placed.v1.{orderId}", "address: order placed..{orderId}")];
    an_operation_that_no_stream_keeps: [(CONTRACT_FILE, "[order.>]", "[payment.>]")];
    an_operation_that_a_stream_keeps_in_part: [(CONTRACT_FILE, "[order.>]", "[order.placed.v1.a]")];
    streams_that_overlap: [(CONTRACT_FILE, "    ORDERS:", "    ALL: { subjects: ['*.placed.>'] }\n    ORDERS:")];
    a_durable_of_two: [(CONTRACT_FILE, OPERATIONS, "operations:\n  stock-reserve: { action: receive, x-service: other, channel: { $ref: '#/channels/order.placed.v1' } }\n")];
    retries_that_cannot_work: [(CONTRACT_FILE, "concurrency: 8", "concurrency: 0, alert-after: 9, retry: { initial: 1m, cap: 30s, max-attempts: 5 }")];
    pauses_that_cannot_work: [(CONTRACT_FILE, "concurrency: 8", "pause: { after: 0, probe: 10ms, cap: 5ms }")];
    attempts_that_outlive_the_event: [(CONTRACT_FILE, "max-age: 30d", "max-age: 10m"), (CONTRACT_FILE, "concurrency: 8", "retry: { cap: 5m, max-attempts: 20 }")];
    a_service_called_like_a_module: [(CONTRACT_FILE, "stock.reserve", "shared.reserve")];
    an_unknown_keyword: [(SCHEMA_FILE, "maxLength", "maxLenght")];
    refused_keywords: [(SCHEMA_FILE, NOTE, r#"{ "$recursiveAnchor": true, "type": "string", "nullable": true }"#)];
    an_unknown_keyword_in_a_branch: [(SCHEMA_FILE, NOTE, r#"{ "anyOf": [{ "type": "string", "patern": "x" }] }"#)];
    an_unknown_format: [(SCHEMA_FILE, NOTE, r#"{ "type": "integer", "format": "int64" }"#)];
    an_invalid_schema: [(SCHEMA_FILE, "500", "-1")];
    an_invalid_pattern: [(SCHEMA_FILE, "\"maxLength\": 500", "\"pattern\": \"(\"")];
    another_dialect: [(SCHEMA_FILE, "https://json-schema.org/draft/2020-12/schema", "http://json-schema.org/draft-04/schema#")];
    a_parameter_of_data_without_properties: [(SCHEMA_FILE, "\"type\": \"object\"", "\"type\": \"array\"")];
    an_anchor_that_is_not_there: [(SCHEMA_FILE, NOTE, r##"{ "$ref": "#note" }"##)];
    an_address_that_no_schema_has: [(SCHEMA_FILE, NOTE, r#"{ "$ref": "https://example.com/note.json" }"#)];
    an_address_with_a_fragment: [(SCHEMA_FILE, NOTE, r#"{ "$id": "note.json#note", "type": "string" }"#)];
    a_relative_address_without_its_file: [(SCHEMA_FILE, NOTE, r#"{ "$id": "https://example.com/a/", "$ref": "note.json" }"#)];
    what_draft_07_ignores: [(SCHEMA_FILE, "https://json-schema.org/draft/2020-12/schema", "http://json-schema.org/draft-07/schema#"), (SCHEMA_FILE, NOTE, r##"{ "$ref": "#/definitions/note", "maxLength": 10, "type": "string" }"##), (SCHEMA_FILE, "\"type\": \"object\",", r##""type": "object", "definitions": { "note": { "type": "array", "prefixItems": [], "additionalItems": false } },"##)];
    references_that_follow_each_other_for_long: [(SCHEMA_FILE, NOTE, r##"{ "$ref": "#/$defs/n0" }"##), (SCHEMA_FILE, "\"type\": \"object\",", &format!("\"type\": \"object\", {},", chain(300, "$ref")))];
    schemas_that_hold_each_other_for_long: [(SCHEMA_FILE, NOTE, r##"{ "$ref": "#/$defs/n0" }"##), (SCHEMA_FILE, "\"type\": \"object\",", &format!("\"type\": \"object\", {},", chain(300, "items")))];
    a_file_that_is_nested_too_deep: [(SCHEMA_FILE, NOTE, &deep(200))];
    another_envelope: [("events/schemas/envelope.json", "\"specversion\", \"id\"", "\"specversion\", \"tenant\", \"id\"")];
    several_mistakes: [(CONTRACT_FILE, "concurrency", "concurency"), (SCHEMA_FILE, "maxLength", "maxLenght"), (CONTRACT_FILE, "    address:", "    adress:")];
}

#[test]
fn a_schema_that_nothing_refers_to() {
    let project = Project::new();
    project.write("events/schemas/shared/forgotten.json", "{}");
    project.write("events/examples/order.lost.v1/valid/one.json", "{}");
    insta::assert_snapshot!(said(&project));
}

#[test]
fn two_events_of_one_rust_name() {
    let project = Project::new();
    let contract = project.read(CONTRACT_FILE);
    let part = |from: &str, to: &str| {
        let begin = contract.find(from).unwrap() + from.len();
        let end = contract[begin..].find(to).unwrap() + begin;
        contract[begin..end].replace("order.placed.v1", "order.placed_.v1")
    };
    let channel = part("channels:\n", "operations:");
    let message = contract[contract.find("  messages:\n    order").unwrap() + 12..]
        .replace("order.placed.v1", "order.placed_.v1");
    let more = contract.replace("channels:\n", &format!("channels:\n{channel}"));
    project.write(CONTRACT_FILE, &format!("{more}{message}"));
    project.write(
        "events/schemas/order.placed_.v1.json",
        &project.read(SCHEMA_FILE),
    );
    insta::assert_snapshot!(said(&project));
}

#[test]
fn an_invalid_schema_in_a_shared_file() {
    let project = Project::new();
    project.replace(SCHEMA_FILE, NOTE, r#"{ "$ref": "shared/note.json" }"#);
    project.write(
        "events/schemas/shared/note.json",
        "{\n  \"type\": \"sting\"\n}\n",
    );
    insta::assert_snapshot!(said(&project));
}
