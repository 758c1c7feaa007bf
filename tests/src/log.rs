//! The streams, read as an operator would.

use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::consumer;
use futures::{StreamExt, TryStreamExt};
use serde_json::Value;
use uuid::Uuid;

use crate::{ALL, Shop};

const STREAMS: [&str; 2] = ["ORDERS", "INVENTORY"];

/// A message of a stream.
#[derive(Clone, Debug)]
pub struct Message {
    /// Where it was published.
    pub subject: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
    /// The body as JSON, or null.
    pub json: Value,
    /// Its sequence in the stream.
    pub sequence: u64,
}

impl Message {
    /// A header, or the empty string.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.as_str())
    }

    /// A CloudEvents attribute, or the empty string.
    #[must_use]
    pub fn attribute(&self, name: &str) -> &str {
        self.json[name].as_str().unwrap_or("")
    }

    /// The order that it is about.
    #[must_use]
    pub fn order(&self) -> &str {
        self.subject.rsplit('.').next().unwrap_or("")
    }
}

impl Shop {
    /// Every message of a stream, in order.
    pub async fn messages(&self, stream: &str) -> Vec<Message> {
        let stream = self.jetstream.get_stream(stream).await.unwrap();
        let state = stream.get_info().await.unwrap().state;
        let sequences = (state.first_sequence..=state.last_sequence).filter(|s| *s > 0);
        let reading = futures::stream::iter(sequences).map(|sequence| {
            let stream = &stream;
            async move { stream.get_raw_message(sequence).await }
        });
        let messages = reading.buffered(64).try_collect::<Vec<_>>().await.unwrap();
        messages
            .into_iter()
            .map(|message| Message {
                subject: message.subject.to_string(),
                json: serde_json::from_slice(&message.payload).unwrap_or_default(),
                body: message.payload.to_vec(),
                headers: message.headers,
                sequence: message.sequence,
            })
            .collect()
    }

    /// Every structured event of both streams, in order per stream.
    pub async fn events(&self) -> Vec<Message> {
        let mut all = self.messages(STREAMS[0]).await;
        all.extend(self.messages(STREAMS[1]).await);
        all.retain(|message| message.json["specversion"].is_string());
        all
    }

    /// The events of one order.
    pub async fn events_of(&self, order: Uuid) -> Vec<Message> {
        let order = order.to_string();
        let mut events = self.events().await;
        events.retain(|event| event.order() == order);
        events
    }

    /// All dead letters.
    pub async fn dead_letters(&self) -> Vec<Message> {
        self.messages("DEAD_LETTERS").await
    }

    /// A durable consumer of the stream of orders, as the server sees it.
    pub async fn consumer(&self, durable: &str) -> consumer::Info {
        let stream = self.jetstream.get_stream("ORDERS").await.unwrap();
        stream.consumer_info(durable).await.unwrap()
    }

    /// All durable consumers, as the server sees them.
    pub async fn consumers(&self) -> Vec<consumer::Info> {
        self.try_consumers().await.unwrap()
    }

    async fn try_consumers(&self) -> Result<Vec<consumer::Info>, String> {
        let mut all = Vec::new();
        for stream in STREAMS {
            let stream = self
                .jetstream
                .get_stream(stream)
                .await
                .map_err(|e| e.to_string())?;
            let listed = stream.consumers().try_collect::<Vec<_>>().await;
            all.extend(listed.map_err(|e| e.to_string())?);
        }
        Ok(all)
    }

    async fn ends(&self) -> Result<Vec<u64>, String> {
        let mut ends = Vec::new();
        for stream in STREAMS {
            let stream = self
                .jetstream
                .get_stream(stream)
                .await
                .map_err(|e| e.to_string())?;
            let info = stream.get_info().await.map_err(|e| e.to_string())?;
            ends.push(info.state.last_sequence);
        }
        Ok(ends)
    }

    /// Waits until nothing is left to do anywhere: outboxes empty, every message of every consumer settled.
    pub async fn settled(&self) {
        self.settled_within(crate::PATIENCE).await;
    }

    /// The same within a bound.
    pub async fn settled_within(&self, bound: Duration) {
        let waiting = dev::until("the shop to settle", bound, || self.is_settled()).await;
        if let Err(late) = waiting {
            panic!("{late}");
        }
    }

    /// Looked at twice, with the ends of the streams before and after: an event that passes from an outbox over a stream to
    /// a consumer is seen in at least one of these places.
    async fn is_settled(&self) -> Result<(), String> {
        let before = self.ends().await?;
        self.outboxes_empty().await?;
        for info in self.try_consumers().await? {
            if info.num_pending > 0 || info.num_ack_pending > 0 {
                return Err(format!(
                    "{}: {} pending, {} delivered and not acknowledged",
                    info.name, info.num_pending, info.num_ack_pending
                ));
            }
        }
        self.outboxes_empty().await?;
        if self.ends().await? == before {
            Ok(())
        } else {
            Err("events are still being published".to_owned())
        }
    }

    async fn outboxes_empty(&self) -> Result<(), String> {
        for service in ALL.into_iter().filter(|name| self.has(name)) {
            let open = self.outbox(service).await;
            if open > 0 {
                return Err(format!("{service} has yet to publish {open} events"));
            }
        }
        Ok(())
    }
}
