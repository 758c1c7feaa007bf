//! The other values that generated types hold.

use std::collections::BTreeMap;

use serde::ser::{Serialize, Serializer};
use serde_json::Value;
use uuid::Uuid;

use super::object::entry;
use super::{Json, Misfit, Written};
use crate::Nullable;

impl Json for String {
    fn read(value: &Value) -> Result<Self, Misfit> {
        match value {
            Value::String(text) => Ok(text.clone()),
            _ => Err(Misfit::ty(value, "a string")),
        }
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl Json for bool {
    fn read(value: &Value) -> Result<Self, Misfit> {
        value
            .as_bool()
            .ok_or_else(|| Misfit::ty(value, "a boolean"))
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(*self)
    }
}

/// Any JSON.
impl Json for Value {
    fn read(value: &Value) -> Result<Self, Misfit> {
        Ok(value.clone())
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }
}

/// RFC 4122 text with its hyphens; the other spellings that the crate reads are not of the format `uuid`.
///
/// Capitals are read, as the format allows, and written small, as RFC 4122 asks of those who write: it is the same UUID,
/// so subjects and keys made of it are the same too.
impl Json for Uuid {
    fn read(value: &Value) -> Result<Self, Misfit> {
        const EXPECTED: &str = "a UUID, as in 0198c0de-7000-7000-8000-000000000001";
        const HYPHENATED: usize = 36;
        let Value::String(text) = value else {
            return Err(Misfit::ty(value, EXPECTED));
        };
        let uuid = Self::try_parse(text).ok();
        uuid.filter(|_| text.len() == HYPHENATED)
            .ok_or_else(|| Misfit::format(value, EXPECTED))
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = Self::encode_buffer();
        serializer.serialize_str(self.hyphenated().encode_lower(&mut text))
    }
}

/// A property that may be absent. Null is not taken for absent.
impl<T: Json> Json for Option<T> {
    fn read(value: &Value) -> Result<Self, Misfit> {
        T::read(value).map(Some)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().map(Written).serialize(serializer)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Json> Json for Nullable<T> {
    fn read(value: &Value) -> Result<Self, Misfit> {
        match value {
            Value::Null => Ok(Self::Null),
            _ => T::read(value).map(Self::Value),
        }
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Value(value) => value.write(serializer),
        }
    }
}

impl<T: Json> Json for Box<T> {
    fn read(value: &Value) -> Result<Self, Misfit> {
        T::read(value).map(Self::new)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        T::write(self, serializer)
    }
}

impl<T: Json> Json for Vec<T> {
    fn read(value: &Value) -> Result<Self, Misfit> {
        let Value::Array(values) = value else {
            return Err(Misfit::ty(value, "an array"));
        };
        let mut items = Self::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            let item = T::read(value).map_err(|misfit| misfit.under(&index.to_string()))?;
            items.push(item);
        }
        Ok(items)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Written))
    }
}

impl<T: Json> Json for BTreeMap<String, T> {
    fn read(value: &Value) -> Result<Self, Misfit> {
        let Value::Object(entries) = value else {
            return Err(Misfit::ty(value, "an object"));
        };
        entries
            .iter()
            .map(|(name, value)| entry(name, value))
            .collect()
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(name, value)| (name, Written(value))))
    }
}
