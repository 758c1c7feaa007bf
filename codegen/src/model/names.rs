//! Contract names to Rust names: distinct, deterministic, and never a keyword.

use std::collections::BTreeSet;

/// The words of a name, in lower case: split where it is not alphanumeric and where the case rises.
#[must_use]
pub fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let chars: Vec<char> = name.chars().collect();
    for (i, &c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            words.extend(take(&mut word));
            continue;
        }
        let before = i.checked_sub(1).map(|i| chars[i]);
        let rises = c.is_ascii_uppercase()
            && before.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        // The last capital of a run begins the next word: HTTPServer is http, server.
        let acronym_ends = c.is_ascii_uppercase()
            && before.is_some_and(|b| b.is_ascii_uppercase())
            && chars.get(i + 1).is_some_and(char::is_ascii_lowercase);
        if rises || acronym_ends {
            words.extend(take(&mut word));
        }
        word.push(c.to_ascii_lowercase());
    }
    words.extend(take(&mut word));
    words
}

fn take(word: &mut String) -> Option<String> {
    Some(std::mem::take(word)).filter(|word| !word.is_empty())
}

fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_ascii_uppercase().to_string() + chars.as_str()
    })
}

/// `OrderPlacedV1`; what does not begin with a letter gets an `N`, and nothing at all becomes `fallback`.
#[must_use]
pub fn pascal(name: &str, fallback: &str) -> String {
    let text: String = words(name).iter().map(|word| capitalized(word)).collect();
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
    let text = words(name).join("_");
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
    taken: BTreeSet<String>,
}

impl Scope {
    /// A scope in which `names` are in use already.
    pub fn with(names: impl IntoIterator<Item = &'static str>) -> Self {
        Self {
            taken: names.into_iter().map(str::to_owned).collect(),
        }
    }

    /// Takes the first of `candidates` that is free; where none is, the last with the lowest number from 2 up.
    pub fn claim(&mut self, candidates: impl IntoIterator<Item = String>) -> String {
        let mut last = String::new();
        for candidate in candidates {
            if self.taken.insert(candidate.clone()) {
                return candidate;
            }
            last = candidate;
        }
        let mut number = 2_usize;
        loop {
            let candidate = format!("{last}{number}");
            if self.taken.insert(candidate.clone()) {
                return candidate;
            }
            number += 1;
        }
    }

    /// Takes `name`, where it is free.
    pub fn try_claim(&mut self, name: &str) -> bool {
        self.taken.insert(name.to_owned())
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
