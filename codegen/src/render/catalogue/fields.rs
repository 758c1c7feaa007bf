//! The fields of an event's data as tables: one for the whole, and one for each form that a part may take.

use super::facets::Facets;
use super::rules::{json, rules, type_words};
use crate::load::{Node, Span, Workspace};
use crate::render::markdown::{self, code, inline, paragraph};

/// Objects within one another, at most.
const DEEPEST: usize = 12;
/// Rows in all: enough for any event that a person would read of.
const MOST_ROWS: usize = 400;

/// The tables of a schema, with their headings.
pub(super) fn tables(workspace: &Workspace, schema: &Node) -> String {
    let mut walk = Walk {
        workspace,
        above: Vec::new(),
        tables: Vec::new(),
        rows: 0,
        cut: false,
    };
    let facets = Facets::of(workspace, schema);
    // Data that is no object has no fields to say it of.
    let ty = if facets.properties().is_empty() {
        type_words(&facets, workspace)
    } else {
        String::new()
    };
    let mut root = Table::new(String::new(), intro(&facets, &ty));
    walk.children(&facets, "", 0, &mut root);
    walk.tables.insert(0, root);
    let mut text = String::new();
    for table in &walk.tables {
        table.write(&mut text);
    }
    if walk.cut {
        text.push_str("\nThere is more; the schema has it all.\n");
    }
    text
}

type Row = [String; 5];

struct Table {
    title: String,
    intro: String,
    rows: Vec<Row>,
}

impl Table {
    fn new(title: String, intro: String) -> Self {
        Self {
            title,
            intro,
            rows: Vec::new(),
        }
    }

    fn write(&self, text: &mut String) {
        if !self.title.is_empty() {
            text.push_str(&format!("\n### {}\n", self.title));
        }
        if !self.intro.is_empty() {
            text.push_str(&format!("\n{}\n", self.intro));
        }
        if !self.rows.is_empty() {
            let head = ["Field", "Type", "Required", "Rules", "What it says"];
            text.push_str(&format!("\n{}", markdown::table(head, &self.rows)));
        }
    }
}

struct Walk<'w> {
    workspace: &'w Workspace,
    /// The schemas above the current one, with their paths: one of them again is a circle.
    above: Vec<(Span, String)>,
    tables: Vec<Table>,
    rows: usize,
    cut: bool,
}

/// Whether a field must be there; items of a list are neither.
type Required = Option<bool>;

