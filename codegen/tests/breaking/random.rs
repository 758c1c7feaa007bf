//! No instance contradicts a verdict: random schemas, random changes of them, and random instances, judged by the
//! `jsonschema` crate alone.

use codegen::evolve::{Schema, Verdict, compare};
use serde_json::{Map, Value as Json, json};

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

const NAMES: [&str; 4] = ["a", "b", "c", "xa"];
const PATTERNS: [&str; 4] = ["^a", "^x", "b$", "^[a-z]{1,2}$"];
const TYPES: [&str; 7] = [
    "string", "integer", "number", "object", "array", "null", "boolean",
];

fn value(chance: &mut Chance, depth: usize) -> Json {
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
const OF_ARRAYS: [&str; 9] = [
    "items",
    "items",
    "prefixItems",
    "contains",
    "minContains",
    "maxContains",
    "uniqueItems",
    "minItems",
    "maxItems",
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

fn document(chance: &mut Chance) -> Json {
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
fn change(chance: &mut Chance, schema: &mut Json, depth: usize) {
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

fn closed_document(document: &Json) -> Json {
    let mut copy = closed(document, document);
    let mut definitions = document["$defs"].as_object().unwrap().clone();
    for (name, schema) in document["$defs"].as_object().unwrap() {
        definitions.insert(format!("closed-{name}"), inner(schema, document));
    }
    copy["$defs"] = definitions.into();
    copy
}

/// An instance that follows the schema as far as it is easily followed.
fn guided(chance: &mut Chance, schema: &Json, document: &Json, depth: usize) -> Json {
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

#[test]
fn no_instance_contradicts_a_verdict() {
    let number = |name: &str, default: u64| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let (pairs, seed) = (number("BREAKING_PAIRS", 400), number("BREAKING_SEED", 1));
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
