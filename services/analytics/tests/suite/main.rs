//! The tests of the service: the read model on both databases, the page over HTTP, a rebuild from a real broker.

#![allow(clippy::unwrap_used)]

mod page;
mod read_model;
mod rebuild;
mod support;
