//! Many subjects by their tokens, so that looking for one among them does not go through them all.

use std::collections::HashMap;

/// Subjects with wildcards, each with a number. What it finds is what `covers` and `overlap` of [`super::subject`] say.
#[derive(Debug, Default)]
pub(crate) struct SubjectIndex {
    nodes: Vec<Branch>,
}

/// The subjects that begin with the same tokens.
#[derive(Debug, Default)]
struct Branch {
    next: HashMap<String, usize>,
    /// Those that end here.
    ends: Vec<usize>,
    /// Those that end here with `>`.
    rest: Vec<usize>,
}

impl SubjectIndex {
    /// Adds a subject with its number.
    pub(crate) fn insert(&mut self, subject: &str, number: usize) {
        if self.nodes.is_empty() {
            self.nodes.push(Branch::default());
        }
        let mut at = 0;
        for token in subject.split('.') {
            if token == ">" {
                self.nodes[at].rest.push(number);
                return;
            }
            at = match self.nodes[at].next.get(token) {
                Some(next) => *next,
                None => {
                    self.nodes.push(Branch::default());
                    let next = self.nodes.len() - 1;
                    self.nodes[at].next.insert(token.to_owned(), next);
                    next
                }
            };
        }
        self.nodes[at].ends.push(number);
    }

    /// The numbers of the subjects that hold every subject of `inner`, ascending.
    pub(crate) fn covering(&self, inner: &str) -> Vec<usize> {
        let mut found = Vec::new();
        let mut here = self.root();
        for token in inner.split('.') {
            let mut next = Vec::new();
            for branch in here {
                found.extend_from_slice(&branch.rest);
                if token != ">" {
                    next.extend(self.step(branch, token));
                    next.extend(self.step(branch, "*").filter(|_| token != "*"));
                }
            }
            here = next;
        }
        found.extend(here.iter().flat_map(|branch| &branch.ends));
        found.sort_unstable();
        found
    }

    /// The numbers of the subjects that have some subject in common with `other`, ascending.
    pub(crate) fn overlapping(&self, other: &str) -> Vec<usize> {
        let mut found = Vec::new();
        let mut here = self.root();
        for token in other.split('.') {
            let mut next = Vec::new();
            for branch in here {
                found.extend_from_slice(&branch.rest);
                match token {
                    ">" => self.below(branch, &mut found),
                    "*" => next.extend(branch.next.values().filter_map(|at| self.nodes.get(*at))),
                    token => {
                        next.extend(self.step(branch, token));
                        next.extend(self.step(branch, "*"));
                    }
                }
            }
            here = next;
        }
        found.extend(here.iter().flat_map(|branch| &branch.ends));
        found.sort_unstable();
        found
    }

    fn root(&self) -> Vec<&Branch> {
        self.nodes.first().into_iter().collect()
    }

    fn step(&self, branch: &Branch, token: &str) -> impl Iterator<Item = &Branch> {
        branch
            .next
            .get(token)
            .and_then(|at| self.nodes.get(*at))
            .into_iter()
    }

    /// Everything that goes on from here by a token or more.
    fn below(&self, branch: &Branch, found: &mut Vec<usize>) {
        let mut open: Vec<&Branch> = vec![branch];
        while let Some(branch) = open.pop() {
            for next in branch.next.values().filter_map(|at| self.nodes.get(*at)) {
                found.extend_from_slice(&next.ends);
                found.extend_from_slice(&next.rest);
                open.push(next);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SubjectIndex;
    use crate::model::subject::{covers, overlap};

    /// Every subject of up to three of these tokens, held against every other.
    #[test]
    fn it_finds_what_going_through_them_all_finds() {
        let tokens = ["a", "b", "*", ">"];
        let mut subjects: Vec<String> = tokens.map(str::to_owned).to_vec();
        for _ in 0..2 {
            let longer: Vec<String> = subjects
                .iter()
                .filter(|subject| !subject.ends_with('>'))
                .flat_map(|subject| tokens.map(|token| format!("{subject}.{token}")))
                .collect();
            subjects.extend(longer);
        }
        subjects.sort();
        subjects.dedup();
        let mut index = SubjectIndex::default();
        for (number, subject) in subjects.iter().enumerate() {
            index.insert(subject, number);
        }
        for asked in &subjects {
            let all = |holds: fn(&str, &str) -> bool| -> Vec<usize> {
                let numbered = subjects.iter().enumerate();
                numbered
                    .filter(|(_, known)| holds(known, asked))
                    .map(|(number, _)| number)
                    .collect()
            };
            assert_eq!(index.covering(asked), all(covers), "{asked}");
            assert_eq!(index.overlapping(asked), all(overlap), "{asked}");
        }
        assert!(SubjectIndex::default().covering("a").is_empty());
    }
}
