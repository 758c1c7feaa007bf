//! A message of a channel before it is an event: what can be read of it alone.

use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::{Entry, Node, Span, Value};
use crate::model::contract::Address;
use crate::model::envelope::{self, Payload};
use crate::model::fields::required_text;
use crate::model::{names, subject};

/// A message of a channel, before it is an event.
pub(super) struct Draft<'w> {
    pub(super) channel: &'w Entry,
    /// What the channel stands for.
    pub(super) node: &'w Node,
    pub(super) message: &'w Entry,
    /// What the message stands for, with its traits.
    pub(super) own: &'w Node,
    pub(super) payload: Payload<'w>,
}

impl Draft<'_> {
    pub(super) fn is_bare(&self) -> bool {
        matches!(self.payload, Payload::Bare(_))
    }
}

/// The address of a message's channel, where it is a subject.
pub(super) fn address(draft: &Draft<'_>, report: &mut Report) -> Option<Address> {
    let node = draft.node.get("address");
    let slip = |entry: &Entry| names::nearest(&entry.key, ["address"]).is_some();
    if node.is_none() && draft.node.entries().iter().any(slip) {
        // Reported as the unknown field that it is.
        return None;
    }
    // What is left out says the same as null (AsyncAPI 3, "Channel Object").
    if node.is_none_or(|node| node.value == Value::Null) {
        let span = node.map_or(draft.channel.key_span, |node| node.span);
        let label = match node {
            Some(_) => "its address is not known",
            None => "it has no `address`",
        };
        report.push(
            Diagnostic::error(Code::NoAddress, "a channel without an address is not supported")
                .at(span, label)
                .help("the address is the subject of its events: write one, as in `order.placed.v1.{orderId}`"),
        );
        return None;
    }
    let (text, node) = required_text(draft.node, "address", "a channel", report)?;
    if let Some(why) = subject::illegal_address(text) {
        let finding = Diagnostic::error(
            Code::IllegalSubject,
            format!("`{text}` is not a NATS subject"),
        )
        .at(node.span, why);
        report.push(if text.contains('/') {
            finding
                .help("NATS separates the tokens of a subject with `.`: write that for every `/`")
        } else {
            finding
        });
        return None;
    }
    Some(Address {
        text: text.to_owned(),
        span: node.span,
    })
}

pub(super) fn same_names(
    draft: &Draft<'_>,
    payload: &envelope::Enveloped<'_>,
    report: &mut Report,
) {
    for (what, entry) in [("channel", draft.channel), ("message", draft.message)] {
        if entry.key != payload.event {
            report.push(
                Diagnostic::error(
                    Code::NameMismatch,
                    format!(
                        "an event, its channel and its message share one name; the event is `{}`",
                        payload.event
                    ),
                )
                .at(entry.key_span, format!("the {what} has another"))
                .at(payload.event_node.span, "the event's type"),
            );
        }
    }
}

pub(super) fn bare(name: &str, span: Span) -> Diagnostic {
    Diagnostic::warning(
        Code::BarePayload,
        "a payload without an envelope is taken for the data of its event",
    )
    .at(span, format!("the data of `{name}`"))
    .help("on the wire Jetway puts its own envelope around it: structured CloudEvents 1.0, of the event's name as its type")
    .gathered()
}
