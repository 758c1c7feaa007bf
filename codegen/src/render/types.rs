//! Type definitions: structs and enums with their serde attributes.

use super::checks::Patterns;
use super::imports::Imports;
use super::open::{extensible, filter, is_filtered, others};
use super::text::{Lines, literal, prose};
use super::union::union;
use crate::model::names::identifier;
use crate::model::{Definition, Field, Kind, Rest, Shape, TaggedVariant, Type, Types, Variant};

/// The definition with its attributes.
pub(super) fn definition(
    definition: &Definition,
    imports: &mut Imports<'_>,
    patterns: &mut Patterns,
) -> String {
    let mut lines = Lines::at(0);
    lines.doc(&doc(definition, imports.types));
    match &definition.kind {
        Kind::Struct {
            fields,
            closed,
            rest,
            ..
        } => {
            let rest = rest.as_ref();
            structure(&mut lines, definition, fields, (*closed, rest), imports);
            if let Some(rest) = rest.filter(|rest| is_filtered(rest)) {
                filter(&mut lines, definition, rest, imports, patterns);
            }
        }
        Kind::Enum {
            variants,
            open: false,
        } => strings(&mut lines, definition, variants),
        Kind::Enum {
            variants,
            open: true,
        } => extensible(&mut lines, definition, variants),
        Kind::Union { variants } => union(&mut lines, definition, variants, imports),
        Kind::Tagged { tag, variants } => tagged(&mut lines, definition, tag, variants, imports),
        Kind::Newtype { shape } => newtype(&mut lines, definition, shape, imports),
    }
    lines.finish()
}

fn doc(definition: &Definition, types: &Types) -> String {
    let mut doc = prose(&definition.doc);
    if doc.is_empty() {
        doc = format!(
            "`{}` of `{}`.",
            definition.name,
            types.module(definition.module).source
        );
    }
    if definition.deprecated {
        doc.push_str("\n\nDeprecated.");
    }
    if !definition.compiled.is_empty() {
        doc.push_str(&format!(
            "\n\nThe compiled schema of the event also enforces {}.",
            quoted(&definition.compiled)
        ));
    }
    doc
}

fn structure(
    lines: &mut Lines,
    definition: &Definition,
    fields: &[Field],
    (closed, rest): (bool, Option<&Rest>),
    imports: &mut Imports<'_>,
) {
    let mut attributes = Vec::new();
    let camel = fields
        .iter()
        .any(|field| camel_case(&field.name) == field.property && field.name != field.property);
    if camel {
        attributes.push("rename_all = \"camelCase\"".to_owned());
    }
    if closed {
        attributes.push("deny_unknown_fields".to_owned());
    }
    lines
        .line("#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]")
        .attribute("serde", &attributes);
    if fields.is_empty() && rest.is_none() {
        lines.line(format!("pub struct {} {{}}", definition.name));
        return;
    }
    lines
        .line(format!("pub struct {} {{", definition.name))
        .deeper();
    for field in fields {
        let renamed = if camel {
            camel_case(&field.name)
        } else {
            field.name.clone()
        };
        let ty = imports.ty(&field.shape);
        lines.doc(&field_doc(field));
        lines.attribute("serde", &field_attributes(field, &renamed));
        let ty = if field.required {
            ty
        } else {
            format!("Option<{ty}>")
        };
        lines.line(format!("pub {}: {ty},", identifier(&field.name)));
    }
    if let Some(rest) = rest {
        others(lines, definition, rest, imports);
    }
    lines.back().line("}");
}

/// Read and written as what it holds.
fn newtype(lines: &mut Lines, definition: &Definition, shape: &Shape, imports: &mut Imports<'_>) {
    let ty = imports.ty(shape);
    lines
        .line("#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]")
        .attribute("serde", &["transparent".to_owned()]);
    let exact = if shape.needs_exact() {
        "#[serde(with = \"jetway::exact\")] "
    } else {
        ""
    };
    lines.line(format!("pub struct {}({exact}pub {ty});", definition.name));
}

