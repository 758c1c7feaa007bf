//! What patterns, formats and lengths together say of a text.

use regex_syntax::escape;
use serde_json::Value as Json;

use super::scalar::{count, least, most};
use crate::evolve::case::Case;
use crate::evolve::language::{Answer, Clause, Texts};
use crate::evolve::schema::Node;
use crate::evolve::types::Types;

/// Patterns that every text of a format matches; not every text that matches is one.
const OF_FORMATS: &[(&str, &str)] = &[
    ("date", "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
    (
        "date-time",
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})$",
    ),
    ("ipv4", "^[0-9.]{7,15}$"),
    (
        "time",
        "^[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})$",
    ),
    (
        "uuid",
        "^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$",
    ),
];
/// Values of a list that become a pattern.
const MOST_VALUES: usize = 500;

/// The texts of a case, and perhaps more.
fn texts(case: &Case<'_>) -> Texts {
    let mut clauses: Vec<Clause> = Vec::new();
    for part in &case.parts {
        let pattern = part.node.get("pattern").and_then(Json::as_str);
        clauses.extend(pattern.map(Clause::holds));
        let format = part.node.get("format").and_then(Json::as_str);
        let known = OF_FORMATS.iter().find(|(name, _)| Some(*name) == format);
        clauses.extend(known.map(|(_, pattern)| Clause::holds(pattern)));
    }
    clauses.extend(case.patterns.iter().map(|pattern| Clause::holds(pattern)));
    clauses.extend(case.nots.iter().filter_map(excluded));
    // What has no automaton is left out: that makes the texts more.
    clauses.retain(Clause::readable);
    Texts {
        clauses,
        least: least(case, "minLength").unwrap_or(0),
        most: most(case, "maxLength"),
    }
}

/// What a `not` says of texts, where that is said by one keyword alone.
fn excluded(node: &Node<'_>) -> Option<Clause> {
    let keywords = node.value.as_object()?;
    let mut others = keywords.keys().filter(|key| *key != "type");
    let only = others.next()?;
    let ty = node.get("type").map_or(Types::ALL, Types::of_keyword);
    if others.next().is_some() || !Types::STRING.within(ty) {
        return None;
    }
    match (only.as_str(), node.get(only)?) {
        ("pattern", Json::String(pattern)) => Some(Clause::fails(pattern)),
        ("enum" | "const", values) => Some(Clause::fails(&listed(values)??)),
        _ => None,
    }
}

/// A pattern for the texts of `enum` or `const`; the inner `None` where there are none, the outer where there are too many.
#[allow(clippy::option_option)]
fn listed(values: &Json) -> Option<Option<String>> {
    let values = match values {
        Json::Array(values) => values.as_slice(),
        value => std::slice::from_ref(value),
    };
    let texts: Vec<String> = values.iter().filter_map(Json::as_str).map(escape).collect();
    let pattern = (!texts.is_empty()).then(|| format!("^(?:{})$", texts.join("|")));
    (texts.len() <= MOST_VALUES).then_some(pattern)
}

/// A text of the case that a keyword of the reader refuses.
pub(in crate::evolve) fn refused_text(case: &Case<'_>, reader: &Node<'_>, keyword: &str) -> Answer {
    let Some(asked) = reader.get(keyword) else {
        return Answer::Unknown;
    };
    let mut texts = texts(case);
    match (keyword, asked) {
        ("pattern", Json::String(pattern)) => texts.clauses.push(Clause::fails(pattern)),
        ("enum" | "const", values) => match listed(values) {
            Some(pattern) => texts.clauses.extend(pattern.as_deref().map(Clause::fails)),
            None => return Answer::Unknown,
        },
        ("minLength", value) => {
            let Some(below) = count(value).and_then(|least| least.checked_sub(1)) else {
                return Answer::None;
            };
            texts.most = Some(texts.most.map_or(below, |most| most.min(below)));
        }
        ("maxLength", value) => {
            let Some(above) = count(value).and_then(|most| most.checked_add(1)) else {
                return Answer::Unknown;
            };
            texts.least = texts.least.max(above);
        }
        _ => return Answer::Unknown,
    }
    texts.find()
}

/// Whether there is no text of the case.
pub(super) fn no_text(case: &Case<'_>) -> bool {
    texts(case).none()
}

/// A name that matches both patterns.
pub(super) fn both(left: &str, right: &str) -> Answer {
    Texts {
        clauses: vec![Clause::holds(left), Clause::holds(right)],
        ..Texts::default()
    }
    .find()
}

/// Whether every name that matches `pattern` matches one of `wider`.
pub(super) fn covered<'p>(pattern: &str, wider: impl Iterator<Item = &'p str>) -> bool {
    let mut clauses: Vec<Clause> = wider.map(Clause::fails).filter(Clause::readable).collect();
    clauses.push(Clause::holds(pattern));
    Texts {
        clauses,
        ..Texts::default()
    }
    .none()
}
