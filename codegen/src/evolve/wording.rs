//! What a finding is called and says.

use serde_json::{Value as Json, json};

use super::compare::Direction;
use super::obstacle::{Kind, Obstacle};
use super::types::Types;

/// The words of a finding.
pub(super) struct Words {
    pub(super) rule: String,
    pub(super) message: String,
    pub(super) mend: String,
    pub(super) values: Json,
}

const STORED: &str = "events already stored";
const READERS: &str = "readers that still have the old schema";

/// Whom it hurts, in each direction.
fn pick<'t>(direction: Direction, backward: &'t str, forward: &'t str) -> &'t str {
    match direction {
        Direction::Backward => backward,
        Direction::Forward => forward,
    }
}

/// The words for what is in the way.
pub(super) fn of(obstacle: &Obstacle<'_>, direction: Direction) -> Words {
    let path = obstacle.path();
    let place = if path.is_empty() {
        "the event's data".to_owned()
    } else {
        format!("`{path}`")
    };
    let back = direction == Direction::Backward;
    let keyword = obstacle.keyword;
    let name = kebab(keyword);
    let changed =
        |backward: &str, forward: &str| format!("{name}-{}", pick(direction, backward, forward));
    match &obstacle.kind {
        Kind::Type(types) => type_words(obstacle, direction, &place, *types),
        Kind::Values(values) => {
            let list = listed(values);
            let rule = match keyword {
                "const" => "const-changed",
                _ => pick(direction, "enum-value-removed", "enum-value-added"),
            };
            Words {
                rule: rule.to_owned(),
                message: if back {
                    format!("{place} no longer takes {list}; {STORED} may hold it")
                } else {
                    format!("{place} now takes {list} too; {READERS} reject it")
                },
                mend: pick(direction, "keep the value", "leave the value out").to_owned(),
                values: json!(values),
            }
        }
        Kind::Enumeration => Words {
            rule: changed("added", "removed"),
            message: if back {
                format!("{place} now takes listed values only; {STORED} may hold others")
            } else {
                format!(
                    "{place} now takes other values than those listed before; {READERS} reject them"
                )
            },
            mend: pick(direction, "leave the list out", "keep the list").to_owned(),
            values: obstacle.asked.get(keyword).cloned().unwrap_or_default(),
        },
        Kind::Bound {
            writer,
            reader,
            lower,
        } => {
            let how = match (writer, lower) {
                (None, _) => changed("added", "removed"),
                (Some(_), true) => changed("raised", "lowered"),
                (Some(_), false) => changed("lowered", "raised"),
            };
            let own = writer
                .as_ref()
                .map_or_else(|| "none".to_owned(), Json::to_string);
            Words {
                rule: how,
                message: if back {
                    format!(
                        "`{keyword}` of {place} is now {reader}, was {own}; {STORED} may lie outside"
                    )
                } else {
                    format!(
                        "`{keyword}` of {place} is now {own}, was {reader}; {READERS} reject what lies outside"
                    )
                },
                mend: format!("keep `{keyword}` as it was"),
                values: json!([writer, reader]),
            }
        }
        Kind::Text { writer, reader } => {
            let own = writer
                .as_ref()
                .map_or_else(|| "none".to_owned(), Json::to_string);
            Words {
                rule: if writer.is_some() {
                    format!("{name}-changed")
                } else {
                    changed("added", "removed")
                },
                message: if back {
                    format!(
                        "`{keyword}` of {place} is now {reader}, was {own}; {STORED} may not fit"
                    )
                } else {
                    format!(
                        "`{keyword}` of {place} is now {own}, was {reader}; {READERS} reject what does not fit"
                    )
                },
                mend: format!("keep `{keyword}` as it was"),
                values: json!([writer, reader]),
            }
        }
        Kind::Required(property) => Words {
            rule: changed("added", "removed"),
            message: if back {
                format!("{property:?} is now required; {STORED} may lack it")
            } else {
                format!("{property:?} is no longer required; {READERS} reject events without it")
            },
            mend: pick(direction, "make it optional", "keep it required").to_owned(),
            values: json!(property),
        },
        Kind::Closed(property) if keyword == "propertyNames" => {
            names_words(direction, property, &place)
        }
        Kind::Closed(property) => Words {
            rule: pick(direction, "property-removed", "property-added").to_owned(),
            message: if back {
                format!(
                    "{property:?} is no longer allowed in {place}, which is closed; {STORED} may hold it"
                )
            } else {
                format!("{property:?} is new in {place}, which was closed; {READERS} reject it")
            },
            mend: pick(direction, "keep the property", "leave the property out").to_owned(),
            values: json!(property),
        },
        Kind::ClosedToOthers if keyword == "propertyNames" => names_words(direction, "*", &place),
        Kind::ClosedToOthers => Words {
            rule: pick(
                direction,
                "additional-properties-closed",
                "additional-properties-opened",
            )
            .to_owned(),
            message: if back {
                format!("{place} no longer takes undeclared properties; {STORED} may hold some")
            } else {
                format!("{place} now takes undeclared properties; {READERS} reject them")
            },
            mend: format!("keep `{keyword}` as it was"),
            values: Json::Null,
        },
        Kind::Dependent { property, needed } => Words {
            rule: changed("added", "removed"),
            message: if back {
                format!("{property:?} now needs {needed:?} beside it; {STORED} may lack it")
            } else {
                format!(
                    "{property:?} no longer needs {needed:?} beside it; {READERS} reject events without it"
                )
            },
            mend: format!("keep `{keyword}` as it was"),
            values: json!([property, needed]),
        },
        kind => other_words(kind, keyword, direction, &place),
    }
}

