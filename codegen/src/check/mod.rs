//! Rules that the contract must keep so that what is generated can work.

mod facts;
mod files;
mod one_sided;
mod rust_names;
mod settings;
mod subjects;
mod sunset;
mod type_names;
mod versions;

pub(crate) use facts::fact;

use crate::diagnostics::Report;
use crate::load::Workspace;
use crate::model::Contract;

/// Applies every rule; what breaks one is added to the report.
pub fn check(contract: &Contract, workspace: &Workspace, report: &mut Report) {
    check_on(contract, workspace, &sunset::today(), report);
}

/// Applies every rule as it holds on the day `today`, `YYYY-MM-DD`.
pub fn check_on(contract: &Contract, workspace: &Workspace, today: &str, report: &mut Report) {
    facts::check(contract, report);
    subjects::check(contract, report);
    settings::check(contract, report);
    versions::check(contract, report);
    rust_names::check(contract, report);
    one_sided::check(contract, report);
    sunset::check(contract, today, report);
    type_names::check(contract, report);
    files::check(contract, workspace, report);
}
