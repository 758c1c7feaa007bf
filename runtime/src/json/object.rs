//! Objects, property by property.

use std::collections::BTreeMap;

use serde::ser::{SerializeMap, Serializer};
use serde_json::{Map, Value, map};

use super::{Json, Misfit, Written};
use crate::validate::Pattern;

/// An object that is being read.
#[derive(Debug)]
pub struct Reader<'v> {
    object: &'v Map<String, Value>,
    /// What is likely asked for next: most documents keep the schema's order.
    ahead: map::Iter<'v>,
    /// The property that told which struct the object is, and is none of its fields.
    tag: Option<&'static str>,
}

impl<'v> Reader<'v> {
    pub(super) fn of(value: &'v Value) -> Result<Self, Misfit> {
        let Value::Object(object) = value else {
            return Err(Misfit::ty(value, "an object"));
        };
        Ok(Self {
            object,
            ahead: object.iter(),
            tag: None,
        })
    }

    /// Begins with the property `name`, which says what the others are.
    ///
    /// # Errors
    ///
    /// Where `value` is no object, or lacks the property.
    pub fn tagged(value: &'v Value, name: &'static str) -> Result<(Self, &'v Value), Misfit> {
        let mut reader = Self::of(value)?;
        let tag = reader.find(name).ok_or_else(|| Misfit::missing(name))?;
        reader.tag = Some(name);
        Ok((reader, tag))
    }

    /// The error for what is no object and was asked for its properties.
    pub(super) fn unreadable(&self) -> Misfit {
        Misfit::new("type", "an object found where none is expected".to_owned())
    }

    /// The error for a tag that is none of `known`.
    #[must_use]
    pub fn unknown_tag(&self, tag: &Value, known: &[&str]) -> Misfit {
        let message = format!("{tag} found, one of these expected: {}", known.join(", "));
        Misfit::new("enum", message).under(self.tag.unwrap_or_default())
    }

    /// The property `name`.
    ///
    /// # Errors
    ///
    /// Where it is missing and must be there, or holds something else.
    pub fn property<T: Json>(&mut self, name: &'static str) -> Result<T, Misfit> {
        match self.find(name) {
            Some(value) => T::read(value).map_err(|misfit| misfit.under(name)),
            None => T::absent().ok_or_else(|| Misfit::missing(name)),
        }
    }

    fn find(&mut self, name: &str) -> Option<&'v Value> {
        let mut ahead = self.ahead.clone();
        if let Some((key, value)) = ahead.next()
            && key == name
        {
            self.ahead = ahead;
            return Some(value);
        }
        self.object.get(name)
    }

    /// The properties that are not declared. With patterns only those whose name one of them matches: the rest is
    /// ignored, as an open object's is.
    ///
    /// # Errors
    ///
    /// Where one is no `T`.
    pub fn others<T: Json>(
        &mut self,
        declared: &[&str],
        patterns: &[&Pattern],
    ) -> Result<BTreeMap<String, T>, Misfit> {
        self.undeclared(declared)
            .filter(|(name, _)| {
                patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(name))
            })
            .map(|(name, value)| entry(name, value))
            .collect()
    }

    /// Refuses all properties but the declared ones.
    ///
    /// # Errors
    ///
    /// Where there is another.
    pub fn close(&mut self, declared: &[&str]) -> Result<(), Misfit> {
        match self.undeclared(declared).next() {
            None => Ok(()),
            Some((name, _)) => Err(Misfit::unknown(name)),
        }
    }

    fn undeclared(&self, declared: &[&str]) -> impl Iterator<Item = (&'v String, &'v Value)> {
        let tag = self.tag;
        self.object
            .iter()
            .filter(move |(name, _)| !declared.contains(&name.as_str()) && tag != Some(name))
    }
}

pub(super) fn entry<T: Json>(name: &str, value: &Value) -> Result<(String, T), Misfit> {
    match T::read(value) {
        Ok(value) => Ok((name.to_owned(), value)),
        Err(misfit) => Err(misfit.under(name)),
    }
}

/// An object that is being written.
#[derive(Debug)]
pub struct Writer<M: SerializeMap> {
    map: M,
    outcome: Result<(), M::Error>,
}

impl<M: SerializeMap> Writer<M> {
    pub(super) fn begin<S: Serializer<SerializeMap = M, Ok = M::Ok, Error = M::Error>>(
        serializer: S,
    ) -> Result<Self, M::Error> {
        Ok(Self {
            map: serializer.serialize_map(None)?,
            outcome: Ok(()),
        })
    }

    /// Writes the property `name`, unless it is absent.
    pub fn property<T: Json>(&mut self, name: &str, value: &T) {
        if self.outcome.is_ok()
            && !value.is_absent()
            && let Err(error) = self.map.serialize_entry(name, &Written(value))
        {
            self.outcome = Err(error);
        }
    }

    /// Writes what was read as [`Reader::others`].
    pub fn others<T: Json>(&mut self, others: &BTreeMap<String, T>) {
        for (name, value) in others {
            self.property(name, value);
        }
    }

    pub(super) fn end(self) -> Result<M::Ok, M::Error> {
        self.outcome?;
        self.map.end()
    }
}

/// Writes an object with its tag before its properties.
///
/// # Errors
///
/// Those of the serializer.
pub fn write_tagged<T: Json, S: Serializer>(
    (name, tag): (&'static str, &'static str),
    object: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut to = Writer::begin(serializer)?;
    if let Err(error) = to.map.serialize_entry(name, tag) {
        to.outcome = Err(error);
    }
    object.write_properties(&mut to);
    to.end()
}
