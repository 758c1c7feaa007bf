//! Findings as text, JSON, annotations of GitHub and SARIF.

use serde_json::json;

use super::gate::Outcome;
use super::item::Item;

/// The findings as text.
#[must_use]
pub fn text(outcome: &Outcome) -> String {
    let mut text = String::new();
    for item in &outcome.items {
        text.push_str(&format!(
            "{}:{}:{}: {}: {}.\n",
            item.file,
            item.line,
            item.column,
            item.title(),
            item.message
        ));
        text.push_str(&format!(
            "  {}Mend: {}.\n",
            example(item).map_or_else(String::new, |example| format!("{example} ")),
            item.mend
        ));
        if item.category != super::Category::Waiver {
            text.push_str(&format!(
                "  Against {}; fingerprint {}\n",
                item.against, item.fingerprint
            ));
        }
    }
    text
}

/// What is said of the counterexample.
fn example(item: &Item) -> Option<String> {
    item.direction?;
    Some(match &item.counterexample {
        Some(event) => format!("Rejected example: {event}."),
        None if item.breaks => "No example of a rejected event could be found.".to_owned(),
        None => "Undecided: neither a proof nor an example of a rejected event could be found."
            .to_owned(),
    })
}

/// How it went, in a sentence.
#[must_use]
pub fn summary(outcome: &Outcome) -> String {
    let breaking = outcome.items.iter().filter(|item| item.breaks).count();
    let undecided = outcome.items.len() - breaking;
    let older = match outcome.older {
        0 => String::new(),
        1 => " and 1 older schema".to_owned(),
        count => format!(" and {count} older schemas"),
    };
    let events = counted(outcome.events, "event");
    let compared = format!(
        "{events} compared in both directions with {}{older}",
        outcome.base
    );
    match (breaking, undecided) {
        (0, 0) => format!("nothing breaks: {compared}"),
        (0, undecided) => format!("{undecided} undecided: {compared}"),
        (breaking, 0) => format!("{breaking} breaking: {compared}"),
        (breaking, undecided) => format!("{breaking} breaking, {undecided} undecided: {compared}"),
    }
}

fn counted(count: usize, word: &str) -> String {
    if count == 1 {
        format!("1 {word}")
    } else {
        format!("{count} {word}s")
    }
}

/// The findings for scripts.
#[must_use]
pub fn json(outcome: &Outcome) -> String {
    let breaks = outcome.breaks();
    let document = json!({
        "verdict": if breaks { "breaking" } else if outcome.items.is_empty() { "safe" } else { "undecided" },
        "against": outcome.base,
        "events": outcome.events,
        "olderSchemas": outcome.older,
        "findings": outcome.items,
        "notes": outcome.notes,
    });
    format!("{document:#}\n")
}

/// The findings as annotations of a GitHub workflow. `folder` is the contract's from the top of the repository.
#[must_use]
pub fn github(outcome: &Outcome) -> String {
    let mut text = String::new();
    for item in &outcome.items {
        let level = if item.breaks { "error" } else { "warning" };
        let example = example(item).map_or_else(String::new, |example| format!("\n{example}"));
        let message = format!(
            "{}.{example}\nMend: {}.\nFingerprint: {}",
            item.message, item.mend, item.fingerprint
        );
        text.push_str(&format!(
            "::{level} file={},line={},col={},title={}::{}\n",
            property(&item.file),
            item.line,
            item.column,
            property(&item.title()),
            escaped(&message)
        ));
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

/// The findings as SARIF 2.1.0.
#[must_use]
pub fn sarif(outcome: &Outcome) -> String {
    let mut rules: Vec<&str> = outcome
        .items
        .iter()
        .map(|item| item.rule.as_str())
        .collect();
    rules.sort_unstable();
    rules.dedup();
    let index = |rule: &str| rules.iter().position(|known| *known == rule);
    let results: Vec<_> = outcome
        .items
        .iter()
        .map(|item| {
            let example = example(item).map_or_else(String::new, |example| format!(" {example}"));
            json!({
                "ruleId": item.rule,
                "ruleIndex": index(&item.rule),
                "level": if item.breaks { "error" } else { "warning" },
                "message": { "text": format!("{}: {}.{example} Mend: {}.", item.title(), item.message, item.mend) },
                "locations": [{
                    "physicalLocation": {
                        "artifactLocation": { "uri": item.file, "uriBaseId": "CONTRACT" },
                        "region": { "startLine": item.line, "startColumn": item.column },
                    },
                    "logicalLocations": [{ "name": item.subject, "fullyQualifiedName": format!("{}{}", item.subject, item.path) }],
                }],
                "partialFingerprints": { "contractChange/v1": item.fingerprint },
                "properties": {
                    "category": item.category, "direction": item.direction, "counterexample": item.counterexample,
                    "against": item.against,
                },
            })
        })
        .collect();
    let rules: Vec<_> = rules
        .iter()
        .map(|rule| json!({ "id": rule, "shortDescription": { "text": rule.replace('-', " ") } }))
        .collect();
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "codegen breaking",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{document:#}\n")
}
