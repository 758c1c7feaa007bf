//! Reads a JSON document field by field and keeps everything that is wrong with it, so that a client hears of all of it
//! at once.

use std::ops::RangeInclusive;

use jetway::validate::{Checker, Format};
use serde::Serialize;
use serde_json::Value;

/// What is wrong with a document at one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invalid {
    /// The place, as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// What is wrong there, and what is allowed.
    pub detail: String,
}

/// A document that is being read.
///
/// A field that is refused reads as empty or zero, so that reading goes on. [`Form::finish`] hands out what was read only
/// where nothing was refused.
#[derive(Debug)]
pub struct Form<'a> {
    document: &'a Value,
    refused: Vec<Invalid>,
}

impl<'a> Form<'a> {
    /// Begins to read.
    #[must_use]
    pub fn new(document: &'a Value) -> Self {
        Self {
            document,
            refused: Vec::new(),
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    ///
    /// Everything that was refused, where anything was.
    pub fn finish<T>(self, read: T) -> Result<T, Vec<Invalid>> {
        if self.refused.is_empty() {
            Ok(read)
        } else {
            Err(self.refused)
        }
    }

    /// Refuses what stands at `pointer`.
    pub fn refuse(&mut self, pointer: &str, detail: impl Into<String>) {
        self.refused.push(Invalid {
            pointer: pointer.to_owned(),
            detail: detail.into(),
        });
    }

    /// Whatever stands at `pointer`, which may be nothing.
    #[must_use]
    pub fn optional(&self, pointer: &str) -> Option<&'a Value> {
        self.document.pointer(pointer)
    }

    /// What stands at `pointer` and must be there; `what` says what is expected, as in "a text".
    pub fn required<T>(
        &mut self,
        pointer: &str,
        what: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let Some(value) = self.optional(pointer) else {
            self.refuse(pointer, format!("is missing: {what} is expected"));
            return None;
        };
        let read = read(value);
        if read.is_none() {
            self.refuse(pointer, format!("{what} is expected"));
        }
        read
    }

    /// A text of so many characters.
    pub fn text(&mut self, pointer: &str, length: RangeInclusive<usize>) -> String {
        let (least, most) = (length.start(), length.end());
        let what = format!("a text of {least} to {most} characters");
        let fits = |text: &&str| length.contains(&text.chars().count());
        let text = |value: &'a Value| value.as_str().filter(fits);
        self.required(pointer, &what, text)
            .unwrap_or_default()
            .to_owned()
    }

    /// An e-mail address, by the rule of the contract.
    pub fn email(&mut self, pointer: &str) -> String {
        let what = "an e-mail address";
        let email = |value: &'a Value| value.as_str().filter(|text| is_email(text));
        self.required(pointer, what, email)
            .unwrap_or_default()
            .to_owned()
    }

    /// An integer within bounds. `10.0` is the integer 10, as in JSON Schema.
    pub fn integer(&mut self, pointer: &str, bounds: RangeInclusive<i64>) -> i64 {
        let (least, most) = (bounds.start(), bounds.end());
        let what = format!("an integer from {least} to {most}");
        let integer = |value| jetway::integer(value).ok().filter(|n| bounds.contains(n));
        self.required(pointer, &what, integer).unwrap_or_default()
    }

    /// The pointers of the items of an array of such a length.
    pub fn items(&mut self, pointer: &str, length: RangeInclusive<usize>) -> Vec<String> {
        let (least, most) = (length.start(), length.end());
        let what = format!("an array of {least} to {most} items");
        let items = |value: &'a Value| value.as_array().filter(|all| length.contains(&all.len()));
        let items = self.required(pointer, &what, items).map_or(0, Vec::len);
        (0..items).map(|item| format!("{pointer}/{item}")).collect()
    }
}

fn is_email(text: &str) -> bool {
    let mut checker = Checker::default();
    checker.max_length(text, 254);
    checker.format(text, Format::Email);
    checker.finish().is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn refused(document: &Value, read: impl FnOnce(&mut Form<'_>)) -> Vec<(String, String)> {
        let mut form = Form::new(document);
        read(&mut form);
        let refused = form.finish(()).err().unwrap_or_default();
        refused
            .into_iter()
            .map(|invalid| (invalid.pointer, invalid.detail))
            .collect()
    }

    #[test]
    fn everything_that_is_wrong_is_refused_at_once() {
        let document = json!({ "name": "", "age": "old", "tags": [] });
        let refused = refused(&document, |form| {
            form.text("/name", 1..=10);
            form.integer("/age", 0..=150);
            form.items("/tags", 1..=3);
            form.email("/email");
        });
        assert_eq!(
            refused,
            [
                ("/name", "a text of 1 to 10 characters is expected"),
                ("/age", "an integer from 0 to 150 is expected"),
                ("/tags", "an array of 1 to 3 items is expected"),
                ("/email", "is missing: an e-mail address is expected"),
            ]
            .map(|(pointer, detail)| (pointer.to_owned(), detail.to_owned()))
        );
    }

    #[test]
    fn a_number_without_a_fraction_is_an_integer() {
        let document = json!({ "n": 10.0 });
        assert_eq!(Form::new(&document).integer("/n", 1..=10), 10);
        for wrong in [
            json!(10.5),
            json!(0),
            json!(11),
            json!("10"),
            json!(1e300),
            json!(null),
        ] {
            let document = json!({ "n": wrong });
            assert_eq!(
                refused(&document, |form| {
                    form.integer("/n", 1..=10);
                })
                .len(),
                1,
                "{document} was read"
            );
        }
    }

    #[test]
    fn a_length_is_counted_in_characters() {
        let document = json!({ "name": "Zoë" });
        assert_eq!(Form::new(&document).text("/name", 1..=3), "Zoë");
    }
}
