//! Enums of what JSON itself tells apart.

use super::imports::Imports;
use super::text::{Lines, literal, prose};
use super::types::phrase;
use crate::model::{Definition, Shape, UnionVariant};

/// The enum, and what JSON calls each of its types.
pub(super) fn union(
    lines: &mut Lines,
    definition: &Definition,
    variants: &[UnionVariant],
    imports: &mut Imports<'_>,
) {
    lines
        .line("#[derive(Clone, Debug, PartialEq)]")
        .line(format!("pub enum {} {{", definition.name))
        .deeper();
    for variant in variants {
        let doc = prose(&variant.doc);
        lines.doc(&if doc.is_empty() {
            described(&variant.shape)
        } else {
            doc
        });
        lines.line(format!("{}({}),", variant.name, imports.ty(&variant.shape)));
    }
    let entries: Vec<String> = variants
        .iter()
        .map(|variant| format!("{}: {}", variant.name, literal(variant.json)))
        .collect();
    let head = format!("jetway::union!({} {{", definition.name);
    lines
        .back()
        .line("}")
        .line("")
        .table(&head, &entries, "});");
}

fn described(shape: &Shape) -> String {
    let phrase = phrase(shape);
    let mut chars = phrase.chars();
    chars.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), chars.as_str())
    })
}
