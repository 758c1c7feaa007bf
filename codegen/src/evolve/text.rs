//! Patterns and formats: whether a text matches, and texts that do.

use std::cell::RefCell;
use std::collections::HashMap;

use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Value as Json, json};

thread_local! {
    static PATTERNS: RefCell<HashMap<String, Option<jsonschema::Validator>>> = RefCell::default();
}

/// Whether `text` matches `pattern` as the validator reads it; `None` where it cannot read it.
pub(super) fn matches(pattern: &str, text: &str) -> Option<bool> {
    PATTERNS.with_borrow_mut(|patterns| {
        let validator = patterns.entry(pattern.to_owned()).or_insert_with(|| {
            jsonschema::draft202012::options()
                .build(&json!({ "pattern": pattern }))
                .ok()
        });
        let validator = validator.as_ref()?;
        Some(validator.is_valid(&Json::String(text.to_owned())))
    })
}

/// Texts that match `pattern`, short ones first; none where it cannot be read.
pub(super) fn samples(pattern: &str) -> Vec<String> {
    let Ok(hir) = regex_syntax::parse(pattern) else {
        return Vec::new();
    };
    let mut found: Vec<String> = Vec::new();
    for choice in 0..6 {
        let mut text = String::new();
        write(&hir, choice, &mut text, 0);
        // What surrounds an unanchored pattern is free; the pattern itself decides.
        if text.len() < 4096 && matches(pattern, &text) == Some(true) && !found.contains(&text) {
            found.push(text);
        }
    }
    found
}

/// Writes a text that matches; `choice` makes texts differ.
fn write(hir: &Hir, choice: usize, text: &mut String, depth: usize) {
    if depth > 60 || text.len() > 4096 {
        return;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(Class::Unicode(class)) => {
            let ranges = class.ranges();
            let readable = ranges
                .iter()
                .filter(|range| range.start().is_ascii_graphic() || range.end().is_ascii_graphic());
            let ranges: Vec<_> = readable.chain(ranges.iter()).collect();
            let readable = ['a', 'A', '1', 'b', 'Z', '-'].into_iter().filter(|c| {
                ranges
                    .iter()
                    .any(|range| range.start() <= *c && *c <= range.end())
            });
            let options: Vec<char> = readable
                .chain(ranges.iter().flat_map(|range| [range.start(), range.end()]))
                .collect();
            text.extend(options.get(choice % options.len().max(1)));
        }
        HirKind::Class(Class::Bytes(class)) => text.extend(
            class
                .ranges()
                .first()
                .map(|range| char::from(range.start())),
        ),
        HirKind::Repetition(repetition) => {
            let most = repetition.max.unwrap_or(u32::MAX);
            let extra = if choice < 2 { choice } else { choice * 2 };
            let extra = u32::try_from(extra).unwrap_or(0);
            for _ in 0..repetition.min.saturating_add(extra).min(most).min(2000) {
                write(&repetition.sub, choice, text, depth + 1);
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, choice, text, depth + 1),
        HirKind::Concat(parts) => parts
            .iter()
            .for_each(|part| write(part, choice, text, depth + 1)),
        HirKind::Alternation(parts) => {
            if let Some(part) = parts.get(choice % parts.len().max(1)) {
                write(part, choice, text, depth + 1);
            }
        }
    }
}

/// Texts of a format, and for every format some that it refuses are among those of another.
pub(super) fn of_format(format: &str) -> &'static [&'static str] {
    match format {
        "date" => &["2026-01-31", "1999-12-31"],
        "date-time" => &["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.5+02:00"],
        "duration" => &["P1D", "PT1H"],
        "email" => &["a@example.com", "b@example.com", "a@b.co"],
        "idn-email" => &["a@example.com", "ü@example.com"],
        "hostname" => &["example.com", "a"],
        "idn-hostname" => &["example.com", "bücher.example"],
        "ipv4" => &["192.0.2.1", "192.0.2.2"],
        "ipv6" => &["2001:db8::1", "::1"],
        "iri" => &["https://example.com/ü", "urn:a"],
        "iri-reference" => &["/ü", "https://example.com/a"],
        "json-pointer" => &["/a", "/b/0"],
        "regex" => &["^a$", "b"],
        "relative-json-pointer" => &["0", "1/a"],
        "time" => &["12:00:00Z", "23:59:59+02:00"],
        "uri" => &["https://example.com/a", "urn:a", "a:b"],
        "uri-reference" => &["/a", "https://example.com/a"],
        "uri-template" => &["/{a}", "/a"],
        "uuid" => &[
            "0198c0de-0000-7000-8000-000000000001",
            "0198c0de-0000-7000-8000-000000000002",
        ],
        _ => &["a", "b"],
    }
}
