//! The regular expressions of the contract.

use std::sync::OnceLock;

use jsonschema::Validator;
use regex::Regex;
use serde_json::{Value, json};

/// A regular expression of the contract, compiled at its first use.
#[derive(Debug)]
pub struct Pattern {
    source: &'static str,
    is_plain: bool,
    compiled: OnceLock<Option<Compiled>>,
}

#[derive(Debug)]
enum Compiled {
    Plain(Regex),
    /// ECMA-262, as a JSON Schema validator understands it.
    Ecma(Box<Validator>),
}

impl Pattern {
    /// A pattern that codegen has found to mean the same to the `regex` crate as in ECMA-262.
    #[must_use]
    pub const fn new(source: &'static str) -> Self {
        Self {
            source,
            is_plain: true,
            compiled: OnceLock::new(),
        }
    }

    /// A pattern with shorthand classes, look-around or what else only ECMA-262 reads as it is meant. Slower.
    #[must_use]
    pub const fn ecma(source: &'static str) -> Self {
        Self {
            source,
            is_plain: false,
            compiled: OnceLock::new(),
        }
    }

    /// The pattern as the contract has it.
    #[must_use]
    pub fn source(&self) -> &'static str {
        self.source
    }

    /// Whether the pattern matches somewhere in `text`: JSON Schema patterns are not anchored. One that does not compile
    /// matches nothing: an unchecked event must not pass.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        match self.compiled.get_or_init(|| self.compile()) {
            Some(Compiled::Plain(regex)) => regex.is_match(text),
            Some(Compiled::Ecma(validator)) => validator.is_valid(&Value::String(text.to_owned())),
            None => false,
        }
    }

    fn compile(&self) -> Option<Compiled> {
        if self.is_plain {
            return Regex::new(self.source).ok().map(Compiled::Plain);
        }
        jsonschema::draft202012::new(&json!({ "pattern": self.source }))
            .ok()
            .map(|validator| Compiled::Ecma(Box::new(validator)))
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn shorthand_classes_are_those_of_ecma_262() {
        static DIGITS: Pattern = Pattern::ecma(r"^\d+$");
        assert!(DIGITS.matches("12"));
        assert!(!DIGITS.matches("\u{ff11}"));
        assert!(!DIGITS.matches(""));
    }

    #[test]
    fn what_does_not_compile_matches_nothing() {
        static BROKEN: Pattern = Pattern::new("(");
        static ALSO: Pattern = Pattern::ecma("(");
        assert!(!BROKEN.matches("("));
        assert!(!ALSO.matches("("));
    }
}
