//! The few calls of JetStream's API that topology needs, as JSON: a client's own types drop the fields that they don't
//! know, and an update would then reset what a newer server has.

use async_nats::jetstream::Context;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::TopologyError;

const STREAM_NOT_FOUND: u64 = 10059;
const CONSUMER_NOT_FOUND: u64 = 10014;
const SUBJECT_OVERLAP: u64 = 10065;
const DISABLED: u64 = 10076;
const DISABLED_FOR_ACCOUNT: u64 = 10039;
const STREAM_EXISTS: u64 = 10058;
const CONSUMER_EXISTS: u64 = 10148;
const CONSUMER_NAME_EXISTS: u64 = 10013;

#[derive(Deserialize)]
struct Reply {
    error: Option<ApiError>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct ApiError {
    pub(super) code: u64,
    #[serde(default)]
    pub(super) err_code: u64,
    #[serde(default)]
    pub(super) description: String,
}

impl ApiError {
    pub(super) fn not_found(&self) -> bool {
        matches!(self.err_code, STREAM_NOT_FOUND | CONSUMER_NOT_FOUND)
    }

    /// Somebody else created it in between, in another shape.
    pub(super) fn exists(&self) -> bool {
        matches!(
            self.err_code,
            STREAM_EXISTS | CONSUMER_EXISTS | CONSUMER_NAME_EXISTS
        )
    }

    pub(super) fn is_disabled(&self) -> bool {
        matches!(self.err_code, DISABLED | DISABLED_FOR_ACCOUNT)
    }

    pub(super) fn overlaps(&self) -> bool {
        self.err_code == SUBJECT_OVERLAP
    }

    pub(super) fn refused(self, action: impl Into<String>) -> TopologyError {
        TopologyError::Refused {
            action: action.into(),
            description: self.description,
            code: if self.err_code == 0 {
                self.code
            } else {
                self.err_code
            },
        }
    }
}

/// The API of one JetStream account.
pub(super) struct Api<'a>(pub(super) &'a Context);

pub(super) type Answer = Result<Map<String, Value>, ApiError>;

impl Api<'_> {
    /// The outer error: no answer; the inner: a refusal.
    pub(super) async fn call(
        &self,
        subject: &str,
        payload: &Value,
        action: &str,
    ) -> Result<Answer, TopologyError> {
        // An empty request is `{}`: what asks for a consumer refuses `null`.
        let reply: Result<Value, _> = self.0.request(subject.to_owned(), payload).await;
        let reply = reply.map_err(|error| TopologyError::NoAnswer {
            action: action.to_owned(),
            reason: error.to_string(),
        })?;
        let reply: Reply =
            serde_json::from_value(reply).map_err(|error| TopologyError::NoAnswer {
                action: action.to_owned(),
                reason: format!("the answer cannot be read: {error}"),
            })?;
        Ok(match reply.error {
            Some(error) => Err(error),
            None => Ok(reply.rest),
        })
    }

    pub(super) async fn stream(
        &self,
        name: &str,
    ) -> Result<Option<Map<String, Value>>, TopologyError> {
        let action = format!("look up stream {name}");
        let answer = self
            .call(&format!("STREAM.INFO.{name}"), &json!({}), &action)
            .await?;
        found(answer, action)
    }

    pub(super) async fn consumer(
        &self,
        stream: &str,
        name: &str,
    ) -> Result<Option<Map<String, Value>>, TopologyError> {
        let action = format!("look up consumer {name} on stream {stream}");
        let subject = format!("CONSUMER.INFO.{stream}.{name}");
        found(self.call(&subject, &json!({}), &action).await?, action)
    }

    /// The streams that keep subjects which overlap this one.
    pub(super) async fn streams_of(&self, subject: &str) -> Vec<String> {
        let answer = self
            .call(
                "STREAM.NAMES",
                &json!({ "subject": subject }),
                "list streams",
            )
            .await;
        let Ok(Ok(answer)) = answer else {
            return Vec::new();
        };
        let names = answer.get("streams").and_then(Value::as_array);
        names
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    }
}

fn found(answer: Answer, action: String) -> Result<Option<Map<String, Value>>, TopologyError> {
    match answer {
        Ok(answer) => Ok(Some(config(&answer))),
        Err(error) if error.not_found() => Ok(None),
        Err(error) => Err(error.refused(action)),
    }
}

/// The configuration in an answer.
pub(super) fn config(answer: &Map<String, Value>) -> Map<String, Value> {
    answer
        .get("config")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default()
}