fn field_doc(field: &Field) -> String {
    let mut doc = prose(&field.doc);
    if doc.is_empty() {
        doc = format!("`{}`: {}.", field.property, phrase(&field.shape));
    }
    if !field.compiled.is_empty() {
        doc.push_str(&format!(
            "\n\nThe compiled schema holds it to {}.",
            quoted(&field.compiled)
        ));
    }
    if field.deprecated {
        doc.push_str("\n\nDeprecated.");
    }
    doc
}

/// Keywords in a list.
fn quoted(keywords: &[String]) -> String {
    let keywords: Vec<String> = keywords
        .iter()
        .map(|keyword| format!("`{keyword}`"))
        .collect();
    keywords.join(", ")
}

/// What a value is, in words, for properties without a description.
pub(super) fn phrase(shape: &Shape) -> &'static str {
    match &shape.ty {
        Type::String => "text",
        Type::Integer | Type::Unsigned => "an integer",
        Type::Number => "a number",
        Type::Boolean => "true or false",
        Type::Uuid => "a UUID",
        Type::DateTime => "a point in time",
        Type::Any => "any JSON",
        Type::Named { .. } => "see its type",
        Type::List(_) => "a list",
        Type::Map(_) => "a mapping",
    }
}

fn field_attributes(field: &Field, renamed: &str) -> Vec<String> {
    let mut attributes = Vec::new();
    if renamed != field.property {
        attributes.push(format!("rename = {}", literal(&field.property)));
    }
    let exact = field.shape.needs_exact();
    if !field.required {
        attributes.push("default".to_owned());
    }
    if exact {
        attributes.push("with = \"jetway::exact\"".to_owned());
    } else if !field.required {
        attributes.push("deserialize_with = \"jetway::present\"".to_owned());
    }
    if !field.required {
        attributes.push("skip_serializing_if = \"Option::is_none\"".to_owned());
    }
    attributes
}

fn strings(lines: &mut Lines, definition: &Definition, variants: &[Variant]) {
    let names: Vec<(&str, &str)> = variants
        .iter()
        .map(|v| (v.name.as_str(), v.value.as_str()))
        .collect();
    let rule = RULES
        .iter()
        .find(|(_, rule)| names.iter().all(|(name, value)| rule(name) == *value));
    let attributes: Vec<String> = rule
        .map(|(name, _)| format!("rename_all = {name:?}"))
        .into_iter()
        .collect();
    lines
        .line("#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]")
        .attribute("serde", &attributes)
        .line(format!("pub enum {} {{", definition.name))
        .deeper();
    for variant in variants {
        lines.doc(&variant_doc(variant));
        if rule.is_none() && variant.name != variant.value {
            lines.attribute("serde", &[format!("rename = {}", literal(&variant.value))]);
        }
        lines.line(format!("{},", variant.name));
    }
    lines.back().line("}").line("");
    spelled(lines, &definition.name, variants);
}

pub(super) fn variant_doc(variant: &Variant) -> String {
    if variant.doc.is_empty() {
        format!("`{}`.", variant.value.replace('`', "'"))
    } else {
        prose(&variant.doc)
    }
}

/// What users need for a database column or a page: the value's own spelling.
fn spelled(lines: &mut Lines, name: &str, variants: &[Variant]) {
    lines.line(format!("impl {name} {{")).deeper();
    lines
        .doc("The value as the schema spells it.")
        .line("#[must_use]")
        .line("pub fn as_str(self) -> &'static str {")
        .deeper()
        .line("match self {")
        .deeper();
    for variant in variants {
        let (pattern, value) = (
            format!("Self::{} =>", variant.name),
            literal(&variant.value),
        );
        // Twelve columns in, and a comma behind it.
        if 12 + pattern.chars().count() + 1 + value.chars().count() < 100 {
            lines.line(format!("{pattern} {value},"));
        } else {
            lines
                .line(format!("{pattern} {{"))
                .deeper()
                .line(value)
                .back()
                .line("}");
        }
    }
    for _ in 0..3 {
        lines.back().line("}");
    }
}

