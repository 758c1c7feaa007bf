//! Mails through a mail server.

use std::time::Duration;

use lettre::transport::smtp::Error;
use lettre::transport::smtp::response::Code;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::SendError;
use crate::domain::Mail;
use crate::settings::SmtpUrl;

/// How long one answer of the server may take: well below the operation's timeout of 60 s, so that a server that
/// hangs is reported as such.
const PATIENCE: Duration = Duration::from_secs(15);

/// A mail server.
#[derive(Clone, Debug)]
pub struct Smtp {
    server: AsyncSmtpTransport<Tokio1Executor>,
}

impl Smtp {
    /// The server at `url`. Connects for each mail, not yet here.
    #[must_use]
    pub fn new(url: &SmtpUrl) -> Self {
        let server = url.transport().timeout(Some(PATIENCE)).build();
        Self { server }
    }

    pub(super) async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        match self.server.send(mail.message.clone()).await {
            Ok(_) => Ok(()),
            Err(error) if refuses_the_mail(&error) => Err(SendError::Refused {
                recipient: mail.recipient.to_string(),
                answer: error.to_string(),
            }),
            Err(source) if puts_off_the_mail(&source) => Err(SendError::PutOff {
                recipient: mail.recipient.to_string(),
                source,
            }),
            Err(error) => Err(SendError::Unavailable(error)),
        }
    }
}

/// Whether the server will never take this mail (RFC 5321, 4.2.1: 5yz). Not so the answers to a missing or wrong
/// password (RFC 4954, 6): those are about us, pass when the setting is mended, and must not cost every mail meanwhile.
fn refuses_the_mail(error: &Error) -> bool {
    const ABOUT_US: [u16; 4] = [530, 534, 535, 538];
    error.is_permanent()
        && error
            .status()
            .map(|code: Code| u16::from(code))
            .is_none_or(|code| !ABOUT_US.contains(&code))
}

/// Whether the server puts off this mail and may take others: a mailbox that is busy, an error over this one, no room for
/// it (RFC 5321, 4.2.3). The other answers of 4yz, such as 421, are about all mails.
fn puts_off_the_mail(error: &Error) -> bool {
    const ABOUT_THE_MAIL: [u16; 3] = [450, 451, 452];
    error
        .status()
        .is_some_and(|code: Code| ABOUT_THE_MAIL.contains(&u16::from(code)))
}
