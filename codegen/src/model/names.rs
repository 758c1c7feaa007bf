//! Contract names to Rust names: distinct, deterministic, and never a keyword.

use std::borrow::Cow;
use std::collections::BTreeSet;

/// The words of a name, in lower case: split where it is not alphanumeric and where the case rises.
#[must_use]
pub fn words(name: &str) -> Vec<String> {
    parts(name).map(str::to_ascii_lowercase).collect()
}

/// The words of a name as they stand there.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    let bytes = name.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        // Letters and digits beyond ASCII count as neither, byte by byte as a whole.
        at += bytes[at..].iter().position(u8::is_ascii_alphanumeric)?;
        let start = at;
        at += 1;
        while at < bytes.len() && bytes[at].is_ascii_alphanumeric() && !begins(bytes, at) {
            at += 1;
        }
        name.get(start..at)
    })
}

/// Whether a word begins at a letter that follows another character of a word.
fn begins(bytes: &[u8], at: usize) -> bool {
    let (before, next) = (bytes[at - 1], bytes.get(at + 1));
    // The last capital of a run begins the next word: HTTPServer is http, server.
    let acronym_ends = before.is_ascii_uppercase() && next.is_some_and(u8::is_ascii_lowercase);
    let rises = before.is_ascii_lowercase() || before.is_ascii_digit();
    bytes[at].is_ascii_uppercase() && (rises || acronym_ends)
}

/// `OrderPlacedV1`; what does not begin with a letter gets an `N`, and nothing at all becomes `fallback`.
#[must_use]
pub fn pascal(name: &str, fallback: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for word in parts(name) {
        let start = text.len();
        text.push_str(word);
        text[start..].make_ascii_lowercase();
        text[start..=start].make_ascii_uppercase();
    }
    match text.chars().next() {
        None => fallback.to_owned(),
        Some(first) if first.is_ascii_digit() => format!("N{text}"),
        Some(_) => text,
    }
}

/// `order_placed_v1`; what does not begin with a letter gets an `n`, and nothing at all becomes `fallback`. The
/// keywords that cannot be escaped get a `_`.
#[must_use]
pub fn snake(name: &str, fallback: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for word in parts(name) {
        if !text.is_empty() {
            text.push('_');
        }
        text.push_str(word);
    }
    text.make_ascii_lowercase();
    match text.chars().next() {
        None => fallback.to_owned(),
        Some(first) if first.is_ascii_digit() => format!("n{text}"),
        Some(_) if matches!(text.as_str(), "self" | "super" | "crate") => format!("{text}_"),
        Some(_) => text,
    }
}

/// `RESERVE_STOCK`.
#[must_use]
pub fn screaming(name: &str, fallback: &str) -> String {
    snake(name, fallback).to_ascii_uppercase()
}

/// What [`snake`] returned, as an identifier: keywords are escaped.
#[must_use]
pub fn identifier(name: &str) -> String {
    if KEYWORDS.contains(&name) {
        format!("r#{name}")
    } else {
        name.to_owned()
    }
}

/// The keywords of edition 2024, reserved ones included, that can be escaped.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let",
    "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return",
    "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

/// The names in use in one Rust scope.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    taken: BTreeSet<Cow<'static, str>>,
}

impl Scope {
    /// A scope in which `names` are in use already.
    pub fn with(names: impl IntoIterator<Item = &'static str>) -> Self {
        Self {
            taken: names.into_iter().map(Cow::Borrowed).collect(),
        }
    }

    /// Takes the first of `candidates` that is free; where none is, the last with the lowest number from 2 up.
    pub fn claim(&mut self, candidates: impl IntoIterator<Item = String>) -> String {
        let mut last = String::new();
        for candidate in candidates {
            if self.try_claim(&candidate) {
                return candidate;
            }
            last = candidate;
        }
        let mut number = 2_usize;
        loop {
            let candidate = format!("{last}{number}");
            if self.try_claim(&candidate) {
                return candidate;
            }
            number += 1;
        }
    }

    /// Takes `name`, where it is free.
    pub fn try_claim(&mut self, name: &str) -> bool {
        !self.taken.contains(name) && self.taken.insert(Cow::Owned(name.to_owned()))
    }
}

/// Names for the properties of one object or the values of one enum, in their order. A name that needs no mangling
/// goes to the property that has it; others that would get the same are numbered.
pub fn distinct(names: &[&str], mangle: impl Fn(&str) -> String) -> Vec<String> {
    let mut scope = Scope::default();
    let mut result: Vec<Option<String>> = names
        .iter()
        .map(|name| (mangle(name) == **name && scope.try_claim(name)).then(|| (*name).to_owned()))
        .collect();
    for (slot, name) in result.iter_mut().zip(names) {
        if slot.is_none() {
            let mangled = mangle(name);
            // `foo` and `foo2` may both be there: the number is set off, and found free.
            let separator = if mangled.starts_with(char::is_uppercase) {
                ""
            } else {
                "_"
            };
            let stem = mangled.trim_end_matches('_');
            let numbered = (2_usize..).map(|number| format!("{stem}{separator}{number}"));
            let candidate = std::iter::once(mangled.clone())
                .chain(numbered)
                .find(|candidate| scope.try_claim(candidate));
            *slot = candidate;
        }
    }
    result.into_iter().flatten().collect()
}

/// The one of `allowed` that `found` was probably meant to be.
#[must_use]
pub fn nearest<'a>(found: &str, allowed: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    allowed
        .into_iter()
        .map(|name| (distance(&found.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance <= name.len().max(found.len()) / 3)
        .min()
        .map(|(_, name)| name)
}

/// How many insertions, deletions and substitutions lie between two words.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_where_the_case_rises() {
        assert_eq!(words("aBC déF2G_h"), ["a", "bc", "d", "f2", "g", "h"]);
        assert_eq!(words("éa"), ["a"]);
        assert_eq!(pascal("order.placed.v1", "X"), "OrderPlacedV1");
        assert_eq!(snake("unitPriceCents", "x"), "unit_price_cents");
        assert_eq!(snake("HTTPServer", "x"), "http_server");
        assert_eq!(snake("last4", "x"), "last4");
        assert_eq!(pascal("2fa", "X"), "N2fa");
        assert_eq!(snake("--", "property"), "property");
    }

    #[test]
    fn same_names_are_numbered_and_the_plain_one_keeps_its_own() {
        let names = distinct(&["foo-bar", "foo_bar", "fooBar", "foo_bar_2"], |n| {
            snake(n, "x")
        });
        assert_eq!(names, ["foo_bar_3", "foo_bar", "foo_bar_4", "foo_bar_2"]);
    }

    #[test]
    fn keywords_are_escaped() {
        assert_eq!(identifier("type"), "r#type");
        assert_eq!(snake("self", "x"), "self_");
        assert_eq!(identifier("kind"), "kind");
    }

    #[test]
    fn a_slip_of_the_pen_is_recognised() {
        assert_eq!(
            nearest("concurency", ["concurrency", "ordering"]),
            Some("concurrency")
        );
        assert_eq!(nearest("colour", ["concurrency", "ordering"]), None);
    }
}
