//! Events that nobody sends or nobody receives. A document that was not written for Jetway describes one application of
//! several, and says nothing of this.

use std::collections::HashSet;

use crate::diagnostics::{Code, Diagnostic, Report};
use crate::model::{Contract, Receive};

pub(super) fn check(contract: &Contract, report: &mut Report) {
    if !contract.native {
        return;
    }
    let sends = contract.services.iter().flat_map(|service| &service.sends);
    let sent: HashSet<&str> = sends
        .map(|send| contract.event(send.event).name.as_str())
        .collect();
    let receives = contract
        .services
        .iter()
        .flat_map(|service| &service.receives);
    let received: HashSet<&str> = receives
        .flat_map(Receive::events)
        .flat_map(|event| contract.versions_read_as(contract.event(event)))
        .map(|event| event.name.as_str())
        .collect();
    for event in &contract.events {
        let name = event.name.as_str();
        let (message, label) = match (sent.contains(name), received.contains(name)) {
            (true, true) => continue,
            (true, false) => ("nobody receives", "it is sent"),
            (false, true) => ("nobody sends", "it is received"),
            (false, false) => ("nobody sends or receives", "no operation has its channel"),
        };
        report.push(
            Diagnostic::warning(Code::OneSided, format!("{message} `{}`", event.name))
                .at(event.span, label)
                .help("add the operation that is missing, or take the event out of the contract"),
        );
    }
}
