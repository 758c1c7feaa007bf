//! The collector that generated `check` functions report to.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};

use super::format::{self, Format};
use super::{Fallback, Pattern, Violation, Violations};
use crate::Nullable;

/// Collects the breaches of one value, and where in it they are.
#[derive(Debug, Default)]
pub struct Checker {
    pointer: String,
    found: Vec<Violation>,
}

impl Checker {
    /// Ends the check.
    ///
    /// # Errors
    ///
    /// The breaches, where there is at least one.
    pub fn finish(self) -> Result<(), Violations> {
        if self.found.is_empty() {
            Ok(())
        } else {
            Err(Violations(self.found))
        }
    }

    /// Reports a breach at this place.
    pub fn report(&mut self, keyword: &'static str, message: impl Into<String>) {
        self.found.push(Violation {
            pointer: self.pointer.clone(),
            keyword,
            message: message.into(),
        });
    }

    /// Reports a breach at a place below this one; `pointer` is a JSON Pointer relative to it.
    pub fn report_below(
        &mut self,
        pointer: &str,
        keyword: &'static str,
        message: impl Into<String>,
    ) {
        let pointer = format!("{}{pointer}", self.pointer);
        self.found.push(Violation {
            pointer,
            keyword,
            message: message.into(),
        });
    }

    /// Checks the property `name` of this object.
    pub fn field(&mut self, name: &str, check: impl FnOnce(&mut Self)) {
        let end = self.pointer.len();
        self.pointer.push('/');
        push_escaped(&mut self.pointer, name);
        check(self);
        self.pointer.truncate(end);
    }

    /// Checks the property `name` if it is there.
    pub fn optional<T>(
        &mut self,
        name: &str,
        value: &Option<T>,
        check: impl FnOnce(&T, &mut Self),
    ) {
        if let Some(value) = value {
            self.field(name, |at| check(value, at));
        }
    }

    /// Checks the property `name` if it is not null.
    pub fn nullable<T>(
        &mut self,
        name: &str,
        value: &Nullable<T>,
        check: impl FnOnce(&T, &mut Self),
    ) {
        if let Nullable::Value(value) = value {
            self.field(name, |at| check(value, at));
        }
    }

    /// Checks the property `name` if it is there and not null.
    pub fn optional_nullable<T>(
        &mut self,
        name: &str,
        value: &Option<Nullable<T>>,
        check: impl FnOnce(&T, &mut Self),
    ) {
        if let Some(Nullable::Value(value)) = value {
            self.field(name, |at| check(value, at));
        }
    }

    /// Checks an item or a value of a map if it is not null.
    pub fn not_null<T>(&mut self, value: &Nullable<T>, check: impl FnOnce(&T, &mut Self)) {
        if let Nullable::Value(value) = value {
            check(value, self);
        }
    }

    /// Checks every value of a map.
    pub fn entries<T>(
        &mut self,
        entries: &BTreeMap<String, T>,
        mut check: impl FnMut(&T, &mut Self),
    ) {
        for (key, value) in entries {
            self.field(key, |at| check(value, at));
        }
    }

