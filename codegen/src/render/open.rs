//! What is not named by the schema and kept all the same: other properties of a struct, other strings of an enum.

use super::checks::Patterns;
use super::imports::Imports;
use super::text::{Lines, literal};
use super::types::variant_doc;
use crate::model::{Definition, Rest, Type, Variant, names};

/// The field of the undeclared properties.
pub(super) fn others(
    lines: &mut Lines,
    definition: &Definition,
    rest: &Rest,
    imports: &mut Imports<'_>,
) {
    let value = imports.ty(&rest.shape);
    imports.add("std::collections", "BTreeMap");
    lines.doc("Properties that the schema does not name.");
    let mut attributes = vec!["flatten".to_owned()];
    let module = module(rest);
    if is_filtered(rest) {
        attributes.push(format!("serialize_with = \"{module}::serialize\""));
        attributes.push(format!(
            "deserialize_with = \"{}\"",
            filter_name(definition)
        ));
    } else if rest.shape.ty != Type::Any {
        attributes.push(format!("with = \"{module}\""));
    }
    lines.attribute("serde", &attributes).line(format!(
        "pub {}: BTreeMap<String, {value}>,",
        names::identifier(&rest.name)
    ));
}

/// Whether only some of the undeclared properties are kept.
pub(super) fn is_filtered(rest: &Rest) -> bool {
    !rest.patterns.is_empty() && !rest.closed
}

fn module(rest: &Rest) -> &'static str {
    if rest.shape.needs_exact() {
        "jetway::others::exact"
    } else {
        "jetway::others"
    }
}

fn filter_name(definition: &Definition) -> String {
    format!("{}_others", names::snake(&definition.name, "its"))
}

/// The reader of the undeclared properties that a pattern matches.
pub(super) fn filter(
    lines: &mut Lines,
    definition: &Definition,
    rest: &Rest,
    imports: &mut Imports<'_>,
    patterns: &mut Patterns,
) {
    imports.add("serde", "Deserializer");
    let value = imports.ty(&rest.shape);
    let statics: Vec<String> = rest
        .patterns
        .iter()
        .map(|expression| format!("&{}", patterns.name(expression, &rest.name)))
        .collect();
    lines.line("").signature(
        &format!("fn {}<'de, D: Deserializer<'de>>", filter_name(definition)),
        &["deserializer: D".to_owned()],
        &format!(" -> Result<BTreeMap<String, {value}>, D::Error> {{"),
    );
    lines.deeper();
    let joined = format!("deserializer, &[{}]", statics.join(", "));
    if joined.chars().count() <= 60 {
        lines.line(format!("{}::matching({joined})", module(rest)));
    } else {
        lines.list("let patterns = ", &statics, ";");
        lines.line(format!(
            "{}::matching(deserializer, patterns)",
            module(rest)
        ));
    }
    lines.back().line("}");
}

/// An enum that keeps strings that it does not know.
pub(super) fn extensible(lines: &mut Lines, definition: &Definition, variants: &[Variant]) {
    let name = &definition.name;
    lines
        .line(
            "#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]",
        )
        .line("#[serde(from = \"String\", into = \"String\")]")
        .line(format!("pub enum {name} {{"))
        .deeper();
    for variant in variants {
        lines.doc(&variant_doc(variant));
        lines.line(format!("{},", variant.name));
    }
    lines
        .doc("A value that the schema did not list yet.")
        .line("Unknown(String),")
        .back()
        .line("}")
        .line("")
        .line(format!("impl {name} {{"))
        .deeper()
        .doc("The value as the schema spells it.")
        .line("#[must_use]")
        .line("pub fn as_str(&self) -> &str {")
        .deeper()
        .line("match self {")
        .deeper();
    for variant in variants {
        arm(
            lines,
            &format!("Self::{}", variant.name),
            &literal(&variant.value),
        );
    }
    lines.line("Self::Unknown(value) => value,");
    for _ in 0..3 {
        lines.back().line("}");
    }
    lines
        .line("")
        .line(format!("impl From<String> for {name} {{"))
        .deeper()
        .line("fn from(value: String) -> Self {")
        .deeper()
        .line("match value.as_str() {")
        .deeper();
    for variant in variants {
        arm(
            lines,
            &literal(&variant.value),
            &format!("Self::{}", variant.name),
        );
    }
    lines.line("_ => Self::Unknown(value),");
    for _ in 0..3 {
        lines.back().line("}");
    }
    lines
        .line("")
        .line(format!("impl From<{name}> for String {{"))
        .deeper()
        .line(format!("fn from(value: {name}) -> Self {{"))
        .deeper()
        .line("value.as_str().to_owned()")
        .back()
        .line("}")
        .back()
        .line("}");
}

/// An arm of a match twelve columns in, broken where it is too long.
fn arm(lines: &mut Lines, pattern: &str, value: &str) {
    if 12 + pattern.chars().count() + 4 + value.chars().count() < 100 {
        lines.line(format!("{pattern} => {value},"));
    } else {
        lines
            .line(format!("{pattern} => {{"))
            .deeper()
            .line(value)
            .back()
            .line("}");
    }
}
