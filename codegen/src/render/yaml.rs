//! JSON values as YAML that a person would write: blocks, and quotes only where they are needed.

use serde_json::{Map, Value};

/// The longest mapping or list of plain values that stays on one line.
const WIDTH: usize = 100;

/// A whole document.
pub(super) fn document(root: &Map<String, Value>) -> String {
    let mut text = String::new();
    for (key, value) in root {
        // A line between the parts of the document.
        if !text.is_empty() && (value.is_object() || value.is_array()) {
            text.push('\n');
        }
        entry(&mut text, 0, key, value);
    }
    text
}

fn entry(text: &mut String, depth: usize, key: &str, value: &Value) {
    indent(text, depth);
    text.push_str(&scalar_text(key));
    text.push(':');
    below(text, depth, value);
}

/// What follows a key: on its line, or in lines of its own.
fn below(text: &mut String, depth: usize, value: &Value) {
    if let Some(flow) = flow(value).filter(|flow| depth * 2 + flow.len() <= WIDTH) {
        text.push(' ');
        text.push_str(&flow);
        text.push('\n');
        return;
    }
    match value {
        Value::Object(map) => {
            text.push('\n');
            for (key, value) in map {
                entry(text, depth + 1, key, value);
            }
        }
        Value::Array(items) => {
            text.push('\n');
            for item in items {
                list_item(text, depth + 1, item);
            }
        }
        Value::String(lines) if is_block(lines) => {
            text.push_str(" |-\n");
            for line in lines.split('\n') {
                // An empty line needs no indentation.
                if !line.is_empty() {
                    indent(text, depth + 1);
                    text.push_str(line);
                }
                text.push('\n');
            }
        }
        scalar => {
            text.push(' ');
            text.push_str(&scalar_of(scalar));
            text.push('\n');
        }
    }
}

/// Whether text of several lines can stand as it is, indented.
fn is_block(text: &str) -> bool {
    let odd = |c: char| {
        c.is_control() && c != '\n' || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
    };
    let blank = |line: &str| !line.is_empty() && line.trim().is_empty();
    text.contains('\n')
        && !text.starts_with([' ', '\n'])
        && !text.ends_with('\n')
        && !text.contains(odd)
        && !text.split('\n').any(blank)
}

fn list_item(text: &mut String, depth: usize, item: &Value) {
    match item {
        Value::Object(map) if !map.is_empty() => {
            // The first key stands on the line of the dash.
            let mut inner = String::new();
            for (key, value) in map {
                entry(&mut inner, depth + 1, key, value);
            }
            indent(text, depth);
            text.push_str("- ");
            text.push_str(inner.trim_start());
        }
        item => {
            indent(text, depth);
            text.push('-');
            below(text, depth, item);
        }
    }
}

fn indent(text: &mut String, depth: usize) {
    for _ in 0..depth {
        text.push_str("  ");
    }
}

/// One line, where the value has no mapping or list within a mapping or list, or is empty.
fn flow(value: &Value) -> Option<String> {
    let plain = |value: &Value| match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => true,
    };
    match value {
        Value::Object(map) if map.is_empty() => Some("{}".to_owned()),
        Value::Array(items) if items.is_empty() => Some("[]".to_owned()),
        Value::Object(map) if map.len() == 1 && map.values().all(plain) => {
            let entries: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{}: {}", flow_text(key), flow_value(value)))
                .collect();
            Some(format!("{{ {} }}", entries.join(", ")))
        }
        Value::Array(items) if items.iter().all(plain) => {
            let items: Vec<String> = items.iter().map(flow_value).collect();
            Some(format!("[{}]", items.join(", ")))
        }
        _ => None,
    }
}

fn flow_value(value: &Value) -> String {
    match value {
        Value::String(text) => flow_text(text),
        value => flow(value).unwrap_or_else(|| scalar_of(value)),
    }
}

/// Within braces or brackets a few more characters mean something.
fn flow_text(text: &str) -> String {
    if text.contains(['{', '}', '[', ']', ',']) {
        return Value::from(text).to_string();
    }
    scalar_text(text)
}

fn scalar_of(value: &Value) -> String {
    match value {
        Value::String(text) => scalar_text(text),
        value => value.to_string(),
    }
}

/// Text as it stands, or in double quotes: JSON's are YAML's.
fn scalar_text(text: &str) -> String {
    if is_plain(text) {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

fn is_plain(text: &str) -> bool {
    let first = text.chars().next();
    let begins = first.is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '$' | '/' | '.'));
    // `.5` and `.inf` are numbers; so is nothing else that begins like this.
    let number = text.starts_with('.') && !text.starts_with("./") && !text.starts_with("../");
    let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let word = text.len() <= 5 && words.iter().any(|word| text.eq_ignore_ascii_case(word));
    let odd =
        |c: char| c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}');
    let ordinary = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let spaced = text.contains(' ');
    (begins || is_measure(text))
        && !number
        && !word
        && (ordinary || !text.contains(odd))
        && !(spaced && (text.contains(": ") || text.contains(" #")))
        && !text.ends_with([' ', ':'])
}

/// A version such as `3.0.0`, or a length of time such as `30d`: no number in any version of YAML.
fn is_measure(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    let version = text.split('.').count() == 3 && text.split('.').all(digits);
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let period = matches!(unit, "ms" | "s" | "m" | "h" | "d") && unit.len() < text.len();
    version || period
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let value = json!({
            "asyncapi": "3.0.0", "version": "1.0", "no": "no", "empty": {}, "none": [], "text": "a: b # c",
            "lines": "one\ntwo", "blank": "one\n\n  - two: x\n# three", "first": " one\ntwo",
            "last": "one\ntwo\n", "spaces": "one\n  \ntwo", "listed": ["one\ntwo", { "deep": { "er": "a\nb" } }], "number": 1.5, "null": null, "subjects": ["order.>", "*.x", "a,b", "{x}"],
            "list": [{ "a": { "b": [1, [2, 3]] }, "c": true }, "x", [], [{ "d": 1 }]],
            "refs": { "$ref": "#/channels/x", "y": "./a/b.json" }, "é": "…", ".5": ".inf", "": "", "trail ": "x:",
            "~": "~", "- a": "- b", "key: x": "@x", "1": "0x10", "date": "2026-01-01", "next": "a\u{85}b",
            "v": "3.0.0", "age": "30d", "exponent": "1e3", "seconds": "1s", "day": "d", "two": "1.0",
        });
        let text = document(value.as_object().unwrap());
        let read: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(read, value, "{text}");
    }
}
