//! The parameters of an address: where in the event their values are.

use super::Reader;
use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::{Entry, Node, Span};
use crate::model::contract::{Address, Parameter};
use crate::model::envelope::Payload;
use crate::model::fields::mapping;
use crate::model::types::{Kind, Type, TypeId};
use crate::model::{grammar, names};

impl<'w> Reader<'w> {
    pub(super) fn parameters(
        &self,
        channel: &'w Node,
        address: &Address,
        payload: &Payload<'w>,
        data: TypeId,
        report: &mut Report,
    ) -> Option<Vec<Parameter>> {
        let declared = channel
            .get("parameters")
            .map(Node::entries)
            .unwrap_or_default();
        let used = address.parameters();
        let before = report.errors();
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
            let root = match payload {
                Payload::Enveloped(_) => "/data/",
                Payload::Bare(_) => "/",
            };
            let sent = self.sent.contains(&channel.span);
            if let Some((fields, by_value)) = self.location(entry, (root, sent), data, report) {
                parameters.push(Parameter {
                    name: name.to_owned(),
                    fields,
                    by_value,
                });
            }
        }
        if parameters.is_empty() && report.errors() == before {
            report.push(
                Diagnostic::warning(Code::NoKey, "all events of an address without a parameter have one key")
                    .at(address.span, "no `{parameter}` here")
                    .help("with `ordering: key` they are handled one after the other; end the address with the id of what the event is about, as in `order.placed.v1.{orderId}`")
                    .gathered(),
            );
        }
        (report.errors() == before).then_some(parameters)
    }

    /// The Rust fields that lead to a parameter's value.
    fn location(
        &self,
        entry: &'w Entry,
        (root, sent): (&str, bool),
        data: TypeId,
        report: &mut Report,
    ) -> Option<(Vec<String>, bool)> {
        let node = mapping(self.workspace, &entry.value, &grammar::PARAMETER, report)?;
        let location = node.get("location");
        let in_header = |node: &&Node| {
            node.text()
                .is_some_and(|t| t.starts_with("$message.header#"))
        };
        if !sent && location.as_ref().is_none_or(in_header) {
            let place = location.map_or(entry.key_span, |node| node.span);
            report.push(only_received(&entry.key, place, root));
            return Some((Vec::new(), false));
        }
        let Some(location) = location else {
            report.push(
                Diagnostic::error(
                    Code::Parameter,
                    format!("the parameter `{}` has no location", entry.key),
                )
                .at(entry.key_span, "its value is taken from the event")
                .help(format!(
                    "say where: `location: $message.payload#{root}<property>`"
                )),
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
        let path = text.strip_prefix("$message.payload#");
        if path == Some(root.trim_end_matches('/'))
            && let Kind::Newtype { shape } = &self.compiler.types().get(data).kind
            && !shape.nullable
            && matches!(shape.ty, Type::String | Type::Uuid | Type::Integer)
        {
            return Some((vec!["0".to_owned()], shape.ty != Type::String));
        }
        let Some(path) = path.and_then(|path| path.strip_prefix(root)) else {
            report.push(unfit(format!(
                "`$message.payload#{root}<property>` is expected"
            )));
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
                Kind::Enum { .. }
                | Kind::Tagged { .. }
                | Kind::Union { .. }
                | Kind::Newtype { .. } => None,
            };
            let Some(field) = found else {
                let fields = match &definition.kind {
                    Kind::Struct { fields, .. } => fields.as_slice(),
                    _ => &[],
                };
                let known = fields.iter().map(|field| field.property.as_str());
                let meant = names::nearest(&token, known)
                    .map(|name| format!("; did you mean `{name}`?"))
                    .unwrap_or_default();
                return Err((
                    format!("the data has no property `{token}` here{meant}"),
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
                (Type::Uuid | Type::Integer | Type::Unsigned, None) => {
                    return Ok((fields_so_far, true));
                }
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

/// What nobody sends needs no subject.
fn only_received(name: &str, place: Span, root: &str) -> Diagnostic {
    Diagnostic::warning(
        Code::Parameter,
        format!("the value of the parameter `{name}` is not in the payload"),
    )
    .at(place, "the event can be received, but not sent")
    .help(format!(
        "to send it say where the value is: `location: $message.payload#{root}<property>`"
    ))
    .gathered()
}
