//! Numbers, strings and closed lists of values.

use std::cmp::Ordering;

use serde_json::{Map, Number, Value as Json};

use super::texts::refused_text;
use super::{Prover, merge, plain};
use crate::evolve::case::Case;
use crate::evolve::language::Answer;
use crate::evolve::number;
use crate::evolve::obstacle::{Kind, Obstacle};
use crate::evolve::schema::Node;
use crate::evolve::types::Types;

/// Integers of a range that are gone through one by one.
const FEW: i128 = 64;

/// What a single keyword of the reader can be asked about a value.
const SINGLE: &[&str] = &[
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "pattern",
    "uniqueItems",
];

/// Formats of which every text is one of another.
const WIDER: &[(&str, &[&str])] = &[("uri", &["uri-reference"]), ("iri", &["iri-reference"])];

/// The widest bound on one side.
struct Bound {
    value: Number,
    exclusive: bool,
}

impl<'a> Prover<'a> {
    /// All values of the case, where they are few.
    pub(super) fn values(&self, case: &Case<'a>) -> Option<Vec<Json>> {
        let listed = case.parts.iter().find_map(|part| {
            let constant = part.node.get("const").map(|value| vec![value.clone()]);
            constant.or_else(|| part.node.get("enum")?.as_array().cloned())
        });
        let values = match (listed, case.types) {
            (Some(values), _) => values,
            (None, Types::NULL) => vec![Json::Null],
            (None, Types::BOOLEAN) => vec![false.into(), true.into()],
            (None, Types::INTEGER) => {
                let low = number::integer(&bound(case, true)?.value)?;
                let high = number::integer(&bound(case, false)?.value)?;
                if high.checked_sub(low)? > FEW {
                    return None;
                }
                (low..=high).filter_map(number::json).collect()
            }
            _ => return None,
        };
        let held = |value: &Json| {
            Types::of_value(value).within(case.types)
                && case
                    .parts
                    .iter()
                    .all(|part| part.node.accepts(value) != Some(false))
                && case
                    .nots
                    .iter()
                    .all(|node| node.accepts(value) != Some(true))
        };
        Some(values.into_iter().filter(held).collect())
    }

