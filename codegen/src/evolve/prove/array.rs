//! Arrays.

use super::left;
use super::scalar::{count, least, most};
use super::{Prover, merge};
use crate::evolve::case::{Case, Part, Subject};
use crate::evolve::obstacle::{Kind, Obstacle, Step};
use crate::evolve::schema::Node;
use serde_json::Value as Json;

/// Items that are told apart by their place.
const MOST_PLACES: usize = 64;

impl<'a> Prover<'a> {
    pub(super) fn array(&mut self, case: &Case<'a>, reader: &Node<'a>) -> Vec<Obstacle<'a>> {
        let mut found = Vec::new();
        let highest = self.most_items(case);
        found.extend(self.counted(case, reader, "minItems", fewest_items(case), true));
        found.extend(self.counted(case, reader, "maxItems", highest, false));
        if reader.get("uniqueItems") == Some(&Json::Bool(true))
            && !case.parts.iter().any(unique)
            && highest.is_none_or(|highest| highest > 1)
        {
            found.push(self.at(case, reader, "uniqueItems", false));
        }
        let own = reader.list("prefixItems");
        let places = places(case).max(own.len());
        if own.len() > MOST_PLACES {
            found.push(self.obstacle(case, reader, Kind::TooComplex, "prefixItems", false));
        }
        let rest = reader.child("items");
        // The place after the last that is told apart stands for all that follow.
        for index in 0..=places.min(MOST_PLACES) {
            let asked = own.get(index).or(rest.as_ref());
            if highest.is_some_and(|highest| highest <= index as u64) {
                break;
            }
            if let Some(asked) = asked {
                let item = item(case, index);
                merge(
                    &mut found,
                    self.below(case, Step::Item(index), &item, asked),
                );
            }
        }
        merge(&mut found, self.contains(case, reader, highest));
        merge(&mut found, self.unevaluated_items(case, reader, highest));
        found
    }

    /// How many items there can be.
    pub(super) fn most_items(&mut self, case: &Case<'a>) -> Option<u64> {
        let stated = most(case, "maxItems");
        let places = places(case);
        // Where no item can stand, none can follow.
        let stop = (0..=places.min(MOST_PLACES)).find(|index| {
            let item = item(case, *index);
            let refused = |part: &Part| part.node.value == &Json::Bool(false);
            item.parts.iter().any(refused)
        });
        match (stated, stop.map(|stop| stop as u64)) {
            (Some(stated), Some(stop)) => Some(stated.min(stop)),
            (stated, stop) => stated.or(stop),
        }
    }

    fn contains(
        &mut self,
        case: &Case<'a>,
        reader: &Node<'a>,
        highest: Option<u64>,
    ) -> Vec<Obstacle<'a>> {
        let Some(asked) = reader.child("contains") else {
            return Vec::new();
        };
        let mut found = Vec::new();
        let fewest = reader.get("minContains").and_then(count).unwrap_or(1);
        if fewest > 0 && !self.enough(case, &asked, fewest) {
            let keyword = if fewest > 1 && self.enough(case, &asked, 1) {
                "minContains"
            } else {
                "contains"
            };
            found.push(self.obstacle(case, reader, Kind::Contains, keyword, false));
        }
        if let Some(limit) = reader.get("maxContains").and_then(count)
            && highest.is_none_or(|highest| highest > limit)
        {
            let kept = case.parts.clone().into_iter().any(|part| {
                let own = part.node.get("maxContains").and_then(count);
                own.is_some_and(|own| own <= limit)
                    && part
                        .node
                        .child("contains")
                        .is_some_and(|own| self.implies(&asked, &own))
            });
            if !kept {
                found.push(self.obstacle(case, reader, Kind::Contains, "maxContains", false));
            }
        }
        found
    }

    /// Whether at least `fewest` items are valid for `asked`.
    fn enough(&mut self, case: &Case<'a>, asked: &Node<'a>, fewest: u64) -> bool {
        for part in case.parts.clone() {
            let own = part.node.get("minContains").and_then(count).unwrap_or(1);
            let contained = part.node.child("contains");
            if own >= fewest && contained.is_some_and(|own| self.implies(&own, asked)) {
                return true;
            }
        }
        let there = fewest_items(case).unwrap_or(0);
        let places = places(case).min(MOST_PLACES);
        let mut kept: u64 = 0;
        for index in 0..=places as u64 {
            if index >= there {
                break;
            }
            let place = usize::try_from(index).unwrap_or(usize::MAX);
            let item = item(case, place);
            if self.below(case, Step::Item(place), &item, asked).is_empty() {
                kept += if place == places { there - index } else { 1 };
            }
        }
        kept >= fewest
    }

    /// Whether every item that is valid for `own` is valid for `asked`.
    fn implies(&mut self, own: &Node<'a>, asked: &Node<'a>) -> bool {
        // What `contains` finds is written elsewhere: it says nothing of which properties are written.
        let part = Part {
            node: own.clone(),
            writer: false,
        };
        let subject = Subject::new(vec![part], "");
        self.depth += 1;
        let proven = self.prove(&subject, asked).is_empty();
        self.depth -= 1;
        proven
    }

    fn unevaluated_items(
        &mut self,
        case: &Case<'a>,
        reader: &Node<'a>,
        highest: Option<u64>,
    ) -> Vec<Obstacle<'a>> {
        let Some(asked) = reader.child("unevaluatedItems") else {
            return Vec::new();
        };
        let Some(covered) = self.covered_items(case, reader) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for index in covered..=places(case).max(covered).min(covered + MOST_PLACES) {
            if highest.is_some_and(|highest| highest <= index as u64) {
                break;
            }
            let item = item(case, index);
            for mut obstacle in self.below(case, Step::Item(index), &item, &asked) {
                // A branch may evaluate it after all.
                obstacle.certain = false;
                merge(&mut found, vec![obstacle]);
            }
        }
        found
    }

    /// How many of the first items are evaluated; `None` where all are.
    fn covered_items(&mut self, case: &Case<'a>, reader: &Node<'a>) -> Option<usize> {
        let mut covered = 0;
        for node in self.holding(case, reader) {
            let all = node.get("items").is_some()
                || (node.id() != reader.id() && node.get("unevaluatedItems").is_some());
            if all {
                return None;
            }
            covered = covered.max(node.list("prefixItems").len());
        }
        Some(covered)
    }
}

fn unique(part: &Part<'_>) -> bool {
    part.node.get("uniqueItems") == Some(&Json::Bool(true))
}

/// How many items are at least there.
pub(in crate::evolve) fn fewest_items(case: &Case<'_>) -> Option<u64> {
    let contained = case.parts.iter().filter_map(|part| {
        part.node.get("contains")?;
        Some(part.node.get("minContains").and_then(count).unwrap_or(1))
    });
    least(case, "minItems").into_iter().chain(contained).max()
}

/// How many first items have schemas of their own.
pub(in crate::evolve) fn places(case: &Case<'_>) -> usize {
    let own = case.parts.iter();
    own.map(|part| part.node.list("prefixItems").len())
        .max()
        .unwrap_or(0)
}

/// What is known of an item.
pub(in crate::evolve) fn item<'a>(case: &Case<'a>, index: usize) -> Subject<'a> {
    let parts = case.parts.iter().filter_map(|part| {
        let own = part.node.list("prefixItems").into_iter().nth(index);
        let node = own.or_else(|| part.node.child("items"))?;
        let writer = part.writer;
        Some(Part { node, writer })
    });
    let left = left::of_item(case, index);
    Subject::new(parts.chain(left).collect(), &case.anchor)
}
