//! Publishing with many confirmations on their way, and no more than that: who comes when the window is full waits.
//!
//! It listens on an inbox of its own and not on the client's: there, what is never answered stays in memory for good,
//! and a denial is seen only as a time-out.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::client::PublishErrorKind;
use async_nats::header::HeaderMap;
use async_nats::{Client, Message, StatusCode, Subscriber};
use bytes::Bytes;
use futures::StreamExt;
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Semaphore, SemaphorePermit, broadcast, oneshot, watch};
use tokio::task::AbortHandle;

use crate::app::Core;
use crate::app::broker::Denials;

/// How many events are on their way at most: published and not yet confirmed.
pub(super) const WINDOW: usize = 256;

/// Why an event was not confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// It has to do with this event, or with its subject.
    Event(String),
    /// The broker does not answer: others will fare no better now.
    Broker(String),
}

impl Failed {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Event(text) | Self::Broker(text) => text,
        }
    }
}

pub(super) struct Publisher {
    client: Client,
    denials: Denials,
    inbox: String,
    flights: Arc<Flights>,
    window: Semaphore,
    confirm: Duration,
    reader: AbortHandle,
}

/// The events on their way, by number.
#[derive(Default)]
struct Flights {
    next: AtomicU64,
    waiting: Mutex<HashMap<u64, Flight>>,
}

struct Flight {
    subject: String,
    answer: oneshot::Sender<Result<(), Failed>>,
}

impl Publisher {
    pub(super) async fn new(core: &Core, confirm: Duration) -> Result<Self, String> {
        let client = core.client.clone();
        let inbox = client.new_inbox();
        let answers = client
            .subscribe(format!("{inbox}.*"))
            .await
            .map_err(|error| error.to_string())?;
        let flights = Arc::new(Flights::default());
        let reader = tokio::spawn(read(
            answers,
            core.connection.subscribe(),
            core.link.denials.publishes(),
            flights.clone(),
        ));
        Ok(Self {
            client,
            denials: core.link.denials.clone(),
            inbox,
            flights,
            window: Semaphore::new(WINDOW),
            confirm,
            reader: reader.abort_handle(),
        })
    }

    /// Waits for a place in the window, which is taken until what this returns is dropped.
    pub(super) async fn place(&self) -> Option<SemaphorePermit<'_>> {
        // It is never closed.
        self.window.acquire().await.ok()
    }

    /// Publishes, and waits until a stream has stored it. The caller has a [place](Self::place).
    pub(super) async fn publish(
        &self,
        subject: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<(), Failed> {
        let (answer, answered) = oneshot::channel();
        let flight = Boarded::new(&self.flights, subject, answer);
        let reply = format!("{}.{}", self.inbox, flight.number);
        let confirmed = async {
            self.client
                .publish_with_reply_and_headers(subject.to_owned(), reply, headers, body)
                .await
                .map_err(|error| match error.kind() {
                    PublishErrorKind::MaxPayloadExceeded => Failed::Event(format!(
                        "the event is larger than the server's max_payload: {error}"
                    )),
                    PublishErrorKind::InvalidSubject => Failed::Event(error.to_string()),
                    PublishErrorKind::Send => Failed::Broker(error.to_string()),
                })?;
            answered
                .await
                .unwrap_or_else(|_| Err(Failed::Broker("the relay ends".to_owned())))
        };
        let result = tokio::time::timeout(self.confirm, confirmed).await;
        match result {
            Ok(Ok(())) => {
                self.denials.allowed(subject);
                Ok(())
            }
            Ok(Err(failed)) => Err(failed),
            // The denial may have been dropped by the client, among many.
            Err(_) => Err(match self.denials.of(subject) {
                Some(denied) => Failed::Event(denied),
                None => Failed::Broker(format!(
                    "the broker did not confirm within {} s",
                    self.confirm.as_secs_f64()
                )),
            }),
        }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// A flight that is struck off the list however it ends.
struct Boarded<'a> {
    flights: &'a Flights,
    number: u64,
}

impl<'a> Boarded<'a> {
    fn new(
        flights: &'a Flights,
        subject: &str,
        answer: oneshot::Sender<Result<(), Failed>>,
    ) -> Self {
        let number = flights.next.fetch_add(1, Ordering::Relaxed);
        let subject = subject.to_owned();
        flights.lock().insert(number, Flight { subject, answer });
        Self { flights, number }
    }
}

impl Drop for Boarded<'_> {
    fn drop(&mut self) {
        self.flights.lock().remove(&self.number);
    }
}

