//! Checks of an object as a whole.

use super::super::text::{Statement, literal};
use super::{Access, Checks, with};
use crate::model::names::identifier;
use crate::model::{Field, ObjectRule, Rest};

/// The longest list of arguments with a list in it that stays on one line.
const INLINE: usize = 60;

impl Checks<'_> {
    /// The properties without a field.
    pub(super) fn others(&mut self, rest: &Rest) -> Vec<Statement> {
        let reference = format!("&self.{}", identifier(&rest.name));
        let mut statements = Vec::new();
        if !rest.declared.is_empty() {
            let names = rest.declared.iter().map(|name| literal(name)).collect();
            statements.extend(with_list("at.undeclared", &reference, "declared", names));
        }
        if rest.closed {
            statements.extend(self.only_matching(&reference, &rest.patterns, &rest.name));
        }
        let item = Access::reference("item");
        let mut inner = self.rules(&rest.shape, &item, &rest.name);
        if rest.shape.nullable && !inner.is_empty() {
            let arguments = vec!["item".to_owned()];
            inner = vec![with("at.not_null", arguments, "item, at".to_owned(), inner)];
        }
        if !inner.is_empty() {
            let arguments = vec![reference];
            statements.push(with("at.entries", arguments, "item, at".to_owned(), inner));
        }
        statements
    }

    pub(super) fn only_matching(
        &mut self,
        reference: &str,
        expressions: &[String],
        property: &str,
    ) -> Vec<Statement> {
        let statics = expressions
            .iter()
            .map(|expression| format!("&{}", self.patterns.name(expression, property)))
            .collect();
        with_list("at.only_matching", reference, "patterns", statics)
    }
}

/// `callee(first, &[items]);`, the list before it where it is long.
pub(super) fn with_list(
    callee: &str,
    first: &str,
    name: &str,
    items: Vec<String>,
) -> Vec<Statement> {
    let list = format!("&[{}]", items.join(", "));
    if first.chars().count() + 2 + list.chars().count() <= INLINE {
        return vec![Statement::Call(
            callee.to_owned(),
            vec![first.to_owned(), list],
        )];
    }
    vec![
        Statement::List(name.to_owned(), items),
        Statement::Call(callee.to_owned(), vec![first.to_owned(), name.to_owned()]),
    ]
}

/// How many properties there are, and which of them need others.
pub(super) fn rules(fields: &[Field], rest: Option<&Rest>, rules: &[ObjectRule]) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut counted = false;
    for rule in rules {
        let (method, bound) = match rule {
            ObjectRule::MinProperties(least) => ("at.min_properties", least),
            ObjectRule::MaxProperties(most) => ("at.max_properties", most),
            ObjectRule::Dependent(name, needed) => {
                statements.extend(dependent(fields, name, needed));
                continue;
            }
        };
        if !std::mem::replace(&mut counted, true) {
            statements.extend(count(fields, rest));
        }
        let arguments = vec!["found".to_owned(), bound.to_string()];
        statements.push(Statement::Call(method.to_owned(), arguments));
    }
    statements
}

fn count(fields: &[Field], rest: Option<&Rest>) -> Vec<Statement> {
    let required = fields.iter().filter(|field| field.required).count();
    let optional: Vec<String> = fields
        .iter()
        .filter(|field| !field.required)
        .map(presence)
        .collect();
    let others = rest.map_or(String::new(), |rest| {
        format!(" + self.{}.len()", identifier(&rest.name))
    });
    vec![
        Statement::List("optional".to_owned(), optional),
        Statement::Let(
            "found".to_owned(),
            format!("Checker::count({required}, optional){others}"),
        ),
    ]
}

fn presence(field: &Field) -> String {
    if field.required {
        "true".to_owned()
    } else {
        format!("self.{}.is_some()", identifier(&field.name))
    }
}

fn dependent(fields: &[Field], name: &str, needed: &str) -> Option<Statement> {
    let find = |name: &str| fields.iter().find(|field| field.property == name);
    let (field, other) = (find(name)?, find(needed)?);
    let arguments = vec![
        literal(name),
        presence(field),
        literal(needed),
        presence(other),
    ];
    (!other.required).then(|| Statement::Call("at.dependent_required".to_owned(), arguments))
}
