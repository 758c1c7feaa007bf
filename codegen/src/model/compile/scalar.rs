//! Schemas with a `type`, an `enum` or a `const`: strings and lists.

use super::numbers::{any_of, literal_type, number, values, whole};
use super::{Compiler, Hint};
use crate::diagnostics::Report;
use crate::load::{Node, Value, Workspace};
use crate::model::keywords::FORMATS;
use crate::model::names;
use crate::model::types::{Kind, Rule, Shape, Type, Variant};

impl<'w> Compiler<'w> {
    /// A schema without `$ref`, by its `type`.
    pub(super) fn typed(&mut self, schema: &'w Node, hint: &Hint, report: &mut Report) -> Shape {
        if let Some(shape) = self.strings(schema, hint) {
            return shape;
        }
        if let Some(shape) = self.extensible(schema, hint) {
            return shape;
        }
        let (names, null) = type_names(schema);
        let values = values(schema);
        let names = if schema.get("type").is_none() {
            values
                .as_deref()
                .and_then(literal_type)
                .into_iter()
                .collect()
        } else {
            names
        };
        let Some(name) = one_type(&names) else {
            return self.several(schema, &names, null, hint, report);
        };
        let (mut shape, mut handled) = self.by_type(name, schema, hint, report);
        let listed_null = values
            .as_deref()
            .map(|values| values.iter().any(|value| value.value == Value::Null));
        shape.nullable = match listed_null {
            Some(listed) => listed && (null || schema.get("type").is_none()),
            None => null,
        };
        if let Some(rule) = values
            .as_deref()
            .and_then(|values| any_of(&shape.ty, values))
        {
            shape.rules.push(rule);
            handled.extend(["const", "enum"]);
        }
        // A struct has noted its own.
        if !matches!(shape.ty, Type::Named { .. }) {
            self.rest(schema, &handled);
        }
        shape
    }

    /// A value of one type, and the keywords that the shape enforces.
    pub(super) fn by_type(
        &mut self,
        name: &str,
        schema: &'w Node,
        hint: &Hint,
        report: &mut Report,
    ) -> (Shape, Vec<&'static str>) {
        match name {
            "string" => string(self.workspace, schema, report),
            "integer" => number(schema, true),
            "number" => number(schema, false),
            "boolean" => (Shape::plain(Type::Boolean), vec!["type"]),
            "array" => self.list(schema, hint, report),
            "object" => self.object(schema, hint, report),
            // No type of JSON Schema: reported as an invalid schema.
            _ => (Shape::plain(Type::Any), Vec::new()),
        }
    }

    /// An enum that keeps other strings: `x-extensible-enum`.
    fn extensible(&mut self, schema: &'w Node, hint: &Hint) -> Option<Shape> {
        let listed = schema.get("x-extensible-enum")?.items();
        let (types, null) = type_names(schema);
        if types != ["string"] || values(schema).is_some() {
            return None;
        }
        let mut strings: Vec<&str> = Vec::new();
        for value in listed.iter().filter(|value| value.value != Value::Null) {
            let text = value.text()?;
            if !strings.contains(&text) {
                strings.push(text);
            }
        }
        if strings.is_empty() {
            return None;
        }
        let id = self.known.get(&(schema.span, None)).copied();
        let id = id.unwrap_or_else(|| {
            let id = self.open_type(schema, None, hint, false);
            self.rest(schema, &["type"]);
            let variants = variants(&strings, &["Unknown"]);
            self.close_type(
                id,
                Kind::Enum {
                    variants,
                    open: true,
                },
            );
            id
        });
        let mut shape = self.named(id);
        shape.nullable = null;
        Some(shape)
    }

    /// Leaves what is not `handled` to the compiled schema.
    pub(super) fn rest(&mut self, schema: &'w Node, handled: &[&str]) {
        let rest = self.assertions(schema, handled);
        self.note(rest);
    }

    /// An enum or a constant of strings.
    pub(super) fn strings(&mut self, schema: &'w Node, hint: &Hint) -> Option<Shape> {
        let constants = self.constants(schema)?;
        let (types, null_type) = type_names(schema);
        let has_type = schema.get("type").is_some();
        if has_type && types != ["string"] {
            return None;
        }
        let mut null = false;
        let mut strings: Vec<&str> = Vec::new();
        let mut docs: Vec<String> = Vec::new();
        for (value, doc) in constants {
            if value.value == Value::Null {
                null = true;
                continue;
            }
            let text = value.text()?;
            if !strings.contains(&text) {
                strings.push(text);
                docs.push(doc);
            }
        }
        if strings.is_empty() {
            return None;
        }
        let key = (schema.span, None);
        let id = if let Some(id) = self.known.get(&key) {
            *id
        } else {
            let id = self.open_type(schema, None, hint, false);
            self.rest(schema, &["const", "enum", "oneOf", "anyOf", "type"]);
            let mut variants = variants(&strings, &[]);
            for (variant, doc) in variants.iter_mut().zip(docs) {
                variant.doc = doc;
            }
            self.close_type(
                id,
                Kind::Enum {
                    variants,
                    open: false,
                },
            );
            id
        };
        let mut shape = self.named(id);
        shape.nullable = null && (null_type || !has_type);
        Some(shape)
    }

    /// Whether values are equal in JSON exactly when they are in Rust; for other items JSON decides.
    fn is_equal_as_json(&self, item: &Shape) -> bool {
        let equal = match &item.ty {
            Type::String | Type::Integer | Type::Unsigned => true,
            // One without variants is still being made, and may become anything.
            Type::Named { id, .. } => matches!(
                &self.types.get(*id).kind,
                Kind::Enum { variants, .. } if !variants.is_empty()
            ),
            _ => false,
        };
        equal && !item.nullable
    }

