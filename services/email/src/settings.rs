//! What can be set from outside, by flag or environment variable.

use std::path::PathBuf;
use std::str::FromStr;

use lettre::message::Mailbox;
use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::{AsyncSmtpTransport, Tokio1Executor};

use crate::postbox::{Files, Postbox, SendError, Smtp};

/// The settings of the service `email`.
#[derive(clap::Args, Clone, Debug)]
pub struct Settings {
    /// The mail server: smtp://<host>:<port>, smtp://<user>:<password>@<host>?tls=required (STARTTLS) or
    /// smtps://<user>:<password>@<host>; where not set each mail becomes a file in MAIL_DIR
    #[arg(long, env = "SMTP_URL", value_name = "URL", hide_env_values = true)]
    pub smtp_url: Option<SmtpUrl>,

    /// Directory for mails as .eml files; used where SMTP_URL is not set
    #[arg(
        long,
        env = "MAIL_DIR",
        value_name = "DIRECTORY",
        default_value = "data/mail"
    )]
    pub mail_dir: PathBuf,

    /// Who the mails are from
    #[arg(long, env = "MAIL_FROM", value_name = "MAILBOX", default_value = "Jetway sample shop <shop@example.com>", value_parser = mailbox)]
    pub mail_from: Mailbox,
}

impl Settings {
    /// Where mails go.
    ///
    /// # Errors
    ///
    /// Where the directory for mails cannot be made.
    pub fn postbox(&self) -> Result<Postbox, SendError> {
        match &self.smtp_url {
            Some(url) => Ok(Postbox::Smtp(Smtp::new(url))),
            None => Ok(Postbox::Files(Files::in_dir(&self.mail_dir)?)),
        }
    }
}

fn mailbox(text: &str) -> Result<Mailbox, String> {
    text.parse()
        .map_err(|_| "is no mailbox: one as in Shop <shop@example.com> is allowed".to_owned())
}

/// The URL of a mail server, known to be usable.
#[derive(Clone)]
pub struct SmtpUrl(AsyncSmtpTransportBuilder);

impl SmtpUrl {
    /// A connection to this server, to be set up further.
    pub(crate) fn transport(&self) -> AsyncSmtpTransportBuilder {
        self.0.clone()
    }
}

impl FromStr for SmtpUrl {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map(Self)
            .map_err(|_| {
                "is no mail server: smtp://<host>:<port> or smtps://<host> is allowed".to_owned()
            })
    }
}

/// Without the URL, which may hold a password.
impl std::fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SmtpUrl(…)")
    }
}
