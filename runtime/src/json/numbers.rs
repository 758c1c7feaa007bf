//! Numbers: what Rust cannot hold exactly is refused, never rounded.

use serde::ser::Serializer;
use serde_json::Value;

use super::{Json, Misfit};

/// Reads a JSON Schema `integer`: any number without a fraction, so also `10.0` and `1e3`, within 64 bits.
///
/// # Errors
///
/// Where it is no number, has a fraction, or needs more than 64 bits.
pub fn integer(value: &Value) -> Result<i64, Misfit> {
    i64::read(value)
}

impl Json for i64 {
    fn read(value: &Value) -> Result<Self, Misfit> {
        value.as_i64().or_else(|| whole(value)).ok_or_else(|| {
            Misfit::ty(
                value,
                "an integer from -9223372036854775808 to 9223372036854775807",
            )
        })
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(*self)
    }
}

/// For an `integer` whose schema reaches beyond `i64` and not below zero.
impl Json for u64 {
    fn read(value: &Value) -> Result<Self, Misfit> {
        let whole = || whole(value).and_then(|whole| Self::try_from(whole).ok());
        value
            .as_u64()
            .or_else(whole)
            .ok_or_else(|| Misfit::ty(value, "an integer from 0 to 18446744073709551615"))
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(*self)
    }
}

/// An integer that is written as a float.
fn whole(value: &Value) -> Option<i64> {
    // Beyond 2^53 a float no longer tells which integer was meant: refused, never rounded.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let number = value.as_f64()?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "in range and without a fraction"
    )]
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

/// Reads any number that a float holds exactly, and writes one without a fraction as an integer, as in `10`.
impl Json for f64 {
    fn read(value: &Value) -> Result<Self, Misfit> {
        let number = match (value.as_i64(), value.as_u64()) {
            (Some(integer), _) => float(i128::from(integer)),
            (None, Some(integer)) => float(i128::from(integer)),
            (None, None) => value.as_f64(),
        };
        number.ok_or_else(|| {
            Misfit::ty(
                value,
                "a number that 64 bits of floating point hold exactly",
            )
        })
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
