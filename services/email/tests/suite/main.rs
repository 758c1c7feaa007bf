//! The tests of the service: what mails look like, how they are delivered, and the handlers on both databases.

#![allow(clippy::unwrap_used)]

mod letters;
mod outage;
mod postbox;
mod service;
mod support;
