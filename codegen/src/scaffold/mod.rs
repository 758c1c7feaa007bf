//! `codegen new`: what a new event needs, put into the contract as a person would, and nothing else touched.

mod edit;
mod event;
mod files;
mod outcome;
mod pattern;
mod place;
mod plan;
mod refusal;
mod streams;
mod texts;
mod verify;
mod versions;

pub use event::{NewEvent, Party};
pub use files::{apply, diff};
pub use outcome::{Change, Next, Plan};
pub use plan::plan;
pub use refusal::Refusal;
