//! Values that JSON Schema and plain serde read differently: for `#[serde(with = "jetway::exact")]`.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};
use uuid::Uuid;

use super::Nullable;

/// Writes it as the schema has it.
///
/// # Errors
///
/// Where JSON cannot hold it: a date-time beyond the year 9999.
pub fn serialize<T: Exact, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.write(serializer)
}

/// Reads it if it is what the schema says.
///
/// # Errors
///
/// Where it is not.
pub fn deserialize<'de, T: Exact, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::read(deserializer)
}

/// A type that is read and written as JSON Schema says.
pub trait Exact: Sized {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// Where the document holds something else.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;

    /// Writes it.
    ///
    /// # Errors
    ///
    /// Where JSON cannot hold it.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

/// Reads a JSON Schema `integer`: any number without a fraction, so also `10.0` and `1e3`, within 64 bits.
///
/// # Errors
///
/// Where it is no number, has a fraction, or needs more than 64 bits.
pub fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    i64::read(deserializer)
}

impl Exact for i64 {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IntegerVisitor)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(*self)
    }
}

/// Reads any number that a float holds exactly, and writes one without a fraction as an integer, as in `10`.
impl Exact for f64 {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// 2^63: below it every float without a fraction is an `i64`.
        const BEYOND: f64 = 9_223_372_036_854_775_808.0;
        if self.fract() == 0.0 && self.abs() < BEYOND {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "in range and without a fraction"
            )]
            return serializer.serialize_i64(*self as i64);
        }
        serializer.serialize_f64(*self)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number that 64 bits of floating point hold exactly")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<f64, E> {
        float(i128::from(number)).ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<f64, E> {
        float(i128::from(number))
            .ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<f64, E> {
        Ok(number)
    }
}

/// The float of the same value, where there is one.
fn float(number: i128) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "compared with what it was")]
    let float = number as f64;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it comes from 65 bits, so it fits"
    )]
    let back = float as i128;
    (back == number).then_some(float)
}

/// For an `integer` whose schema reaches beyond `i64` and not below zero.
impl Exact for u64 {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UnsignedVisitor)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(*self)
    }
}

struct UnsignedVisitor;

impl Visitor<'_> for UnsignedVisitor {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer from 0 to 18446744073709551615")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<u64, E> {
        Ok(number)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<u64, E> {
        u64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<u64, E> {
        let whole: Result<i64, E> = IntegerVisitor.visit_f64(number);
        whole
            .ok()
            .and_then(|whole| u64::try_from(whole).ok())
            .ok_or_else(|| E::invalid_value(Unexpected::Float(number), &self))
    }
}

struct IntegerVisitor;

impl Visitor<'_> for IntegerVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer from -9223372036854775808 to 9223372036854775807")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<i64, E> {
        // Beyond 2^53 a float no longer tells which integer was meant: refused, never rounded.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if number.fract() == 0.0 && number.abs() <= EXACT {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "in range and without a fraction"
            )]
            return Ok(number as i64);
        }
        Err(E::invalid_value(Unexpected::Float(number), &self))
    }
}

/// RFC 4122 text with its hyphens; the other spellings that the crate reads are not of the format `uuid`.
///
/// Capitals are read, as the format allows, and written small, as RFC 4122 asks of those who write: it is the same UUID,
/// so subjects and keys made of it are the same too.
impl Exact for Uuid {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct UuidVisitor;

        impl Visitor<'_> for UuidVisitor {
            type Value = Uuid;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a UUID, as in 0198c0de-7000-7000-8000-000000000001")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Uuid, E> {
                const HYPHENATED: usize = 36;
                let uuid = Uuid::try_parse(text).ok();
                uuid.filter(|_| text.len() == HYPHENATED)
                    .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(UuidVisitor)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }
}

/// Present: null is not taken for absent.
impl<T: Exact> Exact for Option<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Some)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().map(AsExact).serialize(serializer)
    }
}

impl<T: Exact> Exact for Nullable<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<FromExact<T>>::deserialize(deserializer)
            .map(|value| value.map(|value| value.0).into())
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().map(AsExact).serialize(serializer)
    }
}

impl<T: Exact> Exact for Vec<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items = Vec::<FromExact<T>>::deserialize(deserializer)?;
        Ok(items.into_iter().map(|item| item.0).collect())
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(AsExact))
    }
}

impl<T: Exact> Exact for BTreeMap<String, T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = BTreeMap::<String, FromExact<T>>::deserialize(deserializer)?;
        Ok(entries
            .into_iter()
            .map(|(key, value)| (key, value.0))
            .collect())
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(key, value)| (key, AsExact(value))))
    }
}

struct AsExact<'v, T>(&'v T);

impl<T: Exact> Serialize for AsExact<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

