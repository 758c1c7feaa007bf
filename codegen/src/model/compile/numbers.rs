//! Numbers, and constants that are no text.

use serde_json::Number;

use crate::load::{Node, Value};
use crate::model::types::{Rule, Shape, Type};

/// The floats below which every integer is one, 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A `number` or an `integer`, and the keywords that the shape enforces.
pub(super) fn number(schema: &Node, integer: bool) -> (Shape, Vec<&'static str>) {
    if !integer {
        return float(schema);
    }
    let bounds: Vec<(&'static str, Bound)> = BOUNDS
        .iter()
        .filter_map(|keyword| Some((*keyword, integer_bound(schema, keyword)?)))
        .collect();
    let unsigned = is_unsigned(&bounds);
    let (least, most) = if unsigned {
        (0, i128::from(u64::MAX))
    } else {
        (i128::from(i64::MIN), i128::from(i64::MAX))
    };
    let mut rules = Vec::new();
    let mut handled = vec!["type"];
    for (keyword, bound) in bounds {
        handled.push(keyword);
        // What the type cannot hold anyway needs no check.
        let says = match bound.method {
            "minimum" => bound.value > least,
            "exclusive_minimum" => bound.value >= least,
            "maximum" => bound.value < most,
            _ => bound.value <= most,
        };
        let fits = (least..=most).contains(&bound.value);
        match (says, fits) {
            (true, true) => {
                let text = grouped(&bound.value.to_string());
                rules.push(Rule::Bound(bound.method, text));
            }
            // Nothing that the type can hold is allowed: left to the compiled schema.
            (true, false) => {
                handled.pop();
            }
            (false, _) => {}
        }
    }
    if !unsigned
        && let Some(Value::Number(divisor)) = schema.get("multipleOf").map(|node| &node.value)
        && let Some(divisor) = as_integer(divisor)
    {
        handled.push("multipleOf");
        rules.push(Rule::MultipleOf(divisor));
    }
    let shape = Shape {
        ty: if unsigned {
            Type::Unsigned
        } else {
            Type::Integer
        },
        nullable: false,
        rules,
    };
    (shape, handled)
}

fn float(schema: &Node) -> (Shape, Vec<&'static str>) {
    let mut rules = vec![Rule::Finite];
    let mut handled = vec!["type"];
    for keyword in BOUNDS {
        if let Some(bound) = float_bound(schema, keyword) {
            handled.push(keyword);
            rules.push(Rule::Bound(method(keyword), format!("{bound:?}")));
        }
    }
    let shape = Shape {
        ty: Type::Number,
        nullable: false,
        rules,
    };
    (shape, handled)
}

const BOUNDS: [&str; 4] = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];

fn method(keyword: &str) -> &'static str {
    match keyword {
        "minimum" => "minimum",
        "maximum" => "maximum",
        "exclusiveMinimum" => "exclusive_minimum",
        _ => "exclusive_maximum",
    }
}

/// A bound of integers.
struct Bound {
    /// The checker's method.
    method: &'static str,
    value: i128,
}

/// A bound as integers see it: one with a fraction is as good as the next integer within it.
fn integer_bound(schema: &Node, keyword: &str) -> Option<Bound> {
    let Value::Number(number) = &schema.get(keyword)?.value else {
        return None;
    };
    if let Some(value) = integral(number) {
        return Some(Bound {
            method: method(keyword),
            value,
        });
    }
    let float = number.as_f64().filter(|float| float.abs() < EXACT)?;
    let (method, float) = if keyword.ends_with("inimum") {
        ("minimum", float.ceil())
    } else {
        ("maximum", float.floor())
    };
    let value = format!("{float:.0}").parse().ok()?;
    Some(Bound { method, value })
}

