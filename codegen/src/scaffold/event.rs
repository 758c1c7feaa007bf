//! What is asked for: a fact, its version, who sends and who receives it.

use std::fmt;
use std::str::FromStr;

use crate::model::names;

/// An event that is to be added to the contract.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The name without its version, as in `shipment.created`.
    pub fact: String,
    /// The version.
    pub version: u32,
    /// Who sends it. For a later version nobody stands for those who send the version before.
    pub sent_by: Vec<Party>,
    /// Who receives it.
    pub received_by: Vec<Party>,
    /// The stream that is to keep it. Without it: the one that does already, or a new one.
    pub stream: Option<String>,
    /// The property that is the ordering key. Without it: `<entity>Id`.
    pub key: Option<String>,
    /// What the contract says of it. Without it: its name in words.
    pub description: Option<String>,
    /// Until when the version before is sent, as in `2027-06-30`. For a later version only.
    pub sunset: Option<String>,
}

impl NewEvent {
    /// The whole name, as in `shipment.created.v1`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}.v{}", self.fact, self.version)
    }

    /// `shipment` of `shipment.created`.
    pub(super) fn entity(&self) -> &str {
        self.fact.split_once('.').map_or("", |(entity, _)| entity)
    }

    /// `created` of `shipment.created`.
    pub(super) fn happened(&self) -> &str {
        self.fact.split_once('.').map_or("", |(_, fact)| fact)
    }

    /// The property that is the ordering key.
    pub(super) fn key(&self) -> String {
        self.key
            .clone()
            .unwrap_or_else(|| format!("{}Id", camel(self.entity())))
    }

    /// The property that says when it happened.
    pub(super) fn moment(&self) -> String {
        let property = format!("{}At", camel(self.happened()));
        if property == self.key() {
            "occurredAt".to_owned()
        } else {
            property
        }
    }

    pub(super) fn description(&self) -> String {
        if let Some(description) = &self.description {
            return description.clone();
        }
        let entity = self.entity().replace('_', " ");
        let happened = self.happened().replace('_', " ");
        if happened.contains(' ') {
            return format!("{}: {happened}.", capital(&entity));
        }
        let article = if entity.starts_with(['a', 'e', 'i', 'o', 'u']) {
            "An"
        } else {
            "A"
        };
        format!("{article} {entity} was {happened}.")
    }

    /// The operation's name: as the party gave it, or made of the fact with `verb` before it.
    pub(super) fn operation(&self, party: &Party, verb: &str) -> String {
        let local = party.operation.clone().unwrap_or_else(|| {
            let version = match self.version {
                1 => String::new(),
                later => format!("V{later}"),
            };
            format!("{verb}{}{version}", names::pascal(&self.fact, "Event"))
        });
        format!("{}.{local}", party.service)
    }
}

/// A service, and what its operation is to be called where the fact's own name will not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// As in `email`.
    pub service: String,
    /// As in `sendTracking`.
    pub operation: Option<String>,
}

impl FromStr for Party {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (service, operation) = match text.split_once('.') {
            Some((service, operation)) => (service, Some(operation)),
            None => (text, None),
        };
        for part in std::iter::once(service).chain(operation) {
            if !is_word(part, &['_', '-']) {
                return Err(format!(
                    "`{part}` is expected to be letters, digits, `_` or `-`, the first a letter: `email` or \
                     `email.sendTracking`"
                ));
            }
        }
        Ok(Self {
            service: service.to_owned(),
            operation: operation.map(str::to_owned),
        })
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.service)
    }
}

/// Whether `text` is letters, digits and some of `others`, and begins with a letter.
pub(super) fn is_word(text: &str, others: &[char]) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || others.contains(&c))
}

/// `reservationFailed` of `reservation_failed`.
fn camel(text: &str) -> String {
    let pascal = names::pascal(text, "");
    let mut chars = pascal.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_ascii_lowercase().to_string() + chars.as_str()
    })
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_ascii_uppercase().to_string() + chars.as_str()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(fact: &str) -> NewEvent {
        NewEvent {
            fact: fact.to_owned(),
            version: 1,
            sent_by: Vec::new(),
            received_by: Vec::new(),
            stream: None,
            key: None,
            description: None,
            sunset: None,
        }
    }

    #[test]
    fn names_are_made_of_the_fact() {
        let event = event("stock_item.count_corrected");
        assert_eq!(event.key(), "stockItemId");
        assert_eq!(event.moment(), "countCorrectedAt");
        assert_eq!(event.description(), "Stock item: count corrected.");
        let party: Party = "audit-log".parse().expect("a service");
        assert_eq!(
            event.operation(&party, "on"),
            "audit-log.onStockItemCountCorrected"
        );
    }

    #[test]
    fn a_party_may_name_its_operation() {
        let party: Party = "email.sendTracking".parse().expect("a service");
        assert_eq!(
            event("shipment.created").operation(&party, "on"),
            "email.sendTracking"
        );
        for wrong in ["", "e mail", "email.", ".x", "email: {}", "1st"] {
            assert!(wrong.parse::<Party>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_article_is_that_of_the_entity() {
        assert_eq!(event("order.placed").description(), "An order was placed.");
        assert_eq!(
            event("shipment.created").description(),
            "A shipment was created."
        );
    }
}
