//! Random schemas, and random changes of them.

use serde_json::{Map, Value as Json, json};

use super::Chance;
use super::instances::value;

const NAMES: [&str; 4] = ["a", "b", "c", "xa"];
const PATTERNS: [&str; 7] = [
    "^a",
    "^x",
    "b$",
    "^[a-z]{1,2}$",
    "^(?:a|x)",
    "^[a-z]?[a-z]$",
    "^x?a.*b?$",
];
const TYPES: [&str; 7] = [
    "string", "integer", "number", "object", "array", "null", "boolean",
];

fn schemas(chance: &mut Chance, depth: usize, most: usize) -> Json {
    let count = 1 + chance.below(most);
    (0..count).map(|_| schema(chance, depth)).collect()
}

/// The value of a keyword.
fn keyword(chance: &mut Chance, name: &str, depth: usize) -> Json {
    let small = chance.below(4);
    let names = |chance: &mut Chance, most: usize| -> Vec<&'static str> {
        let mut names: Vec<_> = (0..=chance.below(most))
            .map(|_| chance.pick(&NAMES))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    match name {
        "type" if chance.one_in(3) => {
            let mut types = vec![chance.pick(&TYPES), chance.pick(&TYPES)];
            types.dedup();
            json!(types)
        }
        "type" => json!(chance.pick(&TYPES)),
        "enum" => (0..=small)
            .map(|_| value(chance, 1))
            .fold(json!([]), |mut all, value| {
                let list = all.as_array_mut().unwrap();
                if !list.contains(&value) {
                    list.push(value);
                }
                all
            }),
        "const" => value(chance, 1),
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => chance.pick(&[
            json!(0),
            json!(1),
            json!(2),
            json!(3),
            json!(0.5),
            json!(-1),
            json!(2.5),
        ]),
        "multipleOf" => chance.pick(&[
            json!(1),
            json!(2),
            json!(3),
            json!(4),
            json!(0.5),
            json!(0.1),
            json!(0.01),
        ]),
        "pattern" => json!(chance.pick(&PATTERNS)),
        "format" => json!(chance.pick(&["date", "uuid", "uri", "uri-reference"])),
        "uniqueItems" => json!(chance.one_in(2)),
        "required" => json!(names(chance, 2)),
        "dependentRequired" => json!({ chance.pick(&NAMES): names(chance, 2) }),
        "properties" => {
            let names = names(chance, 3).into_iter();
            Json::Object(
                names
                    .map(|name| (name.to_owned(), schema(chance, depth)))
                    .collect(),
            )
        }
        "patternProperties" => json!({ chance.pick(&PATTERNS): schema(chance, depth) }),
        "dependentSchemas" => json!({ chance.pick(&NAMES): schema(chance, depth) }),
        "prefixItems" => schemas(chance, depth, 2),
        "allOf" | "anyOf" | "oneOf" => schemas(chance, depth, 3),
        "$ref" => json!(chance.pick(&["#/$defs/d", "#/$defs/e"])),
        "additionalProperties" | "unevaluatedProperties" | "unevaluatedItems" | "items"
            if chance.one_in(3) =>
        {
            json!(chance.one_in(3))
        }
        _ if name.starts_with("min") || name.starts_with("max") => json!(small),
        _ => schema(chance, depth),
    }
}

const COMMON: [&str; 14] = [
    "type", "type", "enum", "const", "allOf", "anyOf", "oneOf", "not", "if", "then", "else",
    "$ref", "anyOf", "oneOf",
];
const OF_OBJECTS: [&str; 14] = [
    "properties",
    "properties",
    "properties",
    "required",
    "required",
    "additionalProperties",
    "patternProperties",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
    "unevaluatedProperties",
    "minProperties",
    "maxProperties",
    "properties",
];
const OF_ARRAYS: [&str; 10] = [
    "items",
    "items",
    "prefixItems",
    "contains",
    "minContains",
    "maxContains",
    "uniqueItems",
    "minItems",
    "maxItems",
    "unevaluatedItems",
];
const OF_ATOMS: [&str; 10] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minimum",
];

fn some_keyword(chance: &mut Chance) -> &'static str {
    match chance.below(8) {
        0 | 1 => chance.pick(&COMMON),
        2..=4 => chance.pick(&OF_OBJECTS),
        5 => chance.pick(&OF_ARRAYS),
        _ => chance.pick(&OF_ATOMS),
    }
}