fn tagged(
    lines: &mut Lines,
    definition: &Definition,
    tag: &str,
    variants: &[TaggedVariant],
    imports: &mut Imports<'_>,
) {
    lines
        .line("#[derive(Clone, Debug, PartialEq, Serialize)]")
        .attribute("serde", &[format!("tag = {}", literal(tag))])
        .line(format!("pub enum {} {{", definition.name))
        .deeper();
    for variant in variants {
        let body = imports.types.get(variant.body);
        let doc = prose(&body.doc);
        let doc = if doc.is_empty() {
            format!("`{tag}` is `{}`.", variant.value)
        } else {
            doc
        };
        lines.doc(&doc);
        if variant.name != variant.value {
            lines.attribute("serde", &[format!("rename = {}", literal(&variant.value))]);
        }
        let path = imports.named(body);
        lines.line(format!("{}({path}),", variant.name));
    }
    lines.back().line("}").line("");
    imports.add("serde", "Deserializer");
    imports.add("jetway::validate", "Tagged");
    tagged_reader(lines, &definition.name, tag, variants);
}

/// serde's own reader of tagged enums takes lists too, and loses the place of an error.
fn tagged_reader(lines: &mut Lines, name: &str, tag: &str, variants: &[TaggedVariant]) {
    lines
        .line(format!("impl<'de> Deserialize<'de> for {name} {{"))
        .deeper();
    lines
        .line("fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {")
        .deeper();
    let tags: Vec<String> = variants
        .iter()
        .map(|variant| literal(&variant.value))
        .collect();
    let arguments = [
        format!("deserializer, {}", literal(tag)),
        format!("&[{}]", tags.join(", ")),
    ]
    .join(", ");
    if arguments.chars().count() <= 60 {
        lines.line(format!("let object = Tagged::read({arguments})?;"));
    } else {
        lines.list("let tags = ", &tags, ";");
        lines.line(format!(
            "let object = Tagged::read(deserializer, {}, tags)?;",
            literal(tag)
        ));
    }
    if let [only] = variants {
        lines.line(format!("object.body().map(Self::{})", only.name));
    } else {
        lines.line("match object.tag() {").deeper();
        for (i, variant) in variants.iter().enumerate() {
            let last = i + 1 == variants.len();
            let pattern = if last {
                "_".to_owned()
            } else {
                literal(&variant.value)
            };
            lines.line(format!(
                "{pattern} => object.body().map(Self::{}),",
                variant.name
            ));
        }
        lines.back().line("}");
    }
    lines.back().line("}").back().line("}");
}

type Renaming = fn(&str) -> String;

/// serde's rules for variants, in the words of its documentation.
const RULES: &[(&str, Renaming)] = &[
    ("lowercase", |name| name.to_ascii_lowercase()),
    ("UPPERCASE", |name| name.to_ascii_uppercase()),
    ("snake_case", |name| separated(name, '_')),
    ("SCREAMING_SNAKE_CASE", |name| {
        separated(name, '_').to_ascii_uppercase()
    }),
    ("kebab-case", |name| separated(name, '-')),
    ("camelCase", |name| {
        name[..1].to_ascii_lowercase() + &name[1..]
    }),
];

fn separated(name: &str, separator: char) -> String {
    let mut text = String::new();
    for (i, c) in name.char_indices() {
        if i > 0 && c.is_uppercase() {
            text.push(separator);
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

/// serde's `camelCase` for fields.
fn camel_case(field: &str) -> String {
    let mut text = String::new();
    let mut capital = false;
    for c in field.chars() {
        if c == '_' {
            capital = true;
        } else if capital && !text.is_empty() {
            text.push(c.to_ascii_uppercase());
            capital = false;
        } else {
            text.push(c);
            capital = false;
        }
    }
    let first = text.get(..1).unwrap_or_default().to_ascii_lowercase();
    first + text.get(1..).unwrap_or_default()
}
