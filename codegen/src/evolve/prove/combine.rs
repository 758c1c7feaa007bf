//! Choices: `anyOf`, `oneOf`, `not` and `if`.

use serde_json::Value as Json;

use super::same::same;
use super::{Prover, merge};
use crate::evolve::case::{Case, Part, Subject};
use crate::evolve::obstacle::{Kind, Obstacle};
use crate::evolve::schema::Node;

impl<'a> Prover<'a> {
    pub(super) fn branches(&mut self, case: &Case<'a>, reader: &Node<'a>) -> Vec<Obstacle<'a>> {
        let mut found = Vec::new();
        if reader.get("anyOf").is_some() && !kept_as_it_was(case, reader, "anyOf") {
            merge(&mut found, self.any(case, reader, "anyOf"));
        }
        if reader.get("oneOf").is_some() && !kept_as_it_was(case, reader, "oneOf") {
            merge(&mut found, self.one(case, reader));
        }
        if let Some(inner) = reader.child("not")
            && !self.apart(case, &inner)
        {
            let certain = self.prove_case(case, &inner).is_empty();
            found.push(self.obstacle(case, reader, Kind::Not, "not", certain));
        }
        if let Some(condition) = reader.child("if") {
            merge(&mut found, self.condition(case, reader, &condition));
        }
        found
    }

    /// Some branch takes the whole case.
    fn any(
        &mut self,
        case: &Case<'a>,
        reader: &Node<'a>,
        keyword: &'static str,
    ) -> Vec<Obstacle<'a>> {
        let branches = reader.list(keyword);
        let mut near: Option<Vec<Obstacle>> = None;
        let mut possible = 0;
        for branch in &branches {
            let own = self.prove_case(case, branch);
            if own.is_empty() {
                return Vec::new();
            }
            if !self.apart(case, branch) {
                possible += 1;
                near = Some(own);
            }
        }
        // The one branch that could take it says best what it does not take.
        if let (1, Some(near)) = (possible, near) {
            return near;
        }
        vec![self.obstacle(case, reader, Kind::NoBranch, keyword, possible == 0)]
    }

    /// One branch takes the whole case, and no other takes any of it.
    fn one(&mut self, case: &Case<'a>, reader: &Node<'a>) -> Vec<Obstacle<'a>> {
        let branches = reader.list("oneOf");
        let mut taken = None;
        for (index, branch) in branches.iter().enumerate() {
            if self.prove_case(case, branch).is_empty() {
                taken = Some(index);
                break;
            }
        }
        let Some(taken) = taken else {
            return self.any(case, reader, "oneOf");
        };
        for (index, branch) in branches.iter().enumerate() {
            if index != taken && !self.apart(case, branch) {
                let certain = self.prove_case(case, branch).is_empty();
                let mut obstacle = self.obstacle(case, reader, Kind::Overlap, "oneOf", certain);
                obstacle.reader = branch.place();
                return vec![obstacle];
            }
        }
        Vec::new()
    }

    fn condition(
        &mut self,
        case: &Case<'a>,
        reader: &Node<'a>,
        condition: &Node<'a>,
    ) -> Vec<Obstacle<'a>> {
        let same_condition = case.parts.iter().any(|part| {
            ["if", "then", "else"].iter().all(|keyword| {
                match (part.node.child(keyword), reader.child(keyword)) {
                    (Some(ours), Some(theirs)) => same(&ours, &theirs),
                    (None, None) => true,
                    _ => false,
                }
            })
        });
        if same_condition {
            return Vec::new();
        }
        let met = self.within(case, condition);
        let mut found = Vec::new();
        if let Some(then) = reader.child("then") {
            for case in &met {
                merge(&mut found, self.prove_case(case, &then));
            }
        }
        if let Some(otherwise) = reader.child("else")
            && !self.prove_case(case, condition).is_empty()
        {
            merge(&mut found, self.prove_case(case, &otherwise));
        }
        if found.is_empty() {
            return found;
        }
        vec![self.obstacle(case, reader, Kind::Condition, "if", false)]
    }

    /// What of the case is valid for `node` too.
    fn within(&mut self, case: &Case<'a>, node: &Node<'a>) -> Vec<Case<'a>> {
        let part = Part {
            node: node.clone(),
            writer: false,
        };
        let cases = case.clone().with([part]);
        cases
            .into_iter()
            .filter(|case| !self.is_empty(case))
            .collect()
    }

    /// Whether nothing of the case is valid for `node`.
    pub(super) fn apart(&mut self, case: &Case<'a>, node: &Node<'a>) -> bool {
        if node.value == &Json::Bool(false) {
            return true;
        }
        self.nested += 1;
        let apart = self.nested < super::DEEPEST
            && (self.excluded(case, node) || self.within(case, node).is_empty());
        self.nested -= 1;
        apart
    }

    /// Whether the writer excludes all that is valid for `node`, with a `not` or in a branch of `oneOf` not taken.
    fn excluded(&mut self, case: &Case<'a>, node: &Node<'a>) -> bool {
        if case.nots.iter().any(|not| same(not, node)) {
            return true;
        }
        let part = Part {
            node: node.clone(),
            writer: false,
        };
        let mut subject = Subject::new(vec![part], &case.anchor);
        subject.types = case.types;
        case.nots
            .iter()
            .any(|not| self.prove(&subject, not).is_empty())
    }
}

/// Whether the writer has the same branches in the same words.
fn kept_as_it_was(case: &Case<'_>, reader: &Node<'_>, keyword: &str) -> bool {
    let asked = reader.list(keyword);
    case.parts.iter().any(|part| {
        let own = part.node.list(keyword);
        own.len() == asked.len()
            && asked
                .iter()
                .all(|theirs| own.iter().any(|ours| same(ours, theirs)))
            && own
                .iter()
                .all(|ours| asked.iter().any(|theirs| same(ours, theirs)))
    })
}
