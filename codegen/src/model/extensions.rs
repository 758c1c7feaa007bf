//! The extensions of AsyncAPI that are read, by where they stand.

use super::grammar;

/// A kind of mapping of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The document.
    Document,
    /// A channel.
    Channel,
    /// A message.
    Message,
    /// An operation.
    Operation,
}

/// The names of the extensions that are read there.
pub(crate) fn of(place: Place) -> &'static [&'static str] {
    match place {
        Place::Document => grammar::DOCUMENT.extensions,
        Place::Channel => grammar::CHANNEL.extensions,
        Place::Message => grammar::MESSAGE.extensions,
        Place::Operation => grammar::OPERATION.extensions,
    }
}
