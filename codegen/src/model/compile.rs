//! JSON Schemas to Rust types. Whatever a type and its inline rules cannot say is noted on the type as a keyword for
//! the compiled schema.

mod choice;
mod map;
mod numbers;
mod object;
mod parts;
mod rest;
mod scalar;
mod union;
mod whole;

use std::collections::HashMap;

use super::depth::{DEEPEST, too_deep};
use super::names::{self, Scope};
use super::types::{Definition, Kind, Module, ModuleId, Shape, Type, TypeId, Types};
use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::{FileId, Node, Span, Value, Workspace};

/// Names that generated modules use themselves: a type of the contract with such a name is called `…Type`.
const RESERVED: &[&str] = &[
    "BTreeMap",
    "Box",
    "Checker",
    "Clone",
    "Debug",
    "Default",
    "Deserialize",
    "Deserializer",
    "Err",
    "EventData",
    "Fallback",
    "Format",
    "From",
    "Into",
    "Iterator",
    "None",
    "Nullable",
    "OffsetDateTime",
    "Ok",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Pattern",
    "Result",
    "Self",
    "Send",
    "Serialize",
    "Serializer",
    "Some",
    "String",
    "Subject",
    "SubjectError",
    "Sync",
    "ToString",
    "Uuid",
    "Validate",
    "Value",
    "Vec",
];

/// Turns schemas into types, one module per file.
pub(super) struct Compiler<'w> {
    workspace: &'w Workspace,
    types: Types,
    modules: HashMap<FileId, ModuleId>,
    scopes: Vec<Scope>,
    known: HashMap<(Span, Option<String>), TypeId>,
    /// The types that are being compiled, outermost first, and how many lists or maps lay before each.
    open: Vec<(TypeId, usize)>,
    collections: usize,
    /// The schemas whose shapes are being made, outermost first.
    active: Vec<Span>,
    /// The schema of the event that is being compiled: its type is called after the event.
    root: Option<Span>,
    /// The module of the event that is being compiled, where its schema shares a file with others.
    inline: Option<(FileId, ModuleId)>,
}

/// Stands in the place of a tag for the type around an event's whole data: what it holds may have a type of its own.
const WHOLE: &str = "\0";

/// What a type may be called where its schema has no usable title: the way to it.
#[derive(Clone)]
pub(super) struct Hint {
    names: Vec<String>,
}

impl Hint {
    fn root(name: &str) -> Self {
        Self {
            names: vec![name.to_owned()],
        }
    }

    /// Below the type `parent`, at `property`.
    fn below(parent: &str, property: &str) -> Self {
        let property = names::pascal(property, "Property");
        Self {
            names: vec![format!("{parent}{property}")],
        }
    }

    fn item(&self) -> Self {
        Self {
            names: self
                .names
                .iter()
                .map(|name| format!("{name}Item"))
                .collect(),
        }
    }
}

impl<'w> Compiler<'w> {
    pub(super) fn new(workspace: &'w Workspace) -> Self {
        Self {
            workspace,
            types: Types::default(),
            modules: HashMap::new(),
            scopes: Vec::new(),
            known: HashMap::new(),
            open: Vec::new(),
            collections: 0,
            active: Vec::new(),
            root: None,
            inline: None,
        }
    }

    pub(super) fn types(&self) -> &Types {
        &self.types
    }

    pub(super) fn type_module(&self, id: TypeId) -> ModuleId {
        self.types.get(id).module
    }

    pub(super) fn finish(self) -> Types {
        self.types
    }

    /// Opens the module of an event's own schema file.
    pub(super) fn event_module(&mut self, file: FileId, name: &str) -> ModuleId {
        self.open_module(file, name.to_owned(), false)
    }

    /// Whether something of this file has a module already.
    pub(super) fn is_open(&self, file: FileId) -> bool {
        self.modules.contains_key(&file)
    }

    fn open_module(&mut self, file: FileId, name: String, shared: bool) -> ModuleId {
        if let Some(id) = self.modules.get(&file) {
            return *id;
        }
        let id = self.add_module(file, name, shared);
        self.modules.insert(file, id);
        id
    }

    fn add_module(&mut self, file: FileId, name: String, shared: bool) -> ModuleId {
        let id = ModuleId(self.types.modules.len());
        self.types.modules.push(Module {
            name,
            source: self.workspace.file(file).path.clone(),
            shared,
            types: Vec::new(),
        });
        self.scopes.push(Scope::with(RESERVED.iter().copied()));
        id
    }

