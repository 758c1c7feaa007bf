//! What can go wrong while a machine is found, started or awaited.

use std::fmt;
use std::io;
use std::time::Duration;

/// The outcome of everything here.
pub type Result<T> = std::result::Result<T, Error>;

/// What failed, where, and how to mend it. `Debug` prints the same text as `Display`, so that an `expect` in a test shows
/// the log tail of a failed process with its line breaks.
#[derive(thiserror::Error)]
pub enum Error {
    /// The operating system refused.
    #[error("{what}: {source}")]
    Io {
        /// What was tried, with the path or address.
        what: String,
        /// What the system answered.
        source: io::Error,
    },
    /// A program is neither installed nor could it be installed.
    #[error("no usable {program}: {tried}\n{ways}")]
    Missing {
        /// The program's name.
        program: String,
        /// What was tried and why it failed.
        tried: String,
        /// The ways to get it.
        ways: String,
    },
    /// A condition did not come true in time.
    #[error("waited {within:?} for {what}; last seen: {last}")]
    Late {
        /// The condition.
        what: String,
        /// How long.
        within: Duration,
        /// The last state that was seen.
        last: String,
    },
    /// Anything else, said in a sentence.
    #[error("{0}")]
    Failed(String),
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error {
    pub(crate) fn failed(what: impl fmt::Display) -> Self {
        Self::Failed(what.to_string())
    }
}

/// Names what was tried when the operating system refuses.
pub(crate) trait During<T> {
    /// Turns the error into [`Error::Io`] with `what`.
    fn during(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T> During<T> for io::Result<T> {
    fn during(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|source| Error::Io {
            what: what(),
            source,
        })
    }
}