/// Whether values beyond `i64` are allowed, and none below zero.
fn is_unsigned(bounds: &[(&'static str, Bound)]) -> bool {
    let beyond = bounds
        .iter()
        .any(|(_, bound)| bound.value > i128::from(i64::MAX));
    let natural = bounds.iter().any(|(_, bound)| match bound.method {
        "minimum" => bound.value >= 0,
        "exclusive_minimum" => bound.value >= -1,
        _ => false,
    });
    beyond && natural
}

/// A bound that a float holds exactly.
fn float_bound(schema: &Node, keyword: &str) -> Option<f64> {
    let Value::Number(number) = &schema.get(keyword)?.value else {
        return None;
    };
    exact_float(number)
}

fn exact_float(number: &Number) -> Option<f64> {
    let float = number.as_f64()?;
    (number.is_f64() || float.abs() <= EXACT).then_some(float)
}

/// The value of an integer, also written `5.0`.
fn integral(number: &Number) -> Option<i128> {
    let exact = number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from));
    exact.or_else(|| {
        let float = number.as_f64()?;
        let small = float.abs() < EXACT && float.fract() == 0.0;
        small.then(|| format!("{float:.0}").parse().ok()).flatten()
    })
}

fn as_integer(number: &Number) -> Option<i64> {
    integral(number).and_then(|value| i64::try_from(value).ok())
}

/// A whole number that is not negative, also written `5.0`.
pub(super) fn whole(schema: &Node, keyword: &str) -> Option<u64> {
    match &schema.get(keyword)?.value {
        Value::Number(number) => integral(number).and_then(|number| u64::try_from(number).ok()),
        _ => None,
    }
}

/// The values of `const` or `enum`, where it is one of them.
pub(super) fn values(schema: &Node) -> Option<Vec<&Node>> {
    match (schema.get("const"), schema.get("enum")) {
        (Some(value), None) => Some(vec![value]),
        (None, Some(values)) => Some(values.items().iter().collect()),
        _ => None,
    }
}

/// The one type that constants without a `type` have, null aside.
pub(super) fn literal_type(values: &[&Node]) -> Option<&'static str> {
    let mut types = values
        .iter()
        .filter(|value| value.value != Value::Null)
        .map(|value| match &value.value {
            Value::Bool(_) => Some("boolean"),
            Value::Number(number) if integral(number).is_some() => Some("integer"),
            Value::Number(_) => Some("number"),
            _ => None,
        });
    let first = types.next()??;
    types.try_fold(first, |all, next| match (all, next?) {
        (all, next) if all == next => Some(all),
        ("integer", "number") | ("number", "integer") => Some("number"),
        _ => None,
    })
}

/// The rule for constants of a type; those of another type are never met.
pub(super) fn any_of(ty: &Type, values: &[&Node]) -> Option<Rule> {
    let mut literals = Vec::new();
    for value in values.iter().filter(|value| value.value != Value::Null) {
        literals.extend(literal(ty, &value.value)?);
    }
    (!literals.is_empty()).then_some(Rule::AnyOf(literals))
}

/// A constant as Rust text; none where the type does not have it. `None` where that cannot be said.
fn literal(ty: &Type, value: &Value) -> Option<Option<String>> {
    match (ty, value) {
        (Type::Boolean, Value::Bool(value)) => Some(Some(value.to_string())),
        (Type::Integer, Value::Number(number)) if integral(number).is_some() => {
            as_integer(number).map(|value| Some(grouped(&value.to_string())))
        }
        (Type::Number, Value::Number(number)) => {
            exact_float(number).map(|value| Some(format!("{value:?}")))
        }
        (Type::Boolean | Type::Integer | Type::Number, _) => Some(None),
        _ => None,
    }
}

/// Digits in groups of three, as clippy and people like them; up to five digits stay whole.
fn grouped(number: &str) -> String {
    let (sign, digits) = number
        .strip_prefix('-')
        .map_or(("", number), |digits| ("-", digits));
    if digits.len() <= 5 {
        return number.to_owned();
    }
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    format!("{sign}{text}")
}
