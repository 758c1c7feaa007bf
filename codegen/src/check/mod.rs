//! Rules that the contract must keep so that what is generated can work.

use crate::diagnostics::Report;
use crate::load::Workspace;
use crate::model::Contract;

/// Applies every rule.
pub fn check(_contract: &Contract, _workspace: &Workspace, _report: &mut Report) {}
