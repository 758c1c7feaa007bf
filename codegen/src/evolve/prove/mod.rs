//! The proof that every instance of the writer is one of the reader.
//!
//! It is by induction on the size of the instance: what is being proven may be used for a part of it, never for the
//! whole. Everything that is not understood is in the way of the proof, so a mistake is an alarm, not a silence.

mod array;
mod combine;
mod empty;
mod left;
mod object;
mod same;
mod scalar;
mod texts;

pub(super) use array::{fewest_items, item, places};
pub(super) use object::{property, slots};
pub(super) use scalar::{least, most};
pub(super) use texts::refused_text;

use std::collections::HashSet;
use std::rc::Rc;

use serde_json::Value as Json;

use super::case::{Case, Part, Subject};
use super::language::Answer;
use super::obstacle::{Kind, Link, Obstacle, Step};
use super::schema::{Node, Schema};
use super::types::Types;

/// What is done before it is given up.
const MOST_STEPS: usize = 60_000;
/// How deep goals nest.
const DEEPEST: usize = 120;
/// Obstacles of one direction.
const MOST_OBSTACLES: usize = 200;

type Key = (Vec<String>, usize);

/// The state of a proof.
#[derive(Default)]
pub(super) struct Prover<'a> {
    /// What is being proven, and how deep in the instance.
    goals: Vec<(Key, usize)>,
    /// The outermost goal that the current one relied on.
    relied: Option<usize>,
    proven: HashSet<Key>,
    steps: usize,
    nested: usize,
    /// How deep in the instance.
    depth: usize,
    up: Option<Rc<Link<'a>>>,
    /// The types that the place can have at all.
    types: Types,
}

/// What stands in the way of every instance of `writer` being one of `reader`; empty where it is proven.
pub(super) fn obstacles<'a>(writer: &'a Schema, reader: &'a Schema) -> Vec<Obstacle<'a>> {
    let node = writer.root();
    let subject = Subject::new(vec![Part { node, writer: true }], "");
    Prover::default().prove(&subject, &reader.root())
}

