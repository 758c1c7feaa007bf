//! What codegen does with each keyword of JSON Schema 2020-12. None is passed over in silence.

use std::cell::RefCell;
use std::collections::HashMap;

/// What becomes of a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It says nothing about validity.
    Annotation,
    /// The types, the inline checks or the compiled schema enforce it.
    Enforced,
    /// It is refused, for this reason.
    Refused(&'static str),
}

/// The keywords whose value is a schema.
pub(super) const SCHEMA: &[&str] = &[
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// The keywords whose value is a list of schemas.
pub(super) const SCHEMA_LIST: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];
/// The keywords whose value is a mapping to schemas.
pub(super) const SCHEMA_MAP: &[&str] = &[
    "$defs",
    "definitions",
    "dependentSchemas",
    "patternProperties",
    "properties",
];

const ANNOTATIONS: &[&str] = &[
    "$anchor",
    "$comment",
    "$defs",
    "$dynamicAnchor",
    "$id",
    "$schema",
    "$vocabulary",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "default",
    "definitions",
    "deprecated",
    "description",
    "examples",
    "readOnly",
    "title",
    "writeOnly",
];

const ENFORCED: &[&str] = &[
    "$dynamicRef",
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "contains",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "if",
    "items",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "prefixItems",
    "properties",
    "propertyNames",
    "required",
    "then",
    "type",
    "unevaluatedItems",
    "unevaluatedProperties",
    "uniqueItems",
];

const REFUSED: &[(&str, &str)] = &[
    ("$recursiveAnchor", "it is of draft 2019-09; use `$ref`"),
    ("$recursiveRef", "it is of draft 2019-09; use `$ref`"),
    (
        "additionalItems",
        "it is of draft-07; in 2020-12 it is `items` beside `prefixItems`",
    ),
    (
        "dependencies",
        "it is of draft-07; in 2020-12 it is `dependentRequired` or `dependentSchemas`",
    ),
    (
        "discriminator",
        "it says nothing that JSON Schema enforces; a required `const` property in each branch of `oneOf` does",
    ),
    ("example", "it is of OpenAPI; use `examples`"),
    ("externalDocs", "put the address into `description`"),
    ("id", "it is of draft-04; use `$id`"),
    (
        "nullable",
        "it is of OpenAPI; say `type: [string, \"null\"]`",
    ),
    ("xml", "events are JSON"),
];

/// What becomes of `keyword`; `None` where there is no such keyword.
pub(super) fn fate(keyword: &str) -> Option<Fate> {
    if keyword.starts_with("x-") || ANNOTATIONS.contains(&keyword) {
        Some(Fate::Annotation)
    } else if ENFORCED.contains(&keyword) {
        Some(Fate::Enforced)
    } else {
        REFUSED
            .iter()
            .find(|(name, _)| *name == keyword)
            .map(|(_, why)| Fate::Refused(why))
    }
}

/// Every keyword that is accepted.
pub(super) fn accepted() -> impl Iterator<Item = &'static str> {
    ANNOTATIONS.iter().chain(ENFORCED).copied()
}

/// The formats that are asserted: the name in JSON Schema and the variant of the runtime's `Format`.
pub(super) const FORMATS: &[(&str, &str)] = &[
    ("date", "Date"),
    ("duration", "Duration"),
    ("email", "Email"),
    ("hostname", "Hostname"),
    ("idn-email", "IdnEmail"),
    ("idn-hostname", "IdnHostname"),
    ("ipv4", "Ipv4"),
    ("ipv6", "Ipv6"),
    ("iri", "Iri"),
    ("iri-reference", "IriReference"),
    ("json-pointer", "JsonPointer"),
    ("regex", "Regex"),
    ("relative-json-pointer", "RelativeJsonPointer"),
    ("time", "Time"),
    ("uri", "Uri"),
    ("uri-reference", "UriReference"),
    ("uri-template", "UriTemplate"),
];

/// Whether `pattern` means the same to the `regex` crate as in ECMA-262: plain text, sets of it, groups, choices,
/// repetitions and anchors do; the rest (look-around, shorthand classes, `.`) goes to the compiled schema.
pub(crate) fn portable(pattern: &str) -> bool {
    let mut chars = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        let ok = match c {
            '\\' => chars
                .next()
                .is_some_and(|next| r"^$\.*+?()[]{}|/-".contains(next)),
            '(' if !in_class => {
                chars.peek() != Some(&'?') || {
                    chars.next();
                    chars.next() == Some(':')
                }
            }
            '[' if !in_class => {
                in_class = true;
                true
            }
            // Set operations and nested sets are the regex crate's own.
            '[' => false,
            '&' | '~' | '-' if in_class => chars.peek() != Some(&c),
            ']' => std::mem::replace(&mut in_class, false),
            '.' => in_class,
            c => c.is_ascii_graphic() || c == ' ',
        };
        if !ok {
            return false;
        }
    }
    !in_class && compiles(pattern)
}

/// Whether the `regex` crate takes it. A contract has few patterns that are different, and compiling one takes long.
fn compiles(pattern: &str) -> bool {
    thread_local! {
        static KNOWN: RefCell<HashMap<String, bool>> = RefCell::default();
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some(known) = known.get(pattern) {
            return *known;
        }
        let compiles = regex::Regex::new(pattern).is_ok();
        known.insert(pattern.to_owned(), compiles);
        compiles
    })
}

/// `pattern` for the compiled schema, whose engine for look-around and back-references takes digits and letters of every
/// script for `\d` and `\w`; ECMA-262 means those of ASCII.
pub(crate) fn ascii_classes(pattern: &str) -> String {
    // What the plain engine reads is translated by the validator itself.
    if regex::Regex::new(pattern).is_ok() {
        return pattern.to_owned();
    }
    let mut text = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match (chars.next(), in_class) {
                (Some('d'), true) => text.push_str("0-9"),
                (Some('w'), true) => text.push_str("A-Za-z0-9_"),
                (Some('d'), false) => text.push_str("[0-9]"),
                (Some('D'), false) => text.push_str("[^0-9]"),
                (Some('w'), false) => text.push_str("[A-Za-z0-9_]"),
                (Some('W'), false) => text.push_str("[^A-Za-z0-9_]"),
                (next, _) => {
                    text.push('\\');
                    text.extend(next);
                }
            },
            c => {
                match c {
                    '[' => in_class = true,
                    ']' => in_class = false,
                    _ => {}
                }
                text.push(c);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{ascii_classes, portable};

    #[test]
    fn classes_are_those_of_ecma_262() {
        assert_eq!(ascii_classes(r"^\d$"), r"^\d$");
        assert_eq!(
            ascii_classes(r"^\d+(?=\W[\w-])"),
            "^[0-9]+(?=[^A-Za-z0-9_][A-Za-z0-9_-])"
        );
        assert_eq!(ascii_classes(r"(?!\\d)\S"), r"(?!\\d)\S");
    }

    #[test]
    fn only_what_both_read_alike_is_portable() {
        for pattern in [
            "^[A-Z0-9][A-Z0-9-]{1,31}$",
            "^[0-9]{4}$",
            r"^a\.b(?:c|d)+$",
            "^[.]$",
        ] {
            assert!(portable(pattern), "{pattern}");
        }
        for pattern in [
            r"\d", "a.b", "(?=a)", "(?i)a", "[[a]]", "[a&&b]", "é", "(", r"\p{L}", "[a--b]",
        ] {
            assert!(!portable(pattern), "{pattern}");
        }
    }
}
