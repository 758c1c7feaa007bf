//! What the broker says: who consumes what, what is still to be done, and what is dead.

use anyhow::Context;
use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::{self, ErrorCode};
use futures::TryStreamExt;

use super::figures::DeadLetter;

const DEAD_LETTERS: &str = "DEAD_LETTERS";

/// A durable consumer and what it has before it.
#[derive(Clone, Debug)]
pub(super) struct Consumer {
    pub(super) name: String,
    pub(super) stream: String,
    filters: Vec<String>,
    pub(super) pending: u64,
    pub(super) unacknowledged: usize,
}

impl Consumer {
    /// Whether it gets what is published under this channel address, such as `order.placed.v1.{orderId}`.
    pub(super) fn receives(&self, address: &str) -> bool {
        self.filters.iter().any(|filter| matches(filter, address))
    }
}

/// All consumers of all streams.
pub(super) async fn consumers(context: &jetstream::Context) -> anyhow::Result<Vec<Consumer>> {
    let mut all = Vec::new();
    let streams: Vec<String> = context
        .stream_names()
        .try_collect()
        .await
        .context("cannot list the streams")?;
    for name in streams {
        let stream = context
            .get_stream(&name)
            .await
            .with_context(|| format!("cannot read stream {name}"))?;
        let consumers = stream.consumers().try_collect::<Vec<_>>().await;
        for info in consumers.with_context(|| format!("cannot list the consumers of {name}"))? {
            let config = info.config;
            let one = Some(config.filter_subject).filter(|filter| !filter.is_empty());
            all.push(Consumer {
                name: info.name,
                stream: name.clone(),
                filters: one.into_iter().chain(config.filter_subjects).collect(),
                pending: info.num_pending,
                unacknowledged: info.num_ack_pending,
            });
        }
    }
    Ok(all)
}

/// Where the dead letters end at the moment.
pub(super) async fn last_dead_letter(context: &jetstream::Context) -> anyhow::Result<u64> {
    Ok(dead_letter_stream(context)
        .await?
        .map_or(0, |stream| stream.cached_info().state.last_sequence))
}

/// The dead letters after this sequence.
pub(super) async fn dead_letters(
    context: &jetstream::Context,
    after: u64,
) -> anyhow::Result<Vec<DeadLetter>> {
    let Some(stream) = dead_letter_stream(context).await? else {
        return Ok(Vec::new());
    };
    let state = &stream.cached_info().state;
    let mut letters = Vec::new();
    for sequence in (after + 1).max(state.first_sequence)..=state.last_sequence {
        let message = stream.get_raw_message(sequence).await;
        let message = message.with_context(|| format!("cannot read dead letter {sequence}"))?;
        let header = |name: &str| {
            message
                .headers
                .get(name)
                .map(ToString::to_string)
                .unwrap_or_default()
        };
        letters.push(DeadLetter {
            consumer: header("Dead-Consumer"),
            reason: header("Dead-Reason"),
            error: header("Dead-Error"),
            attempts: header("Dead-Attempts"),
            stream: header("Dead-Stream"),
            sequence: header("Dead-Sequence").parse().unwrap_or(0),
            subject: header("Dead-Subject"),
        });
    }
    Ok(letters)
}

async fn dead_letter_stream(
    context: &jetstream::Context,
) -> anyhow::Result<Option<jetstream::stream::Stream>> {
    match context.get_stream(DEAD_LETTERS).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(why)
                if why.error_code() == ErrorCode::STREAM_NOT_FOUND =>
            {
                Ok(None)
            }
            _ => Err(error).context("cannot read the stream DEAD_LETTERS"),
        },
    }
}

/// Whether a consumer's filter lets a subject through; a parameter of an address stands for any one token.
fn matches(filter: &str, address: &str) -> bool {
    let mut tokens = address.split('.');
    for part in filter.split('.') {
        match (part, tokens.next()) {
            (">", Some(_)) => return true,
            ("*", Some(_)) => {}
            (part, Some(token)) if part == token => {}
            _ => return false,
        }
    }
    tokens.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn filters_let_through_what_they_should() {
        for (filter, address, through) in [
            ("order.placed.v1.*", "order.placed.v1.{orderId}", true),
            ("order.>", "order.placed.v1.{orderId}", true),
            ("order.placed.v1.>", "order.placed.v1", false),
            ("order.placed.v1.*", "order.placed.v1.{a}.{b}", false),
            ("order.placed.v2.*", "order.placed.v1.{orderId}", false),
            ("order.placed.v1.*.*", "order.placed.v1.{orderId}", false),
        ] {
            assert_eq!(matches(filter, address), through, "{filter} {address}");
        }
    }
}
