//! JSON values as a serde source that takes an object for an object only, and knows where it is.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde_json::{Map, Value};

/// Reads a value. Unlike `serde_json`, it refuses a list where a struct is asked for, and anything but a string where
/// an enum is: JSON Schema does.
pub(super) struct Json<'v>(pub(super) &'v Value);

/// What does not fit, and where.
#[derive(Debug)]
pub(super) struct Error {
    /// From the value that is being read, as a JSON Pointer.
    pub(super) pointer: String,
    pub(super) keyword: &'static str,
    pub(super) message: String,
}

impl Error {
    pub(super) fn new(keyword: &'static str, message: String) -> Self {
        Self {
            pointer: String::new(),
            keyword,
            message,
        }
    }

    pub(super) fn under(mut self, token: &str) -> Self {
        let token = token.replace('~', "~0").replace('/', "~1");
        self.pointer = format!("/{token}{}", self.pointer);
        self
    }
}

/// The keywords that an [`Error`] can name.
const KEYWORDS: [&str; 5] = ["additionalProperties", "enum", "format", "required", "type"];

/// As `#/lines/0 (type): …`: what [`de::Error::custom`] reads back, since an error crosses a foreign `Deserialize` as
/// text only.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = self.pointer.replace('%', "%25").replace(' ', "%20");
        write!(f, "#{pointer} ({}): {}", self.keyword, self.message)
    }
}

impl std::error::Error for Error {}

fn located(text: &str) -> Option<Error> {
    let (pointer, rest) = text.strip_prefix('#')?.split_once(" (")?;
    let (keyword, message) = rest.split_once("): ")?;
    Some(Error {
        pointer: pointer.replace("%20", " ").replace("%25", "%"),
        keyword: KEYWORDS.into_iter().find(|known| *known == keyword)?,
        message: message.to_owned(),
    })
}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let text = message.to_string();
        located(&text).unwrap_or_else(|| Self::new("format", text))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new("type", format!("{found} found, {expected} expected"))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let keyword = if matches!(found, Unexpected::Str(_)) {
            "format"
        } else {
            "type"
        };
        Self::new(keyword, format!("{found} found, {expected} expected"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new("required", format!("`{field}` is missing"))
    }

    fn unknown_field(field: &str, _expected: &'static [&'static str]) -> Self {
        Self::new(
            "additionalProperties",
            format!("`{field}` is not allowed here"),
        )
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let expected = expected.join(", ");
        Self::new(
            "enum",
            format!("{variant:?} found, one of these expected: {expected}"),
        )
    }
}

fn unexpected(value: &Value) -> Unexpected<'_> {
    match value {
        Value::Null => Unexpected::Other("null"),
        Value::Bool(value) => Unexpected::Bool(*value),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Unexpected::Signed(number),
            (None, Some(number)) => Unexpected::Float(number),
            (None, None) => Unexpected::Other("a number"),
        },
        Value::String(text) => Unexpected::Str(text),
        Value::Array(_) => Unexpected::Other("an array"),
        Value::Object(_) => Unexpected::Other("an object"),
    }
}

impl<'de> Deserializer<'de> for Json<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => visitor.visit_u64(number),
                (None, Some(number), _) => visitor.visit_i64(number),
                (None, None, Some(number)) => visitor.visit_f64(number),
                (None, None, None) => Err(de::Error::invalid_type(
                    unexpected(self.0),
                    &"a number of 64 bits",
                )),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => visitor.visit_seq(Items {
                items: items.iter(),
                next: 0,
            }),
            Value::Object(entries) => visitor.visit_map(Entries {
                entries: entries.iter(),
                value: None,
            }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        object(self.0)?;
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::String(text) => visitor.visit_enum(Name(text)),
            other => Err(de::Error::invalid_type(unexpected(other), &"a string")),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// Reads the value under `name`; an error says so.
pub(crate) fn below<'v, T: Deserialize<'v>, E: de::Error>(
    name: &str,
    value: &'v Value,
) -> Result<T, E> {
    T::deserialize(Json(value)).map_err(|error| E::custom(error.under(name)))
}

pub(super) fn object(value: &Value) -> Result<&Map<String, Value>, Error> {
    value
        .as_object()
        .ok_or_else(|| de::Error::invalid_type(unexpected(value), &"an object"))
}

struct Items<'v> {
    items: std::slice::Iter<'v, Value>,
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        let Some(value) = self.items.next() else {
            return Ok(None);
        };
        let index = self.next;
        self.next += 1;
        seed.deserialize(Json(value))
            .map(Some)
            .map_err(|error| error.under(&index.to_string()))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Entries<'v> {
    entries: serde_json::map::Iter<'v>,
    value: Option<(&'v str, &'v Value)>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        let Some((key, value)) = self.entries.next() else {
            return Ok(None);
        };
        self.value = Some((key, value));
        let key: StrDeserializer<'de, Error> = key.as_str().into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let Some((key, value)) = self.value.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        seed.deserialize(Json(value))
            .map_err(|error| error.under(key))
    }
}

struct Name<'v>(&'v str);

impl<'de> EnumAccess<'de> for Name<'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Error> {
        let name: StrDeserializer<'de, Error> = self.0.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

/// Generated enums have unit variants only.
impl<'de> VariantAccess<'de> for Name<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, _seed: S) -> Result<S::Value, Error> {
        Err(de::Error::custom("a variant with content is not a string"))
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _length: usize,
        _visitor: V,
    ) -> Result<V::Value, Error> {
        Err(de::Error::custom("a variant with content is not a string"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Error> {
        Err(de::Error::custom("a variant with content is not a string"))
    }
}
