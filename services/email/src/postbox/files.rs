//! Mails as files: for development, and for a demonstration without a mail server.

use std::io;
use std::path::{Path, PathBuf};

use super::SendError;
use crate::domain::Mail;

/// The domain whose mailboxes do not exist. A directory never bounces a mail, so this one does it by rule: what a shop
/// does with a mailbox that bounces can then be seen without a mail server. `example` is reserved (RFC 2606).
pub const BOUNCING_DOMAIN: &str = "bounce.example";

/// A directory with one `.eml` file per mail.
#[derive(Clone, Debug)]
pub struct Files {
    dir: PathBuf,
}

impl Files {
    /// The directory `dir`, which is made where it is not there.
    ///
    /// # Errors
    ///
    /// Where it cannot be made.
    pub fn in_dir(dir: &Path) -> Result<Self, SendError> {
        std::fs::create_dir_all(dir).map_err(|source| SendError::File {
            path: dir.to_owned(),
            source,
        })?;
        Ok(Self {
            dir: dir.to_owned(),
        })
    }

    pub(super) async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        if mail
            .recipient
            .domain()
            .eq_ignore_ascii_case(BOUNCING_DOMAIN)
        {
            return Err(SendError::Refused {
                recipient: mail.recipient.to_string(),
                answer: "550 5.1.1 no such mailbox".to_owned(),
            });
        }
        let path = self.path_of(mail);
        replace(&path, &mail.message.formatted())
            .await
            .map_err(|source| SendError::File { path, source })
    }

    /// `<order id>-<confirmed|cancelled>.eml`: an order gets one mail per outcome, so a second writing replaces the first.
    fn path_of(&self, mail: &Mail) -> PathBuf {
        self.dir
            .join(format!("{}-{}.eml", mail.order_id, mail.kind.as_str()))
    }
}

/// Writes beside the file and renames: whoever reads the directory sees a whole mail or none.
async fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let unique = uuid::Uuid::now_v7();
    let unfinished = path.with_extension(format!("eml.{unique}.tmp"));
    let written = async {
        tokio::fs::write(&unfinished, content).await?;
        tokio::fs::rename(&unfinished, path).await
    };
    if let Err(error) = written.await {
        // Best effort: the first error is the one to report.
        let _ = tokio::fs::remove_file(&unfinished).await;
        return Err(error);
    }
    Ok(())
}
