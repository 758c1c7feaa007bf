//! Subjects: legal, kept by exactly one stream, and told apart.

use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::Span;
use crate::model::subject::{covers, illegal, overlap};
use crate::model::subject_index::SubjectIndex;
use crate::model::{Contract, Event};

pub(super) fn check(contract: &Contract, report: &mut Report) {
    addresses(contract, report);
    stream_subjects(contract, report);
    channels_apart(contract, report);
    if contract.streams_read {
        operations_covered(contract, report);
    }
}

fn not_a_subject(text: &str, span: Span, why: String) -> Diagnostic {
    Diagnostic::error(
        Code::IllegalSubject,
        format!("`{text}` is not a NATS subject"),
    )
    .at(span, why)
}

fn addresses(contract: &Contract, report: &mut Report) {
    for event in &contract.events {
        if event.address.text.contains('/') {
            report.push(
                Diagnostic::warning(
                    Code::PathAddress,
                    "NATS separates the tokens of a subject with `.`: `/` is a character like any other",
                )
                .at(event.address.span, "one token, of which no wildcard holds a part")
                .help("write `.` for every `/`, unless others on this broker use the subject as it is")
                .gathered(),
            );
        }
    }
}

fn stream_subjects(contract: &Contract, report: &mut Report) {
    let mut seen: Vec<(&str, &str, Span)> = Vec::new();
    let mut index = SubjectIndex::default();
    for stream in &contract.streams {
        if stream.subjects.is_empty() {
            report.push(
                Diagnostic::error(
                    Code::IllegalSubject,
                    format!("the stream `{}` keeps nothing", stream.name),
                )
                .at(stream.span, "`subjects` is empty"),
            );
        }
        for (subject, span) in &stream.subjects {
            if let Some(why) = illegal(subject, true) {
                report.push(not_a_subject(subject, *span, why));
                continue;
            }
            let earlier = index.overlapping(subject).first().copied();
            if let Some((other, name, place)) = earlier.and_then(|number| seen.get(number)) {
                report.push(
                    Diagnostic::error(
                        Code::OverlappingStreams,
                        format!(
                            "`{subject}` of {} and `{other}` of {name} have subjects in common",
                            stream.name
                        ),
                    )
                    .at(*span, "this subject")
                    .at(*place, "and this one")
                    .help("JetStream keeps a subject in one stream only"),
                );
            }
            index.insert(subject, seen.len());
            seen.push((subject, &stream.name, *span));
        }
    }
}

fn channels_apart(contract: &Contract, report: &mut Report) {
    let mut index = SubjectIndex::default();
    for (i, event) in contract.events.iter().enumerate() {
        let filter = event.address.filter();
        let overlapping = index.overlapping(&filter);
        let other = overlapping.into_iter().find_map(|number| {
            // Messages of one channel share its address.
            let other = contract.events.get(number)?;
            (other.address.span != event.address.span).then_some(other)
        });
        index.insert(&filter, i);
        if let Some(other) = other {
            report.push(
                Diagnostic::error(
                    Code::OverlappingChannels,
                    format!("the addresses of `{}` and `{}` have subjects in common", event.name, other.name),
                )
                .at(event.address.span, "this address")
                .at(other.address.span, "and this one")
                .help("a consumer of one would be given the other; begin the address with the event's name"),
            );
        }
    }
}

fn operations_covered(contract: &Contract, report: &mut Report) {
    for service in &contract.services {
        let sends = service
            .sends
            .iter()
            .map(|send| (&send.name, send.span, send.event));
        let receives = service
            .receives
            .iter()
            .map(|receive| (&receive.name, receive.span, receive.event));
        for (name, span, event) in sends.chain(receives) {
            let event = contract.event(event);
            if contract.stream_of(event).is_none() {
                report.push(uncovered(contract, name, span, event));
            }
        }
    }
}

fn uncovered(contract: &Contract, name: &str, span: Span, event: &Event) -> Diagnostic {
    let filter = event.address.filter();
    let finding = Diagnostic::error(
        Code::UncoveredOperation,
        format!("no stream keeps the subjects of the operation `{name}`"),
    )
    .at(span, "this operation")
    .at(event.address.span, format!("its subjects are `{filter}`"));
    let partly = contract
        .streams
        .iter()
        .flat_map(|stream| &stream.subjects)
        .find(|(subject, _)| overlap(subject, &filter) && !covers(subject, &filter));
    match partly {
        Some((subject, span)) => finding.at(*span, format!("`{subject}` keeps only some of them")),
        None => finding.help("add the subject to a stream under `x-jetstream` of the document"),
    }
}