    /// The values that `schema` lists, in `const`, in `enum`, or as a choice of constants, each with what is said of it.
    fn constants(&self, schema: &'w Node) -> Option<Vec<(&'w Node, String)>> {
        if let Some(values) = values(schema) {
            let undescribed = values.into_iter().map(|value| (value, String::new()));
            let choice = schema.get("oneOf").is_some() || schema.get("anyOf").is_some();
            return (!choice).then(|| undescribed.collect());
        }
        let keyword = match (schema.get("oneOf"), schema.get("anyOf")) {
            (Some(_), None) => "oneOf",
            (None, Some(_)) => "anyOf",
            _ => return None,
        };
        let mut constants: Vec<(&Node, String)> = Vec::new();
        for branch in schema.get(keyword)?.items() {
            let constant = branch.get("const")?;
            let plain = self.assertions(branch, &["const", "type"]).is_empty()
                && branch
                    .get("type")
                    .is_none_or(|ty| ty.text() == Some("string"));
            // The same constant twice is never exactly one of them.
            let twice = constants
                .iter()
                .any(|(known, _)| known.value == constant.value);
            if !plain || twice {
                return None;
            }
            let said = ["description", "title"]
                .iter()
                .find_map(|keyword| branch.get(keyword)?.text());
            constants.push((constant, said.unwrap_or_default().to_owned()));
        }
        Some(constants)
    }

    fn list(
        &mut self,
        schema: &'w Node,
        hint: &Hint,
        report: &mut Report,
    ) -> (Shape, Vec<&'static str>) {
        let mut handled = vec!["type", "minItems", "maxItems"];
        let tuple = schema.get("prefixItems").is_some();
        let item = match schema.get("items") {
            Some(items) if !tuple => {
                handled.push("items");
                self.collections += 1;
                let shape = self.shape(items, &hint.item(), report);
                self.collections -= 1;
                shape
            }
            _ => Shape::plain(Type::Any),
        };
        let mut rules = Vec::new();
        rules.extend(
            whole(schema, "minItems")
                .filter(|n| *n > 0)
                .map(Rule::MinItems),
        );
        rules.extend(whole(schema, "maxItems").map(Rule::MaxItems));
        if self.is_equal_as_json(&item) {
            handled.push("uniqueItems");
            if super::is_true(schema, "uniqueItems") {
                rules.push(Rule::UniqueItems);
            }
        } else if schema
            .get("uniqueItems")
            .is_some_and(|node| node.value == Value::Bool(false))
        {
            handled.push("uniqueItems");
        }
        let shape = Shape {
            ty: Type::List(Box::new(item)),
            nullable: false,
            rules,
        };
        (shape, handled)
    }
}

fn string(workspace: &Workspace, schema: &Node, report: &mut Report) -> (Shape, Vec<&'static str>) {
    let format = schema.get("format").and_then(Node::text);
    let exact = match format {
        Some("uuid") => Some(Type::Uuid),
        Some("date-time") => Some(Type::DateTime),
        _ => None,
    };
    if let Some(ty) = exact {
        return (Shape::plain(ty), vec!["type", "format"]);
    }
    let (mut rules, mut handled) = text_rules(schema);
    handled.push("type");
    if let Some(format) = format {
        handled.push("format");
        match FORMATS.iter().find(|(name, _)| *name == format) {
            Some((_, variant)) => rules.push(Rule::Format(variant)),
            None => report.push(super::super::audit::unknown_format(workspace, schema)),
        }
    }
    let shape = Shape {
        ty: Type::String,
        nullable: false,
        rules,
    };
    (shape, handled)
}

/// The rules of a text that are checked inline, and their keywords.
pub(super) fn text_rules(schema: &Node) -> (Vec<Rule>, Vec<&'static str>) {
    let mut rules = Vec::new();
    let mut handled = vec!["minLength", "maxLength"];
    rules.extend(
        whole(schema, "minLength")
            .filter(|n| *n > 0)
            .map(Rule::MinLength),
    );
    rules.extend(whole(schema, "maxLength").map(Rule::MaxLength));
    if let Some(pattern) = schema.get("pattern").and_then(Node::text) {
        handled.push("pattern");
        rules.push(Rule::Pattern(pattern.to_owned()));
    }
    (rules, handled)
}

/// The variants of an enum, none of them called as one of `taken`.
fn variants(strings: &[&str], taken: &[&str]) -> Vec<Variant> {
    names::distinct(strings, |name| names::pascal(name, "Empty"))
        .into_iter()
        .zip(strings)
        .map(|(name, value)| Variant {
            name: match name.as_str() {
                // The one name that is a keyword even with a capital.
                "Self" => "Self_".to_owned(),
                name if taken.contains(&name) => format!("{name}Value"),
                name => name.to_owned(),
            },
            value: (*value).to_owned(),
            doc: String::new(),
        })
        .collect()
}

/// The types that `schema` names without null, and whether null is among them.
pub(super) fn type_names(schema: &Node) -> (Vec<&str>, bool) {
    let Some(node) = schema.get("type") else {
        return (Vec::new(), false);
    };
    let mut names: Vec<&str> = match node.text() {
        Some(name) => vec![name],
        None => node.items().iter().filter_map(Node::text).collect(),
    };
    let all = names.len();
    names.retain(|name| *name != "null");
    let null = names.len() < all;
    (names, null)
}

/// The one type that `names` come down to.
fn one_type<'n>(names: &[&'n str]) -> Option<&'n str> {
    match names {
        [only] => Some(only),
        // Every integer is a number.
        ["integer", "number"] | ["number", "integer"] => Some("number"),
        _ => None,
    }
}
