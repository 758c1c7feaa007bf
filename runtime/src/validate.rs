//! What the type system cannot say of an event's data: bounds, patterns, formats, and how a breach is reported.
//!
//! Generated types implement [`Validate`]. A breach is a [`Violation`] whose pointer is a JSON Pointer (RFC 6901) into
//! the event's data, the same that a JSON Schema validator reports.

mod checker;
mod decode;
mod fallback;
mod format;
mod object;
mod pattern;

pub use checker::Checker;
pub use decode::decode;
pub use fallback::Fallback;
pub use format::Format;
pub use pattern::Pattern;

use std::fmt;

/// A value that knows the rules of its schema which its type cannot express.
pub trait Validate {
    /// Reports every breach to `at`, which knows where in the event this value stands.
    fn check(&self, at: &mut Checker);

    /// All breaches of this value.
    ///
    /// # Errors
    ///
    /// The breaches, where there is at least one.
    fn validate(&self) -> Result<(), Violations> {
        let mut at = Checker::default();
        self.check(&mut at);
        at.finish()
    }
}

/// Checks a raw value against a compiled schema.
///
/// # Errors
///
/// The breaches, where there is at least one.
pub fn against(schema: &'static Fallback, value: &serde_json::Value) -> Result<(), Violations> {
    let mut at = Checker::default();
    at.schema(schema, value);
    at.finish()
}

/// One breach of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Where in the event's data, as a JSON Pointer (RFC 6901); empty for the whole.
    pub pointer: String,
    /// The JSON Schema keyword that was breached.
    pub keyword: &'static str,
    /// What was found and what is allowed, as a lowercase fragment.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = if self.pointer.is_empty() {
            "/"
        } else {
            &self.pointer
        };
        write!(f, "{pointer}: {}", self.message)
    }
}

/// Every breach that was found in one event; at least one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Violations(pub Vec<Violation>);

impl Violations {
    /// One breach by the whole of the data.
    pub(crate) fn whole(keyword: &'static str, message: String) -> Self {
        Self(vec![Violation {
            pointer: String::new(),
            keyword,
            message,
        }])
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, violation) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str("; ")?;
            }
            violation.fmt(f)?;
        }
        Ok(())
    }
}