impl<'a> Prover<'a> {
    /// Proves that every instance of `subject` is valid for `reader`.
    fn prove(&mut self, subject: &Subject<'a>, reader: &Node<'a>) -> Vec<Obstacle<'a>> {
        if trivial(reader) {
            return Vec::new();
        }
        let key = (subject.key(), reader.id());
        if self.proven.contains(&key) {
            return Vec::new();
        }
        if let Some(index) = self.goals.iter().position(|(goal, _)| *goal == key) {
            let smaller = self
                .goals
                .get(index)
                .is_some_and(|(_, depth)| *depth < self.depth);
            if smaller {
                self.relied = Some(self.relied.map_or(index, |other| other.min(index)));
                return Vec::new();
            }
            return vec![self.give_up(subject, reader)];
        }
        self.steps += 1;
        if self.steps > MOST_STEPS || self.nested > DEEPEST {
            return vec![self.give_up(subject, reader)];
        }
        let index = self.goals.len();
        self.goals.push((key.clone(), self.depth));
        let outer = self.relied.take();
        self.nested += 1;
        let mut cases: Vec<Case> = Vec::new();
        for types in subject.types.each() {
            for case in subject.cases(types) {
                if self.steps > MOST_STEPS || !self.is_empty(&case) {
                    cases.push(case);
                }
            }
        }
        let types = cases.iter().map(|case| case.types).collect();
        let around = std::mem::replace(&mut self.types, types);
        let mut found: Vec<Obstacle> = Vec::new();
        for case in &cases {
            merge(&mut found, self.prove_case(case, reader));
        }
        self.types = around;
        self.nested -= 1;
        self.goals.pop();
        let relied = self.relied.filter(|relied| *relied < index);
        if found.is_empty() && relied.is_none() {
            self.proven.insert(key);
        }
        self.relied = match (outer, relied) {
            (Some(outer), Some(relied)) => Some(outer.min(relied)),
            (outer, relied) => outer.or(relied),
        };
        found
    }

    /// Proves it of one case of one type.
    fn prove_case(&mut self, case: &Case<'a>, reader: &Node<'a>) -> Vec<Obstacle<'a>> {
        if trivial(reader) {
            return Vec::new();
        }
        self.steps += 1;
        if self.steps > MOST_STEPS || self.nested > DEEPEST {
            return vec![self.obstacle(case, reader, Kind::TooComplex, "", false)];
        }
        if reader.value == &Json::Bool(false) {
            return vec![self.obstacle(case, reader, Kind::Never, "", true)];
        }
        if case.parts.iter().any(|part| same::same(&part.node, reader)) {
            return Vec::new();
        }
        self.nested += 1;
        let found = match self.values(case) {
            Some(values) => self.finite(case, reader, &values),
            None => self.keywords(case, reader),
        };
        self.nested -= 1;
        found
    }

    fn keywords(&mut self, case: &Case<'a>, reader: &Node<'a>) -> Vec<Obstacle<'a>> {
        let mut found = Vec::new();
        if let Some(value) = reader.get("type")
            && !case.types.within(Types::of_keyword(value))
        {
            return vec![self.obstacle(case, reader, Kind::Type(case.types), "type", true)];
        }
        for keyword in ["enum", "const"] {
            let listed = || {
                case.types == Types::STRING && refused_text(case, reader, keyword) == Answer::None
            };
            if reader.get(keyword).is_some() && !listed() {
                found.push(self.obstacle(case, reader, Kind::Enumeration, keyword, plain(case)));
            }
        }
        match case.types {
            Types::INTEGER | Types::FRACTION => found.extend(self.number(case, reader)),
            Types::STRING => found.extend(self.string(case, reader)),
            Types::ARRAY => found.extend(self.array(case, reader)),
            Types::OBJECT => found.extend(self.object(case, reader)),
            _ => {}
        }
        if let Some(text) = reader.get("$ref") {
            match reader.reference() {
                Some(target) => merge(&mut found, self.prove_case(case, &target)),
                None if text.is_string() => {
                    found.push(self.obstacle(case, reader, Kind::TooComplex, "$ref", false));
                }
                None => {}
            }
        }
        for part in reader.list("allOf") {
            merge(&mut found, self.prove_case(case, &part));
        }
        merge(&mut found, self.branches(case, reader));
        found
    }

    /// Proves it of a part of the instance.
    fn below(
        &mut self,
        case: &Case<'a>,
        step: Step,
        subject: &Subject<'a>,
        reader: &Node<'a>,
    ) -> Vec<Obstacle<'a>> {
        if trivial(reader) {
            return Vec::new();
        }
        let up = self.up.take();
        self.up = Some(Rc::new(Link {
            case: case.clone(),
            step,
            up: up.clone(),
        }));
        self.depth += 1;
        let found = self.prove(subject, reader);
        self.depth -= 1;
        self.up = up;
        found
    }

    fn obstacle(
        &self,
        case: &Case<'a>,
        reader: &Node<'a>,
        kind: Kind,
        keyword: &'static str,
        certain: bool,
    ) -> Obstacle<'a> {
        let own = case
            .parts
            .iter()
            .find(|part| part.writer && part.node.get(keyword).is_some());
        let below = |place: String| {
            if keyword.is_empty() {
                place
            } else {
                format!("{place}/{keyword}")
            }
        };
        Obstacle {
            kind,
            keyword,
            certain,
            reader: below(reader.place()),
            writer: own.map_or_else(|| case.anchor.clone(), |part| below(part.node.place())),
            types: self.types,
            asked: reader.clone(),
            case: case.clone(),
            up: self.up.clone(),
        }
    }

    fn give_up(&self, subject: &Subject<'a>, reader: &Node<'a>) -> Obstacle<'a> {
        let nothing = Subject {
            parts: Vec::new(),
            ..subject.clone()
        };
        let case = nothing.cases(Types::ALL).into_iter().next();
        let case = case.unwrap_or_else(|| Case::unknown(&subject.anchor));
        self.obstacle(&case, reader, Kind::TooComplex, "", false)
    }
}

/// Adds what is not there yet.
fn merge<'a>(found: &mut Vec<Obstacle<'a>>, more: Vec<Obstacle<'a>>) {
    for obstacle in more {
        let known = |other: &Obstacle| {
            other.kind == obstacle.kind
                && other.reader == obstacle.reader
                && other.path() == obstacle.path()
        };
        if found.len() < MOST_OBSTACLES && !found.iter().any(known) {
            found.push(obstacle);
        }
    }
}

/// Whether anything at all is valid here.
fn trivial(node: &Node<'_>) -> bool {
    match node.value {
        Json::Bool(value) => *value,
        Json::Object(map) => map
            .keys()
            .all(|key| matches!(key.as_str(), "$defs" | "definitions")),
        _ => false,
    }
}

/// Whether the bounds of a case are those that it states, so that what lies between them is there. Where it is not
/// known, a counterexample must show it.
fn plain(case: &Case<'_>) -> bool {
    let others: &[&str] = match case.types {
        Types::INTEGER | Types::FRACTION => &["multipleOf"],
        Types::STRING => &["pattern", "format"],
        Types::ARRAY => &["uniqueItems", "contains", "items", "prefixItems"],
        Types::OBJECT => return false,
        _ => &[],
    };
    let has = |part: &Part<'_>| {
        others
            .iter()
            .any(|keyword| part.node.get(keyword).is_some())
    };
    case.nots.is_empty() && case.patterns.is_empty() && !case.parts.iter().any(has)
}
