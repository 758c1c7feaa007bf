//! An event as handlers see it, and what a generated data type tells of itself.

use std::ops::Range;

use serde::Serialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;

use crate::json::Json;
use crate::validate::{Fallback, Validate, Violations};
use crate::versions::{self, Older};

/// The data of one event version of the contract. Implemented by generated code only.
pub trait EventData:
    Json + Serialize + DeserializeOwned + Validate + Send + Sync + 'static
{
    /// The CloudEvents `type`: event and version, as in `order.placed.v1`.
    const TYPE: &'static str;
    /// The CloudEvents `dataschema`: a URI reference to the schema.
    const DATASCHEMA: &'static str;
    /// The channel's address with its parameters, as in `order.placed.v1.{orderId}`.
    const ADDRESS: &'static str;
    /// The version that this one is upcast from.
    const OLDER: Option<Older<Self>> = None;

    /// The JetStream subject of this event: the address with its parameters filled in.
    ///
    /// # Errors
    ///
    /// Where a parameter's value cannot be a subject token.
    fn subject(&self) -> Result<Subject, SubjectError>;

    /// The ordering key: events of one key are handled in order where the operation asks for it.
    fn key(&self) -> String;

    /// The compiled schema, for what neither the type nor its inline checks can say; checked on the raw data.
    #[must_use]
    fn fallback() -> Option<&'static Fallback> {
        None
    }
}

/// What can be said of an event without its Rust type: for tests and tools that go through all events of a contract.
#[derive(Clone, Copy, Debug)]
pub struct EventInfo {
    /// The CloudEvents `type`.
    pub event_type: &'static str,
    /// The CloudEvents `dataschema`.
    pub dataschema: &'static str,
    /// The CloudEvents `type` of the version that this one is upcast from.
    pub upcasts: Option<&'static str>,
    read: fn(&str, &serde_json::Value) -> Option<Result<serde_json::Value, Violations>>,
}

impl EventInfo {
    /// What `T` says of itself.
    #[must_use]
    pub const fn of<T: EventData>() -> Self {
        Self {
            event_type: T::TYPE,
            dataschema: T::DATASCHEMA,
            upcasts: match &T::OLDER {
                Some(older) => Some(older.event_type()),
                None => None,
            },
            read: read::<T>,
        }
    }

    /// Reads `data` as the event's type, checks it as a consumer does, and returns what the type writes.
    ///
    /// # Errors
    ///
    /// Where `data` is not what the event's schema says.
    pub fn round_trip(&self, data: &serde_json::Value) -> Result<serde_json::Value, Violations> {
        let own = self.read(self.event_type, data);
        own.unwrap_or_else(|| unreachable!("an event reads its own type"))
    }

    /// Reads the data of version `event_type` as a consumer of this event does, upcasts included, and returns what the
    /// type writes; `None` where no upcast leads from there to here.
    #[must_use]
    pub fn read(
        &self,
        event_type: &str,
        data: &serde_json::Value,
    ) -> Option<Result<serde_json::Value, Violations>> {
        (self.read)(event_type, data)
    }
}

fn read<T: EventData>(
    event_type: &str,
    data: &serde_json::Value,
) -> Option<Result<serde_json::Value, Violations>> {
    let value = versions::read::<T>(event_type, data)?;
    Some(value.and_then(|value| {
        serde_json::to_value(value).map_err(|error| Violations::whole("type", error.to_string()))
    }))
}

/// One received event: the CloudEvents attributes and the data.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<T> {
    /// The CloudEvents `id`; the same on every delivery and redrive. Where a service sends two versions of an event side by
    /// side, both have the id of the newer one here: it is one fact.
    pub id: String,
    /// The CloudEvents `source`, as in `/orders`.
    pub source: String,
    /// The CloudEvents `subject`: the ordering key.
    pub subject: Option<String>,
    /// When the fact happened.
    pub time: OffsetDateTime,
    /// The same for all events that one request set in motion.
    pub correlation_id: String,
    /// The id of the event that caused this one; `None` on the first.
    pub causation_id: Option<String>,
    /// What happened.
    pub data: T,
    /// How the event came to be here, this time.
    pub delivery: Delivery,
}

/// One delivery of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The JetStream subject that it was published to.
    pub subject: String,
    /// The stream that keeps it.
    pub stream: String,
    /// Its sequence in that stream.
    pub stream_sequence: u64,
    /// How often the server has delivered it to this consumer, this time included. Deferrals and deliveries that a
    /// shutdown gave back count here, so this is not the number of attempts.
    pub delivered: u64,
    /// Which attempt of the operation's `max-attempts` this is; the first is 1.
    pub attempt: u32,
}

/// A JetStream subject, built from an address and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject(String);

impl Subject {
    /// Begins the subject of the channel with this address.
    #[must_use]
    pub fn of(address: &'static str) -> SubjectBuilder {
        SubjectBuilder {
            address,
            subject: address.to_owned(),
        }
    }

    /// The subject as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A subject whose parameters are being filled in.
#[derive(Clone, Debug)]
pub struct SubjectBuilder {
    address: &'static str,
    subject: String,
}

impl SubjectBuilder {
    /// Fills in the parameter `name`.
    ///
    /// # Errors
    ///
    /// Where the value is empty, or holds what a NATS subject token must not: white space, control characters, a dot
    /// or a wildcard.
    pub fn token(mut self, name: &str, value: impl ToString) -> Result<Self, SubjectError> {
        let value = value.to_string();
        let illegal = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '.' | '*' | '>');
        if value.is_empty() || value.contains(illegal) {
            return Err(SubjectError {
                address: self.address,
                parameter: name.to_owned(),
                value,
            });
        }
        let mut from = 0;
        while let Some(at) = place(&self.subject, from, name) {
            // What was filled in is not looked at again.
            from = at.start + value.len();
            self.subject.replace_range(at, &value);
        }
        Ok(self)
    }

    /// The finished subject.
    #[must_use]
    pub fn finish(self) -> Subject {
        Subject(self.subject)
    }
}

/// Where `{name}` stands next.
fn place(subject: &str, mut from: usize, name: &str) -> Option<Range<usize>> {
    while let Some(begins) = subject[from..].find('{').map(|at| from + at) {
        let rest = subject[begins + 1..].strip_prefix(name);
        if rest.is_some_and(|rest| rest.starts_with('}')) {
            return Some(begins..begins + name.len() + 2);
        }
        from = begins + 1;
    }
    None
}

/// A value of the event's data that cannot stand in its subject.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{value:?} cannot fill in {{{parameter}}} of the subject {address}: a subject token is not empty and holds no white space, dot, * or >"
)]
pub struct SubjectError {
    /// The channel's address.
    pub address: &'static str,
    /// The parameter.
    pub parameter: String,
    /// The value that was refused.
    pub value: String,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Subject;

    #[test]
    fn each_parameter_is_filled_in_where_it_stands() {
        let subject = Subject::of("a.{one}.{two}.{one}.v1");
        let subject = subject.token("one", "{two}").unwrap();
        let subject = subject.token("none", 1).unwrap().finish();
        assert_eq!(subject.as_str(), "a.{two}.{two}.{two}.v1");
        let subject = Subject::of("{x}").token("x", "{x}").unwrap().finish();
        assert_eq!(subject.as_str(), "{x}");
        assert!(Subject::of("{x}").token("x", "a.b").is_err());
        assert!(Subject::of("{x}").token("x", "").is_err());
    }
}
