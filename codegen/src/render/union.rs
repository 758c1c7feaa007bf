//! Enums of what JSON itself tells apart.

use super::imports::Imports;
use super::text::{Lines, literal, prose};
use super::types::phrase;
use crate::model::{Definition, Shape, UnionVariant};

/// The enum and its reader.
pub(super) fn union(
    lines: &mut Lines,
    definition: &Definition,
    variants: &[UnionVariant],
    imports: &mut Imports<'_>,
) {
    lines
        .line("#[derive(Clone, Debug, PartialEq, Serialize)]")
        .line("#[serde(untagged)]")
        .line(format!("pub enum {} {{", definition.name))
        .deeper();
    for variant in variants {
        let doc = prose(&variant.doc);
        lines.doc(&if doc.is_empty() {
            described(&variant.shape)
        } else {
            doc
        });
        if variant.shape.needs_exact() {
            lines.line("#[serde(serialize_with = \"jetway::exact::serialize\")]");
        }
        lines.line(format!("{}({}),", variant.name, imports.ty(&variant.shape)));
    }
    lines.back().line("}").line("");
    imports.add("serde", "Deserializer");
    imports.add("jetway::validate", "Untagged");
    reader(lines, &definition.name, variants);
}

fn described(shape: &Shape) -> String {
    let phrase = phrase(shape);
    let mut chars = phrase.chars();
    chars.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), chars.as_str())
    })
}

/// serde's own reader of untagged enums tries one after the other, and loses the place of an error.
fn reader(lines: &mut Lines, name: &str, variants: &[UnionVariant]) {
    lines
        .line(format!("impl<'de> Deserialize<'de> for {name} {{"))
        .deeper()
        .line("fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {")
        .deeper();
    let types: Vec<String> = variants
        .iter()
        .map(|variant| literal(variant.json))
        .collect();
    let arguments = format!("deserializer, &[{}]", types.join(", "));
    if arguments.chars().count() <= 60 {
        lines.line(format!("let value = Untagged::read({arguments})?;"));
    } else {
        lines.list("let types = ", &types, ";");
        lines.line("let value = Untagged::read(deserializer, types)?;");
    }
    lines.line("match value.json() {").deeper();
    for (i, variant) in variants.iter().enumerate() {
        let pattern = if i + 1 == variants.len() {
            "_".to_owned()
        } else {
            literal(variant.json)
        };
        let method = if variant.shape.needs_exact() {
            "exact"
        } else {
            "get"
        };
        lines.line(format!(
            "{pattern} => value.{method}().map(Self::{}),",
            variant.name
        ));
    }
    for _ in 0..3 {
        lines.back().line("}");
    }
}
