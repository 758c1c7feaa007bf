//! The file of one schema: its types, their checks, and for an event what the runtime asks of it.

use askama::Template;

use super::checks::{Checks, Patterns};
use super::imports::Imports;
use super::text::{Lines, Statement, literal, prose, raw_literal};
use super::{header, types};
use crate::model::{Contract, Event, Module, ModuleId, ascii_classes, portable};

#[derive(Template)]
#[template(path = "data.txt", escape = "none")]
struct Data {
    header: String,
    docs: String,
    imports: String,
    statics: String,
    items: Vec<String>,
}

/// The file of `module`; `event` is the one whose data it is.
pub(super) fn file(
    contract: &Contract,
    id: ModuleId,
    module: &Module,
    event: Option<&Event>,
) -> Result<String, askama::Error> {
    let all = &contract.types;
    let mut imports = Imports::of(all, id);
    let mut checks = Checks {
        types: all,
        patterns: Patterns::default(),
        formats: false,
    };
    let mut definitions = Vec::new();
    let mut implementations = Vec::new();
    for id in &module.types {
        let definition = all.get(*id);
        definitions.push(types::definition(
            definition,
            &mut imports,
            &mut checks.patterns,
        ));
        implementations.extend(checks.implementation(definition));
    }
    if !implementations.is_empty() {
        imports.add("jetway::validate", "Checker");
        imports.add("jetway::validate", "Validate");
    }
    if checks.formats {
        imports.add("jetway::validate", "Format");
    }
    let mut statics = String::new();
    for (name, expression) in checks.patterns.all() {
        imports.add("jetway::validate", "Pattern");
        let (dialect, expression) = if portable(expression) {
            ("new", expression.to_owned())
        } else {
            ("ecma", ascii_classes(expression))
        };
        statics.push_str(&constant(
            &format!("static {name}: Pattern = Pattern::{dialect}"),
            &raw_literal(&expression),
        ));
    }
    if let Some(event) = event {
        imports.add("jetway", "EventData");
        imports.add("jetway", "Subject");
        imports.add("jetway", "SubjectError");
        implementations.insert(0, event_data(contract, event));
        if let Some(schema) = &event.compiled {
            imports.add("jetway::validate", "Fallback");
            statics.push_str(
                "/// The whole schema, for what neither the types nor their checks can say.\n",
            );
            statics.push_str(&constant(
                "static SCHEMA: Fallback = Fallback::new",
                &raw_literal(schema),
            ));
        }
    }
    if !statics.is_empty() {
        statics.insert(0, '\n');
    }
    let mut sources: Vec<&str> = event
        .map(|_| contract.source.as_str())
        .into_iter()
        .chain([module.source.as_str()])
        .collect();
    sources.dedup();
    let mut docs = docs(module, event, contract);
    let mut imports = imports.render();
    imports.truncate(imports.trim_end().len());
    if imports.is_empty() {
        docs.truncate(docs.trim_end().len());
    } else {
        imports.push('\n');
    }
    let items = definitions.into_iter().chain(implementations);
    Data {
        header: header(&sources),
        docs,
        imports,
        statics,
        items: items.collect(),
    }
    .render()
}

fn docs(module: &Module, event: Option<&Event>, contract: &Contract) -> String {
    let mut lines = Lines::at(0);
    match event {
        Some(event) if event.doc.is_empty() => lines.module_doc(&format!("`{}`.", event.name)),
        Some(event) => lines.module_doc(&format!("`{}`: {}", event.name, prose(&event.doc))),
        None => {
            let first = module
                .types
                .first()
                .map(|id| contract.types.get(*id).doc.as_str())
                .unwrap_or_default();
            let text = if first.is_empty() {
                "Shared types."
            } else {
                first
            };
            lines.module_doc(&prose(text))
        }
    };
    lines.finish()
}

