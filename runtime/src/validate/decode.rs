//! Typed decoding, strict where serde is lenient, with the place of a failure as a JSON Pointer.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::json::Json;
use super::{Validate, Violation, Violations};

/// Reads `value` as a `T` and checks it against the rest of its schema.
///
/// # Errors
///
/// Where the value is not a `T`, or breaks a rule of its schema: each with the JSON Pointer into `value`. A missing
/// property is reported at the object that lacks it, as JSON Schema validators do.
pub fn decode<T: DeserializeOwned + Validate>(value: &Value) -> Result<T, Violations> {
    let decoded = T::deserialize(Json(value)).map_err(|error| {
        Violations(vec![Violation {
            pointer: error.pointer,
            keyword: error.keyword,
            message: error.message,
        }])
    })?;
    decoded.validate()?;
    Ok(decoded)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::validate::{Checker, Tagged, Untagged};

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        #[serde(default, deserialize_with = "crate::present")]
        note: Option<String>,
        #[serde(default)]
        lines: Vec<Line>,
        #[serde(default)]
        pay: Option<Pay>,
        #[serde(default)]
        rest: Option<Rest>,
        #[serde(default)]
        choice: Option<Choice>,
    }

    #[derive(Debug, Deserialize)]
    struct Rest {
        #[serde(default)]
        name: String,
        #[serde(flatten, with = "crate::others::exact")]
        others: BTreeMap<String, i64>,
    }

    #[derive(Debug)]
    enum Choice {
        Text(String),
        Line(Line),
    }

    impl<'de> Deserialize<'de> for Choice {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let value = Untagged::read(deserializer, &["string", "object"])?;
            match value.json() {
                "string" => value.get().map(Self::Text),
                _ => value.get().map(Self::Line),
            }
        }
    }

    #[derive(Debug, Deserialize)]
    struct Line {
        #[serde(rename = "a/b")]
        color: Color,
    }

    #[derive(Debug, Deserialize)]
    enum Color {
        Red,
    }

    #[derive(Debug)]
    enum Pay {
        Card(Line),
    }

    impl<'de> Deserialize<'de> for Pay {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let object = Tagged::read(deserializer, "method", &["card"])?;
            object.body().map(Self::Card)
        }
    }

    impl Validate for Order {
        fn check(&self, at: &mut Checker) {
            at.optional("note", &self.note, |note, at| at.max_length(note, 3));
            if let Some(Line { color: Color::Red }) = self.lines.first() {}
            if let Some(Pay::Card(_)) = &self.pay {}
            match &self.choice {
                Some(Choice::Text(text)) => at.field("choice", |at| at.max_length(text, 9)),
                Some(Choice::Line(_)) | None => {}
            }
            if let Some(rest) = &self.rest {
                at.field("rest", |at| {
                    at.max_length(&rest.name, 3);
                    at.undeclared(&rest.others, &["name"]);
                    at.entries(&rest.others, |item, at| at.minimum(*item, 0));
                });
            }
        }
    }

    fn first(value: Value) -> (String, &'static str) {
        let violation = decode::<Order>(&value).unwrap_err().0.remove(0);
        (violation.pointer, violation.keyword)
    }

    #[test]
    fn a_failure_has_its_place_and_its_keyword() {
        assert_eq!(first(json!({ "note": 1 })), ("/note".into(), "type"));
        assert_eq!(first(json!({ "note": null })), ("/note".into(), "type"));
        assert_eq!(
            first(json!({ "note": "long" })),
            ("/note".into(), "maxLength")
        );
        assert_eq!(
            first(json!({ "other": 1 })),
            (String::new(), "additionalProperties")
        );
        let lines = |line: Value| json!({ "lines": [{ "a/b": "Red" }, line] });
        assert_eq!(first(lines(json!({}))), ("/lines/1".into(), "required"));
        assert_eq!(
            first(lines(json!({ "a/b": "Blue" }))),
            ("/lines/1/a~1b".into(), "enum")
        );
    }

    #[test]
    fn within_a_tagged_object_too() {
        let pay = |pay: Value| json!({ "pay": pay });
        assert!(decode::<Order>(&pay(json!({ "method": "card", "a/b": "Red" }))).is_ok());
        assert_eq!(
            first(pay(json!({ "method": "card", "a/b": 1 }))),
            ("/pay/a~1b".into(), "type")
        );
        assert_eq!(
            first(pay(json!({ "method": "card" }))),
            ("/pay".into(), "required")
        );
        assert_eq!(
            first(pay(json!({ "method": "cash" }))),
            ("/pay/method".into(), "enum")
        );
        assert_eq!(first(pay(json!({}))), ("/pay".into(), "required"));
        assert_eq!(first(pay(json!(["card", "Red"]))), ("/pay".into(), "type"));
    }

    #[test]
    fn among_undeclared_properties_too() {
        let rest = |rest: Value| json!({ "rest": rest });
        let read = decode::<Order>(&rest(json!({ "name": "a", "b": 10.0 }))).unwrap();
        assert_eq!(
            read.rest.unwrap().others,
            BTreeMap::from([("b".to_owned(), 10)])
        );
        assert_eq!(
            first(rest(json!({ "a/b": "1" }))),
            ("/rest/a~1b".into(), "type")
        );
        assert_eq!(first(rest(json!({ "b": 1.5 }))), ("/rest/b".into(), "type"));
        assert_eq!(
            first(rest(json!({ "b": -1 }))),
            ("/rest/b".into(), "minimum")
        );
        assert_eq!(
            first(rest(json!({ "name": 1 }))),
            ("/rest/name".into(), "type")
        );
        assert_eq!(first(rest(json!(["a"]))), ("/rest".into(), "type"));
    }

    #[test]
    fn within_a_choice_too() {
        let choice = |choice: Value| json!({ "choice": choice });
        assert!(decode::<Order>(&choice(json!("text"))).is_ok());
        assert_eq!(
            first(choice(json!({ "a/b": "Blue" }))),
            ("/choice/a~1b".into(), "enum")
        );
        let violation = decode::<Order>(&choice(json!([]))).unwrap_err();
        assert_eq!(
            violation.to_string(),
            "/choice: an array found, string or object expected"
        );
    }

    #[test]
    fn what_would_be_written_twice_is_refused() {
        let order = Order {
            note: None,
            lines: Vec::new(),
            pay: None,
            choice: None,
            rest: Some(Rest {
                name: String::new(),
                others: BTreeMap::from([("name".to_owned(), 1)]),
            }),
        };
        let violations = order.validate().unwrap_err();
        assert_eq!(
            violations.to_string(),
            "/rest/name: has a field of its own, and would be written twice"
        );
    }

    #[test]
    fn what_serde_would_let_pass_is_refused() {
        // serde reads a struct from a list and an enum from an object.
        assert_eq!(first(json!(["note"])), (String::new(), "type"));
        assert_eq!(
            first(json!({ "lines": [["Red"]] })),
            ("/lines/0".into(), "type")
        );
        let color = json!({ "lines": [{ "a/b": { "Red": null } }] });
        assert_eq!(first(color), ("/lines/0/a~1b".into(), "type"));
    }
}
