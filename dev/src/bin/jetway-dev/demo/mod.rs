//! `cargo demo`: the whole system, from nothing to a report.

mod broker_state;
mod figures;
mod http;
mod orders;
mod paint;
mod poison;
mod progress;
mod report;
mod run;
mod settle;
mod system;
mod trace;

pub(crate) use run::{Options, run};
