//! Python modules that are run, not only unpacked.

use std::path::PathBuf;

use super::install;
use crate::Result;

/// The version of the SMTP server that is installed.
pub const AIOSMTPD_PINNED: &str = "1.4.6";

/// A module and the interpreter that can import it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PythonModule {
    /// `python3`.
    pub python: PathBuf,
    /// To be given as `PYTHONPATH`.
    pub path: PathBuf,
}

/// `aiosmtpd`, an SMTP server, installed if need be.
pub fn aiosmtpd() -> Result<PythonModule> {
    Ok(PythonModule {
        path: install::package("aiosmtpd", AIOSMTPD_PINNED)?,
        python: install::python()?,
    })
}
