//! The properties of an object that its schema does not name but has a schema for: for
//! `#[serde(flatten, with = "jetway::others")]`, and `"jetway::others::exact"` where `jetway::exact` reads the values.
//!
//! serde's own flattening reads values leniently, and loses the place of an error.

use std::collections::BTreeMap;

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde::ser::{Serialize, Serializer};
use serde_json::Value;

use crate::validate::{self, Pattern};

/// Writes each under its name.
///
/// # Errors
///
/// Those of `T`.
pub fn serialize<T: Serialize, S: Serializer>(
    others: &BTreeMap<String, T>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(others)
}

/// Reads what no other field has taken.
///
/// # Errors
///
/// Where a value is no `T`.
pub fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, T>, D::Error> {
    read(deserializer, |_| true)
}

/// Reads what no other field has taken and one of `patterns` matches; the rest is ignored, as an open object's is.
///
/// # Errors
///
/// Where a value is no `T`.
pub fn matching<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
    patterns: &[&Pattern],
) -> Result<BTreeMap<String, T>, D::Error> {
    read(deserializer, |name| {
        patterns.iter().any(|pattern| pattern.matches(name))
    })
}

fn read<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
    wanted: impl Fn(&str) -> bool,
) -> Result<BTreeMap<String, T>, D::Error> {
    let mut others = BTreeMap::new();
    for (name, value) in BTreeMap::<String, Value>::deserialize(deserializer)? {
        if wanted(&name) {
            let value = validate::below(&name, &value)?;
            others.insert(name, value);
        }
    }
    Ok(others)
}

/// The same for values that `jetway::exact` reads.
pub mod exact {
    use std::collections::BTreeMap;

    use serde::de::Deserializer;
    use serde::ser::Serializer;

    use crate::types::exact::{Exact, FromExact};
    use crate::validate::Pattern;

    /// Writes each under its name.
    ///
    /// # Errors
    ///
    /// Those of `T`.
    pub fn serialize<T: Exact, S: Serializer>(
        others: &BTreeMap<String, T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        others.write(serializer)
    }

    /// Reads what no other field has taken.
    ///
    /// # Errors
    ///
    /// Where a value is no `T`.
    pub fn deserialize<'de, T: Exact, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<String, T>, D::Error> {
        super::deserialize(deserializer).map(unwrapped)
    }

    /// Reads what no other field has taken and one of `patterns` matches; the rest is ignored, as an open object's is.
    ///
    /// # Errors
    ///
    /// Where a value is no `T`.
    pub fn matching<'de, T: Exact, D: Deserializer<'de>>(
        deserializer: D,
        patterns: &[&Pattern],
    ) -> Result<BTreeMap<String, T>, D::Error> {
        super::matching(deserializer, patterns).map(unwrapped)
    }

    fn unwrapped<T>(others: BTreeMap<String, FromExact<T>>) -> BTreeMap<String, T> {
        others
            .into_iter()
            .map(|(name, value)| (name, value.0))
            .collect()
    }
}
