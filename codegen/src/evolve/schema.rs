//! A schema as one document, prepared for comparison: annotations gone, draft-07 spelled as 2020-12, every reference a
//! pointer from the root.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value as Json, json};

use crate::load::escape;

/// Where the document stands in the one that validators are compiled from.
const HOME: &str = "/$defs/doc";

/// What a URI's fragment holds only as an escape (RFC 3986, section 3.5).
const NOT_IN_FRAGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

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
const REFUSED: &[&str] = &[
    "$dynamicAnchor",
    "$dynamicRef",
    "$recursiveAnchor",
    "$recursiveRef",
];
/// How deep a schema may nest.
const DEEPEST: usize = 128;

/// Why a document cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// It says something that cannot be decided.
    #[error("`{keyword}` at `{pointer}` cannot be compared")]
    Keyword {
        /// What it says.
        keyword: String,
        /// Where.
        pointer: String,
    },
    /// A reference leads nowhere, or out of the document.
    #[error("the reference `{reference}` leads nowhere in the document")]
    Reference {
        /// Its text.
        reference: String,
    },
    /// It nests too deep.
    #[error("it nests more than {DEEPEST} levels deep")]
    TooDeep,
    /// It is no valid schema.
    #[error("it is no valid schema: {0}")]
    Invalid(String),
}

/// A self-contained JSON Schema of draft 2020-12 or draft-07.
pub struct Schema {
    /// The document at [`HOME`], and nothing else.
    wrapped: Json,
    validators: RefCell<HashMap<String, Option<Rc<jsonschema::Validator>>>>,
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Schema").field(&self.wrapped).finish()
    }
}

impl Schema {
    /// Prepares a document whose references all lead into itself.
    ///
    /// # Errors
    ///
    /// Where it is no valid schema, or holds what cannot be compared at all.
    pub fn new(document: &Json) -> Result<Self, SchemaError> {
        let draft7 = document
            .get("$schema")
            .and_then(Json::as_str)
            .is_some_and(|dialect| dialect.contains("draft-07") || dialect.contains("draft-06"));
        let mut anchors = HashMap::new();
        find_anchors(document, "", 0, &mut anchors)?;
        let copier = Copier { draft7, anchors };
        let document = copier.copy(document, "", 0)?;
        let schema = Self {
            wrapped: json!({ "$defs": { "doc": document } }),
            validators: RefCell::default(),
        };
        schema
            .compile(HOME)
            .map_err(|error| SchemaError::Invalid(error.to_string()))?;
        schema.references(&schema.wrapped)?;
        Ok(schema)
    }

    /// What [`Schema::prepared`] makes the same schema of.
    pub(super) fn document(&self) -> &Json {
        &self.wrapped
    }

    /// A schema from the document of another.
    pub(super) fn prepared(document: &Json) -> Self {
        Self {
            wrapped: document.clone(),
            validators: RefCell::default(),
        }
    }

