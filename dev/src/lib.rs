//! The whole system on one machine, with nothing installed by hand.
//!
//! Tests and the demo get real parts from here: a NATS server, a Postgres server, a mail server, a collector of traces,
//! and the sample services as processes. Each has its own port, directory and name, and none outlives the process
//! that started it, not even when that is killed with `kill -9` (see [`leash`]).

#[cfg(not(unix))]
compile_error!("`dev` keeps its processes on a leash made of `/bin/sh` and signals: it needs Unix");

mod broker;
mod error;
pub mod leash;
pub mod machines;
pub mod otlp;
pub mod ports;
mod postgres;
mod raw_nats;
pub mod services;
pub mod smtp;
pub mod target;
mod until;

pub use broker::{Broker, BrokerOptions, server_at};
pub use error::{Error, Result};
pub use leash::{Leash, Signal};
pub use postgres::{Database, Postgres};
pub use services::Service;
pub use smtp::SmtpServer;
pub use until::until;