/// `head(text);`, on two or three lines where one does not hold it.
fn constant(head: &str, text: &str) -> String {
    let line = format!("{head}({text});");
    if line.chars().count() <= 100 {
        return line + "\n";
    }
    match head.rsplit_once(" = ") {
        Some((left, right)) if right.chars().count() + text.chars().count() + 7 <= 100 => {
            format!("{left} =\n    {right}({text});\n")
        }
        _ => format!("{head}(\n    {text},\n);\n"),
    }
}

fn event_data(contract: &Contract, event: &Event) -> String {
    let name = &contract.types.get(event.data).name;
    let mut lines = Lines::at(0);
    lines.line(format!("impl EventData for {name} {{")).deeper();
    for (constant, value) in [
        ("TYPE", &event.name),
        ("DATASCHEMA", &event.schema),
        ("ADDRESS", &event.address.text),
    ] {
        let line = format!("const {constant}: &'static str = {};", literal(value));
        // What fits on no line of its own either is left where it stands.
        if line.chars().count() + 4 <= 100 || literal(value).chars().count() + 9 > 100 {
            lines.line(line);
        } else {
            lines
                .line(format!("const {constant}: &'static str ="))
                .deeper();
            lines.line(format!("{};", literal(value))).back();
        }
    }
    super::upcasts::older(&mut lines, contract, event);
    lines
        .line("")
        .line("fn subject(&self) -> Result<Subject, SubjectError> {")
        .deeper();
    subject(&mut lines, event);
    lines
        .back()
        .line("}")
        .line("")
        .line("fn key(&self) -> String {")
        .deeper();
    key(&mut lines, event);
    lines.back().line("}");
    if event.compiled.is_some() {
        lines
            .line("")
            .line("fn fallback() -> Option<&'static Fallback> {")
            .deeper();
        lines.line("Some(&SCHEMA)").back().line("}");
    }
    lines.back().line("}");
    lines.finish()
}

fn subject(lines: &mut Lines, event: &Event) {
    let unknown = event.parameters.iter().find(|p| p.fields.is_empty());
    if let Some(parameter) = unknown {
        lines.line(format!(
            "// Where the value of `{{{}}}` is the contract does not say: this event is only received.",
            parameter.name
        ));
        lines.line("Err(SubjectError {").deeper();
        lines.line("address: Self::ADDRESS,");
        lines.line(format!(
            "parameter: {}.to_owned(),",
            literal(&parameter.name)
        ));
        lines.line("value: String::new(),").back().line("})");
        return;
    }
    let mut chain = vec!["Subject::of(Self::ADDRESS)".to_owned()];
    for parameter in &event.parameters {
        let borrow = if parameter.by_value { "" } else { "&" };
        let field = format!("{borrow}self.{}", parameter.fields.join("."));
        chain.push(format!(".token({}, {field})?", literal(&parameter.name)));
    }
    chain.push(".finish()".to_owned());
    lines.chain("Ok(", &chain, ")");
}

/// The key is what the subject's parameters say, in their order; without any, events of one address share it.
fn key(lines: &mut Lines, event: &Event) {
    if event.parameters.is_empty() || event.parameters.iter().any(|p| p.fields.is_empty()) {
        lines.line("Self::ADDRESS.to_owned()");
        return;
    }
    let fields: Vec<String> = event
        .parameters
        .iter()
        .map(|p| format!("self.{}", p.fields.join(".")))
        .collect();
    match fields.as_slice() {
        [] => lines.line("String::new()"),
        [only] => lines.line(format!("{only}.to_string()")),
        fields => {
            lines.line("let mut key = String::new();");
            for (i, field) in fields.iter().enumerate() {
                if i > 0 {
                    lines.line("key.push('.');");
                }
                lines.statements(&[Statement::Call(
                    "key.push_str".to_owned(),
                    vec![format!("&{field}.to_string()")],
                )]);
            }
            lines.line("key")
        }
    };
}
