//! Random documents, made after a schema and spoilt now and then: the validator says which of them are valid.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// The names of properties that no schema declares.
pub(crate) const UNDECLARED: [&str; 2] = ["undeclared", "not declared"];

/// How deep a schema that contains itself is followed.
const DEEPEST: usize = 8;

/// The schemas of a folder by their paths in it.
pub(crate) type Documents = BTreeMap<String, Value>;

/// A schema and the file that its references are relative to.
#[derive(Clone, Copy)]
struct Place<'d> {
    documents: &'d Documents,
    file: &'d str,
    depth: usize,
}

/// Documents of the schema in `file`.
pub(crate) fn documents(documents: &Documents, file: &str) -> BoxedStrategy<Value> {
    let place = Place {
        documents,
        file,
        depth: 0,
    };
    whole(&documents[file], place)
}

/// A value of `schema`, or now and then any other.
fn value(schema: &Value, place: Place<'_>) -> BoxedStrategy<Value> {
    prop_oneof![80 => whole(schema, place), 1 => any_json()].boxed()
}

fn whole(schema: &Value, mut place: Place<'_>) -> BoxedStrategy<Value> {
    place.depth += 1;
    let Some(keywords) = schema.as_object().filter(|_| place.depth < DEEPEST) else {
        return any_json();
    };
    let mut parts: Vec<BoxedStrategy<Value>> = Vec::new();
    if let Some(reference) = keywords.get("$ref").and_then(Value::as_str) {
        let (file, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let folder = place.file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let path = match (file, folder) {
            ("", _) => place.file.to_owned(),
            (file, "") => file.to_owned(),
            (file, folder) => format!("{folder}/{file}"),
        };
        let pointer = fragment.replace("%20", " ");
        let found = place.documents.get_key_value(&path);
        let found = found.and_then(|(file, document)| Some((file, document.pointer(&pointer)?)));
        // By an address or an anchor: nothing is known of it here.
        let Some((file, target)) = found else {
            return any_json();
        };
        parts.push(whole(target, Place { file, ..place }));
    }
    if let Some(constant) = keywords.get("const") {
        parts.push(Just(constant.clone()).boxed());
    }
    if let Some(listed) = keywords.get("enum").and_then(Value::as_array) {
        parts.push(select(listed.clone()).boxed());
    }
    for keyword in ["oneOf", "anyOf"] {
        if let Some(branches) = keywords.get(keyword).and_then(Value::as_array) {
            let branches = branches.iter().map(|branch| value(branch, place));
            parts.push(proptest::strategy::Union::new(branches).boxed());
        }
    }
    for branch in keywords
        .get("allOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        parts.push(whole(branch, place));
    }
    let types: Vec<&str> = match keywords.get("type") {
        Some(Value::String(only)) => vec![only],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ if keywords.contains_key("properties") => vec!["object"],
        _ => vec![],
    };
    let typed = types.into_iter().map(|ty| of_type(ty, keywords, place));
    let typed: Vec<BoxedStrategy<Value>> = typed.collect();
    let constants = keywords.contains_key("const") || keywords.contains_key("enum");
    if !typed.is_empty() && !constants {
        parts.push(proptest::strategy::Union::new(typed).boxed());
    }
    if parts.is_empty() {
        return any_json();
    }
    // Objects are put together; of other values the last counts.
    parts
        .prop_map(|parts| parts.into_iter().reduce(merged).unwrap())
        .boxed()
}

fn merged(a: Value, b: Value) -> Value {
    match (a, b) {
        (Value::Object(mut a), Value::Object(b)) => {
            a.extend(b);
            Value::Object(a)
        }
        (_, b) => b,
    }
}

fn of_type(ty: &str, keywords: &Map<String, Value>, place: Place<'_>) -> BoxedStrategy<Value> {
    match ty {
        "string" => text(keywords),
        "integer" => prop_oneof![
            near(keywords),
            Just(json!(10.0)),
            (-1_000_000_i64..1_000_000).prop_map(|n| json!(n)),
            any::<i64>().prop_map(|n| json!(n)),
        ]
        .boxed(),
        "number" => prop_oneof![
            near(keywords),
            (-1_000_000_i64..1_000_000).prop_map(|n| json!(n)),
            any::<f32>().prop_map(|n| json!(n)),
            proptest::num::f64::NORMAL.prop_map(|n| json!(n)),
        ]
        .boxed(),
        "boolean" => any::<bool>().prop_map(|b| json!(b)).boxed(),
        "null" => Just(Value::Null).boxed(),
        "array" => array(keywords, place),
        _ => object(keywords, place),
    }
}

/// Numbers around the bounds.
fn near(keywords: &Map<String, Value>) -> BoxedStrategy<Value> {
    let bounds: Vec<i64> = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]
        .iter()
        .filter_map(|keyword| keywords.get(*keyword)?.as_f64())
        .filter(|bound| bound.abs() < 1e15)
        .map(|bound| format!("{bound:.0}").parse().unwrap())
        .collect();
    if bounds.is_empty() {
        return (0_i64..10).prop_map(|n| json!(n)).boxed();
    }
    (select(bounds), -2_i64..=2)
        .prop_map(|(bound, off)| json!(bound + off))
        .boxed()
}

