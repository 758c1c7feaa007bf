//! Goes through every schema that an event can reach, branches included, and refuses what would be dropped: unknown
//! keywords, refused ones, unknown formats.

use std::collections::{HashMap, HashSet};

use super::keywords::{self, Fate, SCHEMA, SCHEMA_LIST, SCHEMA_MAP};
use super::names::nearest;
use super::plain::plain;
use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::{Entry, Node, Span, Workspace, is_address};
use crate::parallel;

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Goes through schemas, each once.
pub(super) struct Audit<'w> {
    workspace: &'w Workspace,
    seen: HashSet<Span>,
    prepared: HashMap<Span, Prepared>,
}

/// What was found out of a schema, and of all that it reaches, before its turn.
struct Prepared {
    /// Whether there is nothing to be said of it.
    clean: bool,
    /// Whether it is [`plain`].
    plain: bool,
}

impl<'w> Audit<'w> {
    pub(super) fn new(workspace: &'w Workspace) -> Self {
        Self {
            workspace,
            seen: HashSet::new(),
            prepared: HashMap::new(),
        }
    }

    /// Looks at many schemas, on all processors. Those of which something is to be said are gone through again when it is
    /// their turn, so that it is said once, and in order.
    pub(super) fn prepare(&mut self, schemas: &[&'w Node]) {
        let prepared = parallel::map(schemas, |schema| {
            let mut report = Report::default();
            Audit::new(self.workspace).schema(schema, &mut report);
            let clean = report.is_empty();
            let plain = !report.has_errors() && plain(self.workspace, schema);
            (schema.span, Prepared { clean, plain })
        });
        self.prepared.extend(prepared);
    }

    /// Whether `schema` is [`plain`].
    pub(super) fn is_plain(&self, schema: &'w Node) -> bool {
        let prepared = self.prepared.get(&schema.span);
        prepared.map_or_else(|| plain(self.workspace, schema), |prepared| prepared.plain)
    }

    /// Goes through `schema` and what it refers to.
    pub(super) fn schema(&mut self, schema: &'w Node, report: &mut Report) {
        let prepared = self.prepared.get(&schema.span);
        if prepared.is_some_and(|prepared| prepared.clean) {
            return;
        }
        super::depth::check(self.workspace, schema, report);
        // References may form a chain of any length, so they wait in a list; within a file the parser bounds the depth.
        let mut pending = vec![schema];
        while let Some(schema) = pending.pop() {
            self.inner(schema, &mut pending, report);
        }
    }

    fn inner(&mut self, schema: &'w Node, pending: &mut Vec<&'w Node>, report: &mut Report) {
        if !schema.is_map() || !self.seen.insert(schema.span) {
            return;
        }
        for note in self.workspace.notes(schema.span) {
            report.push(note.clone());
        }
        for entry in schema.entries() {
            self.keyword(schema, entry, report);
            let key = entry.key.as_str();
            if SCHEMA.contains(&key) {
                self.inner(&entry.value, pending, report);
            } else if SCHEMA_LIST.contains(&key) {
                let items = entry.value.items().iter();
                items.for_each(|item| self.inner(item, pending, report));
            } else if SCHEMA_MAP.contains(&key) {
                let entries = entry.value.entries().iter();
                entries.for_each(|entry| self.inner(&entry.value, pending, report));
            }
        }
        for keyword in ["$ref", "$dynamicRef"] {
            let reference = schema.get(keyword).filter(|node| node.text().is_some());
            if let Some(reference) = reference
                && self.workspace.standard(reference).is_none()
                && let Some(target) = report.keep(self.workspace.target(reference))
            {
                // The rest of a file is its author's concern too: a definition that nothing uses yet may have a slip.
                if let Some(root) = &self.workspace.file(target.span.file).root
                    && root.get("$schema").is_some()
                {
                    pending.push(root);
                }
                pending.push(target);
            }
        }
    }

    fn keyword(&self, schema: &Node, entry: &Entry, report: &mut Report) {
        let key = entry.key.as_str();
        match keywords::fate(key) {
            None => {
                let mut finding = Diagnostic::error(
                    Code::Keyword,
                    format!("`{key}` is no keyword of JSON Schema 2020-12"),
                )
                .at(entry.key_span, "unknown, so it would enforce nothing");
                finding = match nearest(key, keywords::accepted()) {
                    Some(name) => finding.help(format!("did you mean `{name}`?")),
                    None => finding.help("notes of your own begin with `x-`"),
                };
                report.push(finding);
            }
            Some(Fate::Refused(why)) if HARMLESS.contains(&key) && !native(self.workspace) => {
                report.push(
                    Diagnostic::warning(
                        Code::NoEffect,
                        format!("`{key}` of a schema has no effect"),
                    )
                    .at(entry.key_span, "nothing is generated for this")
                    .help(why)
                    .gathered(),
                )
            }
            Some(Fate::Refused(why)) => report.push(
                Diagnostic::error(Code::Keyword, format!("`{key}` is refused"))
                    .at(entry.key_span, "not enforced by codegen")
                    .help(why),
            ),
            Some(Fate::Annotation | Fate::Enforced) => {}
        }
        self.value(schema, entry, report);
    }

    fn value(&self, schema: &Node, entry: &Entry, report: &mut Report) {
        match entry.key.as_str() {
            "$schema"
                if entry.value.text().map(|uri| uri.trim_end_matches('#')) != Some(DIALECT) =>
            {
                report.push(
                    Diagnostic::error(
                        Code::Keyword,
                        "this dialect of JSON Schema is not supported",
                    )
                    .at(entry.value.span, "another dialect")
                    .help(format!(
                        "write the schema in 2020-12 and say `\"$schema\": \"{DIALECT}\"`; draft-07 is understood too"
                    )),
                )
            }
            "$id" if !entry.value.text().is_some_and(is_address) => report.push(
                Diagnostic::error(Code::InvalidSchema, "this is no address of a schema")
                    .at(entry.value.span, "a URI without a fragment is expected"),
            ),
            "format" if !known_format(schema) => {
                report.push(unknown_format(self.workspace, schema));
            }
            _ => {}
        }
    }
}

fn known_format(schema: &Node) -> bool {
    schema
        .get("format")
        .and_then(Node::text)
        .is_none_or(|format| {
            matches!(format, "uuid" | "date-time")
                || keywords::FORMATS.iter().any(|(name, _)| *name == format)
        })
}

/// Refused keywords that restrict nothing: documents that were not written for Jetway may have them.
const HARMLESS: &[&str] = &["discriminator", "example", "externalDocs", "xml"];

/// Whether the document was written for Jetway.
fn native(workspace: &Workspace) -> bool {
    let root = workspace.contract();
    root.is_some_and(|root| root.get("x-jetstream").is_some())
}

/// A format that nothing would assert. In a document that was not written for Jetway it is a note, as AsyncAPI has it
/// (3.0, "Data Type Formats").
pub(super) fn unknown_format(workspace: &Workspace, schema: &Node) -> Diagnostic {
    let node = schema.get("format").unwrap_or(schema);
    let format = node.text().unwrap_or_default();
    let known = keywords::FORMATS
        .iter()
        .map(|(name, _)| *name)
        .chain(["uuid", "date-time"]);
    let message = format!("the format `{format}` is not enforced by codegen");
    let finding = if native(workspace) {
        Diagnostic::error(Code::Keyword, message)
    } else {
        Diagnostic::warning(Code::Keyword, message).gathered()
    };
    let finding = finding.at(node.span, "unknown, so it would enforce nothing");
    match (format, nearest(format, known)) {
        ("int32" | "int64", _) => finding.help("say it with `minimum` and `maximum`"),
        (_, Some(name)) => finding.help(format!("did you mean `{name}`?")),
        _ => finding.help("say it with `pattern`, or leave `format` out"),
    }
}
