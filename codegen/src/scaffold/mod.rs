//! `codegen new`: what a new event needs, put into the contract as a person would, and nothing else touched.

mod edit;
mod event;
mod files;
mod place;
mod plan;
mod texts;
mod verify;

pub use event::{NewEvent, Party};
pub use files::{apply, diff};
pub use plan::{Change, Next, Plan, Refusal, plan};
