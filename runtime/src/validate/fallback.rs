//! The compiled schema: for what has no inline check.

use std::sync::OnceLock;

use jsonschema::Validator;

use super::Checker;

/// A whole JSON Schema (2020-12, references resolved by codegen), compiled at its first use.
#[derive(Debug)]
pub struct Fallback {
    source: &'static str,
    compiled: OnceLock<Result<Validator, String>>,
}

impl Fallback {
    /// A schema as JSON text.
    #[must_use]
    pub const fn new(source: &'static str) -> Self {
        Self {
            source,
            compiled: OnceLock::new(),
        }
    }

    /// Reports every breach of `value`.
    pub(super) fn check(&self, value: &serde_json::Value, at: &mut Checker) {
        match self.compiled.get_or_init(|| compile(self.source)) {
            Ok(validator) => {
                for error in validator.iter_errors(value) {
                    at.report_below(error.instance_path().as_str(), "schema", error.to_string());
                }
            }
            // Codegen compiles the same text, so this is a damaged build; an unchecked event must not pass.
            Err(reason) => at.report(
                "schema",
                format!("the schema in this build does not compile: {reason}"),
            ),
        }
    }
}

fn compile(source: &str) -> Result<Validator, String> {
    let schema = serde_json::from_str(source).map_err(|error| error.to_string())?;
    jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .map_err(|error| error.to_string())
}
