//! The tests of the service over HTTP, against a real broker and both databases.

#![allow(clippy::unwrap_used)]

mod http;
mod idempotency;
mod ledger;
mod outage;
mod settling;
mod support;
