//! What `codegen breaking` decides: a table of rules, the holes of other gates, and a search for contradictions.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "breaking/command.rs"]
mod command;
#[path = "breaking/random/mod.rs"]
mod random;
#[path = "breaking/relied_on.rs"]
mod relied_on;
#[path = "breaking/rules.rs"]
mod rules;
mod support;
