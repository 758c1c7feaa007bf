//! A [`Node`] as a Rust type, through serde, with the place of what does not fit.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer, StrDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess,
    SeqAccess, VariantAccess, Visitor,
};

use super::Span;
use super::node::{Entry, Node, Value};

/// Reads `node` as a `T`.
///
/// # Errors
///
/// The first thing that does not fit, with its place.
pub fn read<T: DeserializeOwned>(node: &Node) -> Result<T, TypedError> {
    T::deserialize(NodeDeserializer { node })
}

/// What does not fit, and where.
#[derive(Debug)]
pub struct TypedError {
    /// What, as a lowercase fragment.
    pub message: String,
    /// Where; `None` only on the way up.
    pub span: Option<Span>,
    /// What would fit, where that is a closed list of names.
    pub expected: Option<Names>,
}

/// A name that was found, and those that are allowed in its place.
#[derive(Debug)]
pub struct Names {
    /// What was found.
    pub found: String,
    /// What is allowed.
    pub allowed: &'static [&'static str],
}

impl TypedError {
    /// The innermost place wins.
    fn at(mut self, span: Span) -> Self {
        self.span.get_or_insert(span);
        self
    }

    fn names(message: String, found: &str, allowed: &'static [&'static str]) -> Self {
        Self {
            message,
            span: None,
            expected: Some(Names {
                found: found.to_owned(),
                allowed,
            }),
        }
    }
}

impl fmt::Display for TypedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TypedError {}

impl de::Error for TypedError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            message: message.to_string(),
            span: None,
            expected: None,
        }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::names(format!("there is no `{field}` here"), field, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::names(
            format!("`{variant}` is not one of the values allowed here"),
            variant,
            expected,
        )
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom(format!("`{field}` is missing"))
    }
}

struct NodeDeserializer<'n> {
    node: &'n Node,
}

impl<'de> Deserializer<'de> for NodeDeserializer<'_> {
    type Error = TypedError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TypedError> {
        let result = match &self.node.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_str(text),
            Value::List(items) => {
                SeqAccessDeserializer::new(Items(items.iter())).deserialize_any(visitor)
            }
            Value::Map(entries) => MapAccessDeserializer::new(Entries {
                entries: entries.iter(),
                value: None,
            })
            .deserialize_any(visitor),
        };
        result.map_err(|error| error.at(self.node.span))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TypedError> {
        match self.node.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, TypedError> {
        let span = self.node.span;
        visitor
            .visit_newtype_struct(self)
            .map_err(|error| error.at(span))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TypedError> {
        let span = self.node.span;
        let Some(text) = self.node.text() else {
            return Err(de::Error::custom(format_args!(
                "a string is expected, this is {}",
                self.node.kind()
            )))
            .map_err(|error: TypedError| error.at(span));
        };
        visitor
            .visit_enum(UnitVariant(text))
            .map_err(|error| error.at(span))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

struct UnitVariant<'n>(&'n str);

impl<'de> EnumAccess<'de> for UnitVariant<'_> {
    type Error = TypedError;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self), TypedError> {
        let name: StrDeserializer<'_, TypedError> = self.0.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for UnitVariant<'_> {
    type Error = TypedError;

    fn unit_variant(self) -> Result<(), TypedError> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(
        self,
        _seed: S,
    ) -> Result<S::Value, TypedError> {
        Err(de::Error::custom("a plain name is expected"))
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _len: usize,
        _visitor: V,
    ) -> Result<V::Value, TypedError> {
        Err(de::Error::custom("a plain name is expected"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, TypedError> {
        Err(de::Error::custom("a plain name is expected"))
    }
}

struct Items<'n>(std::slice::Iter<'n, Node>);

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = TypedError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, TypedError> {
        self.0
            .next()
            .map(|node| seed.deserialize(NodeDeserializer { node }))
            .transpose()
    }
}

struct Entries<'n> {
    entries: std::slice::Iter<'n, Entry>,
    value: Option<&'n Node>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = TypedError;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, TypedError> {
        let Some(entry) = self.entries.next() else {
            return Ok(None);
        };
        self.value = Some(&entry.value);
        let key: StrDeserializer<'_, TypedError> = entry.key.as_str().into_deserializer();
        seed.deserialize(key)
            .map(Some)
            .map_err(|error| error.at(entry.key_span))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<S::Value, TypedError> {
        let node = self
            .value
            .take()
            .ok_or_else(|| <TypedError as de::Error>::custom("a value without its key"))?;
        seed.deserialize(NodeDeserializer { node })
    }
}
