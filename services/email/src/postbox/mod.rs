//! How a mail leaves the house: through a mail server, or into a directory.

mod files;
mod smtp;

use std::path::PathBuf;

use jetway::Failure;

use crate::domain::Mail;

pub use files::{BOUNCING_DOMAIN, Files};
pub use smtp::Smtp;

/// Where mails go.
#[derive(Debug)]
pub enum Postbox {
    /// To a mail server.
    Smtp(Smtp),
    /// Into a directory.
    Files(Files),
}

impl Postbox {
    /// Sends `mail`. To send it again does no harm: the second carries the same `Message-ID`, and replaces the file.
    ///
    /// # Errors
    ///
    /// Where nobody took the mail.
    pub async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        match self {
            Self::Smtp(server) => server.send(mail).await,
            Self::Files(directory) => directory.send(mail).await,
        }
    }
}

/// A postbox that cannot be opened keeps the service from starting.
impl From<SendError> for jetway::Error {
    fn from(error: SendError) -> Self {
        Self::Other(Box::new(error))
    }
}

/// Why nobody took a mail.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// This mail will never be taken.
    #[error("the mail for {recipient} is refused for good: {answer}")]
    Refused {
        /// Who should have got it.
        recipient: String,
        /// What the mail server said.
        answer: String,
    },
    /// The mail server puts off this mail, as for a mailbox that is busy or full. It may take others.
    #[error("the mail server puts off the mail for {recipient}")]
    PutOff {
        /// Who should have got it.
        recipient: String,
        /// What the mail server said.
        source: lettre::transport::smtp::Error,
    },
    /// The mail server takes no mail now, or cannot be reached.
    #[error("the mail server takes no mail now")]
    Unavailable(#[source] lettre::transport::smtp::Error),
    /// The file could not be written.
    #[error("cannot write {path}, which is in MAIL_DIR: {source}")]
    File {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
}

impl SendError {
    /// A refusal is permanent. Without a mail server no mail can be sent, which is no fault of this one's: the operation
    /// pauses. Everything else may pass, so the event is tried again.
    #[must_use]
    pub fn into_failure(self) -> Failure {
        match self {
            Self::Refused { .. } => Failure::permanent(self),
            Self::Unavailable(_) => Failure::unavailable("smtp", self),
            Self::PutOff { .. } | Self::File { .. } => Failure::from(self),
        }
    }
}
