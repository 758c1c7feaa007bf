//! Whether a change of the contract is safe: what `codegen breaking` decides.

mod case;
mod compare;
mod gate;
mod git;
mod item;
mod language;
mod number;
mod obstacle;
pub mod output;
mod prepare;
mod prove;
mod schema;
mod settings;
mod source;
mod text;
mod topology;
mod types;
mod version;
pub mod waivers;
mod witness;
mod wording;

pub use compare::{Comparison, Direction, Finding, Verdict, compare};
pub use gate::{GateError, Options, Outcome, check};
pub use git::GitError;
pub use item::{Category, Item};
pub use schema::{Schema, SchemaError};
