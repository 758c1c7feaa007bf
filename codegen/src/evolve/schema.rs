//! A schema as one document, prepared for comparison, and its validators.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde_json::{Value as Json, json};

use super::prepare::{self, DEEPEST};
use crate::load::escape;

/// Where the document stands in the one that validators are compiled from.
pub(super) const HOME: &str = "/$defs/doc";

/// What a URI's fragment holds only as an escape (RFC 3986, section 3.5).
pub(super) const NOT_IN_FRAGMENT: &AsciiSet = &CONTROLS
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
    /// References lead in a circle that no part of an instance breaks.
    #[error(
        "the reference to `{reference}` leads in a circle: whether anything is valid there depends on itself"
    )]
    Circle {
        /// Where the circle is entered.
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
        let document = prepare::copy(document, draft7)?;
        let schema = Self {
            wrapped: json!({ "$defs": { "doc": document } }),
            validators: RefCell::default(),
        };
        let mut targets = Vec::new();
        schema.references(&schema.wrapped, &mut targets)?;
        if let Some(reference) = circle(&targets) {
            return Err(SchemaError::Circle { reference });
        }
        schema
            .compile(HOME)
            .map_err(|error| SchemaError::Invalid(error.to_string()))?;
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
    fn references<'s>(
        &'s self,
        value: &Json,
        targets: &mut Vec<Node<'s>>,
    ) -> Result<(), SchemaError> {
        // Bounded: the copy went through the same document.
        match value {
            Json::Object(map) => {
                for (key, value) in map {
                    match (key.as_str(), value) {
                        ("$ref", Json::String(text)) => {
                            let target = self.target(text);
                            targets.push(target.ok_or_else(|| SchemaError::Reference {
                                reference: text.replacen(HOME, "", 1),
                            })?);
                        }
                        ("const" | "enum", _) => {}
                        _ => self.references(value, targets)?,
                    }
                }
                Ok(())
            }
            Json::Array(items) => items
                .iter()
                .try_for_each(|item| self.references(item, targets)),
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

/// Where references lead back to the same schema about the same instance; a validator would follow them for ever.
fn circle(targets: &[Node<'_>]) -> Option<String> {
    let mut done = HashSet::new();
    for target in targets {
        // From the schema on the way in, and once more on the way out.
        let mut rest = vec![(target.clone(), false)];
        let mut open = HashSet::new();
        while let Some((node, left)) = rest.pop() {
            if left {
                open.remove(&node.id());
                done.insert(node.id());
                continue;
            }
            if open.contains(&node.id()) {
                return Some(node.place());
            }
            if done.contains(&node.id()) {
                continue;
            }
            open.insert(node.id());
            let inner = super::case::in_place(&node);
            let inner = inner.into_iter().chain(node.child("not"));
            let inner: Vec<_> = inner.map(|inner| (inner, false)).collect();
            rest.push((node, true));
            rest.extend(inner);
        }
    }
    None
}
