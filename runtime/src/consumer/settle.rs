//! One attempt at one message, and what becomes of it: the settlement table.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures::FutureExt;
use tracing::Instrument;

use super::attempt::{Begun, Next, Past, from_micros, lengthened, panic_text, retry};
use super::circuit::{Blame, Circuit, Pass};
use super::dead_letter::DeadLetter;
use super::delivered::Delivered;
use super::handler::{Consumer, Decoded};
use super::held::Held;
use crate::app::Core;
use crate::failure::{Failure, Verdict};
use crate::fault::{self, Mechanism};
use crate::store::{Attempts, Inbox, Source, Standing, StoreError, micros, now_micros};
use crate::telemetry::{Outcome, Received, TraceContext, process_failed, process_span};
use crate::wire::{self, Incoming};
use crate::{Operation, Retry, Service, Tx};

/// How long a twin gives way to the newer version.
const YIELDED: Duration = Duration::from_secs(1);

/// How often in a row a handler's wait for a connection may time out before that counts as its own doing.
const TIMED_OUT: u64 = 2;

/// What the attempt came to.
enum Verdicted {
    Handled,
    Duplicate,
    /// The database or the broker failed, not the event: again, and no attempt is spent.
    NotNow(String),
    Failed(Failure),
}

pub(super) struct Settler<'a, S> {
    pub(super) core: &'a Core,
    pub(super) consumer: &'a Consumer<S>,
    pub(super) held: &'a Held,
    pub(super) circuit: &'a Circuit,
    pub(super) pass: Pass,
}

