//! `x-jetstream`: streams, and what is said of settings that cannot be read.

use std::collections::BTreeMap;

use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::{self, Node, Span, TypedError};
use crate::model::contract::{Places, Stream};
use crate::model::jetstream::DocumentExtension;
use crate::model::names;

/// The streams; `None` where they cannot be read.
pub(super) fn streams(root: &Node, report: &mut Report) -> Option<Vec<Stream>> {
    let Some(extension) = root.entry("x-jetstream") else {
        return Some(Vec::new());
    };
    let mut settings: BTreeMap<String, _> = match load::read::<DocumentExtension>(&extension.value)
    {
        Ok(extension) => extension.streams,
        Err(error) => {
            report.push(extension_error(&error, extension.key_span));
            return None;
        }
    };
    let declared = extension
        .value
        .get("streams")
        .map(Node::entries)
        .unwrap_or_default();
    let streams = declared
        .iter()
        .filter_map(|entry| {
            let subjects = entry
                .value
                .get("subjects")
                .map(Node::items)
                .unwrap_or_default();
            Some(Stream {
                name: entry.key.clone(),
                span: entry.key_span,
                subjects: subjects
                    .iter()
                    .map(|node| (node.text().unwrap_or_default().to_owned(), node.span))
                    .collect(),
                places: Places::of(&entry.value),
                settings: settings.remove(&entry.key)?,
            })
        })
        .collect();
    Some(streams)
}

pub(super) fn extension_error(error: &TypedError, otherwise: Span) -> Diagnostic {
    let code = if error.expected.is_some() {
        Code::UnknownField
    } else {
        Code::Malformed
    };
    let finding = Diagnostic::error(code, "`x-jetstream` cannot be read")
        .at(error.span.unwrap_or(otherwise), error.message.clone());
    let Some(expected) = &error.expected else {
        return finding;
    };
    let allowed = expected.allowed.join(", ");
    match names::nearest(&expected.found, expected.allowed.iter().copied()) {
        Some(name) => finding.help(format!("did you mean `{name}`? allowed: {allowed}")),
        None => finding.help(format!("allowed: {allowed}")),
    }
}
