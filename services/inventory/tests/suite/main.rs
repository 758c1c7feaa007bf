//! The tests of the service against a real broker and both databases.

#![allow(clippy::unwrap_used)]

mod reserve;
mod service;
mod support;
