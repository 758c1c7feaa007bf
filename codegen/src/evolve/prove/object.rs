//! Objects.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::left;
use super::scalar::{least, most};
use super::texts::{both, covered};
use super::{Prover, merge};
use crate::evolve::case::{Case, Part, Subject, strings};
use crate::evolve::language::Answer;
use crate::evolve::obstacle::{Kind, Obstacle, Step};
use crate::evolve::schema::Node;
use crate::evolve::text;
use crate::evolve::types::Types;

/// A property, or a kind of them, and what is known of its value.
pub(in crate::evolve) struct Slot<'a> {
    pub(in crate::evolve) step: Step,
    pub(in crate::evolve) subject: Subject<'a>,
}

impl Slot<'_> {
    /// What the names of its properties match.
    fn pattern(&self) -> Option<&str> {
        match &self.step {
            Step::Pattern(pattern) => Some(pattern),
            _ => None,
        }
    }
}

impl<'a> Prover<'a> {
    pub(super) fn object(&mut self, case: &Case<'a>, reader: &Node<'a>) -> Vec<Obstacle<'a>> {
        let mut found = Vec::new();
        for (index, name) in strings(reader.get("required")).enumerate() {
            if !case.required.contains(&name) {
                let kind = Kind::Required(name.clone());
                let mut obstacle = self.obstacle(case, reader, kind, "required", true);
                obstacle.reader = format!("{}/{index}", obstacle.reader);
                obstacle.writer = place_of(case, &name);
                found.push(obstacle);
            }
        }
        let least = least(case, "minProperties").max(Some(case.required.len() as u64));
        found.extend(self.counted(case, reader, "minProperties", least, true));
        found.extend(self.counted(case, reader, "maxProperties", most_properties(case), false));
        merge(&mut found, self.values_of(case, reader));
        merge(&mut found, self.names(case, reader));
        merge(&mut found, self.dependent(case, reader));
        merge(&mut found, self.unevaluated(case, reader));
        found
    }

    /// `properties`, `patternProperties` and `additionalProperties`.
    fn values_of(&mut self, case: &Case<'a>, reader: &Node<'a>) -> Vec<Obstacle<'a>> {
        let mut found = Vec::new();
        let properties = reader.children("properties");
        for (name, asked) in &properties {
            if case.may_have(name) {
                let step = Step::Property(name.clone());
                let value = property(case, name);
                merge(&mut found, self.slot(case, &step, &value, asked));
            }
        }
        let named = |name: &str| properties.iter().any(|(known, _)| known == name);
        let patterns = reader.children("patternProperties");
        let slots = slots(case);
        for slot in &slots {
            for (pattern, asked) in &patterns {
                let applies = match &slot.step {
                    Step::Property(name) => text::matches(pattern, name) != Some(false),
                    Step::Pattern(own) => own == pattern || both(own, pattern) != Answer::None,
                    // All others match none of the writer's patterns.
                    Step::Other => {
                        let own = || slots.iter().filter_map(Slot::pattern);
                        !own().any(|own| own == pattern) && !covered(pattern, own())
                    }
                    Step::Like(_) | Step::Item(_) => true,
                };
                if applies {
                    // Of names that match both patterns more may be known than of the others.
                    let (step, certain) = match &slot.step {
                        Step::Pattern(own) if own != pattern => match both(own, pattern) {
                            Answer::Some(name) => (Step::Like(name), false),
                            _ => (slot.step.clone(), false),
                        },
                        step => (step.clone(), true),
                    };
                    for mut obstacle in self.slot(case, &step, &slot.subject, asked) {
                        obstacle.certain &= certain;
                        merge(&mut found, vec![obstacle]);
                    }
                }
            }
            let Some(asked) = reader.child("additionalProperties") else {
                continue;
            };
            let applies = match &slot.step {
                Step::Property(name) => {
                    !named(name)
                        && patterns
                            .iter()
                            .all(|(pattern, _)| text::matches(pattern, name) != Some(true))
                }
                Step::Pattern(own) => {
                    !patterns.iter().any(|(pattern, _)| pattern == own)
                        && !covered(own, patterns.iter().map(|(pattern, _)| pattern.as_str()))
                }
                _ => true,
            };
            if applies {
                merge(
                    &mut found,
                    self.beyond(case, reader, slot, &asked, "additionalProperties"),
                );
            }
        }
        found
    }

    /// A property that the reader does not name.
    fn beyond(
        &mut self,
        case: &Case<'a>,
        reader: &Node<'a>,
        slot: &Slot<'a>,
        asked: &Node<'a>,
        keyword: &'static str,
    ) -> Vec<Obstacle<'a>> {
        if asked.value != &Json::Bool(false) {
            return self.slot(case, &slot.step, &slot.subject, asked);
        }
        if self.nothing(&slot.subject) {
            return Vec::new();
        }
        let kind = match &slot.step {
            Step::Property(name) => Kind::Closed(name.clone()),
            _ => Kind::ClosedToOthers,
        };
        let mut obstacle = self.obstacle(case, reader, kind, keyword, true);
        if let Kind::Closed(name) = &obstacle.kind {
            obstacle.writer = place_of(case, name);
        }
        vec![obstacle]
    }

    fn slot(
        &mut self,
        case: &Case<'a>,
        step: &Step,
        value: &Subject<'a>,
        asked: &Node<'a>,
    ) -> Vec<Obstacle<'a>> {
        self.below(case, step.clone(), value, asked)
    }

    fn names(&mut self, case: &Case<'a>, reader: &Node<'a>) -> Vec<Obstacle<'a>> {
        let Some(asked) = reader.child("propertyNames") else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for slot in slots(case) {
            let refused = match &slot.step {
                Step::Property(name) => {
                    let held = asked.accepts(&Json::String(name.clone())) == Some(true);
                    !held && !self.nothing(&slot.subject)
                }
                step => {
                    let mut name = Subject::new(name_rules(case), &case.anchor);
                    name.types = Types::STRING;
                    if let Step::Pattern(pattern) = step {
                        name.patterns.push(pattern.clone());
                    }
                    self.depth += 1;
                    let open = !self.prove(&name, &asked).is_empty();
                    self.depth -= 1;
                    open
                }
            };
            if refused {
                let kind = match slot.step {
                    Step::Property(name) => Kind::Closed(name),
                    _ => Kind::ClosedToOthers,
                };
                found.push(self.obstacle(case, reader, kind, "propertyNames", false));
            }
        }
        found
    }

    fn dependent(&mut self, case: &Case<'a>, reader: &Node<'a>) -> Vec<Obstacle<'a>> {
        let mut found = Vec::new();
        for (property, node) in reader.children("dependentRequired") {
            let with = self.having(case, &property);
            for needed in strings(Some(node.value)) {
                if with.iter().all(|case| case.required.contains(&needed)) {
                    continue;
                }
                let property = property.clone();
                let kind = Kind::Dependent { property, needed };
                found.push(self.obstacle(case, reader, kind, "dependentRequired", true));
            }
        }
        for (property, asked) in reader.children("dependentSchemas") {
            for case in self.having(case, &property) {
                merge(&mut found, self.prove_case(&case, &asked));
            }
        }
        found
    }

    /// The case with the property there; none where it cannot be.
    fn having(&mut self, case: &Case<'a>, name: &str) -> Vec<Case<'a>> {
        if !case.may_have(name) {
            return Vec::new();
        }
        let mut with = case.clone();
        with.required.insert(name.to_owned());
        let cases = with.with([]);
        cases
            .into_iter()
            .filter(|case| !self.is_empty(case))
            .collect()
    }

    fn unevaluated(&mut self, case: &Case<'a>, reader: &Node<'a>) -> Vec<Obstacle<'a>> {
        let Some(asked) = reader.child("unevaluatedProperties") else {
            return Vec::new();
        };
        let (mut names, mut patterns) = (BTreeSet::new(), BTreeSet::new());
        for node in self.holding(case, reader) {
            let all = node.get("additionalProperties").is_some()
                || (node.id() != reader.id() && node.get("unevaluatedProperties").is_some());
            if all {
                return Vec::new();
            }
            names.extend(
                node.children("properties")
                    .into_iter()
                    .map(|(name, _)| name),
            );
            let own = node.children("patternProperties");
            patterns.extend(own.into_iter().map(|(pattern, _)| pattern));
        }
        let mut found = Vec::new();
        for slot in slots(case) {
            let covered = match &slot.step {
                Step::Property(name) => {
                    names.contains(name)
                        || patterns
                            .iter()
                            .any(|pattern| text::matches(pattern, name) == Some(true))
                }
                Step::Pattern(pattern) => {
                    patterns.contains(pattern)
                        || covered(pattern, patterns.iter().map(String::as_str))
                }
                _ => false,
            };
            if !covered {
                for mut obstacle in
                    self.beyond(case, reader, &slot, &asked, "unevaluatedProperties")
                {
                    // A branch may evaluate it after all.
                    obstacle.certain = false;
                    merge(&mut found, vec![obstacle]);
                }
            }
        }
        found
    }

    /// The reader's schemas that hold for every instance of the case, as far as that can be told.
    pub(super) fn holding(&mut self, case: &Case<'a>, reader: &Node<'a>) -> Vec<Node<'a>> {
        let mut found: Vec<Node> = Vec::new();
        let mut rest = vec![reader.clone()];
        while let Some(node) = rest.pop() {
            if found.iter().any(|known| known.id() == node.id()) {
                continue;
            }
            rest.extend(node.reference());
            rest.extend(node.list("allOf"));
            for keyword in ["anyOf", "oneOf"] {
                for branch in node.list(keyword) {
                    if self.prove_case(case, &branch).is_empty() {
                        rest.push(branch);
                    }
                }
            }
            if let Some(condition) = node.child("if") {
                if self.prove_case(case, &condition).is_empty() {
                    rest.push(condition);
                    rest.extend(node.child("then"));
                } else if self.apart(case, &condition) {
                    rest.extend(node.child("else"));
                }
            }
            for (name, schema) in node.children("dependentSchemas") {
                if case.required.contains(&name) {
                    rest.push(schema);
                }
            }
            found.push(node);
        }
        found
    }
}

