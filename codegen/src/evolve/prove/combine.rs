//! Choices: `anyOf`, `oneOf`, `not` and `if`.

use serde_json::Value as Json;

use super::same::same;
use super::{Prover, merge};
use crate::evolve::case::{Case, Part, Subject};
use crate::evolve::obstacle::{Kind, Obstacle};
use crate::evolve::schema::Node;
use crate::evolve::types::Types;

/// Branches that are held against each other.
const MOST_BRANCHES: usize = 8;
/// How deep in other proofs they are.
const MOST_NESTED: usize = 40;
/// References that are followed to a union's tag.
const MOST_REFERENCES: usize = 8;

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
            if told_apart(case, branch) {
                continue;
            }
            let own = self.prove_case(case, branch);
            if own.is_empty() {
                return Vec::new();
            }
            if !self.apart(case, branch) {
                possible += 1;
                near = Some(own);
            }
        }
        let all = keyword == "anyOf" && possible > 1;
        if all && self.one_of_the_rest(case, &branches) {
            return Vec::new();
        }
        // The one branch that could take it says best what it does not take.
        if let (1, Some(near)) = (possible, near) {
            return near;
        }
        vec![self.obstacle(case, reader, Kind::NoBranch, keyword, possible == 0)]
    }

    /// Whether a branch takes all that the others do not.
    fn one_of_the_rest(&mut self, case: &Case<'a>, branches: &[Node<'a>]) -> bool {
        let many = branches.len() > MOST_BRANCHES || case.nots.len() > MOST_BRANCHES;
        if many || self.nested > MOST_NESTED {
            return false;
        }
        (0..branches.len()).any(|index| {
            let mut rest = case.clone();
            let others = branches.iter().enumerate();
            rest.nots.extend(
                others
                    .filter(|(other, _)| *other != index)
                    .map(|(_, branch)| branch.clone()),
            );
            let last = branches.get(index);
            self.is_empty(&rest) || last.is_some_and(|last| self.prove_case(&rest, last).is_empty())
        })
    }

    /// One branch takes the whole case, and no other takes any of it.
    fn one(&mut self, case: &Case<'a>, reader: &Node<'a>) -> Vec<Obstacle<'a>> {
        let branches = reader.list("oneOf");
        let mut taken = None;
        for (index, branch) in branches.iter().enumerate() {
            if !told_apart(case, branch) && self.prove_case(case, branch).is_empty() {
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
        if node.value == &Json::Bool(false) || told_apart(case, node) {
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

/// Whether a property that is there and has one of some strings, as a union's tag does, has none of the schema's: the
/// same as [`Prover::apart`] would say, but at once.
pub(super) fn told_apart(case: &Case<'_>, node: &Node<'_>) -> bool {
    if case.types != Types::OBJECT {
        return false;
    }
    let mut node = node.clone();
    for _ in 0..MOST_REFERENCES {
        let Some(target) = node.reference() else {
            break;
        };
        if node.get("properties").is_some() {
            break;
        }
        node = target;
    }
    case.required.iter().any(|name| {
        let Some(theirs) = tag(&node, name) else {
            return false;
        };
        case.parts.iter().any(|part| {
            let ours = tag(&part.node, name);
            ours.is_some_and(|ours| ours.iter().all(|text| !theirs.contains(text)))
        })
    })
}

/// The values of a property's `const` or `enum`, where all are strings.
fn tag<'a>(node: &Node<'a>, name: &str) -> Option<Vec<&'a str>> {
    let schema = node.get("properties")?.get(name)?;
    if let Some(constant) = schema.get("const") {
        return Some(vec![constant.as_str()?]);
    }
    let values = schema.get("enum")?.as_array()?;
    values.iter().map(Json::as_str).collect()
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
