//! Properties of a struct that are not named by the schema and kept all the same.

use super::checks::Patterns;
use super::imports::Imports;
use super::text::Lines;
use crate::model::{Rest, names};

/// The field of the undeclared properties.
pub(super) fn others(lines: &mut Lines, rest: &Rest, imports: &mut Imports<'_>) {
    let value = imports.ty(&rest.shape);
    imports.add("std::collections", "BTreeMap");
    lines
        .doc("Properties that the schema does not name.")
        .line(format!(
            "pub {}: BTreeMap<String, {value}>,",
            names::identifier(&rest.name)
        ));
}

/// Which of the undeclared properties are kept: all, or where the rest is ignored those that a pattern matches.
pub(super) fn entry(rest: &Rest, patterns: &mut Patterns) -> String {
    let name = names::identifier(&rest.name);
    if rest.patterns.is_empty() || rest.closed {
        return format!("..{name}");
    }
    let statics: Vec<String> = rest
        .patterns
        .iter()
        .map(|expression| patterns.name(expression, &rest.name))
        .collect();
    format!("..{name} matching {}", statics.join(", "))
}
