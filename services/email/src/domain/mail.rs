//! A letter in its envelope: the mail as it goes over the wire.

use std::time::SystemTime;

use lettre::Message;
use lettre::address::{Address, AddressError};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

use super::{Kind, Letter};

/// A mail, ready to be sent.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The event that gave rise to it.
    pub event_id: String,
    /// The order that it is about.
    pub order_id: Uuid,
    /// What it is about.
    pub kind: Kind,
    /// Who gets it.
    pub recipient: Address,
    /// Its `Message-ID` with the angle brackets: the same whenever this event is handled.
    pub message_id: String,
    /// Headers and both parts.
    pub message: Message,
}

/// Why a letter cannot become a mail. Trying again cannot help.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The customer's address is none.
    #[error("{address:?} is no mail address: {source}")]
    Address {
        /// The address as the order has it.
        address: String,
        /// What is wrong with it.
        source: AddressError,
    },
    /// The parts do not make a mail.
    #[error("the mail cannot be put together: {0}")]
    Message(#[from] lettre::error::Error),
}

impl Mail {
    /// Puts `letter` in an envelope.
    ///
    /// # Errors
    ///
    /// Where the customer's address is none.
    pub fn new(letter: &Letter, from: &Mailbox) -> Result<Self, MailError> {
        let recipient: Address = letter
            .address
            .parse()
            .map_err(|source| MailError::Address {
                address: letter.address.clone(),
                source,
            })?;
        let message_id = message_id(&letter.event_id, from);
        let message = Message::builder()
            .from(from.clone())
            .to(Mailbox::new(Some(letter.name.clone()), recipient.clone()))
            .subject(&letter.subject)
            .date(date(letter.dated))
            .message_id(Some(message_id.clone()))
            .multipart(parts(letter))?;
        Ok(Self {
            event_id: letter.event_id.clone(),
            order_id: letter.order_id,
            kind: letter.kind,
            recipient,
            message_id,
            message,
        })
    }
}

/// Text first, HTML second: a mail reader shows the last part that it understands.
fn parts(letter: &Letter) -> MultiPart {
    MultiPart::alternative()
        .boundary(derived_id(&letter.event_id))
        .singlepart(SinglePart::plain(letter.text.clone()))
        .singlepart(SinglePart::html(letter.html.clone()))
}

/// `<event id@host of the sender>`. An id of a foreign publisher may hold what a header must not: that one is hashed.
fn message_id(event_id: &str, from: &Mailbox) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let id = if event_id.len() <= 64 && event_id.chars().all(harmless) {
        event_id.to_owned()
    } else {
        derived_id(event_id)
    };
    format!("<{id}@{}>", from.email.domain())
}

/// 32 hexadecimal digits that follow from the event's id.
fn derived_id(event_id: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, event_id.as_bytes())
        .simple()
        .to_string()
}

/// The `Date` header knows the years 1970 to 9999 only, and the contract allows any.
fn date(at: OffsetDateTime) -> SystemTime {
    at.clamp(OffsetDateTime::UNIX_EPOCH, datetime!(9999-12-31 0:00 UTC))
        .into()
}
