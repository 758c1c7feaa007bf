//! Values of different types that JSON itself tells apart: what generated enums are read from.

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde_json::Value;

use super::json::{Error, Json};
use crate::types::exact::{Exact, FromExact};

/// A value and what its type is called. serde's own untagged enums try one variant after the other, and lose the place
/// of an error.
#[derive(Debug)]
pub struct Untagged {
    json: &'static str,
    value: Value,
}

impl Untagged {
    /// Reads a value of one of `types`, in the words of JSON Schema.
    ///
    /// # Errors
    ///
    /// Where it is of another type.
    pub fn read<'de, D: Deserializer<'de>>(
        deserializer: D,
        types: &'static [&'static str],
    ) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let (name, article) = match &value {
            Value::Null => ("null", "null"),
            Value::Bool(_) => ("boolean", "a boolean"),
            Value::Number(_) => ("number", "a number"),
            Value::String(_) => ("string", "a string"),
            Value::Array(_) => ("array", "an array"),
            Value::Object(_) => ("object", "an object"),
        };
        // Whether a number is an integer is found out when it is read as one.
        let known = |json: &&&str| **json == name || (name == "number" && **json == "integer");
        let Some(json) = types.iter().find(known) else {
            let expected = types.join(" or ");
            let error = Error::new("type", format!("{article} found, {expected} expected"));
            return Err(D::Error::custom(error));
        };
        Ok(Self { json, value })
    }

    /// Which of the types it is.
    #[must_use]
    pub fn json(&self) -> &'static str {
        self.json
    }

    /// The value as what it is.
    ///
    /// # Errors
    ///
    /// Where it is no `T`.
    pub fn get<T: DeserializeOwned, E: serde::de::Error>(&self) -> Result<T, E> {
        T::deserialize(Json(&self.value)).map_err(E::custom)
    }

    /// The value as what `jetway::exact` reads.
    ///
    /// # Errors
    ///
    /// Where it is no `T`.
    pub fn exact<T: Exact, E: serde::de::Error>(&self) -> Result<T, E> {
        self.get::<FromExact<T>, E>().map(|value| value.0)
    }
}
