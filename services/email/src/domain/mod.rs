//! What a letter says and what a mail looks like. Pure: no network, no disk, no clock, so the same event always gives
//! the same mail, byte for byte.

mod letter;
mod mail;
mod wording;

pub use letter::{Kind, Letter, cancellation, confirmation};
pub use mail::{Mail, MailError};
