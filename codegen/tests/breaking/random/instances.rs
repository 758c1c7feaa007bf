//! Random instances, of nothing and of a schema.

use serde_json::{Map, Value as Json, json};

use super::Chance;

/// Anything.
pub(super) fn value(chance: &mut Chance, depth: usize) -> Json {
    match chance.below(if depth == 0 { 12 } else { 18 }) {
        0 => Json::Null,
        1 => json!(chance.one_in(2)),
        2..=4 => json!(i64::try_from(chance.below(9)).unwrap() - 2),
        5 | 6 => chance.pick(&[json!(0.5), json!(1.5), json!(2.0), json!(-0.5), json!(0.25)]),
        7..=11 => json!(chance.pick(&[
            "",
            "a",
            "ab",
            "abc",
            "x",
            "xab",
            "b",
            "A",
            "1",
            "2026-01-31"
        ])),
        12..=14 => {
            let count = chance.below(4);
            (0..count).map(|_| value(chance, depth - 1)).collect()
        }
        _ => {
            let count = chance.below(4);
            let entries = (0..count).map(|_| {
                let name = chance.pick(&["a", "b", "c", "xa", "d"]).to_owned();
                (name, value(chance, depth - 1))
            });
            Json::Object(entries.collect())
        }
    }
}

/// An instance that follows the schema as far as it is easily followed.
pub(super) fn guided(chance: &mut Chance, schema: &Json, document: &Json, depth: usize) -> Json {
    if depth > 5 || chance.one_in(12) {
        return value(chance, 1);
    }
    let mut merged = Map::new();
    gather(chance, schema, document, &mut merged, 0);
    if let Some(constant) = merged.get("const") {
        return constant.clone();
    }
    if let Some(Json::Array(values)) = merged.get("enum")
        && !values.is_empty()
    {
        return chance.pick(values);
    }
    let ty = match merged.get("type") {
        Some(Json::String(name)) => name.clone(),
        Some(Json::Array(names)) if !names.is_empty() => {
            chance.pick(names).as_str().unwrap().to_owned()
        }
        _ if merged.contains_key("properties") => "object".to_owned(),
        _ => return value(chance, 2),
    };
    match ty.as_str() {
        "object" => {
            let mut object = Map::new();
            let required: Vec<&str> = merged
                .get("required")
                .and_then(Json::as_array)
                .into_iter()
                .flatten()
                .filter_map(Json::as_str)
                .collect();
            for (name, inner) in merged
                .get("properties")
                .and_then(Json::as_object)
                .into_iter()
                .flatten()
            {
                if required.contains(&name.as_str()) || chance.one_in(2) {
                    object.insert(name.clone(), guided(chance, inner, document, depth + 1));
                }
            }
            for name in required {
                if !object.contains_key(name) {
                    object.insert(name.to_owned(), value(chance, 1));
                }
            }
            if chance.one_in(3) {
                let name = chance.pick(&["a", "b", "c", "xa", "d"]);
                let inner = merged
                    .get("additionalProperties")
                    .cloned()
                    .unwrap_or(json!(true));
                object.insert(name.to_owned(), guided(chance, &inner, document, depth + 1));
            }
            Json::Object(object)
        }
        "array" => {
            let count = chance.below(4);
            let item = merged
                .get("items")
                .or(merged.get("contains"))
                .cloned()
                .unwrap_or(json!(true));
            let first = merged
                .get("prefixItems")
                .and_then(Json::as_array)
                .cloned()
                .unwrap_or_default();
            (0..count)
                .map(|index| {
                    guided(
                        chance,
                        first.get(index).unwrap_or(&item),
                        document,
                        depth + 1,
                    )
                })
                .collect()
        }
        "string" => {
            json!(chance.pick(&["", "a", "ab", "abc", "x", "xab", "b", "2026-01-31", "urn:a"]))
        }
        "integer" => json!(i64::try_from(chance.below(9)).unwrap() - 2),
        "number" => chance.pick(&[
            json!(0.5),
            json!(1),
            json!(2.5),
            json!(3),
            json!(0.1),
            json!(-1),
            json!(0.25),
        ]),
        "boolean" => json!(chance.one_in(2)),
        _ => Json::Null,
    }
}

fn gather(
    chance: &mut Chance,
    schema: &Json,
    document: &Json,
    merged: &mut Map<String, Json>,
    depth: usize,
) {
    let Json::Object(map) = schema else {
        return;
    };
    for (key, value) in map {
        match (key.as_str(), value, merged.get_mut(key)) {
            ("properties", Json::Object(more), Some(Json::Object(known))) => {
                known.extend(more.clone())
            }
            ("required", Json::Array(more), Some(Json::Array(known))) => known.extend(more.clone()),
            (_, value, _) => drop(merged.insert(key.clone(), value.clone())),
        }
    }
    if depth > 4 {
        return;
    }
    if let Some(target) = map
        .get("$ref")
        .and_then(Json::as_str)
        .and_then(|target| document.pointer(&target[1..]))
    {
        gather(chance, target, document, merged, depth + 1);
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        let Some(Json::Array(branches)) = map.get(key) else {
            continue;
        };
        let all = key == "allOf";
        let chosen = chance.below(branches.len().max(1));
        for (index, branch) in branches.iter().enumerate() {
            if all || index == chosen {
                gather(chance, branch, document, merged, depth + 1);
            }
        }
    }
}