/// What is known of the value of a property.
pub(in crate::evolve) fn property<'a>(case: &Case<'a>, name: &str) -> Subject<'a> {
    let mut parts = Vec::new();
    for part in &case.parts {
        let writer = part.writer;
        let mut named = part.node.children("properties").into_iter();
        let named = named.find(|(key, _)| key == name).map(|(_, node)| node);
        let matched = part.node.children("patternProperties").into_iter();
        // Where it is not known whether the name matches, nothing is known of the value.
        let mut unknown = false;
        let matched: Vec<Node> = matched
            .filter(|(pattern, _)| match text::matches(pattern, name) {
                Some(matches) => matches,
                None => {
                    unknown = true;
                    false
                }
            })
            .map(|(_, node)| node)
            .collect();
        let declared = named.is_some() || !matched.is_empty() || unknown;
        let nodes = named.into_iter().chain(matched);
        parts.extend(nodes.map(|node| Part { node, writer }));
        if !declared && let Some(node) = part.node.child("additionalProperties") {
            parts.push(Part { node, writer });
        }
    }
    parts.extend(left::of_property(case, name));
    Subject::new(parts, &case.anchor)
}

/// Every property that the object may have: those that are named, those by their patterns, and all others.
pub(in crate::evolve) fn slots<'a>(case: &Case<'a>) -> Vec<Slot<'a>> {
    let mut names = case.required.clone();
    let mut patterns: BTreeSet<String> = case.written.patterns.clone();
    for part in &case.parts {
        let own = part.node.children("properties").into_iter();
        names.extend(own.map(|(name, _)| name));
        let own = part.node.children("patternProperties").into_iter();
        patterns.extend(own.map(|(pattern, _)| pattern));
    }
    names.extend(case.written.names.iter().cloned());
    names.retain(|name| case.may_have(name));
    let mut slots: Vec<Slot> = names
        .iter()
        .map(|name| Slot {
            subject: property(case, name),
            step: Step::Property(name.clone()),
        })
        .collect();
    for pattern in patterns.clone() {
        let parts = case.parts.iter().filter_map(|part| {
            let own = part.node.children("patternProperties").into_iter();
            let (_, node) = own.into_iter().find(|(own, _)| *own == pattern)?;
            let writer = part.writer;
            Some(Part { node, writer })
        });
        slots.push(Slot {
            subject: Subject::new(parts.collect(), &case.anchor),
            step: Step::Pattern(pattern),
        });
    }
    if case.may_have_any() {
        let parts = case.parts.iter().filter_map(|part| {
            let node = part.node.child("additionalProperties")?;
            let writer = part.writer;
            Some(Part { node, writer })
        });
        let left = left::of_others(case, &names, &patterns);
        slots.push(Slot {
            subject: Subject::new(parts.chain(left).collect(), &case.anchor),
            step: Step::Other,
        });
    }
    slots
}

/// What holds for the names of properties.
fn name_rules<'a>(case: &Case<'a>) -> Vec<Part<'a>> {
    let own = case.parts.iter();
    own.filter_map(|part| {
        let node = part.node.child("propertyNames")?;
        let writer = part.writer;
        Some(Part { node, writer })
    })
    .collect()
}

/// How many properties the object can have.
pub(super) fn most_properties(case: &Case<'_>) -> Option<u64> {
    let written = &case.written;
    let named =
        (!case.may_have_any() && written.patterns.is_empty()).then_some(written.names.len() as u64);
    most(case, "maxProperties").into_iter().chain(named).min()
}

/// Where the writer's schema has the property, or else the object.
fn place_of(case: &Case<'_>, name: &str) -> String {
    let own = case.parts.iter().filter(|part| part.writer);
    own.flat_map(|part| part.node.children("properties"))
        .find(|(key, _)| key == name)
        .map_or_else(|| case.anchor.clone(), |(_, node)| node.place())
}
