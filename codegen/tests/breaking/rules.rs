//! Every keyword, in both directions.

use codegen::evolve::{Comparison, Finding, Schema, Verdict, compare};
use serde_json::{Value as Json, json};

/// What is expected of a direction.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Expected {
    Safe,
    /// Breaks, with a counterexample.
    Breaks,
    /// Not decided, or it breaks.
    NotSafe,
}
use Expected::{Breaks, NotSafe, Safe};

fn compared(old: &Json, new: &Json) -> Comparison {
    compare(&Schema::new(old).unwrap(), &Schema::new(new).unwrap())
}

/// The first finding's rule that has a counterexample, or what else the verdict is.
fn rule(verdict: &Verdict) -> String {
    let shown = |finding: &&Finding| finding.counterexample.is_some();
    match verdict {
        Verdict::Safe => "safe".to_owned(),
        Verdict::Breaking(findings) => match findings.iter().find(shown) {
            Some(finding) => finding.rule.clone(),
            None => format!("{} without example", findings[0].rule),
        },
        Verdict::Undecided(findings) => format!("undecided: {}", findings[0].rule),
    }
}

fn holds(verdict: &Verdict, expected: Expected) -> bool {
    match expected {
        Safe => verdict.is_safe(),
        Breaks => {
            matches!(verdict, Verdict::Breaking(findings) if findings.iter().any(|finding| finding.counterexample.is_some()))
        }
        NotSafe => !verdict.is_safe(),
    }
}

#[test]
fn table() {
    let o = |inner: Json| json!({"type":"object","properties":{"p": inner}});
    let rows: Vec<(&str, Json, Json, Expected, Expected)> = vec![
        (
            "same",
            json!({"type":"string"}),
            json!({"type":"string"}),
            Safe,
            Safe,
        ),
        (
            "type removed",
            json!({"type":["string","null"]}),
            json!({"type":"string"}),
            Breaks,
            Safe,
        ),
        (
            "type added",
            json!({"type":"string"}),
            json!({"type":["string","null"]}),
            Safe,
            Breaks,
        ),
        (
            "number to integer",
            json!({"type":"number"}),
            json!({"type":"integer"}),
            Breaks,
            Safe,
        ),
        (
            "type changed",
            json!({"type":"string"}),
            json!({"type":"integer"}),
            Breaks,
            Breaks,
        ),
        (
            "type constraint added",
            json!({}),
            json!({"type":"string"}),
            Breaks,
            Safe,
        ),
        (
            "enum value removed",
            json!({"enum":["a","b"]}),
            json!({"enum":["a"]}),
            Breaks,
            Safe,
        ),
        (
            "enum constraint added",
            json!({"type":"string"}),
            json!({"type":"string","enum":["a"]}),
            Breaks,
            Safe,
        ),
        (
            "const changed",
            json!({"const":1}),
            json!({"const":2}),
            Breaks,
            Breaks,
        ),
        (
            "const added",
            json!({"type":"integer"}),
            json!({"const":2}),
            Breaks,
            Safe,
        ),
        (
            "const to enum",
            json!({"const":"a"}),
            json!({"enum":["a","b"]}),
            Safe,
            Breaks,
        ),
    ];
    let mut wrong = Vec::new();
    for (name, old, new, backward, forward) in rows {
        for (name, old, new) in [
            (name.to_owned(), old.clone(), new.clone()),
            (format!("{name}, in a property"), o(old), o(new)),
        ] {
            let found = compared(&old, &new);
            if !holds(&found.backward, backward) || !holds(&found.forward, forward) {
                wrong.push(format!(
                    "{name}: expected {backward:?}/{forward:?}, found {}/{}",
                    rule(&found.backward),
                    rule(&found.forward)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
