//! Pulling by credit: never more in this process than it has room for, and never a silent stall.
//!
//! This loop stands in for the client's own pull stream, which can stall at small batches and resumes late after a
//! restart of the server: credit is taken before a pull is sent, and after two missed heartbeats, a 503 or a reconnection
//! what was asked for counts as lost and is asked for anew, through a new inbox. What an earlier pull still brings is
//! taken all the same: to give it back would let later messages of its key overtake it.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, Subscriber, jetstream};
use bytes::Bytes;
use futures::StreamExt;
use tokio::sync::watch;
use tokio::time::Instant;

use super::delivered::Delivered;
use crate::Operation;

/// How long a pull waits at the server, and so how long a shutdown waits where there is nothing to deliver.
const EXPIRES: Duration = Duration::from_secs(1);
/// How often the server says that an idle pull still stands.
const HEARTBEAT: Duration = Duration::from_millis(500);
/// Silence for longer than this means that the pull is lost: two heartbeats are missing, and half of one is for the way.
const SILENCE: Duration = Duration::from_millis(1_250);
/// How long to wait before asking again where the consumer or its stream did not answer.
const PAUSE: Duration = Duration::from_millis(250);

/// How many messages are asked for one by one after a connection is made.
///
/// A message whose headers the client cannot read makes it drop the connection, with all that has arrived behind that
/// message. So its neighbours have to come without it: else they would all come back together, again and again.
const ONE_BY_ONE: usize = 64;

pub(super) struct Puller {
    client: Client,
    context: jetstream::Context,
    operation: &'static Operation,
    connection: watch::Receiver<u64>,
    inbox: Inbox,
    /// Those of pulls that count as lost, until the server has certainly forgotten the pulls.
    earlier: Vec<Inbox>,
    /// The next pull is to be answered elsewhere.
    renewed: bool,
    pulls: u64,
    /// Pulls up to this one count as lost: what the server still says of them is of no interest.
    lost: u64,
    outstanding: usize,
    /// How many more messages are asked for one by one.
    one_by_one: usize,
    heard: Instant,
    /// When the last pull was sent.
    asked: Instant,
}

/// Where pulls are answered.
struct Inbox {
    prefix: String,
    messages: Subscriber,
    /// When it is closed, where it is an earlier one.
    until: Instant,
}

impl Inbox {
    async fn open(client: &Client) -> Result<Self, async_nats::SubscribeError> {
        let prefix = client.new_inbox();
        let messages = client.subscribe(format!("{prefix}.*")).await?;
        Ok(Self {
            prefix,
            messages,
            until: Instant::now(),
        })
    }
}

/// What came of waiting.
pub(super) enum Pulled {
    Message(Delivered),
    /// The consumer answers, with nothing to deliver.
    Well,
    /// The credit has changed: ask again.
    Nothing,
    /// The server says that the consumer is gone.
    Gone(String),
    /// The client has ended: no message will ever come.
    Ended,
}

impl Puller {
    pub(super) async fn bind(
        context: jetstream::Context,
        operation: &'static Operation,
        connection: watch::Receiver<u64>,
    ) -> Result<Self, async_nats::SubscribeError> {
        let client = context.client();
        let inbox = Inbox::open(&client).await?;
        Ok(Self {
            client,
            context,
            operation,
            connection,
            inbox,
            earlier: Vec::new(),
            renewed: false,
            pulls: 0,
            lost: 0,
            outstanding: 0,
            one_by_one: ONE_BY_ONE,
            heard: Instant::now(),
            asked: Instant::now(),
        })
    }

