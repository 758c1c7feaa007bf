//! Typed decoding, strict where serde is lenient, with the place of a failure as a JSON Pointer.

use serde_json::Value;

use super::{Validate, Violations};
use crate::json::Json;

/// Reads `value` as a `T` and checks it against the rest of its schema.
///
/// # Errors
///
/// Where the value is not a `T`, or breaks a rule of its schema: each with the JSON Pointer into `value`. A missing
/// property is reported at the object that lacks it, as JSON Schema validators do.
pub fn decode<T: Json + Validate>(value: &Value) -> Result<T, Violations> {
    let decoded = T::read(value).map_err(|misfit| Violations(vec![misfit.into()]))?;
    decoded.validate()?;
    Ok(decoded)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, unreachable_pub)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::validate::Checker;

    #[derive(Debug)]
    struct Order {
        note: Option<String>,
        lines: Option<Vec<Line>>,
        pay: Option<Pay>,
        rest: Option<Rest>,
        choice: Option<Choice>,
    }

    crate::object!(closed Order {
        note: "note",
        lines: "lines",
        pay: "pay",
        rest: "rest",
        choice: "choice",
    });

    #[derive(Debug)]
    struct Rest {
        name: Option<String>,
        others: BTreeMap<String, i64>,
    }

    crate::object!(Rest {
        name: "name",
        ..others
    });

    #[derive(Debug)]
    enum Choice {
        Text(String),
        Line(Line),
    }

    crate::union!(Choice {
        Text: "string",
        Line: "object",
    });

    #[derive(Debug)]
    struct Line {
        color: Color,
    }

    crate::object!(Line { color: "a/b" });

    #[derive(Clone, Copy, Debug)]
    enum Color {
        Red,
    }

    crate::text!(Color { Red: "Red" });

    #[derive(Debug)]
    enum Pay {
        Card(Line),
    }

    crate::tagged!(Pay by "method" { Card: "card" });

    impl Validate for Order {
        fn check(&self, at: &mut Checker) {
            at.optional("note", &self.note, |note, at| at.max_length(note, 3));
            if let Some([Line { color: Color::Red }, ..]) = self.lines.as_deref() {}
            if let Some(Pay::Card(_)) = &self.pay {}
            match &self.choice {
                Some(Choice::Text(text)) => at.field("choice", |at| at.max_length(text, 9)),
                Some(Choice::Line(_)) | None => {}
            }
            if let Some(rest) = &self.rest {
                at.field("rest", |at| {
                    at.optional("name", &rest.name, |name, at| at.max_length(name, 3));
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
            lines: None,
            pay: None,
            choice: None,
            rest: Some(Rest {
                name: None,
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
