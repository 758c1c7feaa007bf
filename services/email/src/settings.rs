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
    /// The mail server: smtp://host:port, smtp://user:password@host:port?tls=required (STARTTLS) or
    /// smtps://user:password@host. Without it each mail becomes a file in MAIL_DIR.
    #[arg(long, env = "SMTP_URL", hide_env_values = true)]
    pub smtp_url: Option<SmtpUrl>,

    /// The directory for mails as .eml files; used while SMTP_URL is not set.
    #[arg(long, env = "MAIL_DIR", default_value = "data/mail")]
    pub mail_dir: PathBuf,

    /// Who the mails are from.
    #[arg(long, env = "MAIL_FROM", default_value = "Jetway sample shop <shop@example.com>")]
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
            .map_err(|error| {
                format!("{error}; expected smtp://host:port, smtp://…?tls=required or smtps://…")
            })
    }
}

/// Without the URL, which may hold a password.
impl std::fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SmtpUrl(…)")
    }
}
