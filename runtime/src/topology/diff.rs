//! How what the contract states differs from what the server has.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use super::config::OPERATION;
use crate::settings::text;

/// One difference between contract and server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// What differs: `stream ORDERS`, or `consumer inventory-reserveStock on stream ORDERS`.
    pub what: String,
    /// The field in the server's words, as in `ack_wait`; `None` where the whole is missing.
    pub field: Option<String>,
    /// What the contract says, as in `10s`.
    pub expected: String,
    /// What the server has.
    pub found: String,
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(
                f,
                "{}: {field}: expected {} (asyncapi.yaml), found {}",
                self.what, self.expected, self.found
            ),
            None => write!(f, "{}: expected (asyncapi.yaml), missing", self.what),
        }
    }
}

/// One field that differs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Change {
    pub(super) field: &'static str,
    pub(super) expected: Value,
    pub(super) found: Value,
}

impl Change {
    pub(super) fn expected(&self) -> String {
        shown(self.field, &self.expected)
    }

    pub(super) fn found(&self) -> String {
        shown(self.field, &self.found)
    }

    pub(super) fn drift(&self, what: &str) -> Drift {
        Drift {
            what: what.to_owned(),
            field: Some(self.field.to_owned()),
            expected: self.expected(),
            found: self.found(),
        }
    }
}

/// `ack_wait 30s -> 10s`
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} -> {}", self.field, self.found(), self.expected())
    }
}

/// The stated fields, in order of appearance in an error.
const FIELDS: [&str; 24] = [
    "subjects",
    "retention",
    "storage",
    "num_replicas",
    "max_age",
    "max_bytes",
    "max_msgs",
    "duplicate_window",
    "deliver_subject",
    "deliver_policy",
    "ack_policy",
    "replay_policy",
    "filter_subject",
    "filter_subjects",
    "ack_wait",
    "max_deliver",
    "backoff",
    "max_ack_pending",
    "headers_only",
    "inactive_threshold",
    "max_batch",
    "max_expires",
    "description",
    "metadata",
];

/// The fields of `stated` that differ in `actual`.
pub(super) fn diff(stated: &Map<String, Value>, actual: &Map<String, Value>) -> Vec<Change> {
    FIELDS
        .into_iter()
        .filter_map(|field| {
            let expected = part(field, stated.get(field)?);
            let found = part(field, actual.get(field).unwrap_or(&Value::Null));
            (!same(field, &expected, &found)).then_some(Change {
                field,
                expected,
                found,
            })
        })
        .collect()
}

/// Whether a difference says nothing about behaviour.
pub(super) fn is_cosmetic(change: &Change) -> bool {
    matches!(change.field, "description" | "metadata")
}

/// Of metadata the server and operators have their own.
fn part(field: &str, value: &Value) -> Value {
    match (field, value) {
        ("metadata", value) => value.get(OPERATION).cloned().unwrap_or(Value::Null),
        (_, value) => value.clone(),
    }
}

fn same(field: &str, expected: &Value, found: &Value) -> bool {
    if matches!(field, "subjects" | "filter_subjects") {
        return set(expected) == set(found);
    }
    // The server leaves out what is empty, and says "no limit" in two ways.
    let plain = |value: &Value| match value {
        Value::Null => None,
        Value::Array(items) if items.is_empty() => None,
        Value::String(text) if text.is_empty() => None,
        Value::Bool(false) => None,
        Value::Number(number) if number.as_i64() == Some(0) => None,
        Value::Number(number) if number.as_i64() == Some(-1) => None,
        value => Some(value.clone()),
    };
    plain(expected) == plain(found)
}

fn set(value: &Value) -> BTreeSet<&str> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).collect()
}

fn shown(field: &str, value: &Value) -> String {
    match (field, value) {
        ("max_age", value) if value.as_u64().unwrap_or(0) == 0 => "unlimited".to_owned(),
        (
            "max_age" | "duplicate_window" | "ack_wait" | "inactive_threshold" | "max_expires",
            value,
        ) => text(Duration::from_nanos(value.as_u64().unwrap_or(0))),
        ("max_bytes" | "max_msgs" | "max_deliver", Value::Null) => "unlimited".to_owned(),
        ("max_bytes" | "max_msgs" | "max_deliver", Value::Number(number))
            if number.as_i64().is_some_and(|number| number <= 0) =>
        {
            "unlimited".to_owned()
        }
        ("backoff", Value::Array(steps)) if !steps.is_empty() => {
            let steps: Vec<String> = steps
                .iter()
                .map(|step| text(Duration::from_nanos(step.as_u64().unwrap_or(0))))
                .collect();
            format!("[{}]", steps.join(", "))
        }
        ("headers_only", Value::Null) => "false".to_owned(),
        (_, Value::Null) => "none".to_owned(),
        (_, Value::String(text)) if text.is_empty() => "none".to_owned(),
        (_, Value::String(text)) => text.clone(),
        (_, Value::Array(items)) if items.is_empty() => "none".to_owned(),
        (_, Value::Array(items)) => {
            let items: Vec<String> = items.iter().map(|item| shown("", item)).collect();
            format!("[{}]", items.join(", "))
        }
        (_, value) => value.to_string(),
    }
}
