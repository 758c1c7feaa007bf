//! `Validate` implementations: what the types cannot say.

mod object;
mod union;

use std::collections::BTreeMap;

use super::text::{Closure, Lines, Statement, literal};
use crate::model::names::{self, identifier};
use crate::model::{Definition, Field, Kind, Rule, Shape, Type, TypeId, Types};

/// The patterns of a module: the expression and the name of its static.
#[derive(Debug, Default)]
pub(super) struct Patterns {
    by_expression: BTreeMap<String, String>,
    /// In the order of their first use.
    order: Vec<String>,
    scope: names::Scope,
}

impl Patterns {
    pub(super) fn name(&mut self, expression: &str, property: &str) -> String {
        if let Some(name) = self.by_expression.get(expression) {
            return name.clone();
        }
        let name = self.scope.claim([names::screaming(property, "PATTERN")]);
        self.by_expression
            .insert(expression.to_owned(), name.clone());
        self.order.push(expression.to_owned());
        name
    }

    /// Name and expression of each, in the order of their first use.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.order
            .iter()
            .map(|expression| (self.by_expression[expression].as_str(), expression.as_str()))
    }
}

/// How a value is written where it is checked.
struct Access {
    /// By value, for what is `Copy`.
    value: String,
    /// By reference.
    reference: String,
    /// As the receiver of a method.
    receiver: String,
}

impl Access {
    fn field(name: &str) -> Self {
        Self {
            value: format!("self.{name}"),
            reference: format!("&self.{name}"),
            receiver: format!("self.{name}"),
        }
    }

    fn reference(name: &str) -> Self {
        Self {
            value: format!("*{name}"),
            reference: name.to_owned(),
            receiver: name.to_owned(),
        }
    }
}

/// Renders checks of one module.
pub(super) struct Checks<'t> {
    pub(super) types: &'t Types,
    pub(super) patterns: Patterns,
    pub(super) formats: bool,
}

