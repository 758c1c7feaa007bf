//! No instance contradicts a verdict: random schemas, random changes of them, and random instances, judged by the
//! `jsonschema` crate alone.

mod closed;
mod instances;
mod schemas;

use std::collections::BTreeMap;

use codegen::evolve::{Schema, Verdict, compare};
use serde_json::Value as Json;

use closed::closed_document;
use instances::{guided, value};
use schemas::{change, document};

/// xorshift64*: the same cases in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).unwrap() % count
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())].clone()
    }
}

fn validator(schema: &Json) -> jsonschema::Validator {
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(schema)
        .unwrap()
}

/// In-place references in a circle mean nothing, and no validator takes them.
fn circular(document: &Json) -> bool {
    fn reaches(schema: &Json, document: &Json, depth: usize) -> bool {
        if depth > 12 {
            return true;
        }
        match schema {
            Json::Object(map) => map.iter().any(|(key, value)| match key.as_str() {
                "$ref" => document
                    .pointer(&value.as_str().unwrap()[1..])
                    .is_some_and(|target| reaches(target, document, depth + 1)),
                "allOf" | "anyOf" | "oneOf" | "not" | "if" | "then" | "else" => {
                    reaches(value, document, depth)
                }
                "dependentSchemas" => value
                    .as_object()
                    .unwrap()
                    .values()
                    .any(|value| reaches(value, document, depth)),
                _ => false,
            }),
            Json::Array(items) => items.iter().any(|item| reaches(item, document, depth)),
            _ => false,
        }
    }
    let definitions = document["$defs"].as_object().unwrap().values();
    reaches(document, document, 0)
        || definitions
            .into_iter()
            .any(|schema| reaches(schema, document, 0))
}

#[derive(Debug, Default)]
struct Count {
    pairs: usize,
    safe: usize,
    breaking: usize,
    shown: usize,
    undecided: usize,
    instances: usize,
    written: usize,
}

/// Compares a schema with a change of it, and looks for what contradicts the verdicts.
fn pair(chance: &mut Chance, count: &mut Count) {
    let old = document(chance);
    let mut new = old.clone();
    for _ in 0..=chance.below(3) {
        change(chance, &mut new, 0);
    }
    let valid = |schema: &Json| jsonschema::draft202012::meta::is_valid(schema);
    if circular(&old) || circular(&new) || !valid(&old) || !valid(&new) || old == new {
        return;
    }
    let (Ok(prepared_old), Ok(prepared_new)) = (Schema::new(&old), Schema::new(&new)) else {
        panic!("refused: {old} {new}");
    };
    let found = compare(&prepared_old, &prepared_new);
    count.pairs += 1;
    for (writer, reader, verdict) in [(&old, &new, &found.backward), (&new, &old, &found.forward)] {
        let judge = validator(reader);
        match verdict {
            Verdict::Safe => {
                count.safe += 1;
                let (plain, exact) = (validator(writer), validator(&closed_document(writer)));
                for _ in 0..120 {
                    let instance = if chance.one_in(3) {
                        value(chance, 2)
                    } else {
                        let from = if chance.one_in(3) { reader } else { writer };
                        guided(chance, from, from, 0)
                    };
                    count.instances += 1;
                    if plain.is_valid(&instance) && exact.is_valid(&instance) {
                        count.written += 1;
                        assert!(
                            judge.is_valid(&instance),
                            "said to be safe: {writer} -> {reader}\nbut the reader rejects {instance}"
                        );
                    }
                }
            }
            Verdict::Breaking(findings) => {
                count.breaking += 1;
                count.shown += usize::from(
                    findings
                        .iter()
                        .any(|finding| finding.counterexample.is_some()),
                );
                for example in findings
                    .iter()
                    .filter_map(|finding| finding.counterexample.as_ref())
                {
                    assert!(
                        validator(writer).is_valid(example),
                        "{writer} does not write {example}"
                    );
                    assert!(!judge.is_valid(example), "{reader} takes {example}");
                }
            }
            Verdict::Undecided(_) => count.undecided += 1,
        }
    }
}

/// How often each keyword is said, in a schema and all within it.
fn keywords(schema: &Json, named: bool, found: &mut BTreeMap<String, usize>) {
    match schema {
        Json::Object(map) => {
            for (key, value) in map {
                if !named {
                    *found.entry(key.clone()).or_default() += 1;
                }
                let names = matches!(
                    key.as_str(),
                    "$defs" | "dependentSchemas" | "patternProperties" | "properties"
                );
                if named || !matches!(key.as_str(), "const" | "dependentRequired" | "enum") {
                    keywords(value, names && !named, found);
                }
            }
        }
        Json::Array(items) => items.iter().for_each(|item| keywords(item, false, found)),
        _ => {}
    }
}

/// What is never said is never tried.
#[test]
fn every_keyword_is_tried() {
    let mut found = BTreeMap::new();
    for index in 0..400u64 {
        let mut chance = Chance(index.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        keywords(&document(&mut chance), false, &mut found);
    }
    println!("{found:?}");
    for keyword in "type enum const minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern \
                    format properties required additionalProperties patternProperties propertyNames dependentRequired \
                    dependentSchemas unevaluatedProperties minProperties maxProperties items prefixItems contains \
                    minContains maxContains uniqueItems unevaluatedItems minItems maxItems allOf anyOf oneOf not if then \
                    else $ref $defs"
        .split_whitespace()
    {
        let count = found.get(keyword).copied().unwrap_or(0);
        assert!(count >= 10, "`{keyword}` is said {count} times");
    }
}

#[test]
fn no_instance_contradicts_a_verdict() {
    let number = |name: &str, default: u64| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let (pairs, seed) = (number("BREAKING_PAIRS", 300), number("BREAKING_SEED", 1));
    let mut count = Count::default();
    for index in 0..pairs {
        let mut chance = Chance((seed * 1_000_003 + index).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        chance.below(2);
        pair(&mut chance, &mut count);
    }
    println!("{count:?}");
    assert!(
        count.safe > count.pairs / 4,
        "too few are safe for this to mean anything: {count:?}"
    );
    assert!(
        count.written > count.safe * 10,
        "too few instances are the writer's: {count:?}"
    );
}
