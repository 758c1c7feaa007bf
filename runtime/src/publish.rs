//! Publishing without an outbox: what a service does that has no database.

use std::time::SystemTime;

use async_nats::header::HeaderMap;
use async_nats::jetstream::context::{PublishAckFuture, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use bytes::Bytes;

use crate::app::Core;
use crate::store::{Row, StoreError};
use crate::telemetry::{SendSpan, send_span};
use crate::wire::CONTENT_TYPE;

/// Sends the events in their order, and waits until the stream has confirmed each.
///
/// # Errors
///
/// Where it has not confirmed one of them; others may be stored. Sent again under the same ids they are stored once,
/// within the stream's duplicate window.
pub(crate) async fn all(core: &Core, rows: Vec<Row>) -> Result<(), StoreError> {
    let mut sent = Vec::with_capacity(rows.len());
    for row in rows {
        sent.push(Sent::send(core, row).await?);
    }
    let mut result = Ok(());
    for sent in sent {
        let confirmed = sent.confirmed(core).await;
        result = result.and(confirmed);
    }
    result
}

struct Sent {
    address: String,
    subject: String,
    span: SendSpan,
    confirmation: PublishAckFuture,
}

impl Sent {
    async fn send(core: &Core, row: Row) -> Result<Self, StoreError> {
        let span = send_span(
            &row.address,
            &row.event_type,
            &row.event_id,
            &row.correlation_id,
            &row.trace,
            SystemTime::now(),
        );
        let mut headers = HeaderMap::new();
        headers.insert("Content-Type", CONTENT_TYPE);
        span.context().inject(&mut headers);
        let message = PublishMessage::build()
            .payload(Bytes::from(row.body))
            .headers(headers)
            .message_id(&row.event_id);
        let sending = core.jetstream.send_publish(row.subject.clone(), message);
        match sending.await {
            Ok(confirmation) => Ok(Self {
                address: row.address,
                subject: row.subject,
                span,
                confirmation,
            }),
            Err(error) => {
                core.metrics.publish_failed(&row.address);
                span.end(Err(&error));
                Err(refused(&error.to_string()))
            }
        }
    }

    async fn confirmed(self, core: &Core) -> Result<(), StoreError> {
        let confirmed = self.confirmation.await.map_err(|error| match error.kind() {
            PublishErrorKind::StreamNotFound => {
                format!("no stream takes the subject {}: {error}", self.subject)
            }
            _ => error.to_string(),
        });
        self.span.end(confirmed.as_ref().map(drop));
        match confirmed {
            Ok(_) => {
                core.metrics.sent(&self.address);
                Ok(())
            }
            Err(error) => {
                core.metrics.publish_failed(&self.address);
                Err(refused(&error))
            }
        }
    }
}

fn refused(reason: &str) -> StoreError {
    StoreError::NotPublished(reason.to_owned())
}
