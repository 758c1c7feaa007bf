//! Makes instances of what is known of a place.

use std::collections::HashMap;

use serde_json::{Map, Value as Json, json};

use super::hints::Hints;
use crate::evolve::case::{Case, Subject};
use crate::evolve::number;
use crate::evolve::obstacle::Step;
use crate::evolve::prove::{fewest_items, item, least, most, places, property, slots};
use crate::evolve::text;
use crate::evolve::types::Types;

/// How deep instances are made.
const DEEPEST: usize = 6;
/// Places that are filled in the search for one counterexample.
const MOST_PLACES: usize = 1500;
/// The longest text or list.
const LONGEST: u64 = 1100;

/// Makes instances; the same ones for the same schemas.
pub(super) struct Maker {
    hints: Hints,
    seed: u64,
    /// How many places may still be filled with more than the plainest.
    budget: usize,
    /// What was made of a place before, and how deep that was.
    made: HashMap<Vec<String>, (usize, Vec<Json>)>,
}

impl Maker {
    pub(super) fn new(hints: Hints) -> Self {
        Self {
            hints,
            seed: 0x9e37_79b9_7f4a_7c15,
            budget: MOST_PLACES,
            made: HashMap::new(),
        }
    }

    /// Names of properties that schemas speak of, and some that none does.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = ["other", "x", "a1"].map(str::to_owned).into();
        names.extend(self.hints.names.iter().cloned());
        for length in &self.hints.lengths {
            let length = usize::try_from(*length).unwrap_or(0).min(300);
            names.extend([length, length + 1].map(|length| "a".repeat(length)));
        }
        names.extend(self.hints.texts.iter().take(6).cloned());
        names.dedup();
        names
    }

    /// An instance, the plainest first.
    fn first(&mut self, subject: &Subject<'_>, depth: usize) -> Option<Json> {
        let mut all = self.some(subject, depth);
        (!all.is_empty()).then(|| all.swap_remove(0))
    }

    /// Some instances that every schema of the place accepts.
    fn some(&mut self, subject: &Subject<'_>, depth: usize) -> Vec<Json> {
        let mut found: Vec<Json> = Vec::new();
        if subject.parts.is_empty() && subject.types == Types::ALL {
            return vec![
                json!("a"),
                json!(1),
                json!({}),
                json!([]),
                json!(true),
                json!(0.5),
                Json::Null,
            ];
        }
        if depth > DEEPEST {
            return found;
        }
        let key = subject.key();
        if let Some((made, values)) = self.made.get(&key)
            && *made <= depth
        {
            return values.clone();
        }
        self.budget = self.budget.saturating_sub(1);
        let most = if self.budget == 0 { 1 } else { 8 };
        let kinds = [
            Types::STRING,
            Types::INTEGER,
            Types::OBJECT,
            Types::ARRAY,
            Types::BOOLEAN,
            Types::FRACTION,
            Types::NULL,
        ];
        for kind in kinds {
            let before = found.len();
            for case in subject.cases(kind).iter().take(6) {
                for value in self.variants(case, depth).into_iter().take(24) {
                    let fits = subject
                        .parts
                        .iter()
                        .all(|part| part.node.accepts(&value) != Some(false));
                    if fits && found.len() < before + most && !found.contains(&value) {
                        found.push(value);
                    }
                }
            }
        }
        self.made.insert(key, (depth, found.clone()));
        found
    }

    /// Instances of a case, the plainest first; not all of them valid.
    pub(super) fn variants(&mut self, case: &Case<'_>, depth: usize) -> Vec<Json> {
        let listed = case.parts.iter().find_map(|part| {
            let constant = part.node.get("const").map(|value| vec![value.clone()]);
            constant.or_else(|| part.node.get("enum")?.as_array().cloned())
        });
        if let Some(listed) = listed {
            return listed;
        }
        let mut found = Vec::new();
        for types in case.types.each() {
            match types {
                Types::NULL => found.push(Json::Null),
                Types::BOOLEAN => found.extend([false.into(), true.into()]),
                Types::INTEGER => found.extend(self.integers(case)),
                Types::FRACTION => found.extend(self.fractions(case)),
                Types::STRING => found.extend(self.texts(case)),
                Types::ARRAY => found.extend(self.arrays(case, depth)),
                _ => found.extend(self.objects(case, depth)),
            }
        }
        let own = |value: &&Json| Types::of_value(value).within(case.types);
        found.extend(self.hints.values.iter().filter(own).cloned());
        found
    }

    fn near(&self, case: &Case<'_>) -> Vec<Json> {
        let keywords = [
            "minimum",
            "exclusiveMinimum",
            "maximum",
            "exclusiveMaximum",
            "multipleOf",
        ];
        let own = case.parts.iter().flat_map(|part| {
            keywords
                .iter()
                .filter_map(|keyword| part.node.get(keyword).cloned())
        });
        own.chain(self.hints.numbers.iter().cloned()).collect()
    }

    fn integers(&self, case: &Case<'_>) -> Vec<Json> {
        let mut found: Vec<i128> = vec![1, 0, 5, -1, 7, 1_000_003, -1_000_003];
        for number in self.near(case).iter().filter_map(Json::as_f64) {
            #[allow(clippy::cast_possible_truncation)]
            let whole = number.floor() as i128;
            found.extend([whole, whole + 1, whole - 1]);
        }
        let near = self.near(case);
        let exact = near
            .iter()
            .filter_map(|value| number::integer(value.as_number()?));
        found.extend(exact.flat_map(|value| [value, value - 1, value + 1]));
        let multiples: Vec<i128> = case
            .parts
            .iter()
            .filter_map(|part| number::integer(part.node.get("multipleOf")?.as_number()?))
            .filter(|multiple| *multiple > 0)
            .collect();
        for multiple in multiples {
            let snapped: Vec<i128> = found
                .iter()
                .flat_map(|value| {
                    let low = value - value.rem_euclid(multiple);
                    [low, low + multiple]
                })
                .collect();
            found.splice(0..0, snapped);
        }
        let mut distinct = Vec::new();
        for value in found.into_iter().filter_map(number::json) {
            if !distinct.contains(&value) {
                distinct.push(value);
            }
        }
        distinct
    }

    fn fractions(&self, case: &Case<'_>) -> Vec<Json> {
        let mut found = vec![0.5, 1.5, -0.5, 0.25, 1000.125];
        for number in self.near(case).iter().filter_map(Json::as_f64) {
            found.extend([
                number,
                number + 0.5,
                number - 0.5,
                number * 3.0,
                number * 7.0,
                number + 0.001,
                number - 0.001,
            ]);
        }
        let found = found.into_iter().filter(|number| number.fract() != 0.0);
        found.map(Json::from).collect()
    }

    fn texts(&self, case: &Case<'_>) -> Vec<Json> {
        let mut found: Vec<String> = Vec::new();
        for part in &case.parts {
            let pattern = part.node.get("pattern").and_then(Json::as_str);
            found.extend(pattern.into_iter().flat_map(text::samples));
            if let Some(format) = part.node.get("format").and_then(Json::as_str) {
                found.extend(
                    text::of_format(format)
                        .iter()
                        .map(|text| (*text).to_owned()),
                );
            }
        }
        found.extend(
            case.patterns
                .iter()
                .flat_map(|pattern| text::samples(pattern)),
        );
        let own = [least(case, "minLength"), most(case, "maxLength")];
        let shortest = own[0].unwrap_or(0).max(1);
        found.extend(["a", "b", "", "A", "1", "é", "a b", "-"].map(str::to_owned));
        let lengths = self.hints.lengths.iter().copied();
        for length in [shortest]
            .into_iter()
            .chain(lengths)
            .chain(own.into_iter().flatten())
        {
            for length in [length + 1, length.saturating_sub(1), length] {
                let length = usize::try_from(length.min(LONGEST)).unwrap_or(0);
                found.push("a".repeat(length));
                found.push("1".repeat(length));
            }
        }
        found.extend(self.hints.texts.iter().cloned());
        let fits = |text: &String| {
            let length = text.chars().count() as u64;
            own[0].is_none_or(|least| length >= least) && own[1].is_none_or(|most| length <= most)
        };
        found.retain(fits);
        found.into_iter().map(Json::String).collect()
    }

    fn arrays(&mut self, case: &Case<'_>, depth: usize) -> Vec<Json> {
        let fewest = fewest_items(case).unwrap_or(0);
        let stated = most(case, "maxItems");
        let highest = stated
            .unwrap_or(LONGEST)
            .min(if depth < 2 { LONGEST } else { 8 });
        let mut lengths = vec![fewest, fewest + 1, 1, 2, 0, places(case) as u64 + 1];
        if depth < 2 {
            lengths.extend(stated);
            for length in &self.hints.lengths {
                lengths.extend([*length, length + 1, length.saturating_sub(1)]);
            }
        }
        let mut found = Vec::new();
        let mut seen: Vec<u64> = Vec::new();
        for length in lengths {
            if length < fewest || length > highest || seen.contains(&length) {
                continue;
            }
            seen.push(length);
            found.push(self.array(case, length, depth, true));
            found.push(self.array(case, length, depth, false));
        }
        if depth == 0 {
            for value in self.hints.values.clone().into_iter().take(8) {
                found.push(json!([value]));
                found.push(json!([value, value]));
            }
        }
        // Every value at every place that is told apart.
        for index in 0..=places(case).min(6) {
            for value in self.some(&item(case, index), depth + 1).into_iter().take(8) {
                found.extend(self.array_with(case, index, value));
            }
        }
        found
    }

    /// A list of `length` items, all different where `varied` and there are enough.
    fn array(&mut self, case: &Case<'_>, length: u64, depth: usize, varied: bool) -> Json {
        let mut items: Vec<Json> = Vec::new();
        let places = places(case);
        let mut contained: Vec<Json> = Vec::new();
        for part in case.parts.clone() {
            if let Some(node) = part.node.child("contains") {
                let writer = part.writer;
                let part = crate::evolve::case::Part { node, writer };
                let subject = Subject::new(vec![part], "");
                contained.extend(self.some(&subject, depth + 1).into_iter().take(3));
            }
        }
        let mut options: Vec<Json> = Vec::new();
        for index in 0..length {
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            if index <= places {
                options = self.some(&item(case, index), depth + 1);
            }
            let contained = match index.checked_sub(places) {
                Some(after) if varied => contained.get(after).cloned(),
                Some(_) => contained.first().cloned(),
                None => None,
            };
            let fresh = || options.iter().find(|value| !items.contains(value)).cloned();
            let counted = || match options.first()? {
                Json::Number(_) => Some(json!(index + 100)),
                Json::String(_) => Some(json!(format!("a{index}"))),
                _ => None,
            };
            let value = if varied {
                contained.or_else(fresh).or_else(counted)
            } else {
                contained
            };
            let value = value.or_else(|| options.first().cloned());
            items.push(value.unwrap_or(Json::Null));
        }
        Json::Array(items)
    }

    /// Lists with `value` at `index`.
    pub(super) fn array_with(&mut self, case: &Case<'_>, index: usize, value: Json) -> Vec<Json> {
        let fewest = fewest_items(case).unwrap_or(0).max(index as u64 + 1);
        let mut found = Vec::new();
        for varied in [true, false] {
            if let Json::Array(mut items) = self.array(case, fewest.min(LONGEST), 2, varied) {
                if let Some(place) = items.get_mut(index) {
                    *place = value.clone();
                }
                let list = Json::Array(items);
                if !found.contains(&list) {
                    found.push(list);
                }
            }
        }
        found
    }

    fn objects(&mut self, case: &Case<'_>, depth: usize) -> Vec<Json> {
        let base = self.object(case, Map::new(), depth);
        let mut found = vec![base.clone()];
        if depth >= DEEPEST || self.budget == 0 {
            return found;
        }
        let mut everything = Map::new();
        for slot in slots(case) {
            let names: Vec<String> = match &slot.step {
                Step::Property(name) => vec![name.clone()],
                Step::Pattern(pattern) => text::samples(pattern).into_iter().take(2).collect(),
                _ => self.names().into_iter().take(14).collect(),
            };
            let values = self.some(&slot.subject, depth + 1);
            for name in names {
                if let (Step::Property(_), Some(value)) = (&slot.step, values.first()) {
                    everything.insert(name.clone(), value.clone());
                }
                for value in values.iter().take(if depth == 0 { 12 } else { 3 }) {
                    let mut fixed = Map::new();
                    fixed.insert(name.clone(), value.clone());
                    found.push(self.object(case, fixed, depth));
                }
            }
        }
        found.insert(1, self.object(case, everything, depth));
        if depth == 0 {
            for length in self.hints.lengths.clone() {
                if let Json::Object(mut made) = base.clone() {
                    self.fill(case, &mut made, length.saturating_add(1).min(200), depth);
                    found.push(Json::Object(made));
                }
            }
        }
        found
    }

    /// An object with these properties and what else it needs.
    pub(super) fn object(
        &mut self,
        case: &Case<'_>,
        mut fixed: Map<String, Json>,
        depth: usize,
    ) -> Json {
        let mut made = Map::new();
        let mut required = case.required.clone();
        // What the properties that are there ask for in turn.
        for _ in 0..4 {
            for part in &case.parts {
                for (name, needed) in part.node.children("dependentRequired") {
                    if fixed.contains_key(&name) || required.contains(&name) {
                        required.extend(crate::evolve::case::strings(Some(needed.value)));
                    }
                }
            }
        }
        for name in required {
            if !fixed.contains_key(&name)
                && let Some(value) = self.first(&property(case, &name), depth + 1)
            {
                made.insert(name, value);
            }
        }
        made.append(&mut fixed);
        let fewest = least(case, "minProperties").unwrap_or(0).min(LONGEST);
        if (made.len() as u64) < fewest {
            self.fill(case, &mut made, fewest, depth);
        }
        Json::Object(made)
    }

    fn fill(&mut self, case: &Case<'_>, made: &mut Map<String, Json>, fewest: u64, depth: usize) {
        for slot in slots(case) {
            let names: Vec<String> = match &slot.step {
                Step::Property(name) => vec![name.clone()],
                Step::Pattern(pattern) => text::samples(pattern),
                _ => (0..fewest).map(|index| format!("x{index}")).collect(),
            };
            for name in names {
                if made.len() as u64 >= fewest {
                    return;
                }
                if !made.contains_key(&name)
                    && let Some(value) = self.first(&slot.subject, depth + 1)
                {
                    made.insert(name, value);
                }
            }
        }
    }

    /// An instance put together by chance.
    pub(super) fn random(&mut self, subject: &Subject<'_>, depth: usize) -> Option<Json> {
        if depth > DEEPEST {
            return None;
        }
        let cases: Vec<Case> = subject
            .types
            .each()
            .flat_map(|types| subject.cases(types))
            .collect();
        let case = cases.get(self.pick(cases.len()))?;
        if case.types == Types::OBJECT
            && case
                .parts
                .iter()
                .all(|part| part.node.get("const").is_none())
        {
            let mut fixed = Map::new();
            for slot in slots(case) {
                let Step::Property(name) = &slot.step else {
                    continue;
                };
                if (case.required.contains(name) || self.pick(2) == 0)
                    && let Some(value) = self.random(&slot.subject, depth + 1)
                {
                    fixed.insert(name.clone(), value);
                }
            }
            return Some(self.object(case, fixed, depth));
        }
        let values = self.variants(case, depth + 3);
        values.get(self.pick(values.len())).cloned()
    }

    /// A number below `count`, by a linear congruence: the same in every run.
    fn pick(&mut self, count: usize) -> usize {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let high = usize::try_from(self.seed >> 33).unwrap_or(0);
        high % count.max(1)
    }
}
