//! The parameters of an address: where in the event their values are.

use super::Reader;
use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::{Entry, Node, Span};
use crate::model::contract::{Address, Parameter};
use crate::model::fields::mapping;
use crate::model::types::{Kind, Type, TypeId};
use crate::model::{grammar, names};

impl<'w> Reader<'w> {
    pub(super) fn parameters(
        &self,
        channel: &'w Node,
        address: &Address,
        data: TypeId,
        report: &mut Report,
    ) -> Option<Vec<Parameter>> {
        let declared = channel
            .get("parameters")
            .map(Node::entries)
            .unwrap_or_default();
        let used = address.parameters();
        let before = report.len();
        for entry in declared
            .iter()
            .filter(|entry| !used.contains(&entry.key.as_str()))
        {
            report.push(
                Diagnostic::error(
                    Code::Parameter,
                    format!("the address has no parameter `{}`", entry.key),
                )
                .at(entry.key_span, "declared here")
                .at(address.span, "not used here"),
            );
        }
        let mut parameters: Vec<Parameter> = Vec::new();
        for name in used {
            let Some(entry) = declared.iter().find(|entry| entry.key == name) else {
                report.push(
                    Diagnostic::error(Code::Parameter, format!("the parameter `{name}` is not declared"))
                        .at(address.span, "used here")
                        .help(format!("add `{name}: {{ location: $message.payload#/data/… }}` to the channel's `parameters`")),
                );
                continue;
            };
            if parameters.iter().any(|parameter| parameter.name == name) {
                report.push(
                    Diagnostic::error(
                        Code::Parameter,
                        format!("the parameter `{name}` stands twice in the address"),
                    )
                    .at(address.span, "each stands once"),
                );
                continue;
            }
            if let Some((fields, by_value)) = self.location(entry, data, report) {
                parameters.push(Parameter {
                    name: name.to_owned(),
                    fields,
                    by_value,
                });
            }
        }
        if parameters.is_empty() && report.len() == before {
            report.push(
                Diagnostic::error(Code::Parameter, "an address without a parameter is not supported: an event needs a key")
                    .at(address.span, "no `{parameter}` here")
                    .help("end the address with the id of what the event is about, as in `order.placed.v1.{orderId}`"),
            );
        }
        (report.len() == before).then_some(parameters)
    }

    /// The Rust fields that lead to a parameter's value.
    fn location(
        &self,
        entry: &'w Entry,
        data: TypeId,
        report: &mut Report,
    ) -> Option<(Vec<String>, bool)> {
        let node = mapping(self.workspace, &entry.value, &grammar::PARAMETER, report)?;
        let Some(location) = node.get("location") else {
            report.push(
                Diagnostic::error(
                    Code::Parameter,
                    format!("the parameter `{}` has no location", entry.key),
                )
                .at(entry.key_span, "its value is taken from the event")
                .help("say where: `location: $message.payload#/data/<property>`"),
            );
            return None;
        };
        let unfit = |label: String| {
            Diagnostic::error(
                Code::Parameter,
                format!("the parameter `{}` needs a required property that is text, a uuid or an integer", entry.key),
            )
            .at(location.span, label)
        };
        let text = location.text().unwrap_or_default();
        if text == "$message.payload#/data"
            && let Kind::Newtype { shape } = &self.compiler.types().get(data).kind
            && !shape.nullable
            && matches!(shape.ty, Type::String | Type::Uuid | Type::Integer)
        {
            return Some((vec!["0".to_owned()], shape.ty != Type::String));
        }
        let Some(path) = text.strip_prefix("$message.payload#/data/") else {
            report.push(unfit(
                "`$message.payload#/data/<property>` is expected".to_owned(),
            ));
            return None;
        };
        match self.fields_on_the_way(path, data) {
            Ok(found) => Some(found),
            Err((label, span)) => {
                let finding = unfit(label);
                report.push(match span {
                    Some(span) => finding.at(span, "the schema"),
                    None => finding,
                });
                None
            }
        }
    }

    fn fields_on_the_way(
        &self,
        path: &str,
        data: TypeId,
    ) -> Result<(Vec<String>, bool), (String, Option<Span>)> {
        let types = self.compiler.types();
        let mut fields_so_far = Vec::new();
        let mut current = data;
        let mut tokens = path.split('/').peekable();
        while let Some(token) = tokens.next() {
            let token = token.replace("~1", "/").replace("~0", "~");
            let definition = types.get(current);
            let found = match &definition.kind {
                Kind::Struct { fields, .. } => fields.iter().find(|field| field.property == token),
                Kind::Enum { .. } | Kind::Tagged { .. } | Kind::Newtype { .. } => None,
            };
            let Some(field) = found else {
                return Err((
                    format!("the data has no property `{token}` here"),
                    Some(definition.span),
                ));
            };
            if !field.required || field.shape.nullable {
                return Err((
                    format!("`{token}` may be absent or null"),
                    Some(definition.span),
                ));
            }
            fields_so_far.push(names::identifier(&field.name));
            match (&field.shape.ty, tokens.peek()) {
                (Type::String, None) => return Ok((fields_so_far, false)),
                (Type::Uuid | Type::Integer, None) => return Ok((fields_so_far, true)),
                (Type::Named { id, .. }, Some(_)) => current = *id,
                _ => {
                    return Err((
                        format!("`{token}` is neither text nor a uuid nor an integer"),
                        Some(definition.span),
                    ));
                }
            }
        }
        Err(("a property is expected".to_owned(), None))
    }
}