/// What [`Exact`] reads, for serde's own readers.
pub(crate) struct FromExact<T>(pub(crate) T);

impl<'de, T: Exact> Deserialize<'de> for FromExact<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Self)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;
    use time::OffsetDateTime;

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct All {
        #[serde(with = "super")]
        counts: Vec<Nullable<i64>>,
        #[serde(with = "super")]
        ids: BTreeMap<String, Uuid>,
        #[serde(default, with = "super", skip_serializing_if = "Option::is_none")]
        at: Option<Nullable<OffsetDateTime>>,
        note: Nullable<String>,
    }

    fn read(value: serde_json::Value) -> Result<All, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn nested_values_are_read_and_written_as_the_schema_has_them() {
        let value = json!({
            "counts": [1, null, 3],
            "ids": { "a": "0198c0de-7000-7000-8000-000000000001" },
            "at": null,
            "note": null
        });
        assert_eq!(
            serde_json::to_value(read(value.clone()).unwrap()).unwrap(),
            value
        );
        let absent = json!({ "counts": [], "ids": {}, "note": "x" });
        assert_eq!(
            serde_json::to_value(read(absent.clone()).unwrap()).unwrap(),
            absent
        );
    }

    #[test]
    fn an_integer_is_a_number_without_a_fraction() {
        let counts = |n: serde_json::Value| read(json!({ "counts": [n], "ids": {}, "note": null }));
        assert_eq!(counts(json!(10.0)).unwrap().counts, [Nullable::Value(10)]);
        assert_eq!(counts(json!(1e3)).unwrap().counts, [Nullable::Value(1000)]);
        assert!(counts(json!(10.5)).is_err());
        assert!(counts(json!("10")).is_err());
        assert!(counts(json!(u64::MAX)).is_err());
        assert!(counts(json!(1e17)).is_err());
    }

    #[test]
    fn a_uuid_has_its_hyphens() {
        let ids = |id: &str| read(json!({ "counts": [], "ids": { "a": id }, "note": null }));
        assert!(ids("0198C0DE-7000-7000-8000-000000000001").is_ok());
        assert!(ids("0198c0de700070008000000000000001").is_err());
        assert!(ids("urn:uuid:0198c0de-7000-7000-8000-000000000001").is_err());
        assert!(ids("{0198c0de-7000-7000-8000-000000000001}").is_err());
    }

    #[test]
    fn a_uuid_is_written_in_small_letters() {
        let small = "0198c0de-7000-7000-8000-00000000000a";
        let ids = json!({ "a": small.to_uppercase() });
        let all = read(json!({ "counts": [], "ids": ids, "note": null })).unwrap();
        assert_eq!(serde_json::to_value(all).unwrap()["ids"]["a"], small);
    }

    #[test]
    fn a_number_is_written_as_short_as_it_is() {
        let written = |number: f64| number.write(serde_json::value::Serializer).unwrap();
        assert_eq!(written(10.0), json!(10));
        assert_eq!(written(-0.0), json!(0));
        assert_eq!(written(1e18), json!(1_000_000_000_000_000_000_i64));
        assert_eq!(written(10.5), json!(10.5));
        assert_eq!(written(1e300), json!(1e300));
    }

    #[test]
    fn a_number_that_a_float_would_round_is_refused() {
        let number =
            |value| f64::read::<serde_json::Value>(value).map_err(|error| error.to_string());
        assert_eq!(
            number(json!(9_007_199_254_740_992_i64)),
            Ok(9_007_199_254_740_992.0)
        );
        assert_eq!(
            number(json!(9_007_199_254_740_994_i64)),
            Ok(9_007_199_254_740_994.0)
        );
        assert!(number(json!(9_007_199_254_740_993_i64)).is_err());
        assert!(number(json!(-9_007_199_254_740_993_i64)).is_err());
        assert!(number(json!(i64::MIN)).is_ok());
        insta::assert_snapshot!(number(json!(u64::MAX)).unwrap_err(), @"invalid value: integer `18446744073709551615`, expected a number that 64 bits of floating point hold exactly");
    }

    #[test]
    fn an_unsigned_integer_reaches_further_and_not_below_zero() {
        let number =
            |value| u64::read::<serde_json::Value>(value).map_err(|error| error.to_string());
        assert_eq!(number(json!(u64::MAX)), Ok(u64::MAX));
        assert_eq!(number(json!(10.0)), Ok(10));
        assert!(number(json!(-1)).is_err());
        assert!(number(json!(0.5)).is_err());
        assert!(number(json!(1e19)).is_err());
    }

    #[test]
    fn a_missing_property_is_not_null() {
        let error = read(json!({ "counts": [], "ids": {} })).unwrap_err();
        assert!(error.contains("missing field `note`"), "{error}");
    }
}
