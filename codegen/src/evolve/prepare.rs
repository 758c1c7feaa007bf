//! Prepares a document: annotations gone, draft-07 spelled as 2020-12, every reference a pointer from the root.

use std::collections::HashMap;

use percent_encoding::utf8_percent_encode;
use serde_json::{Map, Value as Json};

use super::schema::{HOME, NOT_IN_FRAGMENT, SchemaError};
use crate::load::escape;

const SCHEMA: &[&str] = &[
    "additionalItems",
    "additionalProperties",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
const LISTS: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];
const MAPS: &[&str] = &[
    "$defs",
    "definitions",
    "dependentSchemas",
    "patternProperties",
    "properties",
];
/// What is compared. Anything else says nothing about validity, or is refused by [`Schema::new`].
const PLAIN: &[&str] = &[
    "const",
    "dependentRequired",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "pattern",
    "required",
    "type",
    "uniqueItems",
];
/// What draft-07 does not know.
const LATER: &[&str] = &[
    "dependentRequired",
    "dependentSchemas",
    "maxContains",
    "minContains",
    "prefixItems",
    "unevaluatedItems",
    "unevaluatedProperties",
];
const REFUSED: &[&str] = &[
    "$dynamicAnchor",
    "$dynamicRef",
    "$recursiveAnchor",
    "$recursiveRef",
];
/// How deep a schema may nest.
pub(super) const DEEPEST: usize = 128;

/// The document without what is not compared.
pub(super) fn copy(document: &Json, draft7: bool) -> Result<Json, SchemaError> {
    let mut anchors = HashMap::new();
    find_anchors(document, "", 0, &mut anchors)?;
    Copier { draft7, anchors }.copy(document, "", 0)
}

struct Copier {
    draft7: bool,
    /// From the name of an anchor to the pointer of its schema.
    anchors: HashMap<String, String>,
}

impl Copier {
    fn copy(&self, schema: &Json, pointer: &str, depth: usize) -> Result<Json, SchemaError> {
        if depth > DEEPEST {
            return Err(SchemaError::TooDeep);
        }
        let Json::Object(map) = schema else {
            return Ok(schema.clone());
        };
        let mut copy = Map::new();
        // In draft-07 nothing beside a reference holds, but definitions are there to be referred to.
        let alone = self.draft7 && map.contains_key("$ref");
        for (key, value) in map {
            let below = format!("{pointer}/{}", escape(key));
            let key = key.as_str();
            if alone && !matches!(key, "$ref" | "$defs" | "definitions") {
                continue;
            }
            if self.draft7 && LATER.contains(&key) {
                continue;
            }
            match value {
                Json::String(text) if key == "$ref" => {
                    copy.insert("$ref".into(), self.reference(text)?.into());
                }
                Json::Array(_) if key == "items" => {
                    copy.insert("prefixItems".into(), self.list(value, &below, depth)?);
                }
                Json::Object(_) if key == "dependencies" => {
                    self.dependencies(value, &below, depth, &mut copy)?;
                }
                _ if key == "additionalItems" => {
                    // Beside anything but a list it says nothing.
                    if let Some(Json::Array(_)) = map.get("items") {
                        copy.insert("items".into(), self.copy(value, &below, depth + 1)?);
                    }
                }
                _ if SCHEMA.contains(&key) => {
                    copy.insert(key.into(), self.copy(value, &below, depth + 1)?);
                }
                _ if LISTS.contains(&key) => {
                    copy.insert(key.into(), self.list(value, &below, depth)?);
                }
                Json::Object(inner) if MAPS.contains(&key) => {
                    let mut copied = Map::new();
                    for (name, value) in inner {
                        let at = format!("{below}/{}", escape(name));
                        copied.insert(name.clone(), self.copy(value, &at, depth + 1)?);
                    }
                    copy.insert(key.into(), Json::Object(copied));
                }
                _ if PLAIN.contains(&key) => {
                    copy.insert(key.into(), value.clone());
                }
                _ if REFUSED.contains(&key) => {
                    let (keyword, pointer) = (key.to_owned(), pointer.to_owned());
                    return Err(SchemaError::Keyword { keyword, pointer });
                }
                _ => {}
            }
        }
        Ok(Json::Object(copy))
    }

    fn list(&self, list: &Json, pointer: &str, depth: usize) -> Result<Json, SchemaError> {
        let items = list.as_array().map(Vec::as_slice).unwrap_or_default();
        items
            .iter()
            .enumerate()
            .map(|(index, item)| self.copy(item, &format!("{pointer}/{index}"), depth + 1))
            .collect()
    }

    fn dependencies(
        &self,
        value: &Json,
        pointer: &str,
        depth: usize,
        copy: &mut Map<String, Json>,
    ) -> Result<(), SchemaError> {
        let (mut names, mut schemas) = (Map::new(), Map::new());
        for (name, value) in value.as_object().into_iter().flatten() {
            if value.is_array() {
                names.insert(name.clone(), value.clone());
            } else {
                let at = format!("{pointer}/{}", escape(name));
                schemas.insert(name.clone(), self.copy(value, &at, depth + 1)?);
            }
        }
        copy.insert("dependentRequired".into(), Json::Object(names));
        copy.insert("dependentSchemas".into(), Json::Object(schemas));
        Ok(())
    }

    fn reference(&self, text: &str) -> Result<String, SchemaError> {
        let error = || SchemaError::Reference {
            reference: text.to_owned(),
        };
        let fragment = text.strip_prefix('#').ok_or_else(error)?;
        if fragment.is_empty() || fragment.starts_with('/') || fragment.starts_with("%2F") {
            return Ok(format!("#{HOME}{fragment}"));
        }
        let pointer = self.anchors.get(fragment).ok_or_else(error)?;
        let pointer = utf8_percent_encode(pointer, NOT_IN_FRAGMENT);
        Ok(format!("#{HOME}{pointer}"))
    }
}

/// The names that `$anchor`, or in draft-07 an `$id` such as `#name`, gives to schemas.
fn find_anchors(
    schema: &Json,
    pointer: &str,
    depth: usize,
    found: &mut HashMap<String, String>,
) -> Result<(), SchemaError> {
    if depth > 2 * DEEPEST {
        return Err(SchemaError::TooDeep);
    }
    match schema {
        Json::Object(map) => {
            let anchor = map.get("$anchor").and_then(Json::as_str);
            let id = map.get("$id").and_then(Json::as_str);
            if let Some(name) = anchor.or(id.and_then(|id| id.strip_prefix('#'))) {
                found.insert(name.to_owned(), pointer.to_owned());
            }
            for (key, value) in map {
                if !matches!(key.as_str(), "const" | "default" | "enum" | "examples") {
                    find_anchors(
                        value,
                        &format!("{pointer}/{}", escape(key)),
                        depth + 1,
                        found,
                    )?;
                }
            }
        }
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                find_anchors(item, &format!("{pointer}/{index}"), depth + 1, found)?;
            }
        }
        _ => {}
    }
    Ok(())
}