impl Flights {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Flight>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn land(&self, message: &Message) {
        let number = message
            .subject
            .rsplit('.')
            .next()
            .and_then(|n| n.parse().ok());
        let Some(flight) = number.and_then(|number: u64| self.lock().remove(&number)) else {
            // An answer that comes too late.
            return;
        };
        let result = outcome(message, &flight.subject);
        // Whoever waited may have been cut off.
        let _ = flight.answer.send(result);
    }

    fn fail(&self, failed: &Failed, which: impl Fn(&Flight) -> bool) {
        let gone: Vec<Flight> = self
            .lock()
            .extract_if(|_, flight| which(flight))
            .map(|(_, flight)| flight)
            .collect();
        for flight in gone {
            let _ = flight.answer.send(Err(failed.clone()));
        }
    }
}

async fn read(
    mut answers: Subscriber,
    mut connection: watch::Receiver<u64>,
    mut denied: broadcast::Receiver<Arc<str>>,
    flights: Arc<Flights>,
) {
    loop {
        tokio::select! {
            answer = answers.next() => match answer {
                Some(message) => flights.land(&message),
                None => return,
            },
            // The answers would have come over the connection that is gone.
            changed = connection.changed() => match changed {
                Ok(()) => {
                    let lost = "the connection to the broker was lost before it confirmed";
                    flights.fail(&Failed::Broker(lost.to_owned()), |_| true);
                }
                Err(_) => return,
            },
            subject = denied.recv() => match subject {
                Ok(subject) => {
                    let text = format!("Permissions Violation: the broker does not allow this service's user to publish to {subject}");
                    flights.fail(&Failed::Event(text), |flight| *flight.subject == *subject);
                }
                // The others run into their time-out.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
        }
    }
}

/// JetStream's answer to a publish.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    stream: Option<String>,
    #[serde(default)]
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    err_code: u64,
    #[serde(default)]
    description: String,
}

fn outcome(message: &Message, subject: &str) -> Result<(), Failed> {
    if message.status == Some(StatusCode::NO_RESPONDERS) {
        return Err(Failed::Event(format!(
            "no stream takes the subject {subject}, or JetStream is not up"
        )));
    }
    match serde_json::from_slice(&message.payload) {
        Ok(Answer {
            error: Some(refusal),
            ..
        }) => Err(Failed::Event(format!(
            "the stream does not take it: {} ({})",
            refusal.description, refusal.err_code
        ))),
        Ok(Answer {
            stream: Some(_), ..
        }) => Ok(()),
        _ => Err(Failed::Event(format!(
            "what is no stream answered on {subject}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(status: Option<StatusCode>, body: &'static str) -> Message {
        Message {
            subject: "_INBOX.x.1".into(),
            reply: None,
            payload: Bytes::from_static(body.as_bytes()),
            headers: None,
            status,
            description: None,
            length: 0,
        }
    }

    #[test]
    fn only_a_stream_confirms() {
        let told =
            |status, body| outcome(&message(status, body), "a.b").map_err(|e| e.text().to_owned());
        assert_eq!(told(None, r#"{"stream":"A","seq":1}"#), Ok(()));
        assert_eq!(
            told(None, r#"{"stream":"A","seq":1,"duplicate":true}"#),
            Ok(())
        );
        for (status, body, expected) in [
            (
                Some(StatusCode::NO_RESPONDERS),
                "",
                "no stream takes the subject a.b",
            ),
            (None, "", "no stream answered"),
            (None, "{}", "no stream answered"),
            (
                None,
                r#"{"error":{"code":503,"err_code":10077,"description":"maximum messages exceeded"},"stream":"A","seq":0}"#,
                "maximum messages exceeded (10077)",
            ),
        ] {
            let error = told(status, body).err().unwrap_or_default();
            assert!(error.contains(expected), "{body}: {error}");
        }
    }

    #[test]
    fn whoever_gives_up_leaves_nothing_behind() {
        let flights = Flights::default();
        let (answer, _answered) = oneshot::channel();
        let boarded = Boarded::new(&flights, "a", answer);
        assert_eq!(flights.lock().len(), 1);
        drop(boarded);
        assert!(flights.lock().is_empty());
    }
}
