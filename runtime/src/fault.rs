//! Places where a test can stop a process to kill it there, and promises that an experiment can break on purpose.
//!
//! `JETWAY_FAULT=<operation>:<point>:<file>` makes the process create `<file>` when it first reaches `<point>` of
//! `<operation>` (`relay` for the outbox), and go no further. Debug builds obey it.
//!
//! A release build obeys nothing unless its own code has called [`allow`]: the environment alone cannot reach this, and
//! no feature of a crate that is built beside it can switch it on. Only the experiment in `chaos/` calls it. There,
//! and nowhere else, `JETWAY_BREAK` is read too: a list of the mechanisms that [`broken`] knows, separated by commas, which
//! are then left out, so that the experiment can show that it would notice. And `JETWAY_CLOCK` is a file that says by how
//! many seconds the clock of the process is wrong, as far as anything is decided by it; what it says may change.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether this program asks for faults. Debug builds always obey `JETWAY_FAULT`.
static ALLOWED: AtomicBool = AtomicBool::new(false);

/// Makes this process obey `JETWAY_FAULT` and `JETWAY_BREAK`. Not for anything that is deployed.
pub fn allow() {
    ALLOWED.store(true, Ordering::Relaxed);
}

fn allowed() -> bool {
    ALLOWED.load(Ordering::Relaxed)
}

/// A mechanism that can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mechanism {
    /// `inbox`: no event counts as handled before.
    Inbox,
    /// `ack-last`: a message is acked before its handler runs.
    AckLast,
    /// `near-due`: a due time of the outbox is believed however far ahead it is.
    NearDue,
    /// `stored-letters`: a dead letter counts as stored though nobody has confirmed it.
    StoredLetters,
}

impl Mechanism {
    fn name(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::AckLast => "ack-last",
            Self::NearDue => "near-due",
            Self::StoredLetters => "stored-letters",
        }
    }
}

/// Whether an experiment has asked for `mechanism` to be left out.
pub(crate) fn broken(mechanism: Mechanism) -> bool {
    static BROKEN: OnceLock<String> = OnceLock::new();
    allowed()
        && BROKEN
            .get_or_init(|| std::env::var("JETWAY_BREAK").unwrap_or_default())
            .split(',')
            .any(|name| name == mechanism.name())
}

/// By how many microseconds the clock is wrong.
pub(crate) fn clock_error() -> i64 {
    static CLOCK: OnceLock<Option<String>> = OnceLock::new();
    if !allowed() {
        return 0;
    }
    let file = CLOCK.get_or_init(|| std::env::var("JETWAY_CLOCK").ok());
    let text = file
        .as_ref()
        .and_then(|file| std::fs::read_to_string(file).ok());
    let seconds: i64 = text.and_then(|text| text.parse().ok()).unwrap_or(0);
    seconds.saturating_mul(1_000_000)
}

pub(crate) async fn point(operation: &str, point: &str) {
    if cfg!(debug_assertions) || allowed() {
        stop_at(operation, point).await;
    }
}

async fn stop_at(operation: &str, point: &str) {
    static FAULT: OnceLock<Option<String>> = OnceLock::new();
    let Some(fault) = FAULT.get_or_init(|| std::env::var("JETWAY_FAULT").ok()) else {
        return;
    };
    let mut parts = fault.splitn(3, ':');
    if parts.next() == Some(operation)
        && parts.next() == Some(point)
        && let Some(file) = parts.next()
        && std::fs::File::create_new(file).is_ok()
    {
        tracing::warn!(
            operation,
            point,
            "JETWAY_FAULT: this process stops here until it is killed"
        );
        std::future::pending::<()>().await;
    }
}
