//! Rebuilding a read model: the streams' history through the same handlers.

use std::time::Duration;

use async_nats::jetstream::consumer::DeliverPolicy;
use async_nats::jetstream::consumer::pull::OrderedConfig;
use futures::StreamExt;
use sqlx::AssertSqlSafe;

use super::delivered::Delivered;
use super::handler::Consumer;
use crate::app::Core;
use crate::store::Inbox;
use crate::{Error, Service, Stream, Tx, wire};

/// How long the history may fall silent before the rebuild is given up.
const SILENCE: Duration = Duration::from_secs(30);

/// Runs `clear`, forgets what these consumers have handled, and handles the history again, in the streams' order.
/// Messages that are no events of theirs are passed over: they are dead letters already, or will be.
pub(crate) async fn rebuild<S: Service>(
    core: &Core,
    consumers: &[Consumer<S>],
    clear: &[&'static str],
) -> Result<u64, Error> {
    let mut write = core.database.begin().await?;
    for statement in clear {
        sqlx::query(AssertSqlSafe(*statement))
            .execute(write.connection())
            .await
            .map_err(crate::StoreError::from)?;
    }
    for consumer in consumers {
        Inbox::forget(write.connection(), consumer.operation.durable).await?;
    }
    write.commit().await?;
    let mut handled = 0;
    for stream in S::STREAMS {
        handled += replay(core, stream, consumers).await?;
    }
    Ok(handled)
}

async fn replay<S: Service>(
    core: &Core,
    stream: &Stream,
    consumers: &[Consumer<S>],
) -> Result<u64, Error> {
    let readers: Vec<&Consumer<S>> = consumers
        .iter()
        .filter(|consumer| consumer.operation.stream.name == stream.name)
        .collect();
    let broker = |what: String| {
        Error::Broker(format!(
            "the history of {} cannot be read: {what}",
            stream.name
        ))
    };
    let handle = core
        .jetstream
        .get_stream(stream.name)
        .await
        .map_err(|error| broker(error.to_string()))?;
    let config = OrderedConfig {
        filter_subjects: readers
            .iter()
            .flat_map(|consumer| consumer.operation.filters)
            .map(|filter| (*filter).to_owned())
            .collect(),
        deliver_policy: DeliverPolicy::All,
        ..OrderedConfig::default()
    };
    let mut source = handle
        .create_consumer(config)
        .await
        .map_err(|error| broker(error.to_string()))?;
    let mut pending = source
        .info()
        .await
        .map_err(|error| broker(error.to_string()))?
        .num_pending;
    let mut messages = source
        .messages()
        .await
        .map_err(|error| broker(error.to_string()))?;
    let (mut handled, mut seen) = (0, 0_u64);
    while pending > 0 {
        let message = match tokio::time::timeout(SILENCE, messages.next()).await {
            Ok(Some(Ok(message))) => message,
            Ok(Some(Err(error))) => return Err(broker(error.to_string())),
            Ok(None) | Err(_) => return Err(broker("it fell silent".to_owned())),
        };
        pending = message
            .info()
            .map_err(|error| broker(error.to_string()))?
            .pending;
        seen += 1;
        if seen.is_multiple_of(10_000) {
            tracing::info!(stream = stream.name, seen, pending, "rebuilding");
        }
        let subject = message.subject.to_string();
        let reader = readers
            .iter()
            .find(|consumer| consumer.operation.reads(&subject));
        if let (Some(reader), Some(message)) =
            (reader, Delivered::of(message.message, &core.jetstream))
        {
            handled += u64::from(apply(core, reader, &message).await?);
        }
    }
    Ok(handled)
}

async fn apply<S: Service>(
    core: &Core,
    consumer: &Consumer<S>,
    message: &Delivered,
) -> Result<bool, Error> {
    let most = core.settings.max_event_bytes;
    let Ok(incoming) = wire::read(message.headers.as_ref(), &message.body, most) else {
        return Ok(false);
    };
    let (identity, correlation) = (incoming.identity.clone(), incoming.correlation_id.clone());
    let Ok(event) = consumer.handler.decode(incoming, message.delivery(1)) else {
        return Ok(false);
    };
    let mut tx = Tx::<S>::new(core, correlation, Some(identity.id.clone()));
    if let Err(failure) = consumer.handler.handle(&event, &mut tx).await {
        return Err(Error::Rebuild(format!(
            "{} failed at message {} of {}: {failure}",
            consumer.operation.name, message.sequence, message.stream
        )));
    }
    Ok(tx
        .commit_handled(consumer.operation.durable, &identity, None)
        .await?)
}
