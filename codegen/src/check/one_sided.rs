//! Events that nobody sends or nobody receives. A document that was not written for Jetway describes one application of
//! several, and says nothing of this.

use crate::diagnostics::{Code, Diagnostic, Report};
use crate::model::{Contract, Event, Receive};

pub(super) fn check(contract: &Contract, report: &mut Report) {
    if !contract.native {
        return;
    }
    for event in &contract.events {
        let is = |other: &Event| other.name == event.name;
        let sent = contract
            .services
            .iter()
            .flat_map(|service| &service.sends)
            .any(|send| is(contract.event(send.event)));
        let received = contract
            .services
            .iter()
            .flat_map(|service| &service.receives)
            .flat_map(Receive::events)
            .flat_map(|event| contract.versions_read_as(contract.event(event)))
            .any(is);
        let (message, label) = match (sent, received) {
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
