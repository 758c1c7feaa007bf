//! What `codegen breaking` decides: a table of rules, the holes of other gates, and a search for contradictions.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "breaking/random.rs"]
mod random;
#[path = "breaking/rules.rs"]
mod rules;
