//! What every generated type relies on.

use std::collections::BTreeMap;

use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::*;
use crate::Nullable;

#[derive(Debug, PartialEq)]
struct All {
    counts: Vec<Nullable<i64>>,
    ids: BTreeMap<String, Uuid>,
    at: Option<Nullable<OffsetDateTime>>,
    note: Nullable<String>,
}

crate::object!(All {
    counts: "counts",
    ids: "ids",
    at: "at",
    note: "note",
});

fn read(value: serde_json::Value) -> Result<All, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

#[test]
fn nested_values_are_read_and_written_as_the_schema_has_them() {
    let value = json!({
        "counts": [1, null, 3],
        "ids": { "a": "0198c0de-7000-7000-8000-000000000001" },
        "at": null,
        "note": null
    });
    assert_eq!(
        serde_json::to_value(read(value.clone()).unwrap()).unwrap(),
        value
    );
    let absent = json!({ "counts": [], "ids": {}, "note": "x" });
    assert_eq!(
        serde_json::to_value(read(absent.clone()).unwrap()).unwrap(),
        absent
    );
}

#[test]
fn an_integer_is_a_number_without_a_fraction() {
    let counts = |n: serde_json::Value| read(json!({ "counts": [n], "ids": {}, "note": null }));
    assert_eq!(counts(json!(10.0)).unwrap().counts, [Nullable::Value(10)]);
    assert_eq!(counts(json!(1e3)).unwrap().counts, [Nullable::Value(1000)]);
    assert!(counts(json!(10.5)).is_err());
    assert!(counts(json!("10")).is_err());
    assert!(counts(json!(u64::MAX)).is_err());
    assert!(counts(json!(1e17)).is_err());
}

#[test]
fn a_uuid_has_its_hyphens() {
    let ids = |id: &str| read(json!({ "counts": [], "ids": { "a": id }, "note": null }));
    assert!(ids("0198C0DE-7000-7000-8000-000000000001").is_ok());
    assert!(ids("0198c0de700070008000000000000001").is_err());
    assert!(ids("urn:uuid:0198c0de-7000-7000-8000-000000000001").is_err());
    assert!(ids("{0198c0de-7000-7000-8000-000000000001}").is_err());
}

#[test]
fn a_uuid_is_written_in_small_letters() {
    let small = "0198c0de-7000-7000-8000-00000000000a";
    let ids = json!({ "a": small.to_uppercase() });
    let all = read(json!({ "counts": [], "ids": ids, "note": null })).unwrap();
    assert_eq!(serde_json::to_value(all).unwrap()["ids"]["a"], small);
}

#[test]
fn a_number_is_written_as_short_as_it_is() {
    let written = |number: f64| number.write(serde_json::value::Serializer).unwrap();
    assert_eq!(written(10.0), json!(10));
    assert_eq!(written(-0.0), json!(0));
    assert_eq!(written(1e18), json!(1_000_000_000_000_000_000_i64));
    assert_eq!(written(10.5), json!(10.5));
    assert_eq!(written(1e300), json!(1e300));
}

#[test]
fn a_number_that_a_float_would_round_is_refused() {
    let number = |value| f64::read(&value).map_err(|misfit| misfit.to_string());
    assert_eq!(
        number(json!(9_007_199_254_740_992_i64)),
        Ok(9_007_199_254_740_992.0)
    );
    assert_eq!(
        number(json!(9_007_199_254_740_994_i64)),
        Ok(9_007_199_254_740_994.0)
    );
    assert!(number(json!(9_007_199_254_740_993_i64)).is_err());
    assert!(number(json!(-9_007_199_254_740_993_i64)).is_err());
    assert!(number(json!(i64::MIN)).is_ok());
    insta::assert_snapshot!(number(json!(u64::MAX)).unwrap_err(), @"/: integer `18446744073709551615` found, a number that 64 bits of floating point hold exactly expected");
}

#[test]
fn an_unsigned_integer_reaches_further_and_not_below_zero() {
    let number = |value| u64::read(&value).map_err(|misfit| misfit.to_string());
    assert_eq!(number(json!(u64::MAX)), Ok(u64::MAX));
    assert_eq!(number(json!(10.0)), Ok(10));
    assert!(number(json!(-1)).is_err());
    assert!(number(json!(0.5)).is_err());
    assert!(number(json!(1e19)).is_err());
}

#[test]
fn a_missing_property_is_not_null() {
    let error = read(json!({ "counts": [], "ids": {} })).unwrap_err();
    assert!(error.contains("`note` is missing"), "{error}");
}

#[test]
fn properties_come_in_any_order_and_are_written_in_the_schemas() {
    let mixed = r#"{ "note": "x", "more": [1], "ids": {}, "counts": [1e1] }"#;
    let all: All = serde_json::from_str(mixed).unwrap();
    let written = serde_json::to_string(&all).unwrap();
    assert_eq!(written, r#"{"counts":[10],"ids":{},"note":"x"}"#);
}

#[test]
fn a_property_that_is_there_twice_is_refused() {
    for twice in [
        r#"{ "counts": [], "ids": {}, "note": "x", "note": "y" }"#,
        r#"{ "counts": [], "ids": { "a": 1, "a": 2 }, "note": "x" }"#,
    ] {
        let error = serde_json::from_str::<All>(twice).unwrap_err().to_string();
        assert!(error.contains("is there twice"), "{error}");
    }
}

#[test]
fn serde_says_where_it_does_not_fit() {
    let error = read(json!({ "counts": [1, "2"], "ids": {}, "note": null })).unwrap_err();
    insta::assert_snapshot!(error, @r#"/counts/1: string "2" found, an integer from -9223372036854775808 to 9223372036854775807 expected"#);
}

#[derive(Debug)]
enum Shape {
    Dot(Dot),
}

crate::tagged!(Shape by "kind" { Dot: "dot" });

#[derive(Debug)]
struct Dot {
    x: i64,
}

crate::object!(closed Dot { x: "x" });

#[test]
fn a_tag_is_written_first_and_is_no_other_property() {
    let shape: Shape = serde_json::from_str(r#"{ "x": 1, "kind": "dot" }"#).unwrap();
    assert_eq!(
        serde_json::to_string(&shape).unwrap(),
        r#"{"kind":"dot","x":1}"#
    );
    let more = json!({ "kind": "dot", "x": 1, "y": 2 });
    let misfit = Shape::read(&more).unwrap_err();
    insta::assert_snapshot!(misfit, @"/: `y` is not allowed here");
}
