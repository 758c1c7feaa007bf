//! Type definitions: structs and enums, and how each is read and written.

use super::checks::Patterns;
use super::imports::Imports;
use super::open::{self, others};
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
            structure(&mut lines, definition, fields, rest, imports);
            object(&mut lines, definition, fields, (*closed, rest), patterns);
        }
        Kind::Enum { variants, open } => strings(&mut lines, definition, variants, *open),
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
    rest: Option<&Rest>,
    imports: &mut Imports<'_>,
) {
    lines.line("#[derive(Clone, Debug, PartialEq)]");
    if fields.is_empty() && rest.is_none() {
        lines.line(format!("pub struct {} {{}}", definition.name));
        return;
    }
    lines
        .line(format!("pub struct {} {{", definition.name))
        .deeper();
    for field in fields {
        let ty = imports.ty(&field.shape);
        lines.doc(&field_doc(field));
        let ty = if field.required {
            ty
        } else {
            format!("Option<{ty}>")
        };
        lines.line(format!("pub {}: {ty},", identifier(&field.name)));
    }
    if let Some(rest) = rest {
        others(lines, rest, imports);
    }
    lines.back().line("}");
}

/// Which property each field is.
fn object(
    lines: &mut Lines,
    definition: &Definition,
    fields: &[Field],
    (closed, rest): (bool, Option<&Rest>),
    patterns: &mut Patterns,
) {
    let mut entries: Vec<String> = fields
        .iter()
        .map(|field| format!("{}: {}", identifier(&field.name), literal(&field.property)))
        .collect();
    entries.extend(rest.map(|rest| open::entry(rest, patterns)));
    let closed = if closed { "closed " } else { "" };
    lines.line("").table(
        &format!("jetway::object!({closed}{} {{", definition.name),
        &entries,
        "});",
    );
}

/// Read and written as what it holds.
fn newtype(lines: &mut Lines, definition: &Definition, shape: &Shape, imports: &mut Imports<'_>) {
    let (name, ty) = (&definition.name, imports.ty(shape));
    lines
        .line("#[derive(Clone, Debug, PartialEq)]")
        .line(format!("pub struct {name}(pub {ty});"))
        .line("")
        .line(format!("jetway::newtype!({name});"));
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

/// An enum of strings; an open one keeps those that it does not know.
fn strings(lines: &mut Lines, definition: &Definition, variants: &[Variant], open: bool) {
    let name = &definition.name;
    let copy = if open { "" } else { "Copy, " };
    lines
        .line(format!(
            "#[derive(Clone, {copy}Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]"
        ))
        .line(format!("pub enum {name} {{"))
        .deeper();
    for variant in variants {
        lines.doc(&variant_doc(variant));
        lines.line(format!("{},", variant.name));
    }
    if open {
        lines
            .doc("A value that the schema did not list yet.")
            .line("Unknown(String),");
    }
    lines.back().line("}").line("");
    let mut entries: Vec<String> = variants
        .iter()
        .map(|variant| format!("{}: {}", variant.name, literal(&variant.value)))
        .collect();
    entries.extend(open.then(|| "..Unknown".to_owned()));
    lines.table(&format!("jetway::text!({name} {{"), &entries, "});");
}

fn variant_doc(variant: &Variant) -> String {
    if variant.doc.is_empty() {
        format!("`{}`.", variant.value.replace('`', "'"))
    } else {
        prose(&variant.doc)
    }
}

fn tagged(
    lines: &mut Lines,
    definition: &Definition,
    tag: &str,
    variants: &[TaggedVariant],
    imports: &mut Imports<'_>,
) {
    let name = &definition.name;
    lines
        .line("#[derive(Clone, Debug, PartialEq)]")
        .line(format!("pub enum {name} {{"))
        .deeper();
    for variant in variants {
        let body = imports.types.get(variant.body);
        let doc = prose(&body.doc);
        let doc = if doc.is_empty() {
            format!("`{tag}` is `{}`.", variant.value)
        } else {
            doc
        };
        let path = imports.named(body);
        lines.doc(&doc).line(format!("{}({path}),", variant.name));
    }
    let entries: Vec<String> = variants
        .iter()
        .map(|variant| format!("{}: {}", variant.name, literal(&variant.value)))
        .collect();
    let head = format!("jetway::tagged!({name} by {} {{", literal(tag));
    lines
        .back()
        .line("}")
        .line("")
        .table(&head, &entries, "});");
}
