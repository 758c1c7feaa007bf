//! Reads the contract and every file that it refers to, with the place of every value.

mod block;
mod json;
mod node;
mod parse;
mod pointer;
mod span;
mod typed;
mod workspace;

pub use node::{Entry, Node, Value};
pub use pointer::escape;
pub use span::{FileId, Span};
pub use typed::{TypedError, read};
pub use workspace::{File, Workspace};