    /// The whole schema.
    pub(super) fn root(&self) -> Node<'_> {
        Node {
            schema: self,
            value: self.wrapped.pointer(HOME).unwrap_or(&Json::Bool(true)),
            pointer: HOME.into(),
        }
    }

    /// Whether an instance is valid.
    #[must_use]
    pub fn accepts(&self, instance: &Json) -> bool {
        self.root().accepts(instance).unwrap_or(false)
    }

    /// The keywords by which an instance is rejected.
    pub(super) fn complaints(&self, instance: &Json) -> Vec<String> {
        self.validator(HOME).map_or_else(Vec::new, |validator| {
            validator
                .iter_errors(instance)
                .map(|error| error.schema_path().as_str().to_owned())
                .collect()
        })
    }

    fn validator(&self, pointer: &str) -> Option<Rc<jsonschema::Validator>> {
        if let Some(known) = self.validators.borrow().get(pointer) {
            return known.clone();
        }
        let built = self.compile(pointer).ok().map(Rc::new);
        self.validators
            .borrow_mut()
            .insert(pointer.to_owned(), built.clone());
        built
    }

    fn compile(
        &self,
        pointer: &str,
    ) -> Result<jsonschema::Validator, jsonschema::ValidationError<'static>> {
        let mut document = self.wrapped.clone();
        if let Json::Object(map) = &mut document {
            let fragment = utf8_percent_encode(pointer, NOT_IN_FRAGMENT);
            map.insert("$ref".to_owned(), format!("#{fragment}").into());
        }
        jsonschema::draft202012::options()
            .should_validate_formats(true)
            .build(&document)
    }

    /// Looks every reference up.
    fn references(&self, value: &Json) -> Result<(), SchemaError> {
        // Bounded: the copy went through the same document.
        match value {
            Json::Object(map) => {
                for (key, value) in map {
                    match (key.as_str(), value) {
                        ("$ref", Json::String(text)) if self.target(text).is_none() => {
                            return Err(SchemaError::Reference {
                                reference: text.replacen(HOME, "", 1),
                            });
                        }
                        ("const" | "enum", _) => {}
                        _ => self.references(value)?,
                    }
                }
                Ok(())
            }
            Json::Array(items) => items.iter().try_for_each(|item| self.references(item)),
            _ => Ok(()),
        }
    }

    fn target(&self, reference: &str) -> Option<Node<'_>> {
        let fragment = reference.strip_prefix('#')?;
        let pointer = percent_decode_str(fragment).decode_utf8().ok()?;
        Some(Node {
            schema: self,
            value: self.wrapped.pointer(&pointer)?,
            pointer: pointer.as_ref().into(),
        })
    }
}

/// A schema within a document.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    pub(super) schema: &'a Schema,
    pub(super) value: &'a Json,
    pointer: Rc<str>,
}

impl<'a> Node<'a> {
    /// The same for the same place of the same document.
    pub(super) fn id(&self) -> usize {
        std::ptr::from_ref(self.value) as usize
    }

    pub(super) fn get(&self, keyword: &str) -> Option<&'a Json> {
        self.value.get(keyword)
    }

    /// The pointer in the document that was given.
    pub(super) fn place(&self) -> String {
        self.pointer
            .strip_prefix(HOME)
            .unwrap_or_default()
            .to_owned()
    }

    /// The schema under `keyword`.
    pub(super) fn child(&self, keyword: &str) -> Option<Node<'a>> {
        Some(Node {
            schema: self.schema,
            value: self.get(keyword)?,
            pointer: format!("{}/{}", self.pointer, escape(keyword)).into(),
        })
    }

    /// The schemas of the list or map under `keyword`, each with its name or number.
    pub(super) fn children(&self, keyword: &str) -> Vec<(String, Node<'a>)> {
        let node = |key: String, value: &'a Json| {
            let pointer = format!("{}/{keyword}/{}", self.pointer, escape(&key)).into();
            let schema = self.schema;
            let node = Node {
                schema,
                value,
                pointer,
            };
            (key, node)
        };
        match self.get(keyword) {
            Some(Json::Array(items)) => items
                .iter()
                .enumerate()
                .map(|(index, value)| node(index.to_string(), value))
                .collect(),
            Some(Json::Object(map)) => map
                .iter()
                .map(|(key, value)| node(key.clone(), value))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The schemas of the list under `keyword`.
    pub(super) fn list(&self, keyword: &str) -> Vec<Node<'a>> {
        self.children(keyword)
            .into_iter()
            .map(|(_, node)| node)
            .collect()
    }

    /// What `$ref` leads to.
    pub(super) fn reference(&self) -> Option<Node<'a>> {
        self.schema.target(self.get("$ref")?.as_str()?)
    }

    /// Whether an instance is valid here; `None` where that cannot be told.
    pub(super) fn accepts(&self, instance: &Json) -> Option<bool> {
        match self.value {
            Json::Bool(value) => Some(*value),
            _ => Some(self.schema.validator(&self.pointer)?.is_valid(instance)),
        }
    }
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
                    if map.get("items").is_some_and(Json::is_array) {
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
