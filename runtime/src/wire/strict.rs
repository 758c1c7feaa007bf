//! JSON text read straight into a type, in one pass, as strictly as [`crate::validate::decode`] reads a parsed value: an
//! object for a struct, a string for an enum.
//!
//! It says yes or nothing. What it does not read is read again the long way, which knows what is wrong and where.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};

/// Reads all of `json` as a `T`; `None` where it is none, or where only the long way knows.
pub(crate) fn read<'de, T: Deserialize<'de>>(json: &'de str) -> Option<T> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let value = T::deserialize(Strict(&mut reader)).ok()?;
    reader.end().ok()?;
    Some(value)
}

/// A source of JSON, and whatever is read within it.
struct Strict<T>(T);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(Strict(visitor))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_option(Strict(visitor))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        visitor.visit_newtype_struct(self)
    }

    /// serde would take a list, too.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(Strict(visitor))
    }

    /// serde would take an object, too.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_str(Name(visitor, PhantomData))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_ignored_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier
    }
}

macro_rules! pass_on {
    ($($visit:ident: $type:ty),+) => {$(
        fn $visit<E: de::Error>(self, value: $type) -> Result<V::Value, E> {
            self.0.$visit(value)
        }
    )+};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Strict<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    pass_on! {
        visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64,
        visit_str: &str, visit_borrowed_str: &'de str, visit_string: String
    }

    fn visit_unit<E: de::Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }

    fn visit_none<E: de::Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, source: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(Strict(source))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(Strict(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Strict(entries))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Strict<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Strict(source))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Strict(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Strict<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(Strict(seed))
    }
}

/// A string for an enum's variant.
struct Name<'de, V>(V, PhantomData<&'de ()>);

impl<'de, V: Visitor<'de>> Visitor<'de> for Name<'de, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<V::Value, E> {
        let name: StrDeserializer<'_, E> = name.into_deserializer();
        self.0.visit_enum(name)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};
    use serde_json::{Value, json};

    use super::read;
    use crate::validate::{Checker, Untagged, Validate, decode};
    use crate::{Nullable, exact};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Thing {
        #[serde(with = "exact")]
        id: uuid::Uuid,
        #[serde(with = "exact")]
        at: time::OffsetDateTime,
        #[serde(with = "exact")]
        whole: i64,
        #[serde(with = "exact")]
        number: f64,
        text: String,
        color: Color,
        #[serde(default, deserialize_with = "crate::present")]
        note: Option<Nullable<String>>,
        #[serde(default)]
        parts: Vec<Part>,
        #[serde(default)]
        free: Option<Value>,
        #[serde(default)]
        choice: Option<Choice>,
        #[serde(flatten, with = "crate::others")]
        others: BTreeMap<String, Value>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Part {
        name: Option<String>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Color {
        Red,
        Blue,
    }

    #[derive(Debug, PartialEq, Serialize)]
    #[serde(untagged)]
    enum Choice {
        Text(String),
        Part(Part),
    }

    impl<'de> Deserialize<'de> for Choice {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let value = Untagged::read(deserializer, &["string", "object"])?;
            match value.json() {
                "string" => value.get().map(Self::Text),
                _ => value.get().map(Self::Part),
            }
        }
    }

    impl Validate for Thing {
        fn check(&self, _: &mut Checker) {}
    }

    fn thing() -> Value {
        json!({
            "id": "0198c0de-7000-7000-8000-000000000001", "at": "2026-03-01T08:30:00Z", "whole": 10.0, "number": 3,
            "text": "a\"\u{1F600}\n", "color": "Blue", "note": null, "parts": [{"name": "a"}, {"name": null}, {}],
            "free": {"b": [1, -2, 2.5, null, true]}, "choice": {"name": "c"}, "other": [1]
        })
    }

    /// Every value within `whole` replaced by each of some others, one at a time.
    fn variants(whole: &Value) -> Vec<Value> {
        let strange = [
            json!(null),
            json!(true),
            json!(0),
            json!(-1),
            json!(1.5),
            json!(18_446_744_073_709_551_615_u64),
            json!(""),
            json!("Red"),
            json!("0198C0DE-7000-7000-8000-000000000001"),
            json!([]),
            json!(["Red"]),
            json!({}),
            json!({"Red": null}),
            json!({"name": "x"}),
        ];
        let mut found: Vec<Value> = strange.to_vec();
        match whole {
            Value::Object(entries) => {
                for (name, value) in entries {
                    let put = |new| {
                        let mut entries = entries.clone();
                        entries.insert(name.clone(), new);
                        Value::Object(entries)
                    };
                    found.extend(variants(value).into_iter().map(put));
                    let mut without = entries.clone();
                    without.shift_remove(name);
                    found.push(Value::Object(without));
                }
            }
            Value::Array(items) => {
                for (index, value) in items.iter().enumerate() {
                    let put = |new| {
                        let mut items = items.clone();
                        items[index] = new;
                        Value::Array(items)
                    };
                    found.extend(variants(value).into_iter().map(put));
                }
            }
            _ => {}
        }
        found
    }

    #[test]
    fn it_reads_what_the_long_way_reads_and_nothing_else() {
        let mut read_by_both = 0;
        for value in variants(&thing()).into_iter().chain([thing()]) {
            let text = value.to_string();
            let short = read::<Thing>(&text);
            let long = decode::<Thing>(&value).ok();
            assert_eq!(short, long, "{text}");
            read_by_both += usize::from(short.is_some());
        }
        assert!(read_by_both > 50, "{read_by_both}");
    }

    #[test]
    fn what_stands_there_twice_is_left_to_the_long_way() {
        let text = r#"{"name":"a","name":"b"}"#;
        assert_eq!(read::<Part>(text), None);
        assert_eq!(read::<Part>(r#"{"name":"a"} {}"#), None);
        assert_eq!(read::<Part>(r#"["a"]"#), None);
    }
}
