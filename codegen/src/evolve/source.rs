//! Generated code that others are compiled against: told from its text, which is all of it that they see.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::item::{Category, Item};
use super::version::Version;
use crate::load::Span;
use crate::render;

/// The fields or variants of a type, each with what it holds.
type Members = Vec<(String, String)>;

/// A generated type.
#[derive(Debug, PartialEq)]
struct Declared {
    /// `struct` or `enum`.
    kind: &'static str,
    members: Members,
}

/// What no longer compiles. Nothing where one of them cannot be generated from.
pub(super) fn compare(old: &Version, now: &Version, against: &str) -> Vec<Item> {
    if old.report.has_errors() {
        return Vec::new();
    }
    let (Ok(before), Ok(after)) = (render::render(&old.contract), render::render(&now.contract))
    else {
        return Vec::new();
    };
    let mut source = Source {
        now,
        against,
        items: Vec::new(),
    };
    for file in before {
        // A file that is gone belonged to an event that is, which is told as such.
        let Some(other) = after.iter().find(|other| other.path == file.path) else {
            continue;
        };
        if other.text != file.text {
            source.file(&file.path, &declared(&file.text), &declared(&other.text));
        }
    }
    source.items
}

struct Source<'v> {
    now: &'v Version,
    against: &'v str,
    items: Vec<Item>,
}

impl Source<'_> {
    fn file(
        &mut self,
        file: &str,
        before: &BTreeMap<String, Declared>,
        after: &BTreeMap<String, Declared>,
    ) {
        for (name, was) in before {
            match after.get(name) {
                Some(is) if is.kind == was.kind => self.members(file, name, was, is),
                Some(is) => {
                    let message = format!(
                        "the {} `{name}` is now {} {}",
                        was.kind,
                        article(is.kind),
                        is.kind
                    );
                    self.push(
                        file,
                        "type-kind-changed",
                        name,
                        "",
                        message,
                        &json!([was.kind, is.kind]),
                    );
                }
                None => {
                    let twin = after
                        .iter()
                        .find(|(other, is)| !before.contains_key(*other) && *is == was);
                    let (rule, message) = match twin {
                        Some((other, _)) => (
                            "type-renamed",
                            format!("the type `{name}` is now called `{other}`"),
                        ),
                        None => ("type-removed", format!("the type `{name}` is gone")),
                    };
                    let twin = twin.map(|(other, _)| other.as_str());
                    self.push(
                        file,
                        rule,
                        twin.unwrap_or(name),
                        "",
                        message,
                        &json!([name, twin]),
                    );
                }
            }
        }
    }

    fn members(&mut self, file: &str, name: &str, was: &Declared, is: &Declared) {
        let variants = was.kind == "enum";
        let word = if variants { "variant" } else { "field" };
        for (member, holds) in &was.members {
            let path = format!("{name}::{member}");
            match is.members.iter().find(|(other, _)| other == member) {
                None => {
                    let message = format!("the {word} `{member}` of `{name}` is gone");
                    self.push(
                        file,
                        &format!("{word}-removed"),
                        name,
                        &path,
                        message,
                        &Json::Null,
                    );
                }
                Some((_, other)) if other != holds => {
                    let message = format!(
                        "the {word} `{member}` of `{name}` is now `{other}`, was `{holds}`"
                    );
                    self.push(
                        file,
                        &format!("{word}-type-changed"),
                        name,
                        &path,
                        message,
                        &json!([holds, other]),
                    );
                }
                Some(_) => {}
            }
        }
        for (member, holds) in &is.members {
            if was.members.iter().any(|(other, _)| other == member) {
                continue;
            }
            let path = format!("{name}::{member}");
            if variants {
                let message = format!(
                    "the enum `{name}` has a new variant `{member}`, which a `match` without `_` does not cover"
                );
                self.push(file, "variant-added", name, &path, message, &Json::Null);
            } else if !holds.starts_with("Option<") {
                let message = format!(
                    "the struct `{name}` has a new field `{member}: {holds}` that whoever makes one must give"
                );
                self.push(file, "field-added", name, &path, message, &Json::Null);
            }
        }
    }

    fn push(
        &mut self,
        file: &str,
        rule: &str,
        name: &str,
        path: &str,
        message: String,
        values: &Json,
    ) {
        let (place, line, column) = self.place(file, name);
        let item = Item {
            category: Category::Source,
            rule: rule.to_owned(),
            direction: None,
            breaks: true,
            subject: file.to_owned(),
            file: place,
            line,
            column,
            path: path.to_owned(),
            message: format!("{message}; code that uses it no longer compiles"),
            mend: "keep what is generated as it was, change its users in the same commit and waive this, or publish a new version".to_owned(),
            counterexample: None,
            against: self.against.to_owned(),
            fingerprint: String::new(),
        };
        self.items.push(item.sealed(&json!([name, values])));
    }

    /// The schema of a type, or the file of its module.
    fn place(&self, file: &str, name: &str) -> (String, usize, usize) {
        let types = &self.now.contract.types;
        let module = types.modules().find(|module| {
            let folder = if module.shared { "shared/" } else { "" };
            format!("{folder}{}.rs", module.name) == file
        });
        let Some(module) = module else {
            return (self.now.contract.source.clone(), 1, 1);
        };
        let definition = module
            .types
            .iter()
            .map(|id| types.get(*id))
            .find(|definition| definition.name == name);
        let span: Option<Span> = definition.map(|definition| definition.span);
        span.map_or_else(
            || (module.source.clone(), 1, 1),
            |span| {
                let (line, column) = self.now.workspace.line_and_column(span);
                (
                    self.now.workspace.file(span.file).path.clone(),
                    line,
                    column,
                )
            },
        )
    }
}

