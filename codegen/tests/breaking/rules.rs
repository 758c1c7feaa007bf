//! Every row of the table of keywords, in both directions, and the holes of other gates: `rules.txt`.
//!
//! A row is `old -> new | backward | forward`, where a direction is `safe`, `undecided`, or the rule of something that
//! breaks, which an event must show.

use codegen::evolve::{Comparison, Schema, Verdict, compare};
use serde_json::{Value as Json, json};

const ROWS: &str = include_str!("rules.txt");

fn compared(old: &Json, new: &Json) -> Comparison {
    compare(&Schema::new(old).unwrap(), &Schema::new(new).unwrap())
}

/// The verdict in the words of the table; a rule that no event shows is not the one that was asked for.
fn words(verdict: &Verdict) -> Vec<String> {
    match verdict {
        Verdict::Safe => vec!["safe".to_owned()],
        Verdict::Undecided(_) => vec!["undecided".to_owned()],
        Verdict::Breaking(findings) => findings
            .iter()
            .map(|finding| match finding.counterexample {
                Some(_) => finding.rule.clone(),
                None => format!("{}, without an example", finding.rule),
            })
            .collect(),
    }
}

/// Checks the rows of a section, each change as it stands, and as one of a property, of an item and of a definition.
fn check(section: &str) {
    let (mut current, mut count, mut wrong) = ("", 0, Vec::new());
    for line in ROWS.lines().filter(|line| !line.is_empty()) {
        if let Some(title) = line.strip_prefix("# ") {
            current = title;
            continue;
        }
        if current != section {
            continue;
        }
        count += 1;
        let (old, rest) = line.split_once(" -> ").unwrap();
        let mut rest = rest.rsplitn(3, " | ");
        let (forward, backward) = (rest.next().unwrap(), rest.next().unwrap());
        let parse = |text: &str| serde_json::from_str::<Json>(text).unwrap();
        let (old, new) = (parse(old), parse(rest.next().unwrap()));
        for (old, new) in settings(&old).into_iter().zip(settings(&new)) {
            let found = compared(&old, &new);
            for (verdict, expected) in [(&found.backward, backward), (&found.forward, forward)] {
                let words = words(verdict);
                if !words.iter().any(|word| word == expected) {
                    wrong.push(format!(
                        "{old} -> {new}: {expected} expected, {words:?} found"
                    ));
                }
            }
        }
    }
    assert!(count > 0, "no rows of {section}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn settings(schema: &Json) -> Vec<Json> {
    // What refers into the document must stay where it is.
    if ["$defs", "$schema"]
        .iter()
        .any(|key| schema.get(key).is_some())
    {
        return vec![schema.clone()];
    }
    vec![
        schema.clone(),
        json!({ "type": "object", "properties": { "p": schema } }),
        json!({ "type": "array", "items": schema }),
        json!({ "$ref": "#/$defs/d", "$defs": { "d": schema } }),
    ]
}

macro_rules! sections {
    ($($section:ident)*) => {
        $(#[test]
        fn $section() {
            check(stringify!($section));
        })*

        #[test]
        fn no_section_is_left_out() {
            let known = [$(stringify!($section)),*];
            for title in ROWS.lines().filter_map(|line| line.strip_prefix("# ")) {
                assert!(known.contains(&title), "{title}");
            }
        }
    };
}

sections! {
    types
    enum_and_const
    lower_bounds
    upper_bounds
    multiple_of
    pattern_and_format
    required
    properties
    additional_properties
    unevaluated_properties
    maps
    dependencies
    items
    any_of
    one_of
    all_of
    negation
    conditions
    holes_of_other_gates
    recursion
    older_drafts
}

#[test]
fn what_says_nothing_is_refused() {
    for (schema, why) in [
        (
            json!({ "$ref": "#/$defs/n", "$defs": { "n": { "not": { "$ref": "#/$defs/n" } } } }),
            "in a circle",
        ),
        (json!({ "$ref": "#/$defs/gone" }), "leads nowhere"),
        (json!({ "$dynamicRef": "#a" }), "cannot be compared"),
        (json!({ "type": "text" }), "no valid schema"),
    ] {
        let error = Schema::new(&schema).unwrap_err().to_string();
        assert!(error.contains(why), "{schema}: {error}");
    }
}

#[test]
fn a_wide_union_is_decided() {
    let union = |count: usize| {
        let branches: Vec<Json> = (0..count)
            .map(|index| {
                json!({
                    "type": "object",
                    "required": ["kind", "tree"],
                    "properties": { "kind": { "const": format!("k{index}") }, "tree": { "$ref": "#/$defs/tree" } },
                })
            })
            .collect();
        json!({
            "oneOf": branches,
            "$defs": { "tree": { "type": "object", "properties": { "v": {}, "w": { "minLength": count }, "t": { "$ref": "#/$defs/tree" } } } },
        })
    };
    let found = compared(&union(30), &union(31));
    assert_eq!(words(&found.forward).last().unwrap(), "one-of-branch-added");
    assert!(words(&found.backward).contains(&"min-length-raised".to_owned()));
}

#[test]
fn types_of_one_place_are_one_finding() {
    let found = compared(&json!({}), &json!({ "type": "string" }));
    assert_eq!(found.backward.findings().len(), 1, "{found:?}");
}
