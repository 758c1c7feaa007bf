//! What a value is not, and where in it.

use std::fmt;

use serde::de::Unexpected;
use serde_json::Value;

use crate::validate::Violation;

/// Why a value is not what a type reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit(Box<Violation>);

impl Misfit {
    /// Breaks `keyword` of its schema.
    #[must_use]
    pub fn new(keyword: &'static str, message: String) -> Self {
        Self(Box::new(Violation {
            pointer: String::new(),
            keyword,
            message,
        }))
    }

    /// Of another type, or out of its range.
    #[must_use]
    pub fn ty(found: &Value, expected: &str) -> Self {
        Self::expected("type", found, expected)
    }

    /// Text that its `format` does not allow.
    pub(super) fn format(found: &Value, expected: &str) -> Self {
        Self::expected("format", found, expected)
    }

    fn expected(keyword: &'static str, found: &Value, expected: &str) -> Self {
        Self::new(
            keyword,
            format!("{} found, {expected} expected", named(found)),
        )
    }

    /// None of a type's strings.
    #[must_use]
    pub fn none_of(found: &Value, expected: &[&str]) -> Self {
        if !found.is_string() {
            return Self::ty(found, "a string");
        }
        Self::new(
            "enum",
            format!(
                "{found} found, one of these expected: {}",
                expected.join(", ")
            ),
        )
    }

    /// Of none of the types of a choice, in the words of JSON Schema.
    #[must_use]
    pub fn no_type_of(found: &Value, expected: &[&str]) -> Self {
        let article = match found {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        Self::new(
            "type",
            format!("{article} found, {} expected", expected.join(" or ")),
        )
    }

    pub(super) fn missing(name: &str) -> Self {
        Self::new("required", format!("`{name}` is missing"))
    }

    pub(super) fn unknown(name: &str) -> Self {
        Self::new(
            "additionalProperties",
            format!("`{name}` is not allowed here"),
        )
    }

    /// The same, seen from the object or array that holds the value under `token`.
    pub(super) fn under(mut self, token: &str) -> Self {
        let token = token.replace('~', "~0").replace('/', "~1");
        self.0.pointer = format!("/{token}{}", self.0.pointer);
        self
    }
}

impl From<Misfit> for Violation {
    fn from(misfit: Misfit) -> Self {
        *misfit.0
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Misfit {}

fn named(value: &Value) -> Unexpected<'_> {
    match value {
        Value::Null => Unexpected::Other("null"),
        Value::Bool(value) => Unexpected::Bool(*value),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), ..) => Unexpected::Signed(number),
            (None, Some(number), _) => Unexpected::Unsigned(number),
            (None, None, Some(number)) => Unexpected::Float(number),
            (None, None, None) => Unexpected::Other("a number"),
        },
        Value::String(text) => Unexpected::Str(text),
        Value::Array(_) => Unexpected::Other("an array"),
        Value::Object(_) => Unexpected::Other("an object"),
    }
}
