//! Schemas with a `type`, an `enum` or a `const`: strings, numbers, lists.

use serde_json::Number;

use super::{Compiler, Hint, malformed};
use crate::diagnostics::Report;
use crate::load::{Node, Value};
use crate::model::keywords::{FORMATS, portable};
use crate::model::names;
use crate::model::types::{Kind, Rule, Shape, Type, Variant};

impl<'w> Compiler<'w> {
    /// A schema without `$ref`, by its `type`.
    pub(super) fn typed(&mut self, schema: &'w Node, hint: &Hint, report: &mut Report) -> Shape {
        if let Some(shape) = self.strings(schema, hint) {
            return shape;
        }
        let (names, null) = type_names(schema);
        let mut shape = match names.as_slice() {
            ["string"] => self.string(schema, report),
            ["integer"] => self.number(schema, true),
            ["number"] => self.number(schema, false),
            ["boolean"] => {
                self.rest(schema, &["type"]);
                Shape::plain(Type::Boolean)
            }
            ["array"] => self.list(schema, hint, report),
            ["object"] => self.object(schema, hint, report),
            // No type, several types, or null alone: any JSON, and the compiled schema.
            _ => {
                let all = self.assertions(schema, &[]);
                return self.compiled_any(all);
            }
        };
        shape.nullable = null;
        shape
    }

    /// Leaves what is not `handled` to the compiled schema.
    pub(super) fn rest(&mut self, schema: &'w Node, handled: &[&str]) {
        let rest = self.assertions(schema, handled);
        self.note(rest);
    }

