//! A mail server that keeps what it accepts.

use std::time::Duration;

use tempfile::TempDir;

use crate::error::During;
use crate::leash::{Leash, Program};
use crate::machines::PythonModule;
use crate::{Error, Result, machines, until};

const SCRIPT: &str = include_str!("smtp.py");
const START: Duration = Duration::from_secs(20);

/// A real SMTP server on a free port of 127.0.0.1 (`aiosmtpd`).
///
/// It refuses every recipient whose local part starts with `bounce` (550), and the first attempt at each one that
/// starts with `busy` (451).
#[derive(Debug)]
pub struct SmtpServer {
    // The process ends before its directory goes.
    leash: Leash,
    directory: TempDir,
    module: PythonModule,
    port: u16,
}

impl SmtpServer {
    /// Starts one and waits until it listens.
    pub async fn start() -> Result<Self> {
        let module = tokio::task::spawn_blocking(machines::aiosmtpd)
            .await
            .map_err(Error::failed)??;
        let directory = tempfile::Builder::new().prefix("jetway-smtp-").tempdir();
        let directory = directory.during(|| "cannot make a temporary directory".to_owned())?;
        let (leash, port) = listen(&module, &directory, 0).await?;
        Ok(Self {
            leash,
            directory,
            module,
            port,
        })
    }

    /// `kill -9`, and waits until it is gone. What it has accepted stays.
    pub fn kill(&self) -> Result<()> {
        self.leash.kill().map(drop)
    }

    /// Starts it again on the same port, and waits until it listens; kills it first if it still runs.
    pub async fn restart(&mut self) -> Result<()> {
        self.kill()?;
        (self.leash, self.port) = listen(&self.module, &self.directory, self.port).await?;
        Ok(())
    }

    /// `smtp://127.0.0.1:<port>`: no TLS, no password.
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// The accepted messages as they came, headers and all, in the order of their arrival.
    pub fn messages(&self) -> Vec<String> {
        let folder = self.directory.path().join("messages");
        let Ok(entries) = std::fs::read_dir(folder) else {
            return Vec::new();
        };
        let mut files: Vec<_> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        files.retain(|path| path.extension().is_some_and(|end| end == "eml"));
        files.sort();
        files
            .iter()
            .map(|path| {
                String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
            })
            .collect()
    }

    /// The process, to be stopped, killed or frozen.
    pub fn leash(&self) -> &Leash {
        &self.leash
    }
}

/// Starts the server, on a free port where `port` is 0.
async fn listen(module: &PythonModule, directory: &TempDir, port: u16) -> Result<(Leash, u16)> {
    let file = directory.path().join("port");
    // Left by the server before this one.
    let _ = std::fs::remove_file(&file);
    let port = port.to_string();
    let leash = Program::new(&module.python)
        .args([
            "-c".as_ref(),
            SCRIPT.as_ref(),
            directory.path().as_os_str(),
            port.as_ref(),
        ])
        .envs([
            ("PYTHONPATH", module.path.as_os_str()),
            ("PYTHONDONTWRITEBYTECODE", "1".as_ref()),
        ])
        .remove_afterwards(directory.path())
        .spawn(directory.path().join("smtp.log"))?;
    let listens = until("the mail server to listen", START, || async {
        if let Some(exit) = leash.exit_status() {
            return Ok(Err(Error::failed(format!(
                "the mail server ended ({exit}):\n{}",
                leash.log_tail(12)
            ))));
        }
        let text =
            std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        text.trim()
            .parse()
            .map(Ok)
            .map_err(|_| format!("{} holds {text:?}", file.display()))
    });
    let port = listens.await??;
    Ok((leash, port))
}
