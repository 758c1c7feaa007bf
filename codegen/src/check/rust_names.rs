//! Names of the contract that would become the same module or type. Within an event names are made distinct; across
//! events and services they are what users write, so the contract decides.

use std::collections::BTreeMap;

use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::Span;
use crate::model::{Contract, Event, names};

pub(super) fn check(contract: &Contract, report: &mut Report) {
    let mut modules: BTreeMap<String, (String, Option<Span>)> = BTreeMap::new();
    for own in ["mod", "shared", "topology"] {
        modules.insert(
            own.to_owned(),
            (format!("the generated module `{own}`"), None),
        );
    }
    let events = contract.events.iter().map(|event| {
        let module = contract.types.module(event.module).name.clone();
        (module, format!("the event `{}`", event.name), event.span)
    });
    let services = contract.services.iter().map(|service| {
        let module = names::snake(&service.name, "service");
        (
            module,
            format!("the service `{}`", service.name),
            service.span,
        )
    });
    for (module, what, span) in events.chain(services) {
        if let Some((other, place)) = modules.get(&module) {
            let finding = Diagnostic::error(
                Code::NameCollision,
                format!("{what} and {other} would share the Rust module `{module}`"),
            )
            .at(span, "named here");
            report.push(place.map_or(finding.clone(), |place| finding.at(place, "and here")));
        } else {
            modules.insert(module, (what, Some(span)));
        }
    }
    let mut types: BTreeMap<&str, &Event> = BTreeMap::new();
    for event in &contract.events {
        let name = contract.types.get(event.data).name.as_str();
        if let Some(other) = types.insert(name, event)
            && other.module != event.module
            && contract.types.module(other.module).name != contract.types.module(event.module).name
        {
            report.push(
                Diagnostic::error(
                    Code::NameCollision,
                    format!(
                        "the events `{}` and `{}` would share the Rust type `{name}`",
                        event.name, other.name
                    ),
                )
                .at(event.span, "named here")
                .at(other.span, "and here"),
            );
        }
    }
}