fn schema(chance: &mut Chance, depth: usize) -> Json {
    if depth == 0 || chance.one_in(20) {
        return match chance.below(14) {
            0 => json!(true),
            1 => json!(false),
            2..=4 => json!({ "enum": keyword(chance, "enum", 0) }),
            5 => json!({ "const": value(chance, 0) }),
            _ => json!({ "type": chance.pick(&TYPES) }),
        };
    }
    let mut map = Map::new();
    let (ty, own): (&str, &[&str]) = match chance.below(8) {
        0..=3 => ("object", &OF_OBJECTS),
        4 => ("array", &OF_ARRAYS),
        5 => ("integer", &OF_ATOMS),
        6 => ("string", &OF_ATOMS),
        _ => ("", &COMMON),
    };
    if !ty.is_empty() && !chance.one_in(4) {
        map.insert("type".to_owned(), json!(ty));
    }
    for _ in 0..=chance.below(3) {
        let name = chance.pick(own);
        map.insert(name.to_owned(), keyword(chance, name, depth - 1));
    }
    if chance.one_in(3) {
        let name = some_keyword(chance);
        map.insert(name.to_owned(), keyword(chance, name, depth - 1));
    }
    Json::Object(map)
}

pub(super) fn document(chance: &mut Chance) -> Json {
    let mut document = json!({ "allOf": [schema(chance, 3)] });
    if chance.one_in(2) {
        document = schema(chance, 3);
    }
    if !document.is_object() {
        document = json!({});
    }
    document["$defs"] = json!({ "d": schema(chance, 2), "e": schema(chance, 1) });
    document
}

/// One change somewhere in a schema.
pub(super) fn change(chance: &mut Chance, schema: &mut Json, depth: usize) {
    let Json::Object(map) = schema else {
        *schema = self::schema(chance, 1);
        return;
    };
    let inner: Vec<String> = map
        .iter()
        .filter(|(_, value)| value.is_object() || value.is_array())
        .map(|(key, _)| key.clone())
        .collect();
    if depth < 8 && !inner.is_empty() && !chance.one_in(4) {
        let key = chance.pick(&inner);
        let value = &mut map[&key];
        let named = matches!(
            key.as_str(),
            "properties" | "patternProperties" | "dependentSchemas" | "$defs"
        );
        match value {
            Json::Array(items)
                if matches!(key.as_str(), "allOf" | "anyOf" | "oneOf" | "prefixItems") =>
            {
                match chance.below(4) {
                    0 if items.len() > 1 => drop(items.remove(chance.below(items.len()))),
                    1 => items.push(self::schema(chance, 1)),
                    _ => {
                        let index = chance.below(items.len());
                        change(chance, &mut items[index], depth + 1);
                    }
                }
            }
            Json::Object(map) if named => match chance.below(5) {
                0 if key != "$defs" => {
                    let name = if key == "patternProperties" {
                        chance.pick(&PATTERNS)
                    } else {
                        chance.pick(&NAMES)
                    };
                    map.insert(name.to_owned(), self::schema(chance, 1));
                }
                1 if key != "$defs" && !map.is_empty() => {
                    let name = map.keys().nth(chance.below(map.len())).unwrap().clone();
                    map.remove(&name);
                }
                _ if !map.is_empty() => {
                    let name = map.keys().nth(chance.below(map.len())).unwrap().clone();
                    change(chance, &mut map[&name], depth + 1);
                }
                _ => {}
            },
            Json::Object(_) if key != "dependentRequired" && key != "const" => {
                change(chance, value, depth + 1)
            }
            _ => *value = keyword(chance, &key, 1),
        }
        return;
    }
    let keys: Vec<String> = map.keys().filter(|key| *key != "$defs").cloned().collect();
    match chance.below(3) {
        0 if !keys.is_empty() => {
            map.remove(&chance.pick(&keys));
        }
        1 if !keys.is_empty() => {
            let key = chance.pick(&keys);
            let value = keyword(chance, &key, 1);
            map.insert(key, value);
        }
        _ => {
            let name = some_keyword(chance);
            let value = keyword(chance, name, 1);
            map.insert(name.to_owned(), value);
        }
    }
}
