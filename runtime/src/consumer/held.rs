//! The messages in this process's hands, and the signs of life that keep the server from delivering them again.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::{Client, Subject};
use bytes::Bytes;
use time::OffsetDateTime;

use super::delivered::Delivered;

/// Messages that are delivered and not settled, by stream sequence.
///
/// The order matters: signs of life are sent in it, so that after a crash the server's deadlines pass in it too.
#[derive(Debug)]
pub(super) struct Held {
    client: Client,
    messages: Mutex<BTreeMap<u64, Holding>>,
}

#[derive(Debug)]
struct Holding {
    reply: Subject,
    /// When the stream stored the message.
    stored: OffsetDateTime,
}

impl Held {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            messages: Mutex::default(),
        }
    }

    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    /// How long ago the stream stored the oldest message that is held.
    pub(super) fn oldest(&self) -> Duration {
        let oldest = self.lock().values().map(|holding| holding.stored).min();
        oldest.map_or(Duration::ZERO, |stored| {
            Duration::try_from(OffsetDateTime::now_utc() - stored).unwrap_or(Duration::ZERO)
        })
    }

    /// Takes the message into this process's hands; false where it is there already, delivered once more: then its
    /// newest delivery is the one that will be answered.
    pub(super) fn hold(&self, message: &Delivered) -> bool {
        let (reply, stored) = (message.reply.clone(), message.stored);
        let before = self
            .lock()
            .insert(message.sequence, Holding { reply, stored });
        // The same sequence with another time is another message: the stream was made anew.
        before.is_none_or(|before| before.stored != stored)
    }

    /// It is done with, or will never be done.
    pub(super) async fn ack(&self, message: &Delivered) {
        self.settle(message, Bytes::from_static(b"+ACK")).await;
    }

    /// It is a dead letter; the reason goes into the server's advisory.
    pub(super) async fn term(&self, message: &Delivered, reason: &str) {
        self.settle(message, Bytes::from(format!("+TERM {reason}")))
            .await;
    }

    /// The server shall deliver it again after `delay`.
    pub(super) async fn nak(&self, message: &Delivered, delay: Duration) {
        self.settle(message, nak(delay)).await;
    }

    async fn settle(&self, message: &Delivered, answer: Bytes) {
        let reply = self.let_go(message);
        // A lost answer means another delivery, and the inbox knows the event by then.
        if let Err(error) = self.client.publish(reply, answer).await {
            tracing::debug!(%error, sequence = message.sequence, "a settlement could not be sent");
        }
    }

    fn let_go(&self, message: &Delivered) -> Subject {
        let mut messages = self.lock();
        let same = messages
            .get(&message.sequence)
            .is_some_and(|holding| holding.stored == message.stored);
        let holding = same.then(|| messages.remove(&message.sequence)).flatten();
        holding.map_or_else(|| message.reply.clone(), |holding| holding.reply)
    }

    /// Tells the server that everything held is still being worked on.
    pub(super) async fn in_progress(&self) {
        let replies: Vec<Subject> = self
            .lock()
            .values()
            .map(|holding| holding.reply.clone())
            .collect();
        for reply in replies {
            let _ = self
                .client
                .publish(reply, Bytes::from_static(b"+WPI"))
                .await;
        }
    }

    /// Gives everything back at once: others shall not wait for an ack-wait to pass.
    pub(super) async fn give_back(&self) -> usize {
        let held = std::mem::take(&mut *self.lock());
        let count = held.len();
        for holding in held.into_values() {
            let _ = self
                .client
                .publish(holding.reply, nak(Duration::ZERO))
                .await;
        }
        count
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Holding>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn nak(delay: Duration) -> Bytes {
    if delay.is_zero() {
        Bytes::from_static(b"-NAK")
    } else {
        Bytes::from(format!("-NAK {{\"delay\":{}}}", delay.as_nanos()))
    }
}
