//! Reads the contract and every file that it refers to, with the place of every value.

mod block;
mod dialect;
mod json;
mod node;
mod normal;
mod parse;
mod pointer;
mod resolve;
mod resources;
mod span;
mod stack;
mod typed;
mod workspace;

pub use dialect::{Dialect, Formats, Reading};
pub use node::{Entry, Node, Value};
pub use pointer::{encoded, escape};
pub use resolve::Target;
pub use resources::is_address;
pub use span::{FileId, Span};
pub use typed::{TypedError, read};
pub use workspace::{Document, File, Workspace};

/// A text that is no file of the workspace, with the places in it; `None` where it does not parse.
#[must_use]
pub fn alone(text: &str) -> Option<Node> {
    parse::parse(FileId(u32::MAX), text).ok()
}
