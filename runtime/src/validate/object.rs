//! What is checked of an object as a whole: which properties it has, and what they are called.

use std::collections::BTreeMap;

use super::{Checker, Pattern};

impl Checker {
    /// Properties without a field must not have the name of one: it would be written twice.
    pub fn undeclared<T>(&mut self, others: &BTreeMap<String, T>, declared: &[&str]) {
        for name in declared {
            if others.contains_key(*name) {
                self.field(name, |at| {
                    at.report(
                        "properties",
                        "has a field of its own, and would be written twice",
                    );
                });
            }
        }
    }

    /// `additionalProperties: false` beside `patternProperties`: every name matches one of the patterns.
    pub fn only_matching<T>(&mut self, others: &BTreeMap<String, T>, patterns: &[&Pattern]) {
        for name in others.keys() {
            if !patterns.iter().any(|pattern| pattern.matches(name)) {
                self.report(
                    "additionalProperties",
                    format!("`{name}` is not allowed here"),
                );
            }
        }
    }

    /// `propertyNames`, reported at the object, as JSON Schema validators do.
    pub fn names<T>(
        &mut self,
        entries: &BTreeMap<String, T>,
        mut check: impl FnMut(&str, &mut Self),
    ) {
        for name in entries.keys() {
            check(name, self);
        }
    }

    /// How many properties an object has.
    #[must_use]
    pub fn count(required: usize, optional: &[bool]) -> usize {
        required + optional.iter().filter(|present| **present).count()
    }

    /// `dependentRequired`: where the property `name` is, `needed` is too.
    pub fn dependent_required(
        &mut self,
        name: &str,
        is_there: bool,
        needed: &str,
        needed_is_there: bool,
    ) {
        if is_there && !needed_is_there {
            self.report(
                "dependentRequired",
                format!("`{needed}` is missing, which `{name}` needs"),
            );
        }
    }
}