fn text(keywords: &Map<String, Value>) -> BoxedStrategy<Value> {
    let length = |keyword| keywords.get(keyword).and_then(Value::as_u64);
    let least = length("minLength").unwrap_or(0).min(8);
    let most = length("maxLength").unwrap_or(8).min(12);
    let pattern = match keywords.get("format").and_then(Value::as_str) {
        Some("uuid") => "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}".to_owned(),
        Some("date-time") => {
            "20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[T ]([01][0-9]|2[0-5]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{0,8}[1-9])?(Z|[+-](0[1-9]|1[0-9]|2[0-5]):[0-6][0-9])".to_owned()
        }
        Some("date") => "20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])".to_owned(),
        Some("email") => "[a-z]{1,5}@[a-z]{1,5}\\.[a-z]{2}".to_owned(),
        Some("uri") => "https://[a-z]{1,8}/[a-z]{0,4}".to_owned(),
        _ => match keywords.get("pattern").and_then(Value::as_str) {
            // Look-around is beyond the generator.
            Some(pattern) if pattern.contains("(?") => "[a-z]{1,3}".to_owned(),
            Some(pattern) => pattern.trim_start_matches('^').trim_end_matches('$').to_owned(),
            None => format!("[a-z0-9 ü]{{{least},{}}}", most.max(least) + 1),
        },
    };
    let matching = proptest::string::string_regex(&pattern).unwrap();
    let listed = keywords.get("x-extensible-enum").and_then(Value::as_array);
    let listed = listed.cloned().unwrap_or_else(|| vec![json!("")]);
    prop_oneof![8 => matching.prop_map(|text| json!(text)), 1 => select(listed)].boxed()
}

fn array(keywords: &Map<String, Value>, place: Place<'_>) -> BoxedStrategy<Value> {
    let prefix = keywords.get("prefixItems").and_then(Value::as_array);
    let prefix: Vec<_> = prefix
        .into_iter()
        .flatten()
        .map(|item| value(item, place))
        .collect();
    let item = keywords
        .get("items")
        .map_or_else(any_json, |item| value(item, place));
    let least = usize::from(keywords.contains_key("minItems"));
    let rest = proptest::collection::vec(item, least..4);
    let short = any::<bool>();
    (prefix, rest, short)
        .prop_map(|(mut items, rest, short)| {
            if items.is_empty() || !short {
                items.extend(rest);
            }
            Value::Array(items)
        })
        .boxed()
}

fn object(keywords: &Map<String, Value>, place: Place<'_>) -> BoxedStrategy<Value> {
    let required: Vec<&str> = keywords
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut properties: Vec<BoxedStrategy<Option<(String, Value)>>> = Vec::new();
    let mut add = |name: String, strategy: BoxedStrategy<Value>, share: f64| {
        let named = strategy.prop_map(move |value| (name.clone(), value));
        properties.push(proptest::option::weighted(share, named).boxed());
    };
    let declared = keywords.get("properties").and_then(Value::as_object);
    for (name, schema) in declared.into_iter().flatten() {
        let share = if required.contains(&name.as_str()) {
            0.97
        } else {
            0.25
        };
        add(name.clone(), value(schema, place), share);
    }
    for name in &required {
        if !declared.is_some_and(|declared| declared.contains_key(*name)) {
            add((*name).to_owned(), any_json(), 0.9);
        }
    }
    for keyword in ["dependentRequired", "dependentSchemas"] {
        let names = keywords.get(keyword).and_then(Value::as_object);
        for needed in names.into_iter().flat_map(Map::values).flat_map(|names| {
            names
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
        }) {
            if !declared.is_some_and(|declared| declared.contains_key(needed)) {
                add(needed.to_owned(), any_json(), 0.5);
            }
        }
    }
    let patterns = keywords.get("patternProperties").and_then(Value::as_object);
    for (pattern, schema) in patterns.into_iter().flatten() {
        let name = if pattern.starts_with('^') {
            "x_b"
        } else {
            "b_y"
        };
        let name = match pattern.as_str() {
            pattern if pattern.contains('{') => "ab",
            pattern if pattern.contains('d') => "12",
            _ => name,
        };
        add(name.to_owned(), value(schema, place), 0.5);
    }
    let others = ["additionalProperties", "unevaluatedProperties"]
        .iter()
        .find_map(|keyword| keywords.get(*keyword));
    match others {
        Some(Value::Bool(false)) => add("forbidden".to_owned(), any_json(), 0.15),
        Some(schema) => {
            add("k".to_owned(), value(schema, place), 0.5);
            add("key".to_owned(), value(schema, place), 0.3);
        }
        None => {
            add(UNDECLARED[0].to_owned(), any_json(), 0.1);
            add(UNDECLARED[1].to_owned(), any_json(), 0.05);
        }
    }
    properties
        .prop_map(|properties| Value::Object(properties.into_iter().flatten().collect()))
        .boxed()
}

/// Any small JSON.
fn any_json() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(|b| json!(b)),
        (-10_i64..10).prop_map(|n| json!(n)),
        (-10_i32..10).prop_map(|n| json!(f64::from(n) / 4.0)),
        "[a-z]{0,4}".prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            proptest::collection::btree_map(select(&UNDECLARED[..]), inner, 0..3).prop_map(
                |entries| {
                    let entries = entries.into_iter();
                    Value::Object(
                        entries
                            .map(|(name, value)| (name.to_owned(), value))
                            .collect(),
                    )
                }
            ),
        ]
    })
    .boxed()
}
