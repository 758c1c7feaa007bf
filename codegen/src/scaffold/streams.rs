//! Which stream keeps a new event.

use super::event::NewEvent;
use super::refusal::Refusal;
use crate::model::subject::{covers, overlap};
use crate::model::{Contract, names};

/// What has to become of the streams.
#[derive(Debug)]
pub(super) enum Keeping {
    /// One keeps the event already.
    Kept,
    /// One has to keep this subject too.
    Widened { stream: String, subject: String },
    /// A new one keeps this subject.
    New { stream: String, subject: String },
}

/// What has to become of the streams for `filter`, the event's subjects, to be kept.
pub(super) fn keeping(
    contract: &Contract,
    event: &NewEvent,
    filter: &str,
) -> Result<Keeping, Refusal> {
    let subjects = || {
        contract.streams.iter().flat_map(|stream| {
            stream
                .subjects
                .iter()
                .map(|(subject, _)| (subject.as_str(), stream.name.as_str()))
        })
    };
    if let Some((_, keeper)) = subjects().find(|(subject, _)| covers(subject, filter)) {
        return match &event.stream {
            Some(wanted) if wanted != keeper => Err(Refusal::KeptElsewhere {
                subject: filter.to_owned(),
                stream: keeper.to_owned(),
            }),
            _ => Ok(Keeping::Kept),
        };
    }
    let candidates = [
        format!("{}.>", event.entity()),
        format!("{}.>", event.fact),
        format!("{}.>", event.name()),
        filter.to_owned(),
    ];
    let subject = candidates
        .into_iter()
        .filter(|candidate| covers(candidate, filter))
        .find(|candidate| !subjects().any(|(subject, _)| overlap(subject, candidate)))
        .ok_or_else(|| Refusal::KeptInPart(filter.to_owned()))?;
    let known = |name: &str| contract.streams.iter().any(|stream| stream.name == name);
    match &event.stream {
        Some(stream) if !known(stream) => {
            let names: Vec<String> = contract
                .streams
                .iter()
                .map(|stream| format!("`{}`", stream.name))
                .collect();
            Err(Refusal::UnknownStream {
                name: stream.clone(),
                known: if names.is_empty() {
                    "none".to_owned()
                } else {
                    names.join(", ")
                },
            })
        }
        Some(stream) => Ok(Keeping::Widened {
            stream: stream.clone(),
            subject,
        }),
        None => {
            let stream = names::screaming(event.entity(), "EVENTS");
            Ok(if known(&stream) {
                Keeping::Widened { stream, subject }
            } else {
                Keeping::New { stream, subject }
            })
        }
    }
}
