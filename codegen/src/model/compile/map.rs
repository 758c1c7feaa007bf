//! Mappings: objects without a declared property.

use super::numbers::whole;
use super::scalar::text_rules;
use super::{Compiler, Hint, malformed};
use crate::diagnostics::Report;
use crate::load::{Node, Value};
use crate::model::keywords::FORMATS;
use crate::model::types::{Rule, Shape, Type};

impl<'w> Compiler<'w> {
    /// A mapping from any keys to values of one schema, and the keywords that the shape enforces.
    pub(super) fn map(
        &mut self,
        schema: &'w Node,
        hint: &Hint,
        report: &mut Report,
    ) -> (Shape, Vec<&'static str>) {
        let mut handled = vec!["type", "minProperties", "maxProperties", "properties"];
        let mut rules = Vec::new();
        let value = self.map_value(schema, hint, report, (&mut rules, &mut handled));
        rules.extend(
            whole(schema, "minProperties")
                .filter(|n| *n > 0)
                .map(Rule::MinProperties),
        );
        rules.extend(whole(schema, "maxProperties").map(Rule::MaxProperties));
        if let Some(names) = schema.get("propertyNames")
            && let Some(names) = self.name_rules(names)
        {
            handled.push("propertyNames");
            if !names.is_empty() {
                rules.push(Rule::Names(names));
            }
        }
        let shape = Shape {
            ty: Type::Map(Box::new(value)),
            nullable: false,
            rules,
        };
        (shape, handled)
    }

    /// What each value is.
    fn map_value(
        &mut self,
        schema: &'w Node,
        hint: &Hint,
        report: &mut Report,
        (rules, handled): (&mut Vec<Rule>, &mut Vec<&'static str>),
    ) -> Shape {
        let additional = schema.get("additionalProperties");
        let patterns = schema
            .get("patternProperties")
            .map(Node::entries)
            .unwrap_or_default();
        if let Some(node) = additional
            && !node.is_map()
            && !matches!(node.value, Value::Bool(_))
        {
            report.push(malformed(node, "a schema is a mapping, true or false"));
        }
        let values = match (additional, patterns) {
            (Some(node), []) if node.is_map() => node,
            (Some(node), [only]) if node.value == Value::Bool(false) => {
                handled.push("patternProperties");
                rules.push(Rule::OnlyMatching(vec![only.key.clone()]));
                &only.value
            }
            (Some(node), _) if node.value == Value::Bool(true) => {
                handled.push("additionalProperties");
                return Shape::plain(Type::Any);
            }
            _ => return Shape::plain(Type::Any),
        };
        handled.push("additionalProperties");
        self.collections += 1;
        let shape = self.shape(values, &hint.item(), report);
        self.collections -= 1;
        shape
    }

    /// The rules of `propertyNames`, where all of it can be checked inline.
    fn name_rules(&self, schema: &'w Node) -> Option<Vec<Rule>> {
        let schema = self.workspace.resolve(schema).ok()?;
        if !schema.is_map()
            || schema
                .get("type")
                .is_some_and(|ty| ty.text() != Some("string"))
        {
            return None;
        }
        let (mut rules, mut handled) = text_rules(schema);
        handled.push("type");
        if let Some(format) = schema.get("format").and_then(Node::text) {
            let (_, variant) = FORMATS.iter().find(|(name, _)| *name == format)?;
            handled.push("format");
            rules.push(Rule::Format(variant));
        }
        let plain = self.assertions(schema, &handled).is_empty();
        plain.then_some(rules)
    }
}
