//! Versions of one event side by side: which is upcast from which, and until when an old one is sent.

use std::collections::{HashMap, HashSet};
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};

use super::contract::{Contract, Event, EventId, Service};
use crate::diagnostics::{Code, Diagnostic, Report};
use crate::load::{self, Node, Span};

/// What a channel says of its event's version, beside what AsyncAPI has a word for.
#[derive(Clone, Debug, Default, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ChannelExtensions {
    /// The older version of the same event that this one is upcast from, as in `order.placed.v1`. Who receives this
    /// version then receives that one too; `events/src/upcasts.rs` says how the one is made of the other.
    pub x_upcasts: Option<String>,
    /// The day from which on this version is not sent any more, as in `2027-06-30`. Makes it deprecated.
    pub x_sunset: Option<Date>,
}

/// A day, as in `2027-06-30`. Days are ordered as their texts are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(String);

impl Date {
    fn parse(text: &str) -> Option<Self> {
        let [year, month, day] = text.split('-').collect::<Vec<_>>()[..] else {
            return None;
        };
        let number = |part: &str, digits: usize| {
            let is_number = part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
            part.parse::<u32>().ok().filter(|_| is_number)
        };
        let (year, month, day) = (number(year, 4)?, number(month, 2)?, number(day, 2)?);
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            1..=12 => 31,
            _ => return None,
        };
        (1..=days).contains(&day).then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DateVisitor;

        impl Visitor<'_> for DateVisitor {
            type Value = Date;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a day as in 2027-06-30")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Date, E> {
                Date::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(DateVisitor)
    }
}

impl JsonSchema for Date {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Date".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "date",
            "description": "A day, as in 2027-06-30.",
        })
    }
}

/// What the contract says of one version of an event.
#[derive(Clone, Debug, Default)]
pub struct Versioning {
    /// The name of the version that this one is upcast from, and where it stands.
    pub upcasts: Option<(String, Span)>,
    /// The day from which on it is not sent any more, and where that stands.
    pub sunset: Option<(Date, Span)>,
    /// Whether the message is deprecated; one with a sunset is in any case.
    pub deprecated: bool,
    /// The version that this one is upcast from.
    older: Option<EventId>,
    /// The first version that is upcast from this one.
    newer: Option<EventId>,
}

impl Versioning {
    /// Whether its users are to move on.
    #[must_use]
    pub fn is_deprecated(&self) -> bool {
        self.deprecated || self.sunset.is_some()
    }
}

/// What a channel and its message say of their event's version.
pub(super) fn read(channel: &Node, message: &Node, report: &mut Report) -> Versioning {
    let mut extensions = |node: &Node| match load::read::<ChannelExtensions>(node) {
        Ok(extensions) => extensions,
        Err(error) => {
            report.push(
                Diagnostic::error(Code::Malformed, "the extensions here cannot be read")
                    .at(error.span.unwrap_or(node.span), error.message),
            );
            ChannelExtensions::default()
        }
    };
    let place = |node: &Node, key| node.get(key).map_or(node.span, |node| node.span);
    let sunset = [message, channel].into_iter().find_map(|node| {
        let day = extensions(node).x_sunset?;
        Some((day, place(node, "x-sunset")))
    });
    let upcasts = extensions(channel).x_upcasts;
    Versioning {
        upcasts: upcasts.map(|name| (name, place(channel, "x-upcasts"))),
        sunset,
        deprecated: message
            .get("deprecated")
            .is_some_and(|node| matches!(node.value, load::Value::Bool(true))),
        older: None,
        newer: None,
    }
}

impl Contract {
    /// The version that `event` is upcast from.
    #[must_use]
    pub fn older(&self, event: &Event) -> Option<&Event> {
        event.versioning.older.map(|older| self.event(older))
    }

    /// What a receiver of `event` is given: the event, and each version from which upcasts lead to it, newest first.
    #[must_use]
    pub fn versions_read_as<'c>(&'c self, event: &'c Event) -> Vec<&'c Event> {
        let chain = std::iter::successors(Some(event), |event| self.older(event));
        // Upcasts in a circle are a finding of their own; here they must only come to an end.
        chain.take(self.events.len()).collect()
    }

