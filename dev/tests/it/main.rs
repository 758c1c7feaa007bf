//! The parts against the real programs.
#![allow(clippy::unwrap_used, missing_docs)]

mod broker;
mod collector;
mod demo;
mod leash;
mod postgres;
mod smtp;
