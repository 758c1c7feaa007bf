//! The dialects of JSON Schema that are read.

/// A dialect of JSON Schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// 2020-12, in which a schema is that does not say otherwise.
    #[default]
    Draft202012,
    /// Draft-07.
    Draft07,
}

/// What `format` means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Formats {
    /// What is not of the format is refused.
    #[default]
    Asserted,
    /// It says nothing about validity.
    Annotated,
}

/// How schemas are read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    /// The dialect of schemas that do not name theirs.
    pub dialect: Dialect,
    /// What `format` means.
    pub formats: Formats,
}