impl<S: Service> Settler<'_, S> {
    pub(super) fn operation(&self) -> &'static Operation {
        self.consumer.operation
    }

    /// Makes one attempt at the message and settles it where that can be done.
    ///
    /// What does not happen to every message is boxed, here and below: each message has a task with room for the largest of
    /// all ways, and copying that room was the most expensive part of a delivery.
    pub(super) async fn attempt(&self, message: &Delivered, past: &Past) -> Next {
        let most = self.core.settings.max_event_bytes;
        let incoming = match wire::read(message.headers.as_ref(), &message.body, most) {
            Ok(incoming) => incoming,
            Err(unreadable) => return Box::pin(self.unreadable(message, past, &unreadable)).await,
        };
        if self.consumer.handler.skips(&incoming.event_type) {
            return self.skipped(message).await;
        }
        let identity = incoming.identity.clone();
        let attempts = Attempts {
            durable: self.operation().durable,
            stream: message.stream.clone(),
            sequence: i64::try_from(message.sequence).unwrap_or(i64::MAX),
        };
        let standing = match self.look_up(message, &identity, &attempts, past).await {
            Ok(Known::Handled) => return self.duplicate(message).await,
            Ok(Known::Standing(standing)) => past.corrected(standing),
            Err(error) => return self.not_now(message, past, None, &error.to_string()),
        };
        if self.yields(message, &incoming, past) {
            return Next::Again(lengthened(YIELDED));
        }
        let attempt = self.number(message, standing.as_ref());
        if attempt > self.operation().retry.max_attempts {
            let standing = standing.unwrap_or_default();
            return Box::pin(self.exhausted(message, past, attempt - 1, standing)).await;
        }
        let parent = message
            .headers
            .as_ref()
            .map(TraceContext::from_headers)
            .unwrap_or_default();
        let received = Received {
            id: Some(&incoming.id),
            correlation_id: Some(&incoming.correlation_id),
            body_size: message.body.len(),
            delivered: message.times,
        };
        let span = process_span(self.operation(), &received, &parent);
        let correlation = incoming.correlation_id.clone();
        let decode = || {
            self.consumer
                .handler
                .decode(incoming, message.delivery(attempt))
        };
        let decoded = std::panic::catch_unwind(AssertUnwindSafe(decode))
            .unwrap_or_else(|panic| Err(wire::Unreadable::Panicked(panic_text(&*panic))));
        let event = match decoded {
            Ok(event) => event,
            Err(unreadable) => return Box::pin(self.unreadable(message, past, &unreadable)).await,
        };
        let begun = Begun {
            message,
            past,
            identity,
            correlation,
            attempts,
            standing,
            attempt,
        };
        async {
            self.core.metrics.consumed(self.operation());
            let started = Instant::now();
            let verdict = self.run(&begun, &event).await;
            self.settle(&begun, verdict, started).await
        }
        .instrument(span)
        .await
    }

    /// Whether this gives way to the newer version of the same fact, which this consumer gets too and which was published
    /// first: handled side by side both would have their effect, and one of them in vain. Only once, so that the fact is
    /// not lost where the newer version never comes, as to a consumer that began between the two.
    fn yields(&self, message: &Delivered, incoming: &Incoming, past: &Past) -> bool {
        incoming.is_twin()
            && incoming.event_type != self.operation().event_type
            && message.times <= 1
            && past.tries == 0
    }

    async fn look_up(
        &self,
        message: &Delivered,
        identity: &Source,
        attempts: &Attempts,
        past: &Past,
    ) -> Result<Known, StoreError> {
        let database = &self.core.database;
        if !database.is_there() {
            let earlier = message.times.saturating_sub(1) + past.tries;
            return Ok(Known::Standing(Standing::of_deliveries(earlier)));
        }
        if Inbox::contains(database, self.operation().durable, identity).await? {
            return Ok(Known::Handled);
        }
        // A first delivery has no past, and most deliveries are first ones.
        if past.tries == 0 && message.times <= 1 && !self.counts_from_the_first() {
            return Ok(Known::Standing(None));
        }
        Ok(Known::Standing(
            Box::pin(attempts.standing(database)).await?,
        ))
    }

    /// With so few attempts none may be guessed: the first is written down before it runs as well.
    fn counts_from_the_first(&self) -> bool {
        self.operation().retry.max_attempts <= 2
    }

    /// Which attempt this is. A redelivery of which nothing is known may have died in its first attempt: it counts,
    /// unless the first is written down as well.
    fn number(&self, message: &Delivered, standing: Option<&Standing>) -> u32 {
        match standing {
            Some(standing) => standing.attempts + 1,
            None if message.times > 1 && !self.counts_from_the_first() => 2,
            None => 1,
        }
    }

    /// Runs the handler and commits what it did.
    async fn run(&self, begun: &Begun<'_>, event: &Decoded) -> Verdicted {
        let suspect = begun
            .standing
            .as_ref()
            .is_some_and(|standing| standing.unaccounted > 0);
        let _turn = self.core.solo.turn(suspect).await;
        let remembered =
            begun.standing.is_some() || begun.message.times > 1 || self.counts_from_the_first();
        if remembered
            && let Err(error) =
                Box::pin(begun.attempts.begin(&self.core.database, begun.attempt)).await
        {
            return Verdicted::NotNow(error.to_string());
        }
        let name = self.operation().name;
        if fault::broken(Mechanism::AckLast) {
            self.held.ack(begun.message).await;
        }
        fault::point(name, "before-handler").await;
        let mut tx = Tx::<S>::new(
            self.core,
            begun.correlation.clone(),
            Some(begun.identity.id.clone()),
        )
        .handling(self.operation().durable);
        let handled = self.guarded(event, &mut tx).await;
        fault::point(name, "in-handler").await;
        if let Err(failure) = handled {
            return Box::pin(self.undo(tx, failure, begun.past)).await;
        }
        let forget = remembered.then_some(&begun.attempts);
        let commit = tx.commit_handled(self.operation().durable, &begun.identity, forget);
        match tokio::time::timeout(self.operation().timeout, commit).await {
            Ok(Ok(true)) => Verdicted::Handled,
            Ok(Ok(false)) => Verdicted::Duplicate,
            Ok(Err(StoreError::Unavailable(error))) => Verdicted::NotNow(error.to_string()),
            Ok(Err(error @ StoreError::NotPublished(_))) => Verdicted::NotNow(error.to_string()),
            Ok(Err(error)) => Verdicted::Failed(Failure::from(error)),
            // Whether it went through is for the inbox to tell.
            Err(_) => Verdicted::NotNow("the commit did not end".to_owned()),
        }
    }

    /// Rolls back. What the handler has read may have been another's work that was undone in the end: then its verdict
    /// is worth nothing.
    async fn undo(&self, tx: Tx<'_, S>, failure: Failure, past: &Past) -> Verdicted {
        let rolled_back = tokio::time::timeout(self.operation().timeout, tx.rollback()).await;
        if self.is_the_database(&failure, past).await {
            return Verdicted::NotNow(failure.to_string());
        }
        match rolled_back {
            Ok(Err(error)) => Verdicted::NotNow(error.to_string()),
            Err(_) if failure.verdict == Verdict::Permanent => {
                Verdicted::NotNow("the rollback did not end".to_owned())
            }
            _ => Verdicted::Failed(failure),
        }
    }

    /// Whether the handler failed because the database is gone: no fault of the event's.
    async fn is_the_database(&self, failure: &Failure, past: &Past) -> bool {
        match failure.of_database() {
            None => false,
            // Time-outs of a database that answers are the handler's own doing, as when it takes a second connection. But
            // one that answers now may have come back a moment ago: what the handler does itself, it does each time.
            Some(sqlx::Error::PoolTimedOut) => {
                past.tries < TIMED_OUT || self.core.database.ping().await.is_err()
            }
            Some(_) => failure.verdict == Verdict::Retry,
        }
    }

    /// The handler with its timeout, and a panic turned into a failure like any other.
    async fn guarded(&self, event: &Decoded, tx: &mut Tx<'_, S>) -> Result<(), Failure> {
        let limit = self.operation().timeout;
        let handler = AssertUnwindSafe(self.consumer.handler.handle(event, tx)).catch_unwind();
        match tokio::time::timeout(limit, handler).await {
            Ok(Ok(handled)) => handled,
            Ok(Err(panic)) => Err(retry(format!(
                "the handler panicked: {}",
                panic_text(&*panic)
            ))),
            Err(_) => Err(retry(format!(
                "the handler did not finish within {limit:?}"
            ))),
        }
    }

    async fn settle(&self, begun: &Begun<'_>, verdict: Verdicted, started: Instant) -> Next {
        let processed = |outcome| {
            self.core
                .metrics
                .processed(self.operation(), outcome, started.elapsed())
        };
        match verdict {
            Verdicted::Handled => {
                fault::point(self.operation().name, "after-commit").await;
                self.held.ack(begun.message).await;
                self.circuit.served(self.pass, begun.message.sequence);
                processed(Outcome::Handled);
                Next::Done
            }
            Verdicted::Duplicate => self.duplicate(begun.message).await,
            Verdicted::NotNow(why) => {
                processed(Outcome::Unavailable);
                self.not_now(begun.message, begun.past, Some(begun.attempt - 1), &why)
            }
            Verdicted::Failed(failure) => {
                let (outcome, next) = Box::pin(self.failed(begun, &failure)).await;
                processed(outcome);
                next
            }
        }
    }

    async fn failed(&self, begun: &Begun<'_>, failure: &Failure) -> (Outcome, Next) {
        let error = failure.to_string();
        process_failed(&tracing::Span::current(), failure.kind(), &error);
        match failure.verdict {
            Verdict::Permanent => {
                self.circuit.served(self.pass, begun.message.sequence);
                let letter = begun.letter("permanent", error);
                // The attempts stay as they were: should this not be stored, the next one says the same.
                self.give_up(begun, letter, begun.attempt - 1).await
            }
            Verdict::Defer(delay) => self.deferred(begun, delay, error).await,
            Verdict::Retry => {
                let delay = lengthened(self.operation().retry.delay(begun.attempt));
                self.retried(begun, delay, error).await
            }
            Verdict::RetryAfter(delay) => self.retried(begun, delay, error).await,
            Verdict::Unavailable(dependency) => self.unavailable(begun, dependency, error).await,
        }
    }

    async fn retried(&self, begun: &Begun<'_>, delay: Duration, error: String) -> (Outcome, Next) {
        let operation = self.operation();
        let Retry { max_attempts, .. } = operation.retry;
        if begun.attempt >= max_attempts {
            let letter = begun.letter("attempts-exhausted", error);
            return self.give_up(begun, letter, begun.attempt).await;
        }
        let written = begun
            .attempts
            .failed(&self.core.database, begun.attempt, &error)
            .await;
        if let Err(problem) = written {
            tracing::warn!(%problem, "the failed attempt could not be written down and will not count");
        }
        let attempt = begun.attempt;
        if attempt == operation.alert_after {
            tracing::warn!(operation = operation.name, event = begun.identity.id, attempt, max_attempts, %error,
                "an event keeps failing");
        } else {
            tracing::info!(operation = operation.name, event = begun.identity.id, attempt, max_attempts, %error,
                "an attempt failed");
        }
        self.core.metrics.retried(operation);
        (Outcome::Retried, Next::Again(delay))
    }

    /// A dependency is down: no attempt is spent, unless it serves others.
    async fn unavailable(
        &self,
        begun: &Begun<'_>,
        dependency: &'static str,
        error: String,
    ) -> (Outcome, Next) {
        let sequence = begun.message.sequence;
        match (self.circuit).unavailable(self.pass, dependency, sequence, &error) {
            Blame::Event => {
                let delay = lengthened(self.operation().retry.delay(begun.attempt));
                self.retried(begun, delay, error).await
            }
            Blame::Dependency(delay) => {
                let spent = begun.attempt - 1;
                let written = (begun.attempts).spared(&self.core.database, spent, &error);
                let next = match written.await {
                    Ok(()) => Next::Again(delay),
                    Err(_) => Next::Wait {
                        delay,
                        spent: Some(spent),
                    },
                };
                (Outcome::Unavailable, next)
            }
        }
    }

    async fn deferred(
        &self,
        begun: &Begun<'_>,
        delay: Duration,
        reason: String,
    ) -> (Outcome, Next) {
        let limit = self.operation().retry.defer_limit;
        let since = begun
            .standing
            .as_ref()
            .and_then(|standing| standing.deferred_at);
        if since.is_some_and(|since| now_micros() - since >= micros(limit)) {
            let letter = begun.letter(
                "deferred-too-long",
                format!("deferred for more than {limit:?}: {reason}"),
            );
            return self.give_up(begun, letter, begun.attempt - 1).await;
        }
        let spent = begun.attempt - 1;
        if let Err(problem) = begun
            .attempts
            .deferred(&self.core.database, spent, &reason)
            .await
        {
            tracing::warn!(%problem, "the deferral could not be written down");
        }
        tracing::debug!(event = begun.identity.id, %reason, "deferred");
        (Outcome::Deferred, Next::Again(delay))
    }

    /// Buries an event after an attempt, unless it was handled elsewhere in the meantime. Where the dead letter
    /// cannot be stored, the error and `spent` attempts are written down for the next time.
    async fn give_up(&self, begun: &Begun<'_>, letter: DeadLetter, spent: u32) -> (Outcome, Next) {
        let database = &self.core.database;
        let handled = Inbox::contains(database, self.operation().durable, &begun.identity);
        if matches!(handled.await, Ok(true)) {
            self.held.ack(begun.message).await;
            return (Outcome::Duplicate, Next::Done);
        }
        let error = letter.error.clone();
        let next = self.bury(begun.message, begun.past, letter).await;
        if next == Next::Done {
            return (Outcome::DeadLettered, next);
        }
        let written = begun.attempts.failed(database, spent, &error).await;
        if let Err(problem) = written {
            tracing::warn!(%problem, "the failed attempt could not be written down and will not count");
        }
        (Outcome::DeadLetterFailed, next)
    }

    async fn exhausted(
        &self,
        message: &Delivered,
        past: &Past,
        attempts: u32,
        standing: Standing,
    ) -> Next {
        let error = match standing {
            Standing {
                unaccounted: 0,
                last_error: Some(error),
                ..
            } => error,
            Standing { last_error, .. } => {
                let earlier = last_error
                    .map(|error| format!("; before that: {error}"))
                    .unwrap_or_default();
                format!("the process died while it handled this message, or was killed{earlier}")
            }
        };
        let letter = DeadLetter {
            reason: "attempts-exhausted",
            error,
            attempts,
            first_failure: standing.first_failure_at.map(from_micros),
        };
        self.bury(message, past, letter).await
    }
}

/// What is known of a message before its attempt.
enum Known {
    Handled,
    Standing(Option<Standing>),
}
