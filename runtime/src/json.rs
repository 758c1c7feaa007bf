//! How generated types are read and written: as JSON Schema says, where plain serde says something else.
//!
//! serde takes null for absent, a list for a struct and `10.0` for a fraction, and loses the place of an error within
//! anything that it has to buffer. So generated types are read from JSON values by [`Json`], which is what a consumer
//! does with a received event, and implement `Serialize` and `Deserialize` by it for everyone else. The macros
//! [`object!`](crate::object), [`text!`](crate::text), [`tagged!`](crate::tagged), [`union!`](crate::union) and
//! [`newtype!`](crate::newtype) write the implementations: they are a few lines, so the compiler has little to check.

mod date_time;
mod distinct;
mod macros;
mod misfit;
mod numbers;
mod object;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod values;

pub use misfit::Misfit;
pub use numbers::integer;
pub use object::{Reader, Writer, write_tagged};
pub use serde::ser::SerializeMap;
pub use serde::{Deserialize, Deserializer, Serialize, Serializer};
pub use serde_json::Value;

/// A type that is read and written as JSON Schema says. An object implements the first two, by
/// [`object!`](crate::object), everything else the next two.
pub trait Json: Sized {
    /// Takes its properties.
    ///
    /// # Errors
    ///
    /// Where one is missing, or holds something else.
    fn read_properties(from: &mut Reader<'_>) -> Result<Self, Misfit> {
        Err(from.unreadable())
    }

    /// Writes its properties, in the schema's order. The first error stays with the writer.
    fn write_properties<M: SerializeMap>(&self, _to: &mut Writer<M>) {}

    /// Reads it.
    ///
    /// # Errors
    ///
    /// Where `value` is something else: what, and where in it.
    fn read(value: &Value) -> Result<Self, Misfit> {
        Self::read_properties(&mut Reader::of(value)?)
    }

    /// Writes it.
    ///
    /// # Errors
    ///
    /// Those of the serializer, and where JSON cannot hold it: a date-time beyond the year 9999.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut to = Writer::begin(serializer)?;
        self.write_properties(&mut to);
        to.end()
    }

    /// What a property that is not there is read as; `None` where it must be there.
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }

    /// Whether a property that holds this is not written.
    #[must_use]
    fn is_absent(&self) -> bool {
        false
    }
}

/// For `Deserialize`: reads the whole value, then the type from it.
///
/// # Errors
///
/// Where it is something else, or an object in it has a property twice; the text names the place.
pub fn deserialize<'de, T: Json, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let value = distinct::value(deserializer)?;
    T::read(&value).map_err(serde::de::Error::custom)
}

/// What [`Json`] writes, for serializers.
struct Written<'v, T>(&'v T);

impl<T: Json> Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

/// Which of `types` a value is of, in the words of JSON Schema. Whether a number is an integer is found out when it is
/// read as one.
#[must_use]
pub fn type_of(value: &Value, types: &[&'static str]) -> Option<&'static str> {
    let name = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let known = |json: &&&str| **json == name || (name == "number" && **json == "integer");
    types.iter().find(known).copied()
}