fn type_words(obstacle: &Obstacle<'_>, direction: Direction, place: &str, types: Types) -> Words {
    let asked = obstacle
        .asked
        .get("type")
        .map_or(Types::ALL, Types::of_keyword);
    let rule = if obstacle.types.and(asked).is_empty() {
        "type-changed"
    } else {
        pick(direction, "type-narrowed", "type-widened")
    };
    let words = types.words();
    Words {
        rule: rule.to_owned(),
        message: match direction {
            Direction::Backward => format!(
                "{place} is now {}, no longer {words}; {STORED} may hold one",
                asked.words()
            ),
            Direction::Forward => format!(
                "{place} may now be {words}, was {}; {READERS} reject it",
                asked.words()
            ),
        },
        mend: "keep the type".to_owned(),
        values: json!([types.words(), asked.words()]),
    }
}

fn names_words(direction: Direction, property: &str, place: &str) -> Words {
    Words {
        rule: pick(
            direction,
            "property-names-narrowed",
            "property-names-widened",
        )
        .to_owned(),
        message: match direction {
            Direction::Backward => format!(
                "`propertyNames` of {place} is narrower; {STORED} may hold names that it refuses"
            ),
            Direction::Forward => {
                format!("`propertyNames` of {place} is wider; {READERS} reject some names")
            }
        },
        mend: "keep `propertyNames` as it was".to_owned(),
        values: json!(property),
    }
}

fn other_words(kind: &Kind, keyword: &str, direction: Direction, place: &str) -> Words {
    let name = kebab(keyword);
    let back = direction == Direction::Backward;
    let (rule, what) = match kind {
        Kind::Unique => (
            pick(direction, "unique-items-added", "unique-items-removed").to_owned(),
            pick(
                direction,
                "must now be all different",
                "need no longer be all different",
            ),
        ),
        Kind::Contains => (
            format!("{name}-{}", pick(direction, "narrowed", "widened")),
            pick(
                direction,
                "must now contain what it need not before",
                "need no longer contain what it had to",
            ),
        ),
        Kind::NoBranch => (
            format!("{name}-branch-{}", pick(direction, "removed", "added")),
            pick(
                direction,
                "fits a branch that is gone or narrower",
                "may fit a branch that is new or wider",
            ),
        ),
        Kind::Overlap => (
            "one-of-overlap".to_owned(),
            "may fit more than one branch of `oneOf`, which takes exactly one",
        ),
        Kind::Not => (
            pick(direction, "not-widened", "not-narrowed").to_owned(),
            pick(
                direction,
                "may be what `not` now excludes",
                "may be what `not` excluded before",
            ),
        ),
        Kind::Condition => (
            "condition-changed".to_owned(),
            "is under an `if` that was not the same before",
        ),
        Kind::Never => (
            pick(direction, "value-forbidden", "value-allowed").to_owned(),
            pick(
                direction,
                "is no longer allowed at all",
                "was not allowed at all",
            ),
        ),
        Kind::Refused(_) => (
            pick(direction, "value-removed", "value-added").to_owned(),
            pick(
                direction,
                "no longer takes a value of its list",
                "now takes a value that it refused",
            ),
        ),
        _ => (
            "undecided".to_owned(),
            "is too complex, or too recursive, to be compared",
        ),
    };
    let whom = if back {
        format!("{STORED} may be rejected")
    } else {
        format!("{READERS} may reject it")
    };
    Words {
        rule,
        message: format!("{place} {what}; {whom}"),
        mend: if keyword.is_empty() {
            "keep the schema here as it was".to_owned()
        } else {
            format!("keep `{keyword}` as it was")
        },
        values: match kind {
            Kind::Refused(values) => json!(values),
            _ => Json::Null,
        },
    }
}

fn listed(values: &[Json]) -> String {
    let shown: Vec<String> = values.iter().take(5).map(Json::to_string).collect();
    let more = if values.len() > 5 { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// `minLength` as `min-length`.
fn kebab(keyword: &str) -> String {
    let mut text = String::new();
    for c in keyword.chars() {
        if c.is_ascii_uppercase() {
            text.push('-');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}
