//! What a schema says about one value, in words: its type, and its rules.

use serde_json::Value as Json;

use super::facets::Facets;
use crate::load::{Node, Value, Workspace};
use crate::render::markdown::{code, inline};

/// The longest value that is shown whole.
const LONGEST: usize = 120;

/// Keywords that the type, the rows of the table or the page say.
const ELSEWHERE: &[&str] = &[
    "$anchor",
    "$comment",
    "$defs",
    "$id",
    "$ref",
    "$schema",
    "allOf",
    "anyOf",
    "contentSchema",
    "default",
    "definitions",
    "deprecated",
    "description",
    "examples",
    "format",
    "oneOf",
    "patternProperties",
    "prefixItems",
    "properties",
    "readOnly",
    "required",
    "title",
    "type",
    "writeOnly",
];

/// Keywords that are put into words together.
const BOUNDS: &[&str] = &[
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
];

/// The type of a value, as in `string (uuid) or null`.
pub(super) fn type_words(facets: &Facets<'_>, workspace: &Workspace) -> String {
    if facets.never {
        return "nothing".to_owned();
    }
    let mut names = type_names(facets);
    let (branches, mut nullable) = facets.branches(workspace);
    nullable |= names.iter().any(|name| name == "null");
    names.retain(|name| name != "null");
    let mut words: Vec<String> = Vec::new();
    if branches.len() > 1 && (names.is_empty() || names == ["object"]) {
        let how = if facets.get("oneOf").is_some() {
            "one"
        } else {
            "any"
        };
        words.push(several(&branches, how, workspace));
    } else {
        words.extend(names.iter().map(|name| named(name, facets, workspace)));
    }
    if words.is_empty() {
        words.push(if nullable { "null" } else { "anything" }.to_owned());
        nullable = false;
    }
    if nullable {
        words.push("null".to_owned());
    }
    words.join(" or ")
}

/// The type without a look into lists and maps, which bounds the words.
fn plain_words(facets: &Facets<'_>, workspace: &Workspace) -> String {
    let mut names = type_names(facets);
    if names.is_empty() {
        let (branches, _) = facets.branches(workspace);
        for branch in branches {
            for name in type_names(&Facets::of(workspace, branch)) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
    }
    if names.is_empty() {
        return "anything".to_owned();
    }
    let words: Vec<String> = names
        .iter()
        .map(|name| match name.as_str() {
            "array" => "list".to_owned(),
            "object" if facets.properties().is_empty() => "object".to_owned(),
            name => named(name, facets, workspace),
        })
        .collect();
    words.join(" or ")
}

fn several(branches: &[&Node], how: &str, workspace: &Workspace) -> String {
    let mut kinds: Vec<String> = Vec::new();
    for branch in branches {
        let words = plain_words(&Facets::of(workspace, branch), workspace);
        if !kinds.contains(&words) {
            kinds.push(words);
        }
    }
    match kinds.as_slice() {
        [only] => format!("{only}, in {how} of {} forms", branches.len()),
        _ => kinds.join(" or "),
    }
}

fn named(name: &str, facets: &Facets<'_>, workspace: &Workspace) -> String {
    match name {
        "string" => match facets.text("format") {
            Some(format) => format!("string ({format})"),
            None => "string".to_owned(),
        },
        "array" => match facets.get("items").filter(|items| items.is_map()) {
            Some(items) => {
                let item = plain_words(&Facets::of(workspace, items), workspace);
                format!("list of {}", plural(&item))
            }
            None => "list".to_owned(),
        },
        "object" => {
            let values = facets
                .get("additionalProperties")
                .filter(|values| values.is_map() && facets.properties().is_empty());
            match values {
                Some(values) => {
                    let value = plain_words(&Facets::of(workspace, values), workspace);
                    format!("map to {}", plural(&value))
                }
                None => "object".to_owned(),
            }
        }
        name => name.to_owned(),
    }
}

fn plural(word: &str) -> String {
    match word.split_once(' ') {
        _ if word == "anything" => word.to_owned(),
        Some((first, rest)) => format!("{first}s {rest}"),
        None => format!("{word}s"),
    }
}

/// The types: those that are named, else those that the other keywords speak of.
fn type_names(facets: &Facets<'_>) -> Vec<String> {
    if let Some(named) = facets.get("type") {
        let items = named.items().iter().filter_map(Node::text);
        return named
            .text()
            .into_iter()
            .chain(items)
            .map(str::to_owned)
            .collect();
    }
    let values = facets
        .get("enum")
        .map(|values| values.items().iter().collect());
    let values: Vec<&Node> = values
        .or_else(|| facets.get("const").map(|value| vec![value]))
        .unwrap_or_default();
    let mut names: Vec<String> = Vec::new();
    for value in values {
        let name = match &value.value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::List(_) => "array",
            Value::Map(_) => "object",
        };
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    if names.is_empty() && facets.get("properties").is_some() {
        names.push("object".to_owned());
    }
    if names.is_empty() && facets.get("items").is_some() {
        names.push("array".to_owned());
    }
    names
}

/// The rules beside the type, each a phrase.
pub(super) fn rules(facets: &Facets<'_>) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    let mut add = |phrase: Option<String>| {
        if let Some(phrase) = phrase.filter(|phrase| !said.contains(phrase)) {
            said.push(phrase);
        }
    };
    if facets.is_true("deprecated") {
        add(Some("**deprecated**".to_owned()));
    }
    for (low, high, one, many) in [
        ("minLength", "maxLength", "character", "characters"),
        ("minItems", "maxItems", "item", "items"),
        ("minProperties", "maxProperties", "property", "properties"),
    ] {
        add(counted(
            whole(facets.get(low)),
            whole(facets.get(high)),
            one,
            many,
        ));
    }
    add(range(facets));
    for keyword in BOUNDS {
        // A second word on the same is rare, and shown as it stands.
        let again = facets.are_several().then(|| facets.all(keyword).skip(1));
        for again in again.into_iter().flatten() {
            add(Some(format!("{} {}", code(keyword), json(again))));
        }
    }
    for name in facets.required_beside() {
        add(Some(format!("needs {}", code(name))));
    }
    if let Some(format) = facets.text("format")
        && !type_names(facets).iter().any(|name| name == "string")
    {
        add(Some(format!("text is a {}", inline(format))));
    }
    for (keyword, value) in facets.entries() {
        add(rule(keyword, value));
    }
    if let Some(value) = facets.get("default") {
        add(Some(format!("default {}", json(value))));
    }
    said
}

