//! An operation that receives several messages of its channel: the enum of their events.

use super::text::{Lines, literal};
use super::upcasts;
use crate::model::names::{self, Scope};
use crate::model::{Contract, EventId, Receive};

/// The name of an operation's data: the event's own, or the enum's.
pub(super) fn data_name(contract: &Contract, receive: &Receive, scope: &mut Scope) -> String {
    if receive.others.is_empty() {
        return contract
            .types
            .get(contract.event(receive.event).data)
            .name
            .clone();
    }
    let pascal = names::pascal(&receive.local, "Operation");
    scope.claim([format!("{pascal}Event"), format!("{pascal}EventData")])
}

/// The enum of an operation's events; nothing where it has one.
pub(super) fn data(contract: &Contract, receive: &Receive, name: &str) -> Option<String> {
    if receive.others.is_empty() {
        return None;
    }
    let mut scope = Scope::with(["Self"]);
    let variants: Vec<(EventId, String)> = receive
        .events()
        .map(|event| {
            let data = contract.types.get(contract.event(event).data);
            (event, scope.claim([data.name.clone()]))
        })
        .collect();
    let mut lines = Lines::at(0);
    lines.doc(&format!(
        "What `{}` receives: the messages of its channel share an address, and their types tell them apart.",
        receive.name
    ));
    lines
        .line("#[allow(clippy::large_enum_variant)]")
        .line("#[derive(Clone, Debug, PartialEq)]")
        .line(format!("pub enum {name} {{"))
        .deeper();
    for (event, variant) in &variants {
        let event = contract.event(*event);
        let mut doc = upcasts::received_event(contract, event);
        if let Some(deprecation) = contract.deprecation(event) {
            doc = format!("{doc}. {deprecation}");
        }
        let data = &contract.types.get(event.data).name;
        lines.doc(&doc).line(format!("{variant}({data}),"));
    }
    lines.back().line("}").line("");
    lines
        .line(format!("impl jetway::Several for {name} {{"))
        .deeper();
    let head = "const EXPECTED: &'static str =";
    let value = format!("{};", literal(&expected(contract, &variants)));
    if 4 + head.len() + 1 + value.chars().count() <= 100 {
        lines.line(format!("{head} {value}"));
    } else {
        lines.line(head).deeper().line(value).back();
    }
    let readers: Vec<String> = variants
        .iter()
        .map(|(_, variant)| format!("|event| event.read_as(Self::{variant})"))
        .collect();
    lines.list(
        "const READERS: &'static [jetway::Reader<Self>] = ",
        &readers,
        ";",
    );
    lines.back().line("}");
    Some(lines.finish())
}

fn expected(contract: &Contract, variants: &[(EventId, String)]) -> String {
    let names: Vec<&str> = variants
        .iter()
        .map(|(event, _)| contract.event(*event).name.as_str())
        .collect();
    match names.split_last() {
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// The types that come with the others of the channel and are none of the operation's; nothing where there are none.
pub(super) fn skips(lines: &mut Lines, contract: &Contract, receive: &Receive) {
    if receive.skipped.is_empty() {
        return;
    }
    let skipped: Vec<String> = receive
        .skipped
        .iter()
        .map(|event| literal(&contract.event(*event).name))
        .collect();
    lines.list("const SKIPS: &'static [&'static str] = ", &skipped, ";");
}

/// What the handler is told of what it is not given.
pub(super) fn unnamed(contract: &Contract, receive: &Receive) -> String {
    let skipped: Vec<String> = receive
        .skipped
        .iter()
        .map(|event| format!("`{}`", contract.event(*event).name))
        .collect();
    match skipped.as_slice() {
        [] => String::new(),
        skipped => format!(
            " Of the same channel it does not name {}, which it is not given.",
            skipped.join(", ")
        ),
    }
}
