//! What becomes of a message without a verdict of its handler's: it is a dead letter, was handled before, is another's, or
//! has to wait.

use std::time::Duration;

use super::attempt::{Next, Past, patience};
use super::dead_letter::{self, DeadLetter};
use super::delivered::Delivered;
use super::settle::Settler;
use crate::telemetry::Outcome;
use crate::{Service, wire};

impl<S: Service> Settler<'_, S> {
    pub(super) async fn unreadable(
        &self,
        message: &Delivered,
        past: &Past,
        unreadable: &wire::Unreadable,
    ) -> Next {
        let letter = DeadLetter {
            reason: unreadable.reason(),
            error: unreadable.to_string(),
            attempts: 0,
            first_failure: None,
        };
        self.bury(message, past, letter).await
    }

    /// Stores the dead letter and only then settles the message. What cannot be stored is neither acked nor lost.
    pub(super) async fn bury(&self, message: &Delivered, past: &Past, letter: DeadLetter) -> Next {
        let operation = self.operation();
        match dead_letter::store(self.core, operation, message, &letter).await {
            Ok(()) => {
                self.held.term(message, letter.reason).await;
                self.core.metrics.dead_lettered(operation, letter.reason);
                tracing::error!(
                    operation = operation.name,
                    stream = message.stream,
                    sequence = message.sequence,
                    reason = letter.reason,
                    attempts = letter.attempts,
                    error = letter.error,
                    "dead letter"
                );
                Next::Done
            }
            Err(problem) => {
                let delay = patience(message.times + past.tries, Duration::from_secs(24));
                self.core.metrics.dead_letter_failed(operation);
                tracing::error!(operation = operation.name, stream = message.stream, sequence = message.sequence,
                    %problem, again_in = ?delay, "a dead letter could not be stored; the message is kept");
                Next::Again(delay)
            }
        }
    }

    pub(super) async fn duplicate(&self, message: &Delivered) -> Next {
        self.core
            .metrics
            .processed(self.operation(), Outcome::Duplicate, Duration::ZERO);
        tracing::debug!(
            operation = self.operation().name,
            sequence = message.sequence,
            "handled before"
        );
        self.held.ack(message).await;
        Next::Done
    }

    /// Another message of the channel, which the operation does not name: there is nothing to do.
    pub(super) async fn skipped(&self, message: &Delivered) -> Next {
        let nothing = Duration::ZERO;
        (self.core.metrics).processed(self.operation(), Outcome::Skipped, nothing);
        self.held.ack(message).await;
        Next::Done
    }

    pub(super) fn not_now(
        &self,
        message: &Delivered,
        past: &Past,
        spent: Option<u32>,
        why: &str,
    ) -> Next {
        // Short, because nothing else can be done in the meantime.
        let delay = patience(past.tries + 1, Duration::from_secs(4));
        tracing::warn!(operation = self.operation().name, sequence = message.sequence, why, again_in = ?delay,
            "cannot handle events now");
        Next::Wait { delay, spent }
    }
}