    /// The module of the file that `span` is in: a shared one, unless an event has opened it.
    fn module_of(&mut self, span: Span) -> ModuleId {
        if let Some((file, id)) = self.inline
            && file == span.file
        {
            return id;
        }
        if let Some(id) = self.modules.get(&span.file) {
            return *id;
        }
        let path = self.workspace.file(span.file).path.clone();
        let path = path
            .rsplit_once('.')
            .map_or(path.as_str(), |(stem, _)| stem);
        let mut parts: Vec<&str> = path.rsplit('/').collect();
        parts.retain(|part| *part != "..");
        // The file's name, with as many of its folders before it as it takes to be distinct.
        let candidates: Vec<String> = (1..=parts.len())
            .map(|count| {
                let name: Vec<&str> = parts[..count].iter().rev().copied().collect();
                names::snake(&name.join("_"), "schema")
            })
            .collect();
        let mut scope = Scope::with(["shared"]);
        for module in self.types.modules.iter().filter(|module| module.shared) {
            scope.try_claim(&module.name);
        }
        let name = scope.claim(candidates);
        self.open_module(span.file, name, true)
    }

    /// What a value of `schema` is.
    pub(super) fn shape(&mut self, schema: &'w Node, hint: &Hint, report: &mut Report) -> Shape {
        for part in [None, Some(WHOLE.to_owned())] {
            if let Some(id) = self.known.get(&(schema.span, part)) {
                return self.named(*id);
            }
        }
        let is_union = self
            .known
            .contains_key(&(schema.span, Some(choice::UNION.to_owned())));
        if self.active.contains(&schema.span) && !is_union {
            // A list or map of itself has no finite Rust type without a name.
            return self.compiled_any(["$ref"]);
        }
        if self.active.len() >= 2 * DEEPEST {
            // A reference and what it leads to are two.
            report.push(too_deep(schema));
            return Shape::plain(Type::Any);
        }
        self.active.push(schema.span);
        let shape = self.unnamed(schema, hint, report);
        self.active.pop();
        shape
    }

    fn unnamed(&mut self, schema: &'w Node, hint: &Hint, report: &mut Report) -> Shape {
        match &schema.value {
            Value::Bool(true) => return Shape::plain(Type::Any),
            Value::Bool(false) => return self.compiled_any(["false"]),
            Value::Map(_) => {}
            _ => {
                report.push(malformed(schema, "a schema is a mapping, true or false"));
                return Shape::plain(Type::Any);
            }
        }
        if self.is_merged(schema) {
            let id = self.structure(schema, None, hint, false, report);
            return id.map_or(Shape::plain(Type::Any), |id| self.named(id));
        }
        if let Some(reference) = schema.reference() {
            return self.referenced(schema, reference, hint, report);
        }
        if let Some((inner, nullable)) = self.transparent(schema, report) {
            let mut shape = self.shape(inner, hint, report);
            shape.nullable |= nullable && shape.ty != Type::Any;
            return shape;
        }
        if let Some(id) = self.tagged(schema, hint, report) {
            return self.named(id);
        }
        if let Some(shape) = self.choice(schema, hint, report) {
            return shape;
        }
        self.typed(schema, hint, report)
    }

    fn referenced(
        &mut self,
        schema: &'w Node,
        reference: &'w Node,
        hint: &Hint,
        report: &mut Report,
    ) -> Shape {
        // What is declared beside the reference has no place in the type that it leads to.
        if self.workspace.standard(reference).is_some() || declares(schema) {
            let all = self.assertions(schema, &[]);
            return self.compiled_any(all);
        }
        let Some(target) = report.keep(self.workspace.target(reference)) else {
            return Shape::plain(Type::Any);
        };
        // A circle of references alone is reported here, before it is walked.
        if report.keep(self.workspace.resolve(schema)).is_none() {
            return Shape::plain(Type::Any);
        }
        let siblings = self.assertions(schema, &["$ref"]);
        self.note(siblings);
        let text = reference.text().unwrap_or_default();
        let name = text
            .rsplit(['/', '#'])
            .find(|part| !part.is_empty())
            .unwrap_or("");
        let name = name.split('.').next().unwrap_or(name);
        let mut names = vec![names::pascal(name, "Data")];
        names.extend(hint.names.iter().cloned());
        // What others may refer to as well is no part of one event.
        let inline = self.inline.take();
        let shape = self.shape(target, &Hint { names }, report);
        self.inline = inline;
        shape
    }

    /// The one branch that matters: of an `allOf` of one, or of a choice between a schema and null.
    fn transparent(&self, schema: &'w Node, report: &mut Report) -> Option<(&'w Node, bool)> {
        if let [only] = schema.get("allOf").map(Node::items).unwrap_or_default()
            && self.assertions(schema, &["allOf"]).is_empty()
        {
            return Some((only, false));
        }
        for keyword in ["oneOf", "anyOf"] {
            let branches = schema.get(keyword).map(Node::items).unwrap_or_default();
            if let [first, second] = branches
                && self.assertions(schema, &[keyword]).is_empty()
            {
                let inner = if is_null(second) { first } else { second };
                if is_null(first) == is_null(second) {
                    continue;
                }
                let target = report.keep(self.workspace.resolve(inner))?;
                // Beside `null` a second branch that takes null breaks `oneOf`: left to the compiled schema.
                let simple = target
                    .get("type")
                    .and_then(Node::text)
                    .is_some_and(|ty| ty != "null")
                    || self.is_discriminated(target);
                if simple || keyword == "anyOf" {
                    return Some((inner, true));
                }
            }
        }
        None
    }

