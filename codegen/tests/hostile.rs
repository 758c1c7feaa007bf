//! Schemas that nobody writes by hand: whatever they are, codegen ends, soon, with code or with a finding. Tests run on
//! stacks of 2 MiB, a quarter of what the program has.

#![allow(clippy::unwrap_used, missing_docs)]

use std::time::{Duration, Instant};

use codegen::diagnostics::{Code, Report};
use codegen::load::{Document, Reading, Workspace};
use codegen::{model, render};
use serde_json::{Map, Value, json};

/// Far more than any of these takes, also on a busy machine in a debug build; far less than a hang.
const SOON: Duration = Duration::from_secs(60);

/// The codes of the findings, or the bytes of generated code.
fn outcome(text: String) -> Result<usize, Vec<Code>> {
    let began = Instant::now();
    let mut report = Report::default();
    let document = Document {
        path: "hostile.json".to_owned(),
        uri: None,
        text,
    };
    let workspace =
        Workspace::of_documents(vec![document], Reading::default(), &mut report).unwrap();
    let contract = model::schema_only(&workspace, "thing.hostile.v1", &mut report);
    let result = match contract {
        Some(contract) => {
            let files = render::render(&contract).unwrap();
            Ok(files.iter().map(|file| file.text.len()).sum())
        }
        None => Err(report
            .findings()
            .iter()
            .map(|finding| finding.code)
            .collect()),
    };
    let took = began.elapsed();
    assert!(took < SOON, "{took:?}");
    result
}

fn schema(schema: &Value) -> Result<usize, Vec<Code>> {
    outcome(schema.to_string())
}

/// `count` definitions, the n-th made of n.
fn definitions(count: usize, of: impl Fn(usize) -> Value) -> Value {
    let definitions: Map<String, Value> = (0..count).map(|n| (format!("n{n}"), of(n))).collect();
    definitions.into()
}

fn to(n: usize) -> Value {
    json!({ "$ref": format!("#/$defs/n{n}") })
}

#[test]
fn values_in_each_other() {
    let nested = |levels: usize| {
        format!(
            "{}true{}",
            r#"{"properties":{"a":"#.repeat(levels),
            "}}".repeat(levels)
        )
    };
    assert!(outcome(nested(49)).is_ok());
    assert_eq!(outcome(nested(51)), Err(vec![Code::TooDeep]));
    assert_eq!(outcome(nested(100_000)), Err(vec![Code::TooDeep]));
    assert_eq!(outcome("[".repeat(1_000_000)), Err(vec![Code::Syntax]));
    let typed = format!(
        "{}true{}",
        r#"{"type":"object","properties":{"a":"#.repeat(49),
        "}}".repeat(49)
    );
    assert!(outcome(typed).is_ok());
    let list = |levels: usize| {
        let (open, close) = (
            r#"{"type":"array","items":"#.repeat(levels),
            "}".repeat(levels),
        );
        outcome(format!("{open}true{close}"))
    };
    assert!(list(98).is_ok());
}

#[test]
fn a_chain_of_ten_thousand_references() {
    let end = 10_000;
    let chain = |next: fn(usize) -> Value| {
        let of = |n: usize| match n + 1 {
            n if n == end => json!({ "type": "string" }),
            n => next(n),
        };
        json!({ "$defs": definitions(end, of), "type": "object", "properties": { "a": to(0) } })
    };
    assert_eq!(schema(&chain(to)), Err(vec![Code::TooDeep]));
    let hold = |n| json!({ "type": "object", "properties": { "next": to(n) } });
    assert_eq!(schema(&chain(hold)), Err(vec![Code::TooDeep]));
    let hold = |n| json!({ "allOf": [to(n)] });
    assert_eq!(schema(&chain(hold)), Err(vec![Code::TooDeep]));
}

/// Each type is known before the one that holds it, so none is deep while it is made; all of them together are.
#[test]
fn ten_thousand_types_that_hold_each_other() {
    let end = 10_000;
    let of = |n: usize| match n {
        0 => {
            json!({ "type": "object", "properties": { "a": { "type": "string", "maxLength": 3 } } })
        }
        n => json!({ "type": "object", "properties": { "a": to(n - 1) } }),
    };
    let properties: Map<String, Value> = (0..end).map(|n| (format!("p{n}"), to(n))).collect();
    let all = json!({ "$defs": definitions(end, of), "type": "object", "properties": properties });
    assert_eq!(schema(&all), Err(vec![Code::TooDeep]));
}

#[test]
fn ten_thousand_definitions() {
    let of = |n: usize| json!({ "type": "object", "required": ["n"], "properties": { "n": { "const": n } } });
    let properties: Map<String, Value> = (0..10_000).map(|n| (format!("p{n}"), to(n))).collect();
    let all =
        json!({ "$defs": definitions(10_000, of), "type": "object", "properties": properties });
    assert!(schema(&all).is_ok());
}

#[test]
fn an_enum_of_ten_thousand() {
    let values: Vec<String> = (0..10_000).map(|n| format!("value-{n}")).collect();
    assert!(schema(&json!({ "enum": values })).is_ok());
    // All of these would have one Rust name.
    let values: Vec<String> = (0..500).map(|n| format!("v{}", "-".repeat(n))).collect();
    assert!(schema(&json!({ "enum": values })).is_ok());
}

#[test]
fn references_to_oneself() {
    let circle = Err(vec![Code::ReferenceCycle]);
    assert_eq!(schema(&json!({ "$ref": "#" })), circle);
    assert_eq!(
        schema(
            &json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } })
        ),
        circle
    );
    for own in [
        json!({ "allOf": [{ "$ref": "#" }] }),
        json!({ "type": "array", "items": { "$ref": "#" } }),
        json!({ "type": "object", "additionalProperties": { "$ref": "#" } }),
        json!({ "type": "object", "required": ["a"], "properties": { "a": { "$ref": "#" } } }),
        json!({ "anyOf": [{ "$ref": "#" }, { "type": "null" }] }),
        json!({ "$dynamicAnchor": "a", "$dynamicRef": "#a" }),
        json!({ "$id": "https://example.com/a", "$ref": "b", "$defs": { "b": { "$id": "b", "items": { "$ref": "a" } } } }),
        json!({ "not": { "$ref": "#" } }),
    ] {
        let outcome = schema(&own);
        assert!(
            outcome.is_ok() || outcome == circle || outcome == Err(vec![Code::InvalidSchema]),
            "{own}: {outcome:?}"
        );
    }
}

/// Every alias stands for all that the one before it stands for, twelve times.
#[test]
fn aliases_that_multiply() {
    let mut text = "$defs:\n  a0: &a0 { type: string }\n".to_owned();
    for n in 1..12 {
        let aliases = vec![format!("*a{}", n - 1); 12].join(", ");
        text.push_str(&format!("  a{n}: &a{n} {{ allOf: [{aliases}] }}\n"));
    }
    assert_eq!(outcome(text), Err(vec![Code::Syntax]));
}