    /// An enum or a constant of strings.
    fn strings(&mut self, schema: &'w Node, hint: &Hint) -> Option<Shape> {
        let constant = schema.get("const").map(std::slice::from_ref);
        let listed = schema.get("enum").map(Node::items);
        let values = match (constant, listed) {
            (Some(values), None) | (None, Some(values)) => values,
            _ => return None,
        };
        let (types, null_type) = type_names(schema);
        let has_type = schema.get("type").is_some();
        if has_type && types != ["string"] {
            return None;
        }
        let null = values.iter().any(|value| value.value == Value::Null);
        let mut strings: Vec<&str> = Vec::new();
        for value in values.iter().filter(|value| value.value != Value::Null) {
            let text = value.text()?;
            if !strings.contains(&text) {
                strings.push(text);
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
            self.rest(schema, &["const", "enum", "type"]);
            let variants = names::distinct(&strings, |name| names::pascal(name, "Empty"))
                .into_iter()
                .zip(&strings)
                .map(|(name, value)| Variant {
                    // The one name that is a keyword even with a capital.
                    name: if name == "Self" {
                        "Self_".to_owned()
                    } else {
                        name
                    },
                    value: (*value).to_owned(),
                })
                .collect();
            self.close_type(id, Kind::Enum { variants });
            id
        };
        let mut shape = self.named(id);
        shape.nullable = null && (null_type || !has_type);
        Some(shape)
    }

    fn string(&mut self, schema: &'w Node, report: &mut Report) -> Shape {
        let format = schema.get("format").and_then(Node::text);
        let exact = match format {
            Some("uuid") => Some(Type::Uuid),
            Some("date-time") => Some(Type::DateTime),
            _ => None,
        };
        if let Some(ty) = exact {
            self.rest(schema, &["type", "format"]);
            return Shape::plain(ty);
        }
        let mut rules = Vec::new();
        let mut handled = vec!["type", "format", "minLength", "maxLength"];
        rules.extend(
            whole(schema, "minLength")
                .filter(|n| *n > 0)
                .map(Rule::MinLength),
        );
        rules.extend(whole(schema, "maxLength").map(Rule::MaxLength));
        if let Some(pattern) = schema.get("pattern").and_then(Node::text)
            && portable(pattern)
        {
            handled.push("pattern");
            rules.push(Rule::Pattern(pattern.to_owned()));
        }
        if let Some(format) = format {
            let known = FORMATS.iter().find(|(name, _)| *name == format);
            match known {
                Some((_, variant)) => rules.push(Rule::Format(variant)),
                None => report.push(super::super::audit::unknown_format(self.workspace, schema)),
            }
        }
        self.rest(schema, &handled);
        Shape {
            ty: Type::String,
            nullable: false,
            rules,
        }
    }

    fn number(&mut self, schema: &'w Node, integer: bool) -> Shape {
        let mut rules = Vec::new();
        let mut handled = vec!["type"];
        if !integer {
            rules.push(Rule::Finite);
        }
        for (keyword, method) in [
            ("minimum", "minimum"),
            ("maximum", "maximum"),
            ("exclusiveMinimum", "exclusive_minimum"),
            ("exclusiveMaximum", "exclusive_maximum"),
        ] {
            if let Some(bound) = bound(schema, keyword, integer) {
                handled.push(keyword);
                rules.push(Rule::Bound(method, bound));
            }
        }
        if integer
            && let Some(Value::Number(divisor)) = schema.get("multipleOf").map(|node| &node.value)
            && let Some(divisor) = as_integer(divisor)
        {
            handled.push("multipleOf");
            rules.push(Rule::MultipleOf(divisor));
        }
        self.rest(schema, &handled);
        Shape {
            ty: if integer { Type::Integer } else { Type::Number },
            nullable: false,
            rules,
        }
    }

    fn list(&mut self, schema: &'w Node, hint: &Hint, report: &mut Report) -> Shape {
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
        // Strings and integers are equal in JSON exactly when they are in Rust; for other items JSON decides.
        if matches!(item.ty, Type::String | Type::Integer) && !item.nullable {
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
        self.rest(schema, &handled);
        Shape {
            ty: Type::List(Box::new(item)),
            nullable: false,
            rules,
        }
    }

    /// A mapping from any keys to values of one schema.
    pub(super) fn map(&mut self, schema: &'w Node, hint: &Hint, report: &mut Report) -> Shape {
        let mut handled = vec!["type", "minProperties", "maxProperties", "properties"];
        let value = match schema.get("additionalProperties") {
            Some(node) if node.is_map() && schema.get("patternProperties").is_none() => {
                handled.push("additionalProperties");
                self.collections += 1;
                let shape = self.shape(node, &hint.item(), report);
                self.collections -= 1;
                shape
            }
            Some(node) => {
                if node.value == Value::Bool(true) {
                    handled.push("additionalProperties");
                } else if !node.is_map() && node.value != Value::Bool(false) {
                    report.push(malformed(node, "a schema is a mapping, true or false"));
                }
                Shape::plain(Type::Any)
            }
            None => Shape::plain(Type::Any),
        };
        let mut rules = Vec::new();
        rules.extend(
            whole(schema, "minProperties")
                .filter(|n| *n > 0)
                .map(Rule::MinProperties),
        );
        rules.extend(whole(schema, "maxProperties").map(Rule::MaxProperties));
        self.rest(schema, &handled);
        Shape {
            ty: Type::Map(Box::new(value)),
            nullable: false,
            rules,
        }
    }
}

/// The types that `schema` names without null, and whether null is among them.
fn type_names(schema: &Node) -> (Vec<&str>, bool) {
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

/// A whole number that is not negative, also written `5.0`.
fn whole(schema: &Node, keyword: &str) -> Option<u64> {
    match &schema.get(keyword)?.value {
        Value::Number(number) => as_integer(number).and_then(|number| u64::try_from(number).ok()),
        _ => None,
    }
}

fn as_integer(number: &Number) -> Option<i64> {
    number.as_i64().or_else(|| {
        let float = number.as_f64()?;
        let small = float.abs() < 9e15 && float.fract() == 0.0;
        small.then(|| format!("{float:.0}").parse().ok()).flatten()
    })
}

/// A bound as a Rust literal of the type that it is compared with.
fn bound(schema: &Node, keyword: &str, integer: bool) -> Option<String> {
    let Value::Number(number) = &schema.get(keyword)?.value else {
        return None;
    };
    if integer {
        as_integer(number).map(|number| grouped(&number.to_string()))
    } else {
        let float = number.as_f64()?;
        Some(format!("{float:?}"))
    }
}

/// Digits in groups of three, as clippy and people like them; up to five digits stay whole.
fn grouped(number: &str) -> String {
    let (sign, digits) = number
        .strip_prefix('-')
        .map_or(("", number), |digits| ("-", digits));
    if digits.len() <= 5 {
        return number.to_owned();
    }
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    format!("{sign}{text}")
}
