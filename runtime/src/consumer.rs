//! Consumers: from a delivered message to its settlement.
//!
//! [`pull`] gets messages by credit, [`worker`] runs handlers with bounded concurrency and in lanes, [`settle`] decides
//! what becomes of a message by what is known of its [`attempt`]s, and [`unhandled`] where no handler is asked. [`circuit`]
//! pauses while a dependency is down, [`dead_letter`] stores what can never be handled.

mod attempt;
mod circuit;
mod dead_letter;
mod delivered;
mod handler;
mod held;
mod pull;
mod rebuild;
mod settle;
mod several;
mod solo;
mod unhandled;
mod worker;

pub use handler::{Consumers, Handler};
pub(crate) use rebuild::rebuild;
pub use several::{Arrived, HandlerOfSeveral, Reader, Several};
pub(crate) use solo::Solo;
pub(crate) use worker::Worker;
