//! Findings as text, JSON, annotations of GitHub and SARIF.

use percent_encoding::{AsciiSet, CONTROLS};
use serde_json::{Value as Json, json};

use super::gate::Outcome;
use super::item::Item;

/// What a URI's path holds only as an escape (RFC 3986, section 3.3), and `:`, which would end a scheme.
const NOT_IN_PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b':')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The longest text of an example that is shown whole.
const LONGEST: usize = 80;
/// The items of a list in an example that are shown.
const MOST_ITEMS: usize = 6;

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
                "  {}, against {}; fingerprint {}\n",
                item.subject, item.against, item.fingerprint
            ));
        }
    }
    text
}

/// What is said of the counterexample.
fn example(item: &Item) -> Option<String> {
    item.direction?;
    Some(match &item.counterexample {
        Some(event) => format!("Rejected example: {}.", shortened(event)),
        None if item.breaks => "No example of a rejected event could be found.".to_owned(),
        None => "Undecided: neither a proof nor an example of a rejected event could be found."
            .to_owned(),
    })
}

/// An event for people: long texts and lists are cut, as JSON output does not.
fn shortened(event: &Json) -> Json {
    match event {
        Json::String(text) if text.chars().count() > LONGEST => {
            let start: String = text.chars().take(LONGEST / 2).collect();
            format!("{start}… ({} characters)", text.chars().count()).into()
        }
        Json::Array(items) => {
            let mut shown: Vec<Json> = items.iter().take(MOST_ITEMS).map(shortened).collect();
            if items.len() > MOST_ITEMS {
                shown.push(format!("… ({} items)", items.len()).into());
            }
            Json::Array(shown)
        }
        Json::Object(map) => {
            let entries = map.iter();
            Json::Object(
                entries
                    .map(|(key, value)| (key.clone(), shortened(value)))
                    .collect(),
            )
        }
        other => other.clone(),
    }
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

/// The findings as annotations of a GitHub workflow, with paths from the top of the repository.
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
            property(&format!("{}{}", outcome.prefix, item.file)),
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

/// A relative URI reference.
fn uri(prefix: &str, file: &str) -> String {
    let path = format!("{prefix}{file}");
    percent_encoding::utf8_percent_encode(&path, NOT_IN_PATH).to_string()
}

/// The findings as SARIF 2.1.0, with paths from the top of the repository.
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
                        "artifactLocation": { "uri": uri(&outcome.prefix, &item.file) },
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