fn rule(keyword: &str, value: &Node) -> Option<String> {
    match keyword {
        _ if ELSEWHERE.contains(&keyword) => None,
        _ if BOUNDS.contains(&keyword) => None,
        "items" | "additionalItems" => {
            (value.value == Value::Bool(false)).then(|| "no other items".to_owned())
        }
        "const" => Some(format!("always {}", json(value))),
        "enum" => Some(format!("one of {}", values(value))),
        "x-extensible-enum" => Some(format!("one of {}, and what may come to be", values(value))),
        "pattern" => Some(format!(
            "matches {}",
            code(value.text().unwrap_or_default())
        )),
        "multipleOf" => Some(format!("a multiple of {}", json(value))),
        "uniqueItems" => (value.value == Value::Bool(true)).then(|| "no item twice".to_owned()),
        "additionalProperties" | "unevaluatedProperties" if value.value == Value::Bool(false) => {
            Some("no other properties".to_owned())
        }
        // As a schema it has a row of its own.
        "additionalProperties" => None,
        _ if keyword.starts_with("x-") => None,
        // Whatever else is asserted is shown as it stands, rather than not at all.
        _ => Some(format!("{} {}", code(keyword), json(value))),
    }
}

fn whole(node: Option<&Node>) -> Option<String> {
    match &node?.value {
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn counted(low: Option<String>, high: Option<String>, one: &str, many: &str) -> Option<String> {
    let unit = |count: &str| if count == "1" { one } else { many }.to_owned();
    match (low, high) {
        (Some(low), Some(high)) if low == high => Some(format!("{low} {}", unit(&low))),
        (Some(low), Some(high)) => Some(format!("{low} to {high} {many}")),
        (Some(low), None) => Some(format!("at least {low} {}", unit(&low))),
        (None, Some(high)) => Some(format!("at most {high} {}", unit(&high))),
        (None, None) => None,
    }
}

fn range(facets: &Facets<'_>) -> Option<String> {
    let bound = |keyword| whole(facets.get(keyword));
    let low = (bound("minimum"), bound("exclusiveMinimum"));
    let high = (bound("maximum"), bound("exclusiveMaximum"));
    if let ((Some(low), None), (Some(high), None)) = (&low, &high) {
        return Some(format!("{low} to {high}"));
    }
    let phrases = [
        low.0.map(|bound| format!("at least {bound}")),
        low.1.map(|bound| format!("more than {bound}")),
        high.0.map(|bound| format!("at most {bound}")),
        high.1.map(|bound| format!("less than {bound}")),
    ];
    let phrases: Vec<String> = phrases.into_iter().flatten().collect();
    (!phrases.is_empty()).then(|| phrases.join(", "))
}

fn values(list: &Node) -> String {
    let shown: Vec<String> = list.items().iter().map(json).collect();
    shown.join(", ")
}

/// A value as code; a long one in part.
pub(super) fn json(node: &Node) -> String {
    let text = match node.to_json() {
        Json::String(text) => Json::String(text).to_string(),
        other => other.to_string(),
    };
    if text.chars().count() <= LONGEST {
        return code(&text);
    }
    let part: String = text.chars().take(LONGEST).collect();
    code(&format!("{part}…"))
}
