//! Rules that the contract must keep so that what is generated can work.

mod facts;
mod files;
mod rust_names;
mod settings;
mod subjects;
mod versions;

use crate::diagnostics::Report;
use crate::load::Workspace;
use crate::model::Contract;

/// Applies every rule; what breaks one is added to the report.
pub fn check(contract: &Contract, workspace: &Workspace, report: &mut Report) {
    facts::check(contract, report);
    subjects::check(contract, report);
    settings::check(contract, report);
    versions::check(contract, report);
    rust_names::check(contract, report);
    files::check(contract, workspace, report);
}
