//! The service `analytics`: keeps a read model of all events, and shows it on a live page.
//!
//! Read it in this order: [`domain`] (what an event changes, without I/O), [`handlers`] (what happens on an event),
//! [`read_model`] (the tables), [`live`] and [`http`] (the page).
//!
//! **Any order.** The events of one order come over several consumers, so a confirmation may be here before its order.
//! Each event therefore only adds: to a counter, a sum, or a row of its own. Additions commute, and the inbox keeps each
//! event from being added twice.

pub mod domain;
pub mod handlers;
pub mod http;
pub mod live;
pub mod read_model;
mod settings;

pub use settings::Settings;

/// The service's own tables.
pub const MIGRATIONS: jetway::Migrations = jetway::Migrations::new(&[jetway::Migration::new(
    1,
    "read_model",
    include_str!("../migrations/0001_read_model.sql"),
)]);
