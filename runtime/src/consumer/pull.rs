//! Pulling by credit: never more in this process than it has room for, and never a silent stall.
//!
//! This loop stands in for the client's own pull stream, which can stall at small batches and resumes late after a
//! restart of the server: credit is taken before a pull is sent, silence beyond two heartbeats or a reconnection opens
//! a new inbox.

use std::time::Duration;

use async_nats::{Client, Subscriber, jetstream};
use bytes::Bytes;
use futures::StreamExt;
use tokio::sync::watch;
use tokio::time::Instant;

use super::delivered::Delivered;
use crate::Operation;

/// How long a pull waits at the server.
const EXPIRES: Duration = Duration::from_secs(20);
/// How often the server says that an idle pull still stands.
const HEARTBEAT: Duration = Duration::from_millis(1_500);
/// Silence for longer than this means that the pull is lost.
const SILENCE: Duration = Duration::from_millis(3_500);
/// How long to wait before asking again where the consumer or its stream did not answer.
const PAUSE: Duration = Duration::from_millis(250);

pub(super) struct Puller {
    client: Client,
    context: jetstream::Context,
    operation: &'static Operation,
    connection: watch::Receiver<u64>,
    inbox: String,
    messages: Subscriber,
    pulls: u64,
    outstanding: usize,
    heard: Instant,
}

/// What came of waiting.
pub(super) enum Pulled {
    Message(Delivered),
    /// The credit has changed: ask again.
    Nothing,
    /// The server says that the consumer is gone.
    Gone(String),
}

impl Puller {
    pub(super) async fn bind(
        context: jetstream::Context,
        operation: &'static Operation,
        connection: watch::Receiver<u64>,
    ) -> Result<Self, async_nats::SubscribeError> {
        let client = context.client();
        let inbox = client.new_inbox();
        let messages = client.subscribe(format!("{inbox}.*")).await?;
        Ok(Self {
            client,
            context,
            operation,
            connection,
            inbox,
            messages,
            pulls: 0,
            outstanding: 0,
            heard: Instant::now(),
        })
    }

    /// Asks for as many messages as there is room for, once that is worth a request.
    pub(super) async fn replenish(&mut self, room: usize) {
        let want = room.saturating_sub(self.outstanding);
        if want == 0 || (self.outstanding > 0 && want < self.operation.concurrency.div_ceil(2)) {
            return;
        }
        // Before the request is sent: a message can arrive before the sending is known to have succeeded.
        self.outstanding += want;
        self.heard = Instant::now();
        self.pulls += 1;
        let subject = format!(
            "$JS.API.CONSUMER.MSG.NEXT.{}.{}",
            self.operation.stream.name, self.operation.durable
        );
        let reply = format!("{}.{}", self.inbox, self.pulls);
        let request = format!(
            r#"{{"batch":{want},"expires":{},"idle_heartbeat":{}}}"#,
            EXPIRES.as_nanos(),
            HEARTBEAT.as_nanos()
        );
        // A request that is lost is noticed by the silence that follows.
        let _ = self
            .client
            .publish_with_reply(subject, reply, Bytes::from(request))
            .await;
    }

    /// Waits for the next message. Cancel-safe.
    pub(super) async fn next(&mut self) -> Pulled {
        let silence = self.heard + SILENCE;
        let waiting = self.outstanding > 0;
        tokio::select! {
            message = self.messages.next() => match message {
                Some(message) => self.read(message).await,
                None => self.renew().await,
            },
            () = tokio::time::sleep_until(silence), if waiting => self.renew().await,
            changed = self.connection.changed() => match changed {
                Ok(()) => self.renew().await,
                Err(_) => std::future::pending().await,
            },
        }
    }

    async fn read(&mut self, message: async_nats::Message) -> Pulled {
        self.heard = Instant::now();
        let Some(status) = message.status.map(|status| status.as_u16()) else {
            self.outstanding = self.outstanding.saturating_sub(1);
            return Delivered::of(message, &self.context).map_or(Pulled::Nothing, Pulled::Message);
        };
        let text = message.description.clone().unwrap_or_default();
        match status {
            // An idle heartbeat.
            100 => Pulled::Nothing,
            // A pull has ended, or was never taken: what it still asked for is free again.
            404 | 408 | 409 => {
                let unfilled = pending(&message);
                if status == 409 && (text.contains("Deleted") || text.contains("push based")) {
                    tokio::time::sleep(PAUSE).await;
                    self.renew().await;
                    return Pulled::Gone(text);
                }
                match unfilled {
                    Some(unfilled) => self.outstanding = self.outstanding.saturating_sub(unfilled),
                    None => return self.renew_after_pause().await,
                }
                Pulled::Nothing
            }
            503 => {
                self.renew_after_pause().await;
                Pulled::Gone("no responder: the stream or the consumer does not exist, or JetStream is not up".to_owned())
            }
            _ => self.renew_after_pause().await,
        }
    }

    async fn renew_after_pause(&mut self) -> Pulled {
        tokio::time::sleep(PAUSE).await;
        self.renew().await
    }

    /// Begins anew with a fresh inbox. What may still arrive at the old one is given back.
    async fn renew(&mut self) -> Pulled {
        self.outstanding = 0;
        self.heard = Instant::now();
        let inbox = self.client.new_inbox();
        match self.client.subscribe(format!("{inbox}.*")).await {
            Ok(messages) => {
                self.inbox = inbox;
                let old = std::mem::replace(&mut self.messages, messages);
                tokio::spawn(give_back(old, self.client.clone()));
            }
            Err(error) => {
                tracing::warn!(operation = self.operation.name, %error, "no new inbox could be opened")
            }
        }
        Pulled::Nothing
    }

    /// Stops pulling; what the server has sent in the meantime is given back, so that nobody waits for an ack-wait.
    pub(super) async fn stop(self) {
        give_back(self.messages, self.client).await;
    }
}

async fn give_back(mut messages: Subscriber, client: Client) {
    if messages.drain().await.is_err() {
        return;
    }
    let flush = tokio::time::timeout(Duration::from_secs(1), client.flush());
    if !matches!(flush.await, Ok(Ok(()))) {
        return;
    }
    while let Ok(Some(message)) =
        tokio::time::timeout(Duration::from_millis(500), messages.next()).await
    {
        if let (None, Some(reply)) = (message.status, message.reply) {
            let _ = client.publish(reply, Bytes::from_static(b"-NAK")).await;
        }
    }
}

fn pending(message: &async_nats::Message) -> Option<usize> {
    message
        .headers
        .as_ref()?
        .get("Nats-Pending-Messages")?
        .as_str()
        .parse()
        .ok()
}