    /// The subjects of an operation: of each of its events, and of each version that is upcast to one.
    #[must_use]
    pub fn filters(&self, receive: &super::Receive) -> Vec<String> {
        let mut filters: Vec<String> = Vec::new();
        for event in receive.events() {
            for version in self.versions_read_as(self.event(event)) {
                let filter = version.address.filter();
                if !filters.contains(&filter) {
                    filters.push(filter);
                }
            }
        }
        filters
    }

    /// The older versions that `service` sends whenever it sends `event`, newest first.
    #[must_use]
    pub fn twins(&self, service: &Service, event: EventId) -> Vec<&Event> {
        let older = self.versions_read_as(self.event(event)).into_iter().skip(1);
        let sent = |other: &&Event| {
            let mut sends = service.sends.iter();
            sends.any(|send| self.event(send.event).name == other.name)
        };
        older.filter(sent).collect()
    }

    /// The events that `service` publishes itself: each that it sends, but for those that go out as twins of newer ones.
    #[must_use]
    pub fn published(&self, service: &Service) -> Vec<EventId> {
        let sent = service.sent();
        let twins: HashSet<&str> = sent
            .iter()
            .flat_map(|newer| self.twins(service, *newer))
            .map(|twin| twin.name.as_str())
            .collect();
        let is_twin = |id: &EventId| twins.contains(self.event(*id).name.as_str());
        sent.iter().copied().filter(|id| !is_twin(id)).collect()
    }

    /// What a deprecated event's documentation says of that; nothing of the others.
    #[must_use]
    pub fn deprecation(&self, event: &Event) -> Option<String> {
        if !event.versioning.is_deprecated() {
            return None;
        }
        let sunset = event.versioning.sunset.as_ref();
        let sunset = sunset.map_or(String::new(), |(day, _)| format!(", sunset {day}"));
        let newer = event.versioning.newer.map(|newer| self.event(newer));
        Some(match newer {
            Some(newer) => format!("Deprecated{sunset}: `{}` takes its place.", newer.name),
            None => format!("Deprecated{sunset}."),
        })
    }
}

/// Finds the versions that others name, and writes into the documentation of the events' types what the contract says of
/// their versions.
pub(super) fn resolve(contract: &mut Contract) {
    let ids: HashMap<&str, EventId> = contract
        .events
        .iter()
        .enumerate()
        .map(|(index, event)| (event.name.as_str(), EventId(index)))
        .collect();
    let pairs: Vec<(EventId, EventId)> = contract
        .events
        .iter()
        .enumerate()
        .filter_map(|(index, event)| {
            let (name, _) = event.versioning.upcasts.as_ref()?;
            Some((EventId(index), *ids.get(name.as_str())?))
        })
        .collect();
    for (newer, older) in pairs {
        contract.events[newer.0].versioning.older = Some(older);
        contract.events[older.0]
            .versioning
            .newer
            .get_or_insert(newer);
    }
    document(contract);
}

fn document(contract: &mut Contract) {
    let notes: Vec<_> = contract
        .events
        .iter()
        .filter_map(|event| Some((event.data, contract.deprecation(event)?)))
        .collect();
    for (data, note) in notes {
        let Some(definition) = contract.types.definitions.get_mut(data.0) else {
            continue;
        };
        definition.deprecated = false;
        definition.doc = format!("{}\n\n{note}", definition.doc.trim_end());
    }
}

#[cfg(test)]
mod tests {
    use super::Date;

    #[test]
    fn a_day_is_one_of_the_calendar() {
        for text in ["2027-06-30", "2028-02-29", "2000-02-29"] {
            assert!(Date::parse(text).is_some(), "{text}");
        }
        for text in [
            "2027-06-31",
            "2027-02-29",
            "2100-02-29",
            "2027-13-01",
            "2027-00-10",
            "2027-6-3",
            "27-06-30",
            "+027-06-30",
            "2027-06-30T00:00:00Z",
            "tomorrow",
            "",
        ] {
            assert!(Date::parse(text).is_none(), "{text}");
        }
    }
}
