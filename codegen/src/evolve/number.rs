//! Numbers of JSON compared exactly, whether they are written as integers or with a fraction.

use std::cmp::Ordering;

use serde_json::{Number, Value as Json};

/// Compares two numbers.
pub(super) fn compare(left: &Number, right: &Number) -> Ordering {
    match (integer(left), integer(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        (Some(left), None) => against(left, float(right)),
        (None, Some(right)) => against(right, float(left)).reverse(),
        (None, None) => float(left).total_cmp(&float(right)),
    }
}

fn against(left: i128, right: f64) -> Ordering {
    if right.abs() >= 1e38 {
        return if right > 0.0 {
            Ordering::Less
        } else {
            Ordering::Greater
        };
    }
    #[allow(clippy::cast_possible_truncation)]
    let floor = right.floor() as i128;
    if left <= floor {
        Ordering::Less
    } else {
        Ordering::Greater
    }
}

fn float(number: &Number) -> f64 {
    number.as_f64().unwrap_or(f64::NAN)
}

/// The value, where it is an integer, also one written as `10.0`.
pub(super) fn integer(number: &Number) -> Option<i128> {
    if let Some(value) = number.as_i64() {
        return Some(value.into());
    }
    if let Some(value) = number.as_u64() {
        return Some(value.into());
    }
    let value = float(number);
    #[allow(clippy::cast_possible_truncation)]
    (value.fract() == 0.0 && value.abs() < 1e37).then_some(value as i128)
}

/// Whether it is an integer to JSON Schema, however large.
pub(super) fn is_integer(number: &Number) -> bool {
    integer(number).is_some() || float(number).fract() == 0.0
}

/// A number as JSON.
pub(super) fn json(value: i128) -> Option<Json> {
    if let Ok(value) = i64::try_from(value) {
        return Some(value.into());
    }
    u64::try_from(value).ok().map(Into::into)
}

/// Whether every multiple of `multiple` is one of `of`; `None` where that cannot be told exactly.
pub(super) fn divides(of: &Number, multiple: &Number) -> Option<bool> {
    let (of, multiple) = (decimal(of)?, decimal(multiple)?);
    let places = of.1.max(multiple.1);
    let scale = |(digits, own): (i128, u32)| digits.checked_mul(10i128.checked_pow(places - own)?);
    let of = scale(of)?;
    if of == 0 {
        return None;
    }
    Some(scale(multiple)? % of == 0)
}

/// The least number that all are whole divisors of, of the integers among them.
pub(super) fn common_multiple(numbers: &[&Number]) -> Option<Number> {
    let integers = numbers.iter().filter_map(|number| integer(number));
    let mut integers = integers.filter(|own| *own > 0);
    let first = integers.next()?;
    let multiple = integers.try_fold(first, |all, own| {
        let (mut a, mut b) = (all, own);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        all.checked_mul(own / a)
    })?;
    json(multiple)?.as_number().cloned()
}

/// Digits, and how many of them are behind the point.
fn decimal(number: &Number) -> Option<(i128, u32)> {
    if let Some(value) = integer(number) {
        return Some((value, 0));
    }
    let text = number.to_string();
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
        None => (text.as_str(), 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let places = i32::try_from(fraction.len()).ok()? - exponent;
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    Some((digits, u32::try_from(places).ok()?))
}

#[cfg(test)]
mod tests {
    use super::{common_multiple, compare, divides};
    use std::cmp::Ordering;

    fn number(text: &str) -> serde_json::Number {
        text.parse().unwrap_or_else(|_| 0.into())
    }

    #[test]
    fn integers_and_fractions_compare_exactly() {
        for (left, right, order) in [
            ("1", "1.0", Ordering::Equal),
            ("9007199254740993", "9007199254740992.0", Ordering::Greater),
            ("0", "0.5", Ordering::Less),
            ("-1", "-0.5", Ordering::Less),
            ("1", "0.5", Ordering::Greater),
            ("18446744073709551615", "1e300", Ordering::Less),
        ] {
            assert_eq!(
                compare(&number(left), &number(right)),
                order,
                "{left} {right}"
            );
            assert_eq!(compare(&number(right), &number(left)), order.reverse());
        }
    }

    #[test]
    fn a_common_multiple_is_that_of_what_there_is() {
        let multiple = |texts: &[&str]| {
            let numbers: Vec<_> = texts.iter().map(|text| number(text)).collect();
            let numbers: Vec<_> = numbers.iter().collect();
            common_multiple(&numbers).map(|multiple| multiple.to_string())
        };
        assert_eq!(multiple(&["4", "6"]).as_deref(), Some("12"));
        assert_eq!(multiple(&["3", "0.5"]).as_deref(), Some("3"));
        assert_eq!(multiple(&["0.5"]), None);
        assert_eq!(multiple(&[]), None);
    }

    #[test]
    fn multiples_are_told_in_decimals() {
        assert_eq!(divides(&number("0.01"), &number("0.07")), Some(true));
        assert_eq!(divides(&number("0.02"), &number("0.07")), Some(false));
        assert_eq!(divides(&number("3"), &number("6")), Some(true));
        assert_eq!(divides(&number("1e-7"), &number("0.1")), Some(true));
    }
}
