//! Schemas of which it is certain, without compiling them, that they are valid: most are, and compiling is most of the
//! work. Whoever is not certain says no, and the metaschema and the compiler decide.

use std::collections::HashSet;

use super::keywords::{FORMATS, portable};
use crate::load::{Entry, Node, Span, Value, Workspace};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

const TYPES: &[&str] = &[
    "array", "boolean", "integer", "null", "number", "object", "string",
];

/// Whether `root` and every schema that it reaches are certain to be valid.
pub(super) fn plain(workspace: &Workspace, root: &Node) -> bool {
    let mut walk = Walk {
        workspace,
        open: vec![root],
        seen: HashSet::new(),
    };
    while let Some(schema) = walk.open.pop() {
        if !walk.schema(schema) {
            return false;
        }
    }
    true
}

struct Walk<'w> {
    workspace: &'w Workspace,
    open: Vec<&'w Node>,
    seen: HashSet<Span>,
}

impl<'w> Walk<'w> {
    fn schema(&mut self, schema: &'w Node) -> bool {
        match &schema.value {
            Value::Bool(_) => true,
            Value::Map(entries) => {
                !self.seen.insert(schema.span) || entries.iter().all(|entry| self.keyword(entry))
            }
            _ => false,
        }
    }

    fn keyword(&mut self, entry: &'w Entry) -> bool {
        let value = &entry.value;
        match entry.key.as_str() {
            "$comment" | "description" | "title" => value.text().is_some(),
            "$schema" => value.text() == Some(DIALECT),
            "$ref" => self.reference(value),
            "type" => is_type(value) || is_set_of(value, is_type),
            "format" => value.text().is_some_and(is_format),
            "pattern" => value.text().is_some_and(portable),
            "properties" | "$defs" => {
                self.open
                    .extend(value.entries().iter().map(|entry| &entry.value));
                value.is_map()
            }
            "items" | "additionalProperties" | "not" => {
                self.open.push(value);
                true
            }
            "allOf" | "anyOf" | "oneOf" => {
                self.open.extend(value.items());
                !value.items().is_empty()
            }
            "required" => is_set_of(value, |item| item.text().is_some()),
            "maxItems" | "maxLength" | "maxProperties" | "minItems" | "minLength"
            | "minProperties" => {
                matches!(&value.value, Value::Number(number) if number.is_u64())
            }
            "exclusiveMaximum" | "exclusiveMinimum" | "maximum" | "minimum" => {
                matches!(value.value, Value::Number(_))
            }
            "multipleOf" => {
                matches!(&value.value, Value::Number(number) if number.as_f64().is_some_and(|by| by > 0.0))
            }
            "deprecated" | "readOnly" | "uniqueItems" | "writeOnly" => {
                matches!(value.value, Value::Bool(_))
            }
            "enum" => !value.items().is_empty(),
            "examples" => matches!(value.value, Value::List(_)),
            "const" | "default" => true,
            key => key.starts_with("x-"),
        }
    }

    /// A reference in the plainest spelling to a schema of a file whose root is a schema too.
    fn reference(&mut self, value: &'w Node) -> bool {
        let plain = |c: char| c.is_ascii_alphanumeric() || "/$_.-#".contains(c);
        let spelled = value.text().is_some_and(|text| text.chars().all(plain));
        let Some(target) = self.workspace.target(value).ok().filter(|_| spelled) else {
            return false;
        };
        self.open.push(target);
        self.open
            .extend(&self.workspace.file(target.span.file).root);
        true
    }
}

fn is_type(node: &Node) -> bool {
    node.text().is_some_and(|text| TYPES.contains(&text))
}

fn is_format(format: &str) -> bool {
    matches!(format, "uuid" | "date-time") || FORMATS.iter().any(|(name, _)| *name == format)
}

/// Whether `node` is a list of distinct strings of which each `is` one.
fn is_set_of(node: &Node, is: impl Fn(&Node) -> bool) -> bool {
    let mut seen = HashSet::new();
    let mut items = node.items().iter();
    !node.items().is_empty() && items.all(|item| is(item) && seen.insert(item.text()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Report;
    use crate::model::{bundle, metaschema};

    /// A workspace whose contract is the schema.
    fn workspace(schema: &str) -> Workspace {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("schema.json");
        std::fs::write(&path, schema).expect("a file");
        Workspace::load(&path, &mut Report::default()).expect("a workspace")
    }

    fn both(schema: &str) -> (bool, bool) {
        let workspace = workspace(schema);
        let root = workspace.contract().expect("a schema");
        let mut report = Report::default();
        let bundle = bundle::bundle(&workspace, root);
        metaschema::check(&workspace, root, &bundle, &mut report);
        (plain(&workspace, root), !report.has_errors())
    }

    /// Every keyword with every kind of value: what is plain is valid, and the right value of each is plain.
    #[test]
    fn what_is_plain_is_valid() {
        let values = [
            "null",
            "true",
            "0",
            "1",
            "-1",
            "0.5",
            "3.0",
            "\"\"",
            "\"object\"",
            "\"email\"",
            "\"^a$\"",
            "\"(\"",
            "\"#\"",
            "\"#/$defs/a\"",
            "\"nowhere.json\"",
            "\"https://json-schema.org/draft/2020-12/schema\"",
            "[]",
            "[\"string\"]",
            "[\"a\", \"a\"]",
            "[\"string\", \"null\"]",
            "[1]",
            "[{}]",
            "[true, {\"type\": \"string\"}]",
            "{}",
            "{\"a\": {}}",
            "{\"a\": 1}",
            "{\"a\": [\"b\"]}",
            "{\"type\": \"nothing\"}",
            "{\"type\": \"string\"}",
        ];
        let keywords: Vec<&str> = crate::model::keywords::accepted()
            .chain(["x-note", "unknown"])
            .collect();
        let (mut certain, mut left) = (0, 0);
        for keyword in keywords {
            for value in values {
                let schema = format!(
                    "{{\"{keyword}\": {value}, \"$defs\": {{\"a\": {{\"minLength\": 1}}}} }}"
                );
                if keyword == "$defs" {
                    continue;
                }
                let (plain, valid) = both(&schema);
                assert!(valid || !plain, "{schema}");
                certain += usize::from(plain);
                left += usize::from(valid && !plain);
            }
        }
        assert!(
            certain > 100,
            "{certain} certain, {left} left to the compiler"
        );
    }

    #[test]
    fn the_sample_and_most_cases_are_plain() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        for (contract, least) in [
            ("asyncapi.yaml", 1.0),
            ("codegen/tests/golden/asyncapi.yaml", 0.5),
        ] {
            let path = std::path::Path::new(root).join(contract);
            let workspace = Workspace::load(&path, &mut Report::default()).expect("a contract");
            let schemas: Vec<&Node> = workspace
                .files()
                .iter()
                .skip(1)
                .filter_map(|file| file.root.as_ref())
                .collect();
            let certain = schemas
                .iter()
                .filter(|schema| plain(&workspace, schema))
                .count();
            let share = certain as f64 / schemas.len() as f64;
            assert!(share >= least, "{contract}: {share}");
        }
    }
}