fn article(word: &str) -> &'static str {
    if word == "enum" { "an" } else { "a" }
}

/// The public types of a generated file. It is formatted, so a type ends at the first brace in the first column.
fn declared(text: &str) -> BTreeMap<String, Declared> {
    let mut found = BTreeMap::new();
    let mut open: Option<(String, Declared)> = None;
    for line in text.lines() {
        if let Some((name, mut declared)) = open.take() {
            if line == "}" {
                found.insert(name, declared);
            } else {
                declared.members.extend(member(line, declared.kind));
                open = Some((name, declared));
            }
            continue;
        }
        for (start, kind) in [("pub struct ", "struct"), ("pub enum ", "enum")] {
            let Some(rest) = line.strip_prefix(start) else {
                continue;
            };
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            let (name, rest) = rest.split_at(end.unwrap_or(rest.len()));
            let mut members = Vec::new();
            if let Some(inner) = rest.strip_prefix('(') {
                members.push((
                    "0".to_owned(),
                    inner.trim_end_matches([';', ')']).to_owned(),
                ));
            }
            let declared = Declared { kind, members };
            if rest.ends_with('{') {
                open = Some((name.to_owned(), declared));
            } else {
                found.insert(name.to_owned(), declared);
            }
        }
    }
    found
}

/// A field or a variant: a line that is indented once, and neither a comment nor an attribute.
fn member(line: &str, kind: &str) -> Option<(String, String)> {
    let line = line.strip_prefix("    ")?.trim_end_matches(',');
    if kind == "struct" {
        let (name, holds) = line.strip_prefix("pub ")?.split_once(": ")?;
        return Some((name.to_owned(), holds.to_owned()));
    }
    if !line.starts_with(|c: char| c.is_ascii_uppercase()) {
        return None;
    }
    let (name, holds) = line.split_once('(').unwrap_or((line, ""));
    Some((name.to_owned(), holds.trim_end_matches(')').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::declared;

    #[test]
    fn types_are_told_from_generated_text() {
        let text = "/// A thing.\n#[derive(Debug)]\npub struct Thing {\n    /// Its name.\n    #[serde(default)]\n    pub name: Option<Nullable<String>>,\n}\n\n\
                    pub enum Kind {\n    #[serde(rename = \"a\")]\n    A(Thing),\n    B,\n}\n\npub struct Id(pub String);\n\nimpl Thing {\n    pub fn name(&self) {}\n}\n";
        insta::assert_debug_snapshot!(declared(text), @r#"
        {
            "Id": Declared {
                kind: "struct",
                members: [
                    (
                        "0",
                        "pub String",
                    ),
                ],
            },
            "Kind": Declared {
                kind: "enum",
                members: [
                    (
                        "A",
                        "Thing",
                    ),
                    (
                        "B",
                        "",
                    ),
                ],
            },
            "Thing": Declared {
                kind: "struct",
                members: [
                    (
                        "name",
                        "Option<Nullable<String>>",
                    ),
                ],
            },
        }
        "#);
    }
}
