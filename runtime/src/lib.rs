//! Jetway's runtime: what the generated code calls, and what everybody gets wrong once.
//!
//! It settles messages (ack, retry, dead letter), keeps effects idempotent (inbox), publishes what a transaction
//! decided (outbox), provisions and verifies JetStream topology, traces, counts, and drains on shutdown. It names no
//! event of any business.

mod app;
mod consumer;
mod contract;
#[doc(hidden)]
pub mod counted;
mod error;
mod event;
mod failure;
#[doc(hidden)]
pub mod fault;
pub mod http;
pub mod json;
mod publish;
mod relay;
pub mod settings;
mod store;
pub mod telemetry;
pub mod topology;
mod tx;
mod types;
pub mod validate;
mod versions;
mod wire;

pub use app::{App, Running, launch};
pub use consumer::{Arrived, Consumers, Handler, HandlerOfSeveral, Reader, Several};
pub use error::Error;
pub use settings::{NoSettings, Settings};
pub use store::{Database, Migration, Migrations, StoreError, now_micros};
pub use tx::{PublishError, Tx};

pub use contract::{
    Backoff, Operation, Ordering, Pause, Retention, Retry, SentBy, Service, Start, Storage, Stream,
};
pub use event::{Delivery, Event, EventData, EventInfo, Subject, SubjectBuilder, SubjectError};
pub use failure::{Failure, Handled};
pub use json::integer;
pub use types::Nullable;
pub use validate::{Validate, Violation, Violations};
pub use versions::{Downcast, Older, Twins, Upcast};