impl<'w> Walk<'w> {
    /// The rows of one field and of what is below it.
    fn field(
        &mut self,
        schemas: &[&'w Node],
        path: &str,
        required: Required,
        depth: usize,
        table: &mut Table,
    ) {
        if self.rows >= MOST_ROWS || depth > DEEPEST {
            self.cut = true;
            return;
        }
        let facets = Facets::of_all(self.workspace, schemas);
        let again = facets.spans().find_map(|span| {
            self.above
                .iter()
                .find(|(known, _)| *known == span)
                .map(|(_, path)| path.clone())
        });
        let mut ty = type_words(&facets, self.workspace);
        if let Some(path) = &again {
            ty = match path.as_str() {
                "" => format!("{ty}, as the whole"),
                path => format!("{ty}, as {}", code(path)),
            };
        }
        let said = facets.text("description").map(inline).unwrap_or_default();
        let rules = rules(&facets);
        // What a list or a map holds needs a row of its own only where there is more to say of it than its type.
        let nested = ty.starts_with("list") || ty.starts_with("map");
        let more = nested || !said.is_empty() || !rules.is_empty() || again.is_some();
        if required.is_some() || more {
            self.rows += 1;
            let must = match required {
                Some(true) => "yes",
                Some(false) => "no",
                None => "",
            };
            table
                .rows
                .push([code(path), ty, must.to_owned(), rules.join("; "), said]);
        }
        if again.is_none() {
            self.children(&facets, path, depth, table);
        }
    }

    /// The rows of what is in an object or a list.
    fn children(&mut self, facets: &Facets<'w>, path: &str, depth: usize, table: &mut Table) {
        let known = self.above.len();
        let spans: Vec<Span> = facets.spans().collect();
        self.above
            .extend(spans.into_iter().map(|span| (span, path.to_owned())));
        for (name, schemas) in facets.properties() {
            let required = Some(facets.requires(name));
            self.field(&schemas, &below(path, name), required, depth + 1, table);
        }
        for (pattern, schema) in facets
            .all("patternProperties")
            .flat_map(Node::entries)
            .map(|entry| (&entry.key, &entry.value))
        {
            self.field(
                &[schema],
                &below(path, &format!("/{pattern}/")),
                Some(false),
                depth + 1,
                table,
            );
        }
        if let Some(values) = facets.get("additionalProperties").filter(|v| v.is_map()) {
            // Beside named properties the type does not say what the others are.
            let required = (!facets.properties().is_empty()).then_some(false);
            self.field(&[values], &below(path, "*"), required, depth + 1, table);
        }
        let places = facets.all("prefixItems").flat_map(Node::items);
        for (index, item) in places.enumerate() {
            self.field(
                &[item],
                &format!("{path}[{index}]"),
                Some(false),
                depth + 1,
                table,
            );
        }
        if let Some(items) = facets.get("items").filter(|items| items.is_map()) {
            self.field(&[items], &format!("{path}[]"), None, depth + 1, table);
        }
        self.forms(facets, path, depth);
        self.above.truncate(known);
    }

    /// The forms of a choice: a table each.
    fn forms(&mut self, facets: &Facets<'w>, path: &str, depth: usize) {
        let (branches, _) = facets.branches(self.workspace);
        if branches.len() < 2 {
            return;
        }
        let forms: Vec<Facets<'w>> = branches
            .iter()
            .map(|branch| Facets::of(self.workspace, branch))
            .collect();
        let tag = tag(&forms);
        for (index, form) in forms.iter().enumerate() {
            let circle = form
                .spans()
                .any(|span| self.above.iter().any(|(known, _)| *known == span));
            if circle || depth > DEEPEST || self.rows >= MOST_ROWS {
                self.cut |= !circle;
                continue;
            }
            let subject = match path {
                "" => "The whole".to_owned(),
                path => code(path),
            };
            let title = match tag.and_then(|tag| Some((tag, constant(form, tag)?))) {
                Some((tag, value)) => {
                    format!("{subject} where {} is {}", code(tag), json(value))
                }
                None => match form.text("title") {
                    Some(title) => format!("{subject} as {}", inline(title)),
                    None => format!("{subject}, form {}", index + 1),
                },
            };
            // Its place is taken before those of the forms within it.
            let place = self.tables.len();
            let mut own = Table::new(title, intro(form, &type_words(form, self.workspace)));
            self.tables.push(Table::new(String::new(), String::new()));
            self.children(form, path, depth + 1, &mut own);
            if let Some(slot) = self.tables.get_mut(place) {
                *slot = own;
            }
        }
    }
}

/// The property whose constant tells the forms apart.
fn tag<'w>(forms: &[Facets<'w>]) -> Option<&'w str> {
    let names = forms.first()?.properties().into_iter();
    names
        .map(|(name, _)| name)
        .find(|name| forms.iter().all(|form| constant(form, name).is_some()))
}

fn constant<'w>(form: &Facets<'w>, property: &str) -> Option<&'w Node> {
    let properties = form.properties();
    let (_, schemas) = properties.into_iter().find(|(name, _)| *name == property)?;
    schemas.into_iter().find_map(|schema| schema.get("const"))
}

/// What is said of a whole table: its description and the rules that are no single field's.
fn intro(facets: &Facets<'_>, ty: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(facets.text("description").map(paragraph));
    let mut rules = rules(facets);
    if !matches!(ty, "" | "object" | "anything") {
        rules.insert(0, ty.to_owned());
    }
    if !rules.is_empty() {
        parts.push(format!("As a whole: {}.", rules.join("; ")));
    }
    parts.join("\n\n")
}

fn below(path: &str, name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '*' | '$' | '@');
    let name = if name.chars().all(plain) && !name.is_empty() || name.starts_with('/') {
        name.to_owned()
    } else {
        format!("{name:?}")
    };
    match path {
        "" => name,
        path => format!("{path}.{name}"),
    }
}