impl Checks<'_> {
    /// The implementation for one type; none for an enum of strings, which has nothing to check.
    pub(super) fn implementation(&mut self, definition: &Definition) -> Option<String> {
        let mut lines = Lines::at(0);
        let body = match &definition.kind {
            Kind::Struct {
                fields,
                rest,
                rules,
                ..
            } => {
                let mut statements = fields
                    .iter()
                    .flat_map(|field| self.field(field))
                    .collect::<Vec<_>>();
                if let Some(rest) = rest {
                    statements.extend(self.others(rest));
                }
                statements.extend(object::rules(fields, rest.as_ref(), rules));
                let mut body = Lines::at(2);
                body.statements(&statements);
                body.finish()
            }
            Kind::Enum { .. } => return None,
            Kind::Union { variants } => self.union(variants),
            Kind::Tagged { variants, .. } => {
                let checked: Vec<&str> = variants
                    .iter()
                    .filter(|variant| !self.trivial(variant.body, &mut Vec::new()))
                    .map(|variant| variant.name.as_str())
                    .collect();
                arms(&checked, checked.len() == variants.len())
            }
            Kind::Newtype { shape } => {
                let mut body = Lines::at(2);
                body.statements(&self.newtype(shape, &definition.name));
                body.finish()
            }
        };
        lines
            .line(format!("impl Validate for {} {{", definition.name))
            .deeper();
        if body.is_empty() {
            lines.line("fn check(&self, _at: &mut Checker) {}");
            return Some(lines.back().line("}").take());
        }
        lines.line("fn check(&self, at: &mut Checker) {");
        let mut text = lines.finish();
        text.push_str(&body);
        text.push_str("    }\n}\n");
        Some(text)
    }

    fn field(&mut self, field: &Field) -> Option<Statement> {
        let name = identifier(&field.name);
        // The checker is called `at`, and a closure cannot take a keyword's name bare.
        let parameter = if name == "at" { "value" } else { &name };
        let property = literal(&field.property);
        let method = match (field.required, field.shape.nullable) {
            (true, false) => "at.field",
            (false, false) => "at.optional",
            (true, true) => "at.nullable",
            (false, true) => "at.optional_nullable",
        };
        let direct = field.required && !field.shape.nullable;
        let access = if direct {
            Access::field(&name)
        } else {
            Access::reference(parameter)
        };
        let body = self.rules(&field.shape, &access, &field.property);
        if body.is_empty() {
            return None;
        }
        let (arguments, parameters) = if direct {
            (vec![property], "at".to_owned())
        } else {
            (
                vec![property, format!("&self.{name}")],
                format!("{parameter}, at"),
            )
        };
        Some(with(method, arguments, parameters, body))
    }

    fn newtype(&mut self, shape: &Shape, name: &str) -> Vec<Statement> {
        if !shape.nullable {
            return self.rules(shape, &Access::field("0"), name);
        }
        let inner = self.rules(shape, &Access::reference("value"), name);
        if inner.is_empty() {
            return inner;
        }
        let arguments = vec!["&self.0".to_owned()];
        vec![with(
            "at.not_null",
            arguments,
            "value, at".to_owned(),
            inner,
        )]
    }

    /// The checks of a value that is there and not null.
    fn rules(&mut self, shape: &Shape, access: &Access, property: &str) -> Vec<Statement> {
        let mut statements: Vec<Statement> = shape
            .rules
            .iter()
            .flat_map(|rule| self.rule(rule, access, property))
            .collect();
        match &shape.ty {
            Type::Named { id, .. } if !self.trivial(*id, &mut Vec::new()) => {
                statements.push(Statement::Call(
                    format!("{}.check", access.receiver),
                    vec!["at".to_owned()],
                ));
            }
            Type::List(item) | Type::Map(item) => {
                let inner = self.rules(item, &Access::reference("item"), property);
                let inner = if item.nullable && !inner.is_empty() {
                    vec![with(
                        "at.not_null",
                        vec!["item".to_owned()],
                        "item, at".to_owned(),
                        inner,
                    )]
                } else {
                    inner
                };
                if !inner.is_empty() {
                    let method = if matches!(shape.ty, Type::List(_)) {
                        "at.items"
                    } else {
                        "at.entries"
                    };
                    let arguments = vec![access.reference.clone()];
                    statements.push(with(method, arguments, "item, at".to_owned(), inner));
                }
            }
            _ => {}
        }
        statements
    }

    fn rule(&mut self, rule: &Rule, access: &Access, property: &str) -> Vec<Statement> {
        let Access {
            value,
            reference,
            receiver,
        } = access;
        let length = || format!("{receiver}.len()");
        let (method, arguments) = match rule {
            Rule::MinLength(n) => ("min_length", vec![reference.clone(), n.to_string()]),
            Rule::MaxLength(n) => ("max_length", vec![reference.clone(), n.to_string()]),
            Rule::Pattern(expression) => {
                let name = self.patterns.name(expression, property);
                ("pattern", vec![reference.clone(), format!("&{name}")])
            }
            Rule::Format(format) => {
                self.formats = true;
                (
                    "format",
                    vec![reference.clone(), format!("Format::{format}")],
                )
            }
            Rule::MinItems(n) => ("min_items", vec![length(), n.to_string()]),
            Rule::MaxItems(n) => ("max_items", vec![length(), n.to_string()]),
            Rule::UniqueItems => ("unique_items", vec![reference.clone()]),
            Rule::MinProperties(n) => ("min_properties", vec![length(), n.to_string()]),
            Rule::MaxProperties(n) => ("max_properties", vec![length(), n.to_string()]),
            Rule::Bound(method, bound) => (*method, vec![value.clone(), bound.clone()]),
            Rule::MultipleOf(divisor) => ("multiple_of", vec![value.clone(), divisor.to_string()]),
            Rule::Finite => ("finite", vec![value.clone()]),
            Rule::AnyOf(values) => {
                return object::with_list("at.any_of", value, "allowed", values.clone());
            }
            Rule::Names(rules) => {
                let name = Access::reference("name");
                let body = rules
                    .iter()
                    .flat_map(|rule| self.rule(rule, &name, property))
                    .collect();
                let arguments = vec![reference.clone()];
                return vec![with("at.names", arguments, "name, at".to_owned(), body)];
            }
            Rule::OnlyMatching(expressions) => {
                return self.only_matching(reference, expressions, property);
            }
        };
        vec![Statement::Call(format!("at.{method}"), arguments)]
    }

    /// Whether the check of a type has nothing to do.
    fn trivial(&self, id: TypeId, seen: &mut Vec<TypeId>) -> bool {
        if seen.contains(&id) {
            return true;
        }
        seen.push(id);
        match &self.types.get(id).kind {
            Kind::Enum { .. } => true,
            Kind::Struct {
                fields,
                rest,
                rules,
                ..
            } => {
                rest.is_none()
                    && rules.is_empty()
                    && fields
                        .iter()
                        .all(|field| self.trivial_shape(&field.shape, seen))
            }
            Kind::Union { variants } => variants
                .iter()
                .all(|variant| self.trivial_shape(&variant.shape, seen)),
            Kind::Tagged { variants, .. } => variants
                .iter()
                .all(|variant| self.trivial(variant.body, seen)),
            Kind::Newtype { shape } => self.trivial_shape(shape, seen),
        }
    }

    fn trivial_shape(&self, shape: &Shape, seen: &mut Vec<TypeId>) -> bool {
        shape.rules.is_empty()
            && match &shape.ty {
                Type::Named { id, .. } => self.trivial(*id, seen),
                Type::List(item) | Type::Map(item) => self.trivial_shape(item, seen),
                _ => true,
            }
    }
}

fn with(
    method: &str,
    arguments: Vec<String>,
    parameters: String,
    body: Vec<Statement>,
) -> Statement {
    let call = Closure {
        callee: method.to_owned(),
        arguments,
        parameters,
    };
    Statement::CallWith(call, body)
}

fn arms(checked: &[&str], all: bool) -> String {
    let mut lines = Lines::at(2);
    match checked {
        [] => return String::new(),
        [only] if !all => {
            lines
                .line(format!("if let Self::{only}(value) = self {{"))
                .deeper();
            lines.line("value.check(at);").back().line("}");
        }
        _ => {
            lines.line("match self {").deeper();
            for name in checked {
                lines.line(format!("Self::{name}(value) => value.check(at),"));
            }
            if !all {
                lines.line("_ => {}");
            }
            lines.back().line("}");
        }
    }
    lines.finish()
}
