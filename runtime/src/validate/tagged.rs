//! Objects that a constant property tells apart: what generated enums are read from.

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde_json::Value;

use super::json::{Error, Json, object};

/// An object and the value of its tag. serde's own internally tagged enums take lists too, and lose the place of an
/// error.
#[derive(Debug)]
pub struct Tagged {
    tag: &'static str,
    object: Value,
}

impl Tagged {
    /// Reads an object whose property `name` is one of `tags`.
    ///
    /// # Errors
    ///
    /// Where it is no object, lacks the property, or has another value there.
    pub fn read<'de, D: Deserializer<'de>>(
        deserializer: D,
        name: &'static str,
        tags: &'static [&'static str],
    ) -> Result<Self, D::Error> {
        let mut value = Value::deserialize(deserializer)?;
        let tag = find(&value, name, tags).map_err(D::Error::custom)?;
        if let Value::Object(entries) = &mut value {
            entries.shift_remove(name);
        }
        Ok(Self { tag, object: value })
    }

    /// Which of the tags it is.
    #[must_use]
    pub fn tag(&self) -> &'static str {
        self.tag
    }

    /// The object without its tag.
    ///
    /// # Errors
    ///
    /// Where it is no `T`.
    pub fn body<T: DeserializeOwned, E: serde::de::Error>(&self) -> Result<T, E> {
        T::deserialize(Json(&self.object)).map_err(E::custom)
    }
}

fn find(
    value: &Value,
    name: &'static str,
    tags: &'static [&'static str],
) -> Result<&'static str, Error> {
    let tag = object(value)?
        .get(name)
        .ok_or_else(|| Error::missing_field(name))?;
    let found = tags.iter().find(|known| tag.as_str() == Some(**known));
    found.copied().ok_or_else(|| {
        let expected = tags.join(", ");
        Error::new(
            "enum",
            format!("{tag} found, one of these expected: {expected}"),
        )
        .under(name)
    })
}
