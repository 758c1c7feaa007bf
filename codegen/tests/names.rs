//! Names that several want: made distinct, and said.

#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code)]
mod support;

use support::{Project, SCHEMA_FILE, stderr};

const NOTE: &str = r#""note": { "type": "string", "maxLength": 500 }"#;

#[test]
fn two_schemas_of_one_title_are_two_types_and_a_warning() {
    let project = Project::new();
    project.replace(
        SCHEMA_FILE,
        NOTE,
        r#""billing": { "title": "Address", "type": "object", "properties": { "vat": { "type": "string" } } },
    "shipping": { "title": "Address", "type": "object", "properties": { "floor": { "type": "integer" } } }"#,
    );
    let output = project.run(&[]);
    assert!(output.status.success());
    insta::assert_snapshot!("two_schemas_of_one_title", stderr(&output));
    let code = project.read("events/src/generated/order_placed_v1.rs");
    assert!(code.contains("pub billing: Option<Address>,"), "{code}");
    assert!(
        code.contains("pub shipping: Option<OrderPlacedV1Shipping>,"),
        "{code}"
    );
}

#[test]
fn properties_and_values_of_one_name_are_numbered_and_a_warning() {
    let project = Project::new();
    project.replace(
        SCHEMA_FILE,
        NOTE,
        r#""foo-bar": { "type": "string" }, "foo_bar": { "enum": ["a b", "a-b"] }"#,
    );
    let output = project.run(&[]);
    assert!(output.status.success());
    insta::assert_snapshot!("properties_and_values_of_one_name", stderr(&output));
}
