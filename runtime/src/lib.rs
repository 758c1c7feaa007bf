//! Jetway's runtime: what the generated code calls, and what everybody gets wrong once.
//!
//! It settles messages (ack, retry, dead letter), keeps effects idempotent (inbox), publishes what a transaction
//! decided (outbox), provisions and verifies JetStream topology, traces, counts, and drains on shutdown. It names no
//! event of any business.

mod contract;
mod event;
mod failure;
mod types;
pub mod validate;

pub use contract::{
    Backoff, Operation, Ordering, Retention, Retry, SentBy, Service, Start, Storage, Stream,
};
pub use event::{Delivery, Event, EventData, Subject, SubjectBuilder, SubjectError};
pub use failure::{Failure, Handled};
pub use types::{Nullable, integer, integers, present, present_date_time, present_integer};
pub use validate::{Validate, Violation, Violations};