    /// Any JSON, held to the schema by the compiled one.
    fn compiled_any<'k>(&mut self, keywords: impl IntoIterator<Item = &'k str>) -> Shape {
        self.note(keywords);
        Shape::plain(Type::Any)
    }

    /// Notes keywords for the compiled schema on the type that is being compiled.
    fn note<'k>(&mut self, keywords: impl IntoIterator<Item = &'k str>) {
        let Some((id, _)) = self.open.last() else {
            return;
        };
        let compiled = &mut self.types.definitions[id.0].compiled;
        for keyword in keywords {
            if !compiled.iter().any(|known| known == keyword) {
                compiled.push(keyword.to_owned());
            }
        }
    }

    /// The keywords of `schema` that assert something, without `handled` ones.
    fn assertions(&self, schema: &'w Node, handled: &[&str]) -> Vec<&'w str> {
        schema
            .entries()
            .iter()
            .map(|entry| entry.key.as_str())
            .filter(|key| super::keywords::fate(key) == Some(super::keywords::Fate::Enforced))
            .filter(|key| !handled.contains(key))
            .collect()
    }

    /// A use of a type: boxed where the type is being compiled and no list or map lies between.
    fn named(&self, id: TypeId) -> Shape {
        let direct = self
            .open
            .iter()
            .find(|(open, _)| *open == id)
            .is_some_and(|(_, collections)| *collections == self.collections);
        Shape::plain(Type::Named { id, boxed: direct })
    }

    /// Opens a type for `schema`, to be filled by `close`. `fixed` takes the hint's name, whatever the title.
    fn open_type(&mut self, schema: &Node, tag: Option<&str>, hint: &Hint, fixed: bool) -> TypeId {
        let module = self.module_of(schema.span);
        let title = schema
            .get("title")
            .and_then(Node::text)
            .filter(|_| !fixed && self.root != Some(schema.span))
            .map(|title| names::pascal(title, ""))
            .filter(|title| !title.is_empty());
        let candidates: Vec<String> = title
            .into_iter()
            .chain(hint.names.iter().cloned())
            .collect();
        let wanted = candidates.first().cloned();
        let with_suffix = candidates.last().map(|name| format!("{name}Type"));
        let name = self.scopes[module.0].claim(candidates.into_iter().chain(with_suffix));
        let id = TypeId(self.types.definitions.len());
        self.types.definitions.push(Definition {
            module,
            wanted: wanted.filter(|wanted| *wanted != name),
            name,
            doc: description(schema),
            deprecated: is_true(schema, "deprecated"),
            kind: Kind::Enum {
                variants: Vec::new(),
                open: false,
            },
            compiled: Vec::new(),
            span: schema.span,
        });
        self.types.modules[module.0].types.push(id);
        self.known.insert((schema.span, tag.map(str::to_owned)), id);
        self.open.push((id, self.collections));
        id
    }

    fn close_type(&mut self, id: TypeId, kind: Kind) {
        self.open.pop();
        self.types.definitions[id.0].kind = kind;
    }

    fn name_of(&self, id: TypeId) -> String {
        self.types.definitions[id.0].name.clone()
    }
}

/// Whether `schema` declares something of its own beside a reference: properties or items that a document may have.
fn declares(schema: &Node) -> bool {
    schema.entries().iter().any(|entry| {
        let inner = entry.value.items();
        match entry.key.as_str() {
            "patternProperties" | "prefixItems" | "properties" => true,
            "additionalProperties" | "items" | "unevaluatedItems" | "unevaluatedProperties" => {
                entry.value.is_map()
            }
            "allOf" | "anyOf" | "oneOf" => {
                let declares = |part: &Node| part.reference().is_some() || declares(part);
                inner.iter().any(declares)
            }
            "else" | "then" => entry.value.reference().is_some() || declares(&entry.value),
            "dependentSchemas" => true,
            _ => false,
        }
    })
}

fn is_null(schema: &Node) -> bool {
    schema.get("type").and_then(Node::text) == Some("null")
        && schema
            .entries()
            .iter()
            .all(|entry| matches!(entry.key.as_str(), "type" | "description" | "title"))
}

fn is_true(schema: &Node, key: &str) -> bool {
    schema
        .get(key)
        .is_some_and(|node| node.value == Value::Bool(true))
}

fn description(schema: &Node) -> String {
    schema
        .get("description")
        .and_then(Node::text)
        .unwrap_or_default()
        .to_owned()
}

fn malformed(node: &Node, expected: &str) -> Diagnostic {
    Diagnostic::error(Code::InvalidSchema, expected.to_owned())
        .at(node.span, format!("this is {}", node.kind()))
}
