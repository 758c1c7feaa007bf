//! The types of JSON Schema as a set. `number` is two of them: `integer`, and what is none.

use serde_json::Value as Json;

use super::number;

/// A set of types.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Types(u8);

impl FromIterator<Types> for Types {
    fn from_iter<I: IntoIterator<Item = Types>>(types: I) -> Self {
        types
            .into_iter()
            .fold(Self::NONE, |all, types| Self(all.0 | types.0))
    }
}

impl Types {
    pub(super) const NULL: Self = Self(1);
    pub(super) const BOOLEAN: Self = Self(2);
    pub(super) const INTEGER: Self = Self(4);
    pub(super) const FRACTION: Self = Self(8);
    pub(super) const STRING: Self = Self(16);
    pub(super) const ARRAY: Self = Self(32);
    pub(super) const OBJECT: Self = Self(64);
    pub(super) const ALL: Self = Self(127);
    const NONE: Self = Self(0);

    /// What the value of `type` allows.
    pub(super) fn of_keyword(value: &Json) -> Self {
        match value {
            Json::String(name) => Self::named(name),
            Json::Array(names) => names
                .iter()
                .filter_map(Json::as_str)
                .fold(Self::NONE, |all, name| Self(all.0 | Self::named(name).0)),
            _ => Self::ALL,
        }
    }

    fn named(name: &str) -> Self {
        match name {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "integer" => Self::INTEGER,
            "number" => Self(Self::INTEGER.0 | Self::FRACTION.0),
            "string" => Self::STRING,
            "array" => Self::ARRAY,
            "object" => Self::OBJECT,
            _ => Self::NONE,
        }
    }

    /// The type of a value.
    pub(super) fn of_value(value: &Json) -> Self {
        match value {
            Json::Null => Self::NULL,
            Json::Bool(_) => Self::BOOLEAN,
            Json::Number(number) if number::is_integer(number) => Self::INTEGER,
            Json::Number(_) => Self::FRACTION,
            Json::String(_) => Self::STRING,
            Json::Array(_) => Self::ARRAY,
            Json::Object(_) => Self::OBJECT,
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Each of them alone.
    pub(super) fn each(self) -> impl Iterator<Item = Self> {
        (0..7)
            .map(|bit| Self(1 << bit))
            .filter(move |one| one.within(self))
    }

    /// As in `integer or null`.
    pub(super) fn words(self) -> String {
        let mut names = Vec::new();
        for one in self.each() {
            let name = match one {
                Self::NULL => "null",
                Self::BOOLEAN => "boolean",
                Self::INTEGER if Self::FRACTION.within(self) => "number",
                Self::INTEGER => "integer",
                Self::FRACTION if Self::INTEGER.within(self) => continue,
                Self::FRACTION => "a number that is no integer",
                Self::STRING => "string",
                Self::ARRAY => "array",
                _ => "object",
            };
            names.push(name);
        }
        names.join(" or ")
    }
}
