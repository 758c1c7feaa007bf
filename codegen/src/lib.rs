//! Writes the events crate from `asyncapi.yaml` and its JSON Schemas: load -> model -> check -> render -> write.
//!
//! It writes text and opens no socket; what the text calls is the runtime's.

pub mod check;
pub mod codes;
pub mod diagnostics;
pub mod evolve;
pub mod load;
pub mod model;
mod parallel;
pub mod render;
pub mod scaffold;
pub mod write;
