//! Versions side by side: an upcast leads from an older version of the same event to a newer one, and who receives the
//! newer can be given the older.

use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::Span;
use crate::model::jetstream::Ordering;
use crate::model::{Contract, Event, Receive, names};

pub(super) fn check(contract: &Contract, report: &mut Report) {
    for event in &contract.events {
        if let Some((name, span)) = &event.versioning.upcasts {
            upcast(contract, event, name, *span, report);
        }
    }
    for service in &contract.services {
        for receive in &service.receives {
            received_together(contract, receive, report);
        }
    }
}

fn upcast(contract: &Contract, event: &Event, name: &str, span: Span, report: &mut Report) {
    let Some(old) = contract.older(event) else {
        report.push(unknown(contract, event, name, span));
        return;
    };
    let (fact, version) = parts(&event.name);
    let (old_fact, old_version) = parts(&old.name);
    if fact != old_fact {
        report.push(
            Diagnostic::error(
                Code::NotAnOlderVersion,
                format!("`{}` is another event than `{name}`", event.name),
            )
            .at(span, format!("a version of `{fact}` expected"))
            .at(event.span, "to be upcast to this one")
            .help("what another event says is for a handler to work out, which can publish an event of its own"),
        );
    } else if old_version >= version && circle(contract, event) {
        report.push(
            Diagnostic::error(
                Code::UpcastCircle,
                format!("the upcasts of `{}` lead back to it", event.name),
            )
            .at(span, "an older version expected")
            .help(
                "take it out: a newer version is made of an older one, and not the other way round",
            ),
        );
    } else if old_version >= version {
        report.push(
            Diagnostic::error(
                Code::NotAnOlderVersion,
                format!("`{name}` is newer than `{}`, which would be made of it", event.name),
            )
            .at(span, "an older version expected")
            .at(event.span, "the version that it would be upcast to")
            .help(format!(
                "say `x-upcasts: {}` on the channel of `{name}`: old events become new ones, not the other way round",
                event.name
            )),
        );
    }
}

fn unknown(contract: &Contract, event: &Event, name: &str, span: Span) -> Diagnostic {
    let finding = Diagnostic::error(
        Code::UnknownVersion,
        format!(
            "`{}` upcasts `{name}`, which the contract does not have",
            event.name
        ),
    )
    .at(span, "no channel has an event of this name");
    let (fact, _) = parts(&event.name);
    let older: Vec<&str> = contract
        .events
        .iter()
        .filter(|other| other.name != event.name && parts(&other.name).0 == fact)
        .map(|other| other.name.as_str())
        .collect();
    match names::nearest(name, older.iter().copied()) {
        Some(nearest) => finding.help(format!("did you mean `{nearest}`?")),
        None if older.is_empty() => finding.help(
            "an older version keeps its channel and its schema for as long as events of it are in a stream",
        ),
        None => finding.help(format!("other versions of it: {}", older.join(", "))),
    }
}

/// Whether the upcasts that lead to `event` begin with it.
fn circle(contract: &Contract, event: &Event) -> bool {
    let chain = std::iter::successors(contract.older(event), |older| contract.older(older));
    let mut chain = chain.take(contract.events.len());
    chain.any(|older| older.name == event.name)
}

/// `order.placed` and 1; a name without a version is a finding of its own.
fn parts(name: &str) -> (&str, u64) {
    let (fact, version) = name.rsplit_once(".v").unwrap_or((name, "0"));
    (fact, version.parse().unwrap_or(0))
}

/// One consumer reads one stream, and its lanes one kind of key.
fn received_together(contract: &Contract, receive: &Receive, report: &mut Report) {
    for event in receive.events() {
        received_as(contract, receive, contract.event(event), report);
    }
}

fn received_as(contract: &Contract, receive: &Receive, event: &Event, report: &mut Report) {
    let stream = |event| contract.stream_of(event).map(|stream| &stream.name);
    for older in contract.versions_read_as(event).into_iter().skip(1) {
        let unfit = |message: String, label: &str| {
            Diagnostic::error(Code::VersionsApart, message)
                .at(receive.span, label)
                .at(
                    event.address.span,
                    format!("the address of `{}`", event.name),
                )
                .at(
                    older.address.span,
                    format!("the address of `{}`", older.name),
                )
        };
        if let (Some(own), Some(other)) = (stream(event), stream(older))
            && own != other
        {
            report.push(
                unfit(
                    format!(
                        "`{}` cannot receive `{}` from {own} and `{}` from {other}",
                        receive.name, event.name, older.name
                    ),
                    "this consumer reads one stream",
                )
                .help("have one stream keep all versions of an event"),
            );
        }
        if receive.settings.ordering == Ordering::Key
            && event.address.parameters() != older.address.parameters()
        {
            report.push(
                unfit(
                    format!(
                        "`{}` cannot keep `{}` and `{}` in one order",
                        receive.name, event.name, older.name
                    ),
                    "`ordering: key` needs one key",
                )
                .help("give the addresses of all versions the same parameters, or say `ordering: none`"),
            );
        }
    }
}