    /// Asks for as many messages as there is room for, once that is worth a request.
    pub(super) async fn replenish(&mut self, room: usize) {
        let room = if self.one_by_one > 0 {
            room.min(1)
        } else {
            room
        };
        let want = room.saturating_sub(self.outstanding);
        if want == 0 || (self.outstanding > 0 && want < self.operation.concurrency.div_ceil(2)) {
            return;
        }
        // What is sent meanwhile would all be answered at once later. The next connection calls again.
        if self.client.connection_state() != State::Connected {
            return;
        }
        if std::mem::take(&mut self.renewed) {
            self.open_anew().await;
        }
        // Before the request is sent: a message can arrive before the sending is known to have succeeded.
        self.outstanding += want;
        self.heard = Instant::now();
        self.asked = self.heard;
        self.pulls += 1;
        let subject = format!(
            "$JS.API.CONSUMER.MSG.NEXT.{}.{}",
            self.operation.stream.name, self.operation.durable
        );
        let reply = format!("{}.{}", self.inbox.prefix, self.pulls);
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

    /// A new inbox, because the server may have lost its way to this one. This one is closed when no pull can be open
    /// any more that is answered there.
    async fn open_anew(&mut self) {
        if let Ok(inbox) = Inbox::open(&self.client).await {
            let mut earlier = std::mem::replace(&mut self.inbox, inbox);
            earlier.until = self.asked + EXPIRES + HEARTBEAT;
            self.earlier.push(earlier);
        }
    }

    /// Waits for the next message. Cancel-safe: a message is returned by the same poll that takes it.
    pub(super) async fn next(&mut self) -> Pulled {
        let silence = self.heard + SILENCE;
        let waiting = self.outstanding > 0;
        tokio::select! {
            biased;
            message = poll_fn(|cx| poll(&mut self.inbox, &mut self.earlier, cx)) => match message {
                Some(message) => self.read(message).await,
                None => Pulled::Ended,
            },
            () = tokio::time::sleep_until(silence), if waiting => self.renew(),
            changed = self.connection.changed() => match changed {
                Ok(()) => {
                    self.one_by_one = ONE_BY_ONE;
                    self.renew()
                }
                Err(_) => std::future::pending().await,
            },
        }
    }

    async fn read(&mut self, message: async_nats::Message) -> Pulled {
        // Not by its status: any client may have stored a message with a status line.
        if is_delivery(&message) {
            self.heard = Instant::now();
            self.outstanding = self.outstanding.saturating_sub(1);
            self.one_by_one = self.one_by_one.saturating_sub(1);
            return Delivered::of(message, &self.context).map_or(Pulled::Nothing, Pulled::Message);
        }
        if self.is_lost(&message.subject) {
            return Pulled::Nothing;
        }
        self.heard = Instant::now();
        let text = message.description.clone().unwrap_or_default();
        match message.status.map(|status| status.as_u16()) {
            // An idle heartbeat.
            Some(100) => Pulled::Well,
            Some(409) if text.contains("Deleted") || text.contains("push based") => {
                self.renew_after_pause().await;
                Pulled::Gone(text)
            }
            // A pull has ended, or was never taken: what it still asked for is free again.
            Some(404 | 408 | 409) => match pending(&message) {
                Some(unfilled) => {
                    self.outstanding = self.outstanding.saturating_sub(unfilled);
                    Pulled::Well
                }
                None => self.renew_after_pause().await,
            },
            Some(503) => {
                self.renew_after_pause().await;
                Pulled::Gone("no responder: the stream or the consumer does not exist, or JetStream is not up".to_owned())
            }
            _ => self.renew_after_pause().await,
        }
    }

    fn is_lost(&self, subject: &str) -> bool {
        let pull = subject
            .rsplit('.')
            .next()
            .and_then(|pull| pull.parse().ok());
        pull.is_none_or(|pull: u64| pull <= self.lost)
    }

    async fn renew_after_pause(&mut self) -> Pulled {
        // First, so that nothing is lost where the pause is cut short.
        self.renew();
        tokio::time::sleep(PAUSE).await;
        Pulled::Nothing
    }

    /// Begins anew: what was asked for so far will not come.
    fn renew(&mut self) -> Pulled {
        self.outstanding = 0;
        self.lost = self.pulls;
        self.renewed = true;
        self.heard = Instant::now();
        Pulled::Nothing
    }

    /// Stops pulling, and returns what was delivered in the meantime: given back, nobody waits for an ack-wait.
    ///
    /// It waits until no pull is open at the server, because there is no other clean end: the client drops what is on
    /// its way when a subscription is closed (also by `drain`), and a pull whose inbox is closed makes the server put
    /// the first message that is given back behind the others.
    ///
    /// What is outstanding tells exactly as long as no pull was ever counted as lost; a lost one may be open after all,
    /// and then its messages were counted as those of another. After that only the time tells.
    pub(super) async fn stop(mut self) -> Vec<Delivered> {
        let mut late = Vec::new();
        let end = self.asked + EXPIRES + HEARTBEAT;
        while (self.outstanding > 0 || self.lost > 0)
            && self.client.connection_state() == State::Connected
        {
            let message = poll_fn(|cx| poll(&mut self.inbox, &mut self.earlier, cx));
            let Ok(Some(message)) = tokio::time::timeout_at(end, message).await else {
                break;
            };
            if is_delivery(&message) {
                self.outstanding = self.outstanding.saturating_sub(1);
                late.extend(Delivered::of(message, &self.context));
            } else if !self.is_lost(&message.subject)
                && message.status.is_some_and(|status| status.as_u16() != 100)
            {
                self.outstanding = self
                    .outstanding
                    .saturating_sub(pending(&message).unwrap_or(usize::MAX));
            }
        }
        late
    }
}

/// What arrives at any inbox, the earlier ones first; `None` when the client has ended.
fn poll(
    inbox: &mut Inbox,
    earlier: &mut Vec<Inbox>,
    cx: &mut Context<'_>,
) -> Poll<Option<async_nats::Message>> {
    for inbox in earlier.iter_mut() {
        if let Poll::Ready(Some(message)) = inbox.messages.poll_next_unpin(cx) {
            return Poll::Ready(Some(message));
        }
    }
    if !earlier.is_empty() {
        let now = Instant::now();
        earlier.retain(|inbox| now < inbox.until);
    }
    inbox.messages.poll_next_unpin(cx)
}

/// Whether this is a message of the stream, and no word of the server's about a pull.
fn is_delivery(message: &async_nats::Message) -> bool {
    message
        .reply
        .as_ref()
        .is_some_and(|reply| reply.starts_with("$JS.ACK."))
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