    /// Asks the reader about every value.
    pub(super) fn finite(
        &mut self,
        case: &Case<'a>,
        reader: &Node<'a>,
        values: &[Json],
    ) -> Vec<Obstacle<'a>> {
        let refused: Vec<Json> = values
            .iter()
            .filter(|value| reader.accepts(value) != Some(true))
            .cloned()
            .collect();
        if refused.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        if let Some(value) = reader.get("type") {
            let allowed = Types::of_keyword(value);
            if !case.types.within(allowed) {
                return vec![self.obstacle(case, reader, Kind::Type(case.types), "type", true)];
            }
        }
        let gone = |keyword: &str, allowed: &[Json]| -> Vec<Json> {
            let alone = |value: &&Json| !keeps(keyword, &Json::Array(allowed.to_vec()), value);
            refused.iter().filter(alone).cloned().collect()
        };
        for keyword in ["enum", "const"] {
            let allowed = match reader.get(keyword) {
                Some(Json::Array(values)) if keyword == "enum" => values.clone(),
                Some(value) if keyword == "const" => vec![value.clone()],
                _ => continue,
            };
            let gone = gone("enum", &allowed);
            if !gone.is_empty() {
                let listed = case.parts.iter().any(|part| {
                    part.node.get("enum").is_some() || part.node.get("const").is_some()
                });
                let kind = if listed {
                    Kind::Values(gone)
                } else {
                    Kind::Enumeration
                };
                found.push(self.obstacle(case, reader, kind, keyword, true));
            }
        }
        for keyword in SINGLE {
            if let Some(asked) = reader.get(keyword)
                && refused.iter().any(|value| !keeps(keyword, asked, value))
            {
                let kind = self.plain(case, keyword, asked);
                found.push(self.obstacle(case, reader, kind, keyword, true));
            }
        }
        self.nested += 1;
        if self.nested < super::DEEPEST {
            for target in reader.reference().into_iter().chain(reader.list("allOf")) {
                merge(&mut found, self.finite(case, &target, values));
            }
        }
        self.nested -= 1;
        if found.is_empty() {
            found.push(self.refusal(case, reader, refused));
        }
        found
    }

    /// What refuses the values where no plain keyword does.
    fn refusal(&self, case: &Case<'a>, reader: &Node<'a>, refused: Vec<Json>) -> Obstacle<'a> {
        for keyword in ["anyOf", "oneOf"] {
            if reader.get(keyword).is_none() {
                continue;
            }
            for value in &refused {
                let branches = reader.list(keyword).into_iter();
                let taken = branches.filter(|branch| branch.accepts(value) == Some(true));
                match taken.count() {
                    0 => return self.obstacle(case, reader, Kind::NoBranch, keyword, true),
                    1 => {}
                    _ if keyword == "anyOf" => {}
                    _ => return self.obstacle(case, reader, Kind::Overlap, keyword, true),
                }
            }
        }
        let denied = reader.child("not").is_some_and(|inner| {
            let mut values = refused.iter();
            values.any(|value| inner.accepts(value) == Some(true))
        });
        if denied {
            return self.obstacle(case, reader, Kind::Not, "not", true);
        }
        if reader.get("if").is_some() {
            return self.obstacle(case, reader, Kind::Condition, "if", true);
        }
        self.obstacle(case, reader, Kind::Refused(refused), "", true)
    }

    /// What kind of obstacle a keyword with a plain value is.
    fn plain(&self, case: &Case<'a>, keyword: &str, asked: &Json) -> Kind {
        let writer = case
            .parts
            .iter()
            .find_map(|part| part.node.get(keyword).cloned());
        let reader = asked.clone();
        match keyword {
            "uniqueItems" => Kind::Unique,
            "pattern" | "format" | "multipleOf" => Kind::Text { writer, reader },
            _ => Kind::Bound {
                writer,
                reader,
                lower: keyword.starts_with("min") || keyword == "exclusiveMinimum",
            },
        }
    }

    /// An obstacle at a keyword with a plain value.
    pub(super) fn at(
        &self,
        case: &Case<'a>,
        reader: &Node<'a>,
        keyword: &'static str,
        certain: bool,
    ) -> Obstacle<'a> {
        let kind = self.plain(case, keyword, reader.get(keyword).unwrap_or(&Json::Null));
        self.obstacle(case, reader, kind, keyword, certain)
    }

    pub(super) fn number(&mut self, case: &Case<'a>, reader: &Node<'a>) -> Vec<Obstacle<'a>> {
        let mut found = Vec::new();
        for (keyword, lower, exclusive) in [
            ("minimum", true, false),
            ("exclusiveMinimum", true, true),
            ("maximum", false, false),
            ("exclusiveMaximum", false, true),
        ] {
            let Some(Json::Number(asked)) = reader.get(keyword) else {
                continue;
            };
            let kept = bound(case, lower).is_some_and(|own| {
                let order = number::compare(&own.value, asked);
                let inside = if lower {
                    Ordering::Greater
                } else {
                    Ordering::Less
                };
                order == inside || (order == Ordering::Equal && (own.exclusive || !exclusive))
            });
            if !kept {
                found.push(self.at(case, reader, keyword, plain(case)));
            }
        }
        if let Some(Json::Number(asked)) = reader.get("multipleOf") {
            let own = case
                .parts
                .iter()
                .filter_map(|part| part.node.get("multipleOf")?.as_number());
            let one = Number::from(1);
            let integer = (case.types == Types::INTEGER).then_some(&one);
            let own: Vec<&Number> = own.chain(integer).collect();
            let together = number::common_multiple(&own);
            let kept = own
                .into_iter()
                .chain(&together)
                .any(|own| own == asked || number::divides(asked, own) == Some(true));
            if !kept {
                found.push(self.at(case, reader, "multipleOf", false));
            }
        }
        found
    }

    pub(super) fn string(&mut self, case: &Case<'a>, reader: &Node<'a>) -> Vec<Obstacle<'a>> {
        let mut found = Vec::new();
        found.extend(self.counted(case, reader, "minLength", least(case, "minLength"), true));
        found.extend(self.counted(case, reader, "maxLength", most(case, "maxLength"), false));
        found.retain(|obstacle| refused_text(case, reader, obstacle.keyword) != Answer::None);
        for keyword in ["pattern", "format"] {
            let Some(asked) = reader.get(keyword).and_then(Json::as_str) else {
                continue;
            };
            let own = |text: &str| {
                let wider = WIDER.iter().find(|(name, _)| *name == text);
                text == asked
                    || (keyword == "format"
                        && wider.is_some_and(|(_, wider)| wider.contains(&asked)))
            };
            let kept = case
                .parts
                .iter()
                .filter_map(|part| part.node.get(keyword)?.as_str())
                .any(own)
                || (keyword == "pattern" && case.patterns.iter().any(|text| text == asked));
            if !kept && refused_text(case, reader, keyword) != Answer::None {
                found.push(self.at(case, reader, keyword, false));
            }
        }
        found
    }

    /// A bound on a number of things, where the writer's is `own`.
    pub(super) fn counted(
        &self,
        case: &Case<'a>,
        reader: &Node<'a>,
        keyword: &'static str,
        own: Option<u64>,
        lower: bool,
    ) -> Option<Obstacle<'a>> {
        let asked = count(reader.get(keyword)?)?;
        let kept = if lower {
            own.unwrap_or(0) >= asked
        } else {
            own.is_some_and(|own| own <= asked)
        };
        (!kept).then(|| self.at(case, reader, keyword, plain(case)))
    }
}

