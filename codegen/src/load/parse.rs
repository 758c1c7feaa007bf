//! YAML and JSON text to [`Node`]s. JSON is read as the YAML that it is, so both have places.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::{Location, Spanned};

use super::node::{Entry, Node, Value};
use super::{FileId, Span, block, json};
use crate::diagnostics::Code;

/// Why a text is no YAML, and where.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) code: Code,
}

/// How many values may lie within each other. Everything that walks a file goes this deep at most, and the compiled
/// schema, which holds a file two levels deeper, can be read back as JSON (`serde_json` ends at 128).
const DEEPEST: usize = 100;

/// Reads a whole file.
pub(super) fn parse(file: FileId, text: &str) -> Result<Node, SyntaxError> {
    json::parse(file, text)
        .or_else(|| block::parse(file, text, |file, part| yaml(file, part).ok()))
        .map_or_else(|| yaml(file, text), Ok)
}

/// Reads a whole file as YAML, which JSON is too.
pub(super) fn yaml(file: FileId, text: &str) -> Result<Node, SyntaxError> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_depth: DEEPEST,
            // A long text has many values; only aliases make more of them than it has bytes.
            max_events: 1_000_000.max(4 * text.len()),
            max_nodes: 250_000.max(text.len()),
        },
    };
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options) {
        Ok(raw) => Ok(place(file, text, raw)),
        Err(error) => {
            let span = error.location().map_or_else(
                || whole(file, text),
                |location| span_of(file, text, location),
            );
            let (code, message) = match &error {
                serde_saphyr::Error::Budget {
                    breach: BudgetBreach::Depth { .. },
                    ..
                } => (
                    Code::TooDeep,
                    format!("more than {DEEPEST} values lie within each other here"),
                ),
                error => (Code::Syntax, first_line(&error.to_string())),
            };
            Err(SyntaxError {
                span,
                message,
                code,
            })
        }
    }
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

fn whole(file: FileId, text: &str) -> Span {
    let end = u32::try_from(text.ceil_char_boundary(1)).unwrap_or(0);
    Span {
        file,
        start: 0,
        end,
    }
}

fn place(file: FileId, text: &str, raw: Spanned<Raw>) -> Node {
    let span = span_of(file, text, raw.defined);
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Bool(value) => Value::Bool(value),
        Raw::Number(number) => Value::Number(number),
        Raw::String(text) => Value::String(text),
        Raw::List(items) => Value::List(
            items
                .into_iter()
                .map(|item| place(file, text, item))
                .collect(),
        ),
        Raw::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| Entry {
                    key_span: span_of(file, text, key.defined),
                    key: key.value,
                    value: place(file, text, value),
                })
                .collect(),
        ),
    };
    Node { span, value }
}

fn span_of(file: FileId, text: &str, location: Location) -> Span {
    let span = location.span();
    let limit = text.len() as u64;
    let start = span
        .byte_offset()
        .unwrap_or_else(|| offset(text, location))
        .min(limit);
    let end = (start + span.byte_len().unwrap_or(0)).min(limit);
    // The place of a syntax error may be one byte of a character.
    let start = text.floor_char_boundary(usize::try_from(start).unwrap_or(usize::MAX));
    let end = text.ceil_char_boundary(usize::try_from(end).unwrap_or(usize::MAX));
    Span {
        file,
        start: u32::try_from(start).unwrap_or(u32::MAX),
        end: u32::try_from(end).unwrap_or(u32::MAX),
    }
}

/// Syntax errors know their line and column only.
fn offset(text: &str, location: Location) -> u64 {
    let line = location.line().saturating_sub(1);
    let column = location.column().saturating_sub(1);
    let before: usize = text
        .split_inclusive('\n')
        .take(usize::try_from(line).unwrap_or(0))
        .map(str::len)
        .sum();
    let rest = text[before..]
        .chars()
        .take(usize::try_from(column).unwrap_or(0));
    (before + rest.map(char::len_utf8).sum::<usize>()) as u64
}

enum Raw {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that JSON can hold")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Raw, E> {
        Ok(Raw::Number(number.into()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Raw, E> {
        Ok(Raw::Number(number.into()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Raw, E> {
        let number = Number::from_f64(number).ok_or_else(|| {
            E::custom("a number that JSON cannot hold (infinite, or not a number)")
        })?;
        Ok(Raw::Number(number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}