    /// Checks every item of an array.
    pub fn items<'v, T: 'v>(
        &mut self,
        items: impl IntoIterator<Item = &'v T>,
        mut check: impl FnMut(&'v T, &mut Self),
    ) {
        for (index, item) in items.into_iter().enumerate() {
            let end = self.pointer.len();
            // Writing to a string does not fail.
            let _ = write!(self.pointer, "/{index}");
            check(item, self);
            self.pointer.truncate(end);
        }
    }

    /// `minItems`.
    pub fn min_items(&mut self, found: usize, least: usize) {
        if found < least {
            self.report(
                "minItems",
                format!("{found} items, at least {least} expected"),
            );
        }
    }

    /// `maxItems`.
    pub fn max_items(&mut self, found: usize, most: usize) {
        if found > most {
            self.report(
                "maxItems",
                format!("{found} items, at most {most} expected"),
            );
        }
    }

    /// `minProperties`.
    pub fn min_properties(&mut self, found: usize, least: usize) {
        if found < least {
            self.report(
                "minProperties",
                format!("{found} properties, at least {least} expected"),
            );
        }
    }

    /// `maxProperties`.
    pub fn max_properties(&mut self, found: usize, most: usize) {
        if found > most {
            self.report(
                "maxProperties",
                format!("{found} properties, at most {most} expected"),
            );
        }
    }

    /// `minLength`, in Unicode code points.
    pub fn min_length(&mut self, text: &str, least: usize) {
        let found = text.chars().count();
        if found < least {
            self.report(
                "minLength",
                format!("{found} characters, at least {least} expected"),
            );
        }
    }

    /// `maxLength`, in Unicode code points.
    pub fn max_length(&mut self, text: &str, most: usize) {
        let found = text.chars().count();
        if found > most {
            self.report(
                "maxLength",
                format!("{found} characters, at most {most} expected"),
            );
        }
    }

    /// `minimum`.
    pub fn minimum<N: PartialOrd + Display>(&mut self, found: N, least: N) {
        if found < least {
            self.report(
                "minimum",
                format!("{found} is less than the minimum of {least}"),
            );
        }
    }

    /// `maximum`.
    pub fn maximum<N: PartialOrd + Display>(&mut self, found: N, most: N) {
        if found > most {
            self.report(
                "maximum",
                format!("{found} is more than the maximum of {most}"),
            );
        }
    }

    /// `exclusiveMinimum`.
    pub fn exclusive_minimum<N: PartialOrd + Display>(&mut self, found: N, bound: N) {
        if found <= bound {
            self.report(
                "exclusiveMinimum",
                format!("{found} is not more than {bound}"),
            );
        }
    }

    /// `exclusiveMaximum`.
    pub fn exclusive_maximum<N: PartialOrd + Display>(&mut self, found: N, bound: N) {
        if found >= bound {
            self.report(
                "exclusiveMaximum",
                format!("{found} is not less than {bound}"),
            );
        }
    }

    /// `multipleOf`, of an integer.
    pub fn multiple_of(&mut self, found: i64, divisor: i64) {
        if divisor != 0 && found % divisor != 0 {
            self.report(
                "multipleOf",
                format!("{found} is not a multiple of {divisor}"),
            );
        }
    }

    /// `enum` or `const` of numbers or booleans.
    pub fn any_of<T: PartialEq + Display>(&mut self, found: T, allowed: &[T]) {
        if !allowed.contains(&found) {
            let allowed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
            self.report(
                "enum",
                format!(
                    "{found} found, one of these expected: {}",
                    allowed.join(", ")
                ),
            );
        }
    }

    /// `number`: JSON has no infinity and no NaN.
    pub fn finite(&mut self, found: f64) {
        if !found.is_finite() {
            self.report(
                "type",
                format!("{found} is not a number that JSON can hold"),
            );
        }
    }

    /// `pattern`.
    pub fn pattern(&mut self, text: &str, pattern: &'static Pattern) {
        if !pattern.matches(text) {
            self.report(
                "pattern",
                format!("{} does not match `{}`", quoted(text), pattern.source()),
            );
        }
    }

    /// `uniqueItems`.
    pub fn unique_items<T: PartialEq>(&mut self, items: &[T]) {
        for (index, item) in items.iter().enumerate() {
            if let Some(earlier) = items[..index].iter().position(|other| other == item) {
                self.report(
                    "uniqueItems",
                    format!("items {earlier} and {index} are equal"),
                );
                return;
            }
        }
    }

    /// `format`: asserted, not only annotated.
    pub fn format(&mut self, text: &str, format: Format) {
        if !format::holds(text, format) {
            self.report(
                "format",
                format!("{} is not {}", quoted(text), format.article()),
            );
        }
    }

    /// Whatever of the schema has no inline check, by the compiled schema.
    pub fn schema(&mut self, fallback: &'static Fallback, value: &serde_json::Value) {
        fallback.check(value, self);
    }
}

fn push_escaped(pointer: &mut String, token: &str) {
    if !token.bytes().any(|byte| matches!(byte, b'~' | b'/')) {
        pointer.push_str(token);
        return;
    }
    for c in token.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}

/// The text in quotes, cut where it would fill the screen.
fn quoted(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        format!("{text:?}")
    } else {
        let head: String = text.chars().take(MOST).collect();
        format!("{head:?}…")
    }
}
