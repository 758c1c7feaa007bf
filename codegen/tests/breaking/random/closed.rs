//! What an exact writer may write, said in JSON Schema.

use serde_json::{Map, Value as Json, json};

/// What an exact writer's instances are valid for beside the schema itself: every place that declares properties takes
/// no others. Choices are loosened (`oneOf` to `anyOf`), since the schema itself holds too.
fn closed(schema: &Json, document: &Json) -> Json {
    let inner = inner(schema, document);
    if declares(schema, document, 0) {
        return json!({ "allOf": [inner], "unevaluatedProperties": false });
    }
    inner
}

fn inner(schema: &Json, document: &Json) -> Json {
    let Json::Object(map) = schema else {
        return schema.clone();
    };
    let bound = declares(schema, document, 0);
    let mut copy = Map::new();
    let mut names = Map::new();
    for (key, value) in map {
        let branch = |value: &Json| {
            if bound {
                self::inner(value, document)
            } else {
                closed(value, document)
            }
        };
        let value = match (key.as_str(), value) {
            ("properties" | "patternProperties", Json::Object(map)) => map
                .iter()
                .map(|(name, value)| (name.clone(), closed(value, document)))
                .collect::<Map<_, _>>()
                .into(),
            ("dependentSchemas", Json::Object(map)) => {
                names.extend(map.keys().map(|name| (name.clone(), json!(true))));
                map.iter()
                    .map(|(name, value)| (name.clone(), self::inner(value, document)))
                    .collect::<Map<_, _>>()
                    .into()
            }
            ("items" | "additionalProperties", value) => closed(value, document),
            ("prefixItems", Json::Array(items)) => {
                items.iter().map(|item| closed(item, document)).collect()
            }
            ("allOf", Json::Array(items)) => items
                .iter()
                .map(|item| self::inner(item, document))
                .collect(),
            ("anyOf" | "oneOf", Json::Array(items)) => items.iter().map(branch).collect(),
            ("then" | "else", value) => self::inner(value, document),
            ("$ref", Json::String(target)) => json!(target.replace("#/$defs/", "#/$defs/closed-")),
            ("required", Json::Array(list)) => {
                names.extend(
                    list.iter()
                        .map(|name| (name.as_str().unwrap().to_owned(), json!(true))),
                );
                value.clone()
            }
            ("dependentRequired", Json::Object(map)) => {
                for (name, list) in map {
                    names.insert(name.clone(), json!(true));
                    names.extend(
                        list.as_array()
                            .unwrap()
                            .iter()
                            .map(|name| (name.as_str().unwrap().to_owned(), json!(true))),
                    );
                }
                value.clone()
            }
            (_, value) => value.clone(),
        };
        let key = if key == "oneOf" { "loosened" } else { key };
        copy.insert(key.to_owned(), value);
    }
    let mut parts = vec![];
    if let Some(branches) = copy.remove("loosened") {
        parts.push(json!({ "anyOf": branches }));
    }
    // What is required is written, declared or not.
    parts.push(json!({ "properties": names }));
    parts.push(Json::Object(copy));
    json!({ "allOf": parts })
}

fn declares(schema: &Json, document: &Json, depth: usize) -> bool {
    let Json::Object(map) = schema else {
        return false;
    };
    let own = map
        .get("properties")
        .and_then(Json::as_object)
        .is_some_and(|map| !map.is_empty());
    let target = map
        .get("$ref")
        .and_then(Json::as_str)
        .and_then(|target| document.pointer(&target[1..]));
    let parts = map.get("allOf").and_then(Json::as_array);
    own || depth < 6
        && (target.is_some_and(|target| declares(target, document, depth + 1))
            || parts
                .is_some_and(|parts| parts.iter().any(|part| declares(part, document, depth + 1))))
}

pub(super) fn closed_document(document: &Json) -> Json {
    let mut copy = closed(document, document);
    let mut definitions = document["$defs"].as_object().unwrap().clone();
    for (name, schema) in document["$defs"].as_object().unwrap() {
        definitions.insert(format!("closed-{name}"), inner(schema, document));
    }
    copy["$defs"] = definitions.into();
    copy
}
