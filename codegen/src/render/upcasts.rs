//! What is generated for versions side by side: which one an event is upcast from, and which go out with it.

use super::text::{Lines, literal};
use crate::model::names::{identifier, snake};
use crate::model::{Contract, Event, Receive, Service};

/// The line of an event's data that names the version before it; nothing where there is none.
pub(super) fn older(lines: &mut Lines, contract: &Contract, event: &Event) {
    let Some(older) = contract.older(event) else {
        return;
    };
    let data = &contract.types.get(older.data).name;
    let head = "const OLDER: Option<jetway::Older<Self>> =";
    let value = format!("Some(jetway::Older::of::<super::{data}>());");
    if head.len() + value.len() + 5 <= 100 {
        lines.line(format!("{head} {value}"));
    } else {
        lines.line(head).deeper().line(value).back();
    }
}

/// The subjects of an operation.
pub(super) fn filters(lines: &mut Lines, contract: &Contract, receive: &Receive) {
    let filters = contract.filters(receive);
    let filters: Vec<String> = filters.iter().map(|filter| literal(filter)).collect();
    lines.list("filters: ", &filters, ",");
}

/// What an operation receives, in words.
pub(super) fn received(contract: &Contract, receive: &Receive) -> String {
    let each: Vec<String> = receive
        .events()
        .map(|event| received_event(contract, contract.event(event)))
        .collect();
    match each.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => each.concat(),
    }
}

/// An event, and what is read as one, in words.
pub(super) fn received_event(contract: &Contract, event: &Event) -> String {
    let older: Vec<String> = contract
        .versions_read_as(event)
        .iter()
        .skip(1)
        .map(|older| format!("`{}`", older.name))
        .collect();
    let own = format!("`{}`", event.name);
    if older.is_empty() {
        return own;
    }
    format!("{own}, and as such {}", older.join(" and "))
}

/// `impl SentBy<…> for …` of everything that a service publishes, with what goes out beside it.
pub(super) fn sent_by(contract: &Contract, service: &Service, marker: &str) -> Vec<String> {
    let mut plain = Lines::at(0);
    let mut with_twins = Vec::new();
    for id in contract.published(service) {
        let event = contract.event(id);
        let data = &contract.types.get(event.data).name;
        let twins = contract.twins(service, id);
        if twins.is_empty() {
            plain.line(format!("impl SentBy<{marker}> for {data} {{}}"));
        } else {
            with_twins.push(with(contract, event, &twins, marker));
        }
    }
    let plain = plain.finish();
    let plain = (!plain.is_empty()).then_some(plain);
    plain.into_iter().chain(with_twins).collect()
}

/// The implementation for an event that goes out with `twins`. Versions in between that are not sent are on the way.
fn with(contract: &Contract, event: &Event, twins: &[&Event], marker: &str) -> String {
    let names: Vec<String> = twins
        .iter()
        .map(|twin| format!("`{}`", twin.name))
        .collect();
    let data = &contract.types.get(event.data).name;
    let mut lines = Lines::at(0);
    lines
        .line(format!("impl SentBy<{marker}> for {data} {{"))
        .deeper();
    lines.line(format!("/// Goes out with {}.", names.join(" and ")));
    let parameters = [
        "&self".to_owned(),
        format!("twins: &mut Twins<'_, '_, {marker}>"),
    ];
    lines.signature("fn twins", &parameters, " -> Result<(), PublishError> {");
    lines.deeper();
    let mut from = "self".to_owned();
    let mut left = twins.len();
    for older in contract.versions_read_as(event).into_iter().skip(1) {
        let version = older.name.rsplit('.').next().unwrap_or_default();
        let name = identifier(&snake(version, "older"));
        let data = &contract.types.get(older.data).name;
        let head = format!("let {name} =");
        let value = format!("Downcast::<{data}>::downcast({from});");
        if 8 + head.len() + 1 + value.len() <= 100 {
            lines.line(format!("{head} {value}"));
        } else {
            lines.line(head).deeper().line(value).back();
        }
        if twins.iter().any(|twin| twin.name == older.name) {
            left -= 1;
            let end = if left == 0 { "" } else { "?;" };
            lines.line(format!("twins.publish(&{name}){end}"));
        }
        if left == 0 {
            break;
        }
        from = format!("&{name}");
    }
    lines.back().line("}");
    lines.back().line("}");
    lines.finish()
}

/// The versions that are made of newer ones on the way to what `service` sends: the twins, and those in between.
pub(super) fn made<'c>(contract: &'c Contract, service: &Service) -> Vec<&'c Event> {
    let mut made = Vec::new();
    for id in contract.published(service) {
        let twins = contract.twins(service, id);
        let Some(oldest) = twins.last() else {
            continue;
        };
        let older = contract.versions_read_as(contract.event(id));
        let through = older.iter().position(|event| event.name == oldest.name);
        made.extend(older.into_iter().take(through.unwrap_or(0) + 1).skip(1));
    }
    made
}
