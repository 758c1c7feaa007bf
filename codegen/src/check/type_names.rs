//! Names within an event's file that several schemas, properties or values would share. They are made distinct, so this
//! is a warning: the one that comes first has the name, and that is what users write.

use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::Span;
use crate::model::{Contract, Definition, Kind, Module, Types, names};

pub(super) fn check(contract: &Contract, report: &mut Report) {
    for module in contract.types.modules() {
        for id in &module.types {
            let definition = contract.types.get(*id);
            wanted(&contract.types, module, definition, report);
            match &definition.kind {
                Kind::Struct { fields, .. } => {
                    let fields = fields.iter().map(|field| {
                        let wanted = names::snake(&field.property, "property");
                        (wanted, field.property.as_str(), field.name.as_str())
                    });
                    shared("properties", "field", fields, definition.span, report);
                }
                Kind::Enum { variants, .. } => {
                    let variants = variants.iter().map(|variant| {
                        let wanted = names::pascal(&variant.value, "Empty");
                        (wanted, variant.value.as_str(), variant.name.as_str())
                    });
                    shared("values", "variant", variants, definition.span, report);
                }
                Kind::Tagged { .. } | Kind::Union { .. } | Kind::Newtype { .. } => {}
            }
        }
    }
}

/// A type whose name another schema has.
fn wanted(types: &Types, module: &Module, definition: &Definition, report: &mut Report) {
    let Some(name) = &definition.wanted else {
        return;
    };
    let mut others = module.types.iter().map(|id| types.get(*id));
    // The same schema with and without its tag is no surprise.
    let other = others.find(|other| other.name == *name && other.span != definition.span);
    if let Some(other) = other {
        report.push(
            Diagnostic::warning(
                Code::SharedName,
                format!("two schemas want the Rust name `{name}`"),
            )
            .at(
                definition.span,
                format!("this one is called `{}`", definition.name),
            )
            .at(other.span, "this one has it")
            .help("give one of them another `title`"),
        );
    }
}

/// Names that are numbered because several things want one.
fn shared<'n>(
    what: &str,
    rust: &str,
    all: impl Iterator<Item = (String, &'n str, &'n str)>,
    span: Span,
    report: &mut Report,
) {
    let mut all: Vec<(String, &str, &str)> = all.collect();
    // Stable: those that want one name stay in the schema's order.
    all.sort_by(|a, b| a.0.cmp(&b.0));
    for several in all.chunk_by(|a, b| a.0 == b.0) {
        let [(wanted, ..), _, ..] = several else {
            continue;
        };
        let said = |(_, text, name): &(String, &str, &str)| format!("`{text}` is called `{name}`");
        let several: Vec<String> = several.iter().map(said).collect();
        report.push(
            Diagnostic::warning(
                Code::SharedName,
                format!("several {what} want the Rust {rust} `{wanted}`"),
            )
            .at(span, several.join(", ")),
        );
    }
}
