//! The service `email`: writes to the customer once an order is confirmed or cancelled.
//!
//! Read it in this order: [`handlers`] (what happens on an event), [`domain`] (what a letter says, without I/O),
//! [`postbox`] (how a letter leaves the house), [`sent`] (what has been sent), [`http`].
//!
//! **Once, or once too often.** A mail server cannot take part in a database transaction. The service talks to it first
//! and commits afterwards, so a crash in between sends the mail again: at least once, never lost. Both copies carry the
//! same `Message-ID`, made from the event's id, so that the receiving side can tell them for one.

pub mod domain;
pub mod handlers;
pub mod http;
pub mod postbox;
pub mod sent;
mod settings;

pub use settings::{Settings, SmtpUrl};

/// The service's own tables.
pub const MIGRATIONS: jetway::Migrations = jetway::Migrations::new(&[jetway::Migration::new(
    1,
    "sent_mail",
    include_str!("../migrations/0001_sent_mail.sql"),
)]);
