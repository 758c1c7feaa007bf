//! A finding as it is shown: with its place, and a fingerprint to waive it by.

use serde::Serialize;
use serde_json::Value as Json;

use super::compare::Direction;

/// What a change would break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// Events that cannot be read.
    Wire,
    /// Code against the generated types, which does not compile.
    Source,
    /// Channels, operations and streams that others rely on.
    Topology,
    /// The file of waivers itself.
    Waiver,
}

impl std::fmt::Display for Category {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Wire => "wire",
            Self::Source => "source",
            Self::Topology => "topology",
            Self::Waiver => "waiver",
        })
    }
}

/// A finding and its place.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// What it would break.
    pub category: Category,
    /// What kind of change, as in `required-added`.
    pub rule: String,
    /// Who cannot read what, on the wire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// Whether it breaks; else it could not be decided.
    pub breaks: bool,
    /// The event, channel, operation or stream.
    pub subject: String,
    /// The file, relative to the contract's folder.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1, in characters.
    pub column: usize,
    /// Where in the event, as a JSON Pointer in which `*` stands for any name or number.
    pub path: String,
    /// What has changed and whom it hurts.
    pub message: String,
    /// How to mend it.
    pub mend: String,
    /// An event that the writer may write and the reader rejects, checked against both schemas.
    pub counterexample: Option<Json>,
    /// The version that it was compared with.
    pub against: String,
    /// What a waiver names it by: the same for the same rule, subject, path and values, wherever it stands.
    pub fingerprint: String,
}

impl Item {
    /// Sets the fingerprint, over rule, subject, path and values.
    #[must_use]
    pub(super) fn sealed(mut self, values: &Json) -> Self {
        let direction = self.direction.map(|direction| direction.to_string());
        let parts = [
            self.category.to_string(),
            self.rule.clone(),
            direction.unwrap_or_default(),
            self.subject.clone(),
            self.path.clone(),
            values.to_string(),
        ];
        self.fingerprint = fingerprint(&parts);
        self
    }

    /// The rule with its direction or category, as in `required-added (backward)`.
    #[must_use]
    pub fn title(&self) -> String {
        match self.direction {
            Some(direction) => format!("{} ({direction})", self.rule),
            None => format!("{} ({})", self.rule, self.category),
        }
    }
}

/// FNV-1a: short, and the same on every machine and with every release.
fn fingerprint(parts: &[String]) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in parts
        .iter()
        .flat_map(|part| part.bytes().chain(std::iter::once(0)))
    {
        hash ^= u64::from(byte);
        hash = hash.wrapping_mul(0x0000_0100_0000_01b3);
    }
    format!("{hash:016x}")
}
