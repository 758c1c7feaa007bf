//! The format `date-time` (RFC 3339) as an `OffsetDateTime`: exactly what the format allows is read, and what the type
//! would change is refused.
//!
//! Instant, offset and up to nine digits of a second survive. The spelling does not: `+00:00` is written as `Z`, `t` and
//! `z` as capitals, `.50` as `.5`.

use serde::ser::Serializer;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Json, Misfit};

const EXPECTED: &str = "an RFC 3339 date-time, as in 2026-01-02T03:04:05Z";

/// RFC 3339.
impl Json for OffsetDateTime {
    fn read(value: &Value) -> Result<Self, Misfit> {
        let Value::String(text) = value else {
            return Err(Misfit::ty(value, EXPECTED));
        };
        let (Some(parts), Ok(parsed)) = (Parts::of(text), Self::parse(text, &Rfc3339)) else {
            return Err(Misfit::format(value, EXPECTED));
        };
        if parts.second == "60" {
            let message = format!(
                "{text:?} has a leap second, which would be changed on the way: the second must be below 60"
            );
            return Err(Misfit::new("format", message));
        }
        if parts
            .fraction
            .get(NANOSECONDS..)
            .is_some_and(|rest| !rest.bytes().all(|b| b == b'0'))
        {
            let message = format!(
                "{text:?} has parts of a nanosecond, which would be lost on the way: a second may have nine digits"
            );
            return Err(Misfit::new("format", message));
        }
        Ok(parsed)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        time::serde::rfc3339::serialize(self, serializer)
    }
}

/// How many digits of a second are kept.
const NANOSECONDS: usize = 9;

/// What `time` is lenient about: the separator, the length of the fraction, the hours of the offset.
struct Parts<'t> {
    second: &'t str,
    fraction: &'t str,
}

impl<'t> Parts<'t> {
    fn of(text: &'t str) -> Option<Self> {
        if !matches!(text.as_bytes().get(10)?, b'T' | b't') {
            return None;
        }
        let second = text.get(17..19)?;
        let rest = text.get(19..)?;
        let offset = rest.find(['Z', 'z', '+', '-'])?;
        let (fraction, offset) = rest.split_at_checked(offset)?;
        if !fraction.is_empty() && !fraction.starts_with('.') {
            return None;
        }
        let hour = match offset.get(1..3) {
            None => 0,
            Some(hour) => hour.parse::<u8>().ok()?,
        };
        (hour < 24).then_some(Self {
            second,
            fraction: fraction.get(1..).unwrap_or_default(),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;
    use time::OffsetDateTime;

    use crate::json::Json;

    fn read(text: &str) -> Result<String, String> {
        let time = OffsetDateTime::read(&json!(text)).map_err(|misfit| misfit.to_string())?;
        let written = time.write(serde_json::value::Serializer).unwrap();
        Ok(written.as_str().unwrap().to_owned())
    }

    #[test]
    fn instant_offset_and_nanoseconds_survive() {
        for text in [
            "2026-01-02T03:04:05Z",
            "2026-01-02T03:04:05.123456789Z",
            "2026-01-02T03:04:05.5+05:30",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999999-23:59",
        ] {
            assert_eq!(read(text).unwrap(), text);
        }
        for (text, written) in [
            ("2026-01-02t03:04:05z", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04:05.120Z", "2026-01-02T03:04:05.12Z"),
            (
                "2026-01-02T03:04:05.1234567890000Z",
                "2026-01-02T03:04:05.123456789Z",
            ),
        ] {
            assert_eq!(read(text).unwrap(), written);
        }
    }

    #[test]
    fn what_would_be_changed_is_refused() {
        insta::assert_snapshot!(read("2016-12-31T23:59:60Z").unwrap_err(), @r#"/: "2016-12-31T23:59:60Z" has a leap second, which would be changed on the way: the second must be below 60"#);
        insta::assert_snapshot!(read("2026-01-02T03:04:05.1234567891Z").unwrap_err(), @r#"/: "2026-01-02T03:04:05.1234567891Z" has parts of a nanosecond, which would be lost on the way: a second may have nine digits"#);
    }

    #[test]
    fn what_the_format_refuses_is_refused() {
        for text in [
            "2026-01-02 03:04:05Z",
            "2026-01-02_03:04:05Z",
            "2026-01-02T03:04:05",
            "2026-01-02T03:04Z",
            "2026-02-30T03:04:05Z",
            "2026-01-02T24:04:05Z",
            "2026-01-02T03:04:05.Z",
            "2026-01-02T03:04:05+24:00",
            "2026-01-02T03:04:05+01:60",
            "2026-01-02T03:04:05+0100",
            "2026-01-02T03:04:05+01",
            "2026-01-02T03:04:05ZZ",
            "2026-01-02T03:04:05é",
            "2026-01-02é03:04:05Z",
            "",
        ] {
            let valid = jsonschema::draft202012::options()
                .should_validate_formats(true)
                .build(&json!({ "format": "date-time" }))
                .unwrap()
                .is_valid(&json!(text));
            assert!(!valid, "{text} is a date-time");
            assert!(read(text).is_err(), "{text}");
        }
    }
}