/// A number of things; also one written as `2.0`.
pub(super) fn count(value: &Json) -> Option<u64> {
    u64::try_from(number::integer(value.as_number()?)?).ok()
}

/// The highest of a lower bound.
pub(in crate::evolve) fn least(case: &Case<'_>, keyword: &str) -> Option<u64> {
    let own = case.parts.iter();
    let stated = own.filter_map(|part| count(part.node.get(keyword)?));
    let other = keyword.replacen("min", "max", 1);
    let denied = case.nots.iter();
    let denied = denied.filter_map(|not| count(alone(not, &other, case.types)?)?.checked_add(1));
    stated.chain(denied).max()
}

/// The lowest of an upper bound.
pub(in crate::evolve) fn most(case: &Case<'_>, keyword: &str) -> Option<u64> {
    let own = case.parts.iter();
    let stated = own.filter_map(|part| count(part.node.get(keyword)?));
    let other = keyword.replacen("max", "min", 1);
    let denied = case.nots.iter();
    let denied = denied.filter_map(|not| count(alone(not, &other, case.types)?)?.checked_sub(1));
    stated.chain(denied).min()
}

/// The value of a keyword that is all that a schema says of these types.
fn alone<'a>(node: &Node<'a>, keyword: &str, types: Types) -> Option<&'a Json> {
    let ty = node.get("type").map_or(Types::ALL, Types::of_keyword);
    let mut keys = node.value.as_object()?.keys();
    let only = keys.all(|key| key == keyword || key == "type");
    (only && types.within(ty))
        .then(|| node.get(keyword))
        .flatten()
}

/// The narrowest bound of the writer; of integers the last one inside.
fn bound(case: &Case<'_>, lower: bool) -> Option<Bound> {
    let (inclusive, exclusive) = if lower {
        ("minimum", "exclusiveMinimum")
    } else {
        ("maximum", "exclusiveMaximum")
    };
    let mut narrowest: Option<Bound> = None;
    let stated = case.parts.iter().flat_map(|part| {
        [(inclusive, false), (exclusive, true)]
            .map(|(keyword, exclusive)| Some((part.node.get(keyword)?.as_number()?, exclusive)))
    });
    // What lies beyond the other bound of a `not`.
    let denied = case.nots.iter().flat_map(|not| {
        let others = if lower {
            [("maximum", true), ("exclusiveMaximum", false)]
        } else {
            [("minimum", true), ("exclusiveMinimum", false)]
        };
        others.map(|(keyword, exclusive)| {
            Some((alone(not, keyword, case.types)?.as_number()?, exclusive))
        })
    });
    for (value, exclusive) in stated.chain(denied).flatten() {
        let narrower = narrowest.as_ref().is_none_or(|other| {
            let order = number::compare(value, &other.value);
            let inside = if lower {
                Ordering::Greater
            } else {
                Ordering::Less
            };
            order == inside || (order == Ordering::Equal && exclusive)
        });
        if narrower {
            let value = value.clone();
            narrowest = Some(Bound { value, exclusive });
        }
    }
    let bound = narrowest?;
    if case.types == Types::INTEGER {
        return Some(inside(&bound, lower).unwrap_or(bound));
    }
    Some(bound)
}

/// The last integer inside a bound.
fn inside(bound: &Bound, lower: bool) -> Option<Bound> {
    let step = if lower { 1 } else { -1 };
    let value = match number::integer(&bound.value) {
        Some(value) if bound.exclusive => value.checked_add(step)?,
        Some(value) => value,
        None => {
            let value = bound.value.as_f64()?;
            let value = if lower { value.ceil() } else { value.floor() };
            number::integer(&Number::from_f64(value)?)?
        }
    };
    let value = number::json(value)?.as_number()?.clone();
    Some(Bound {
        value,
        exclusive: false,
    })
}

/// Whether a number of the case can be at all.
pub(super) fn no_number(case: &Case<'_>) -> bool {
    let (Some(low), Some(high)) = (bound(case, true), bound(case, false)) else {
        return false;
    };
    match number::compare(&low.value, &high.value) {
        Ordering::Greater => true,
        Ordering::Equal => low.exclusive || high.exclusive,
        Ordering::Less => false,
    }
}

/// Whether one keyword alone accepts a value.
fn keeps(keyword: &str, asked: &Json, value: &Json) -> bool {
    let mut schema = Map::new();
    schema.insert(keyword.to_owned(), asked.clone());
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(&Json::Object(schema))
        .is_ok_and(|validator| validator.is_valid(value))
}
