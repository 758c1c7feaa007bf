//! What a document without `x-jetstream` leaves open, and what is made of it: its service and its streams.

use std::collections::BTreeMap;

use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::{Node, Span};
use crate::model::contract::{Event, Places, Stream};
use crate::model::jetstream::StreamSettings;
use crate::model::names::{self, Scope};
use crate::model::subject;

/// The service whose document this is, after its title: AsyncAPI describes one application. `taken` are the modules that
/// there are.
pub(super) fn service(root: &Node, taken: &[&str]) -> String {
    let title = root.get("info").and_then(|info| info.get("title"));
    let mut words = names::words(title.and_then(Node::text).unwrap_or_default());
    let module = names::snake(&words.join("_"), "service");
    if words.is_empty() || taken.contains(&module.as_str()) {
        words.push("service".to_owned());
    }
    words.join("-")
}

/// Whether what stands before the first dot of an operation's name is a service. Elsewhere it may be a channel, as in
/// `userSignedUp.publish`, which AsyncAPI's converter makes of documents of 2.x.
pub(super) fn is_service(name: &str) -> bool {
    let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(rest)
}

/// The whole name of an operation that names no service. Its consumer is called after it, so it holds only what
/// JetStream takes.
pub(super) fn operation(service: &str, key: &str) -> String {
    let taken = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name: String = key
        .chars()
        .map(|c| if taken(c) { c } else { '-' })
        .collect();
    format!("{service}.{name}")
}

/// One stream per first token of the addresses; one for all where an address begins with a parameter.
pub(super) fn streams(events: &[Event], place: Span, report: &mut Report) -> Vec<Stream> {
    let mut by_token: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let filters: Vec<String> = events.iter().map(|event| event.address.filter()).collect();
    let open = filters.iter().any(|filter| filter.starts_with('*'));
    for filter in filters {
        // What is no subject has a finding of its own.
        if subject::illegal(&filter, true).is_some() {
            continue;
        }
        let (token, subject) = match filter.split_once('.') {
            _ if open => ("events".to_owned(), filter),
            Some((token, _)) => (token.to_owned(), format!("{token}.>")),
            None => (filter.clone(), filter),
        };
        let subjects = by_token.entry(token).or_default();
        // Channels with subjects in common have a finding of their own.
        if !subjects
            .iter()
            .any(|other| subject::overlap(other, &subject))
        {
            subjects.push(subject);
        }
    }
    let mut scope = Scope::default();
    let streams: Vec<Stream> = by_token
        .into_iter()
        .map(|(token, subjects)| Stream {
            name: scope.claim([names::screaming(&token, "EVENTS")]),
            span: place,
            subjects: subjects.iter().map(|s| (s.clone(), place)).collect(),
            places: Places::default(),
            settings: StreamSettings::keeping(subjects),
        })
        .collect();
    if !streams.is_empty() {
        report.push(derived(&streams, place));
    }
    streams
}

fn derived(streams: &[Stream], place: Span) -> Diagnostic {
    let mut lines = String::from("x-jetstream:\n  streams:");
    for stream in streams {
        let subjects: Vec<&str> = stream.subjects.iter().map(|(s, _)| s.as_str()).collect();
        let subjects = serde_json::json!(subjects);
        lines.push_str(&format!(
            "\n    {}: {{ subjects: {subjects} }}",
            stream.name
        ));
    }
    Diagnostic::warning(
        Code::DerivedStreams,
        "the document says no streams: these are made up from its addresses",
    )
    .at(place, "there is no `x-jetstream` in this document")
    .help(format!("to decide yourself, begin with this; from then on the document is held to Jetway's rules of style too:\n{lines}"))
}

/// What is said once of operations without a service.
pub(super) fn no_service(service: &str, place: Span) -> Diagnostic {
    Diagnostic::warning(
        Code::DerivedService,
        format!("operations that name no service are taken for those of `{service}`"),
    )
    .at(place, "this names no service")
    .help("the service's name is the document's title; another is said as `<service>.<operation>`, in lower case, or in `x-service`")
    .gathered()
}
