//! Applying and verifying the contract's topology.

use async_nats::jetstream::Context;
use serde_json::{Map, Value, json};

use super::TopologyMode;
use super::api::{Answer, Api, config};
use super::config::{self as stated, DEAD_LETTERS};
use super::diff::{Change, Drift, diff, is_cosmetic};
use super::error::TopologyError;
use crate::{Operation, Stream};

/// The oldest server that is supported, as major and minor version.
const OLDEST: (u64, u64) = (2, 10);
/// How often somebody else may change the same thing in between.
const ROUNDS: usize = 5;

/// Makes sure that streams and consumers are as the contract states them, the dead letters' stream included.
///
/// # Errors
///
/// Where the server is too old or has no JetStream, where (mode `verify`) anything differs: all differences at once, and
/// where (mode `apply`) the server cannot be brought to what the contract says.
pub async fn ensure(
    jetstream: &Context,
    mode: TopologyMode,
    streams: &[&'static Stream],
    operations: &[&'static Operation],
) -> Result<(), TopologyError> {
    if mode == TopologyMode::Bind {
        return Ok(());
    }
    let api = Api(jetstream);
    let version = server_version(jetstream).await?;
    has_jetstream(&api).await?;
    let things = things(streams, operations);
    if mode == TopologyMode::Verify {
        return verify(&api, &things).await;
    }
    for thing in &things {
        apply(&api, thing, &version).await?;
    }
    Ok(())
}

/// A stream or a consumer as the contract states it.
struct Thing {
    /// `stream ORDERS`, or `consumer inventory-reserveStock on stream ORDERS`.
    what: String,
    stream: &'static str,
    /// `None` for a stream.
    durable: Option<&'static str>,
    stated: Map<String, Value>,
}

fn things(streams: &[&'static Stream], operations: &[&'static Operation]) -> Vec<Thing> {
    // As safe as the safest stream whose messages may end there.
    let replicas = streams.iter().map(|stream| stream.replicas).max();
    let mut dead_letters = stated::stream(&DEAD_LETTERS);
    dead_letters.insert(
        "num_replicas".to_owned(),
        replicas.unwrap_or(DEAD_LETTERS.replicas).into(),
    );
    let streams = streams
        .iter()
        .filter(|stream| stream.name != DEAD_LETTERS.name)
        .map(|stream| (stream.name, stated::stream(stream)));
    let streams = streams
        .chain([(DEAD_LETTERS.name, dead_letters)])
        .map(|(name, stated)| Thing {
            what: format!("stream {name}"),
            stream: name,
            durable: None,
            stated,
        });
    let consumers = operations.iter().map(|op| Thing {
        what: format!("consumer {} on stream {}", op.durable, op.stream.name),
        stream: op.stream.name,
        durable: Some(op.durable),
        stated: stated::consumer(op),
    });
    streams.chain(consumers).collect()
}

impl Thing {
    async fn actual(&self, api: &Api<'_>) -> Result<Option<Map<String, Value>>, TopologyError> {
        match self.durable {
            None => api.stream(self.stream).await,
            Some(durable) => api.consumer(self.stream, durable).await,
        }
    }

    fn changes(&self, actual: &Map<String, Value>) -> Vec<Change> {
        let mut changes = diff(&self.stated, actual);
        if self.stream == DEAD_LETTERS.name {
            // Shared by all services: none takes back the copies that another one's streams ask for.
            let number = |value: &Value| value.as_u64().unwrap_or(1);
            changes.retain(|change| {
                change.field != "num_replicas" || number(&change.found) < number(&change.expected)
            });
        }
        changes
    }

    async fn create(&self, api: &Api<'_>) -> Result<Answer, TopologyError> {
        let action = format!("create {}", self.what);
        match self.durable {
            None => {
                let config = Value::Object(stated::new_stream(&self.stated));
                api.call(&format!("STREAM.CREATE.{}", self.stream), &config, &action)
                    .await
            }
            Some(durable) => {
                self.write_consumer(api, durable, self.stated.clone(), "create", &action)
                    .await
            }
        }
    }

    /// Writes what is stated over what there is; what the contract does not speak of stays.
    async fn update(
        &self,
        api: &Api<'_>,
        actual: Map<String, Value>,
    ) -> Result<Answer, TopologyError> {
        let action = format!("update {}", self.what);
        let config = merged(actual, &self.stated);
        match self.durable {
            None => {
                let subject = format!("STREAM.UPDATE.{}", self.stream);
                api.call(&subject, &Value::Object(config), &action).await
            }
            Some(durable) => {
                self.write_consumer(api, durable, config, "update", &action)
                    .await
            }
        }
    }

    async fn write_consumer(
        &self,
        api: &Api<'_>,
        durable: &str,
        mut config: Map<String, Value>,
        mode: &str,
        action: &str,
    ) -> Result<Answer, TopologyError> {
        // The server knows a durable by both names and refuses them where they differ.
        config.insert("name".to_owned(), durable.into());
        let mut subject = format!("CONSUMER.CREATE.{}.{durable}", self.stream);
        // What permissions can be given for: of several filters the subject says nothing.
        let filter = config.get("filter_subject").and_then(Value::as_str);
        if let Some(filter) = filter.filter(|filter| !filter.is_empty()) {
            subject.push('.');
            subject.push_str(filter);
        }
        let request = json!({ "stream_name": self.stream, "config": config, "action": mode });
        api.call(&subject, &request, action).await
    }
}

fn merged(mut actual: Map<String, Value>, stated: &Map<String, Value>) -> Map<String, Value> {
    for (field, value) in stated {
        match (actual.get_mut(field), value) {
            // Metadata of operators and of the server stays.
            (Some(Value::Object(there)), Value::Object(ours)) => there.extend(ours.clone()),
            _ => {
                actual.insert(field.clone(), value.clone());
            }
        }
    }
    actual
}

async fn verify(api: &Api<'_>, things: &[Thing]) -> Result<(), TopologyError> {
    let mut drift = Vec::new();
    for thing in things {
        match thing.actual(api).await? {
            None => drift.push(Drift {
                what: thing.what.clone(),
                field: None,
                expected: String::new(),
                found: String::new(),
            }),
            Some(actual) => drift.extend(
                thing
                    .changes(&actual)
                    .iter()
                    .filter(|change| !is_cosmetic(change))
                    .map(|change| change.drift(&thing.what)),
            ),
        }
    }
    if drift.is_empty() {
        Ok(())
    } else {
        Err(TopologyError::Drift(drift))
    }
}

async fn apply(api: &Api<'_>, thing: &Thing, version: &str) -> Result<(), TopologyError> {
    for _ in 0..ROUNDS {
        let (answer, action) = match thing.actual(api).await? {
            None => (thing.create(api).await?, "created"),
            Some(actual) => {
                let changes = thing.changes(&actual);
                if changes.is_empty() {
                    return Ok(());
                }
                mutable(thing, &changes)?;
                announce(thing, &changes);
                (thing.update(api, actual).await?, "updated")
            }
        };
        match answer {
            Ok(answer) => {
                taken_over(thing, &config(&answer), version)?;
                tracing::info!("{} {action}", thing.what);
                return Ok(());
            }
            // Another service was faster, or took it away: look again.
            Err(error) if error.exists() || error.not_found() => {}
            Err(error) if error.overlaps() => return Err(overlap(api, thing).await),
            Err(error) => {
                return Err(error.refused(format!("have {} {action}", thing.what)));
            }
        }
    }
    Err(TopologyError::Contended {
        what: thing.what.clone(),
    })
}

fn announce(thing: &Thing, changes: &[Change]) {
    for change in changes {
        tracing::info!("{}: {change}", thing.what);
    }
}

/// Servers before 2.12 ignore what they don't know without a word; what they echo tells.
fn taken_over(
    thing: &Thing,
    echo: &Map<String, Value>,
    version: &str,
) -> Result<(), TopologyError> {
    let ignored = thing.changes(echo);
    if ignored.is_empty() {
        return Ok(());
    }
    Err(TopologyError::Ignored {
        version: version.to_owned(),
        drift: ignored
            .iter()
            .map(|change| change.drift(&thing.what))
            .collect(),
    })
}

/// Refuses what the server would refuse, or would do by dropping messages, with what to do instead.
fn mutable(thing: &Thing, changes: &[Change]) -> Result<(), TopologyError> {
    let fixed: &[&str] = match thing.durable {
        None => &["storage", "retention"],
        Some(_) => &[
            "deliver_policy",
            "ack_policy",
            "replay_policy",
            "deliver_subject",
        ],
    };
    let Some(change) = changes.iter().find(|change| fixed.contains(&change.field)) else {
        return Ok(());
    };
    let mend = match thing.durable {
        None => format!(
            "back the stream up (`nats stream backup {0} <directory>`), delete it (`nats stream rm {0}`) and start again, or change asyncapi.yaml back",
            thing.stream
        ),
        Some(durable) => format!(
            "delete the consumer (`nats consumer rm {} {durable}`) and start again: it is created anew, and what it handled before is skipped; or change asyncapi.yaml back",
            thing.stream
        ),
    };
    Err(TopologyError::Immutable {
        drift: change.drift(&thing.what),
        mend,
    })
}

async fn overlap(api: &Api<'_>, thing: &Thing) -> TopologyError {
    let subjects: Vec<&str> = thing
        .stated
        .get("subjects")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut by = Vec::new();
    for subject in &subjects {
        for name in api.streams_of(subject).await {
            let name = format!("stream {name}");
            if name != thing.what && !by.contains(&name) {
                by.push(name);
            }
        }
    }
    TopologyError::Overlap {
        stream: thing.stream.to_owned(),
        subjects: subjects.join(", "),
        by: if by.is_empty() {
            "another stream".to_owned()
        } else {
            by.join(", ")
        },
    }
}

async fn server_version(jetstream: &Context) -> Result<String, TopologyError> {
    let client = jetstream.client();
    let mut version = client.server_info().version;
    if version.is_empty() {
        // A client that connects in the background knows no server yet; a flush waits for one.
        client
            .flush()
            .await
            .map_err(|_| TopologyError::NotConnected)?;
        version = client.server_info().version;
    }
    if version.is_empty() {
        return Err(TopologyError::NotConnected);
    }
    if is_supported(&version) {
        Ok(version)
    } else {
        Err(TopologyError::ServerTooOld { found: version })
    }
}

/// A version that does not read as one is let through: builds of one's own are called as one likes.
fn is_supported(version: &str) -> bool {
    let mut parts = version
        .trim_start_matches('v')
        .split('.')
        .map(str::parse::<u64>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= OLDEST,
        _ => true,
    }
}

async fn has_jetstream(api: &Api<'_>) -> Result<(), TopologyError> {
    match api.call("INFO", &json!({}), "ask for JetStream").await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) if error.is_disabled() => Err(TopologyError::NoJetStream {
            reason: format!("{} (error {})", error.description, error.err_code),
        }),
        Ok(Err(error)) => Err(error.refused("ask for JetStream")),
        // A server with JetStream answers again once it has a leader.
        Err(TopologyError::NoAnswer { .. }) if !api.0.client().server_info().jetstream => {
            Err(TopologyError::NoJetStream {
                reason: "the server does not offer it".to_owned(),
            })
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_before_2_10_are_refused() {
        for version in ["2.10.25", "2.15.1", "v2.11.0-RC.1", "3.0.0", "dev"] {
            assert!(is_supported(version), "{version}");
        }
        for version in ["2.9.25", "2.1.9", "1.4.1"] {
            assert!(!is_supported(version), "{version}");
        }
    }
}
