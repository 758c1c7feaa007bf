//! How a handler says what went wrong, and what shall become of the event.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::store::{StoreError, is_unavailable};

type BoxError = Box<dyn Error + Send + Sync>;

/// What a handler returns.
pub type Handled = Result<(), Failure>;

/// Why an event was not handled, and what to do with it.
///
/// Any error becomes a `Failure` through `?`: the transaction is rolled back and the event is tried again after the
/// operation's backoff.
pub struct Failure {
    pub(crate) verdict: Verdict,
    pub(crate) reason: BoxError,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Try again after the operation's backoff.
    Retry,
    /// Try again after this delay; an attempt is spent.
    RetryAfter(Duration),
    /// Deliver again after this delay; no attempt is spent.
    Defer(Duration),
    /// No attempt can help: dead letter.
    Permanent,
    /// This dependency is down, whatever the event: no attempt is spent, and after some such failures the operation
    /// pauses.
    Unavailable(&'static str),
}

impl Failure {
    /// No further attempt can help: the event becomes a dead letter now.
    pub fn permanent(reason: impl Into<BoxError>) -> Self {
        Self {
            verdict: Verdict::Permanent,
            reason: reason.into(),
        }
    }

    /// Try again after `delay` instead of the operation's backoff. An attempt is spent.
    #[must_use]
    pub fn retry_after(delay: Duration) -> Self {
        Self {
            verdict: Verdict::RetryAfter(delay),
            reason: "the handler asked for another attempt".into(),
        }
    }

    /// Something else has to happen first, such as another event's arrival: deliver again after `delay`, without
    /// spending an attempt. Beyond the operation's `defer-limit` the event becomes a dead letter.
    #[must_use]
    pub fn defer(delay: Duration) -> Self {
        Self {
            verdict: Verdict::Defer(delay),
            reason: "the handler deferred the event".into(),
        }
    }

    /// Something that the handler depends on is down, such as a mail server: `dependency` is its name, one of few words.
    /// It would fail every event, so no attempt is spent. After `pause.after` such failures in a row the operation stops
    /// pulling, and one event at a time tries again until one is handled.
    ///
    /// Only for what is no fault of the event's. One that fails like this again after others were handled spends an
    /// attempt all the same, and becomes a dead letter in the end.
    ///
    /// ```
    /// # use jetway::{Failure, Handled};
    /// fn post(mail: &str) -> Result<(), std::io::Error> {
    ///     # let _ = mail;
    ///     Err(std::io::ErrorKind::ConnectionRefused.into())
    /// }
    ///
    /// fn handle() -> Handled {
    ///     post("Your order").map_err(|error| Failure::unavailable("smtp", error))
    /// }
    ///
    /// assert_eq!(handle().unwrap_err().to_string(), "smtp is unavailable: connection refused");
    /// ```
    pub fn unavailable(dependency: &'static str, reason: impl Into<BoxError>) -> Self {
        Self {
            verdict: Verdict::Unavailable(dependency),
            reason: reason.into(),
        }
    }

    /// The error of a database that is not available, where that is the cause.
    pub(crate) fn of_database(&self) -> Option<&sqlx::Error> {
        let mut cause: Option<&(dyn Error + 'static)> = Some(&*self.reason);
        while let Some(error) = cause {
            let found = match error.downcast_ref::<StoreError>() {
                Some(StoreError::Unavailable(found)) => Some(found),
                _ => error
                    .downcast_ref::<sqlx::Error>()
                    .filter(|error| is_unavailable(error)),
            };
            if found.is_some() {
                return found;
            }
            cause = error.source();
        }
        None
    }

    /// What the span's `error.type` says.
    pub(crate) fn kind(&self) -> &'static str {
        match self.verdict {
            Verdict::Retry | Verdict::RetryAfter(_) => "retry",
            Verdict::Defer(_) => "deferred",
            Verdict::Permanent => "permanent",
            Verdict::Unavailable(_) => "unavailable",
        }
    }

    /// The same with another reason.
    #[must_use]
    pub fn because(self, reason: impl Into<BoxError>) -> Self {
        Self {
            reason: reason.into(),
            ..self
        }
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            verdict: Verdict::Retry,
            reason: Box::new(error),
        }
    }
}

/// The reason and its causes, each once.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = match self.verdict {
            Verdict::Unavailable(dependency) => {
                format!("{dependency} is unavailable: {}", self.reason)
            }
            _ => self.reason.to_string(),
        };
        let mut cause = self.reason.source();
        while let Some(error) = cause {
            let next = error.to_string();
            // Some errors print their cause themselves.
            if !text.ends_with(&next) {
                text.push_str(": ");
                text.push_str(&next);
            }
            cause = error.source();
        }
        f.write_str(&text)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("verdict", &self.verdict)
            .field("reason", &self.reason.to_string())
            .finish()
    }
}
