//! Whether there is no instance at all: what cannot be needs no reader.

use serde_json::Value as Json;

use super::Prover;
use super::array::{fewest_items, item};
use super::combine::told_apart;
use super::object::{most_properties, property};
use super::scalar::{least, no_number};
use super::texts::no_text;
use crate::evolve::case::{Case, Subject};
use crate::evolve::number;
use crate::evolve::types::Types;

/// How deep it is looked for.
const DEEPEST: usize = 40;
/// Items that are looked at.
const FEW: u64 = 8;

impl<'a> Prover<'a> {
    /// Whether a case of one type holds nothing; false where that cannot be told.
    pub(super) fn is_empty(&mut self, case: &Case<'a>) -> bool {
        self.steps += 1;
        if self.nested > DEEPEST || self.steps > super::MOST_STEPS {
            return false;
        }
        if let Some(values) = self.values(case) {
            return values.is_empty();
        }
        self.nested += 1;
        let empty = match case.types {
            Types::INTEGER => no_number(case),
            Types::FRACTION => no_number(case) || case.parts.iter().any(whole_multiples),
            Types::STRING => no_text(case),
            Types::ARRAY => self.no_array(case),
            Types::OBJECT => self.no_object(case),
            _ => false,
        };
        let empty = empty || self.denied(case);
        self.nested -= 1;
        empty
    }

    /// Whether a place can hold nothing.
    pub(super) fn nothing(&mut self, subject: &Subject<'a>) -> bool {
        if self.nested > DEEPEST {
            return false;
        }
        subject.types.each().all(|types| {
            let cases = subject.cases(types);
            cases.iter().all(|case| self.is_empty(case))
        })
    }

    fn no_array(&mut self, case: &Case<'a>) -> bool {
        let highest = self.most_items(case);
        let fewest = fewest_items(case);
        if crossed(fewest, highest) {
            return true;
        }
        (0..fewest.unwrap_or(0).min(FEW)).any(|index| {
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            self.nothing(&item(case, index))
        })
    }

    fn no_object(&mut self, case: &Case<'a>) -> bool {
        let fewest = least(case, "minProperties").max(Some(case.required.len() as u64));
        if crossed(fewest, most_properties(case)) {
            return true;
        }
        let required: Vec<String> = case.required.iter().cloned().collect();
        required.iter().any(|name| {
            let refused = case.parts.iter().any(|part| {
                let names = part.node.child("propertyNames");
                let name = Json::String(name.clone());
                names.is_some_and(|names| names.accepts(&name) == Some(false))
            });
            refused || !case.may_have(name) || self.nothing(&property(case, name))
        })
    }

    /// Whether all of it is valid for a schema that it is not valid for.
    fn denied(&mut self, case: &Case<'a>) -> bool {
        if case.nots.is_empty() {
            return false;
        }
        let mut rest = case.clone();
        let nots = std::mem::take(&mut rest.nots);
        nots.iter()
            .any(|not| !told_apart(&rest, not) && self.prove_case(&rest, not).is_empty())
    }
}

fn crossed(least: Option<u64>, most: Option<u64>) -> bool {
    matches!((least, most), (Some(least), Some(most)) if least > most)
}

fn whole_multiples(part: &crate::evolve::case::Part<'_>) -> bool {
    let multiple = part.node.get("multipleOf").and_then(Json::as_number);
    multiple.is_some_and(|multiple| number::integer(multiple).is_some_and(|value| value != 0))
}
