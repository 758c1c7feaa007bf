//! What is known of an instance: the schemas that it is valid for, with every choice (`anyOf`, `oneOf`, `if`) made.
//!
//! A case may hold more instances than there are, never fewer: what is not understood is left out.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value as Json;

use super::schema::Node;
use super::types::Types;

/// Cases of one place; beyond, choices are left open.
const MOST_CASES: usize = 96;
/// In-place references and branches within one place.
const MOST_PARTS: usize = 400;

/// A schema that holds, and whether it is the writer's: those alone say which properties are written.
#[derive(Clone, Debug)]
pub(super) struct Part<'a> {
    pub(super) node: Node<'a>,
    pub(super) writer: bool,
}

/// What is known of a place before choices are made.
#[derive(Clone, Debug)]
pub(super) struct Subject<'a> {
    pub(super) parts: Vec<Part<'a>>,
    pub(super) types: Types,
    /// Patterns that a string here matches beside those of the parts.
    pub(super) patterns: Vec<String>,
    /// What the finding points at in the writer's schema where no part is the writer's.
    pub(super) anchor: String,
}

impl<'a> Subject<'a> {
    pub(super) fn new(parts: Vec<Part<'a>>, anchor: &str) -> Self {
        let own = parts.iter().find(|part| part.writer);
        Self {
            anchor: own.map_or_else(|| anchor.to_owned(), |part| part.node.place()),
            parts,
            types: Types::ALL,
            patterns: Vec::new(),
        }
    }

    /// The same for the same knowledge.
    pub(super) fn key(&self) -> Vec<String> {
        let mut key: Vec<String> = self
            .parts
            .iter()
            .map(|part| format!("{}{}", part.node.id(), part.writer))
            .collect();
        key.sort();
        key.dedup();
        key.extend(self.patterns.iter().cloned());
        key.push(format!("{:?}", self.types));
        key
    }

    /// Every case of one type. An instance of the subject and the type is in at least one of them.
    pub(super) fn cases(&self, types: Types) -> Vec<Case<'a>> {
        let case = Case {
            types: self.types.and(types),
            patterns: self.patterns.clone(),
            ..Case::unknown(&self.anchor)
        };
        case.with(self.parts.iter().cloned())
    }
}

/// Which properties the writer writes.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    /// Whether it writes declared ones only.
    pub(super) exact: bool,
    /// Whether it declares all there can be, as with `additionalProperties: true`.
    pub(super) open: bool,
    pub(super) names: BTreeSet<String>,
    pub(super) patterns: BTreeSet<String>,
}

/// What is known of a place after every choice.
#[derive(Clone, Debug)]
pub(super) struct Case<'a> {
    /// Schema objects without their in-place applicators.
    pub(super) parts: Vec<Part<'a>>,
    /// Schemas that the instance is not valid for.
    pub(super) nots: Vec<Node<'a>>,
    pub(super) types: Types,
    pub(super) patterns: Vec<String>,
    /// Properties that an object has.
    pub(super) required: BTreeSet<String>,
    pub(super) written: Written,
    pub(super) anchor: String,
}

/// A schema yet to be taken in.
#[derive(Clone)]
struct Task<'a> {
    part: Part<'a>,
    /// Whether `properties` in it make the writer exact.
    binding: bool,
}

/// A schema with branches under `keyword`.
#[derive(Clone)]
struct Choice<'a> {
    task: Task<'a>,
    keyword: &'static str,
}

impl<'a> Case<'a> {
    /// Anything at all.
    pub(super) fn unknown(anchor: &str) -> Self {
        Self {
            parts: Vec::new(),
            nots: Vec::new(),
            types: Types::ALL,
            patterns: Vec::new(),
            required: BTreeSet::new(),
            written: Written::default(),
            anchor: anchor.to_owned(),
        }
    }

    /// The case narrowed by more schemas, in as many cases as their choices make.
    pub(super) fn with(self, parts: impl IntoIterator<Item = Part<'a>>) -> Vec<Case<'a>> {
        let tasks: Vec<Task> = parts
            .into_iter()
            .map(|part| Task {
                part,
                binding: true,
            })
            .collect();
        let mut open = vec![(self, tasks, Vec::<Choice>::new())];
        let mut done: Vec<Case> = Vec::new();
        while let Some((mut case, tasks, mut choices)) = open.pop() {
            if !case.take(tasks, &mut choices) {
                continue;
            }
            let Some(choice) = choices.pop() else {
                done.push(case);
                continue;
            };
            let branches = branches(&choice);
            if done.len() + open.len() + branches.len() > MOST_CASES {
                // Left open: whatever it declares may be written.
                case.declare_all(&choice.task.part);
                open.push((case, Vec::new(), choices));
                continue;
            }
            for (taken, not, also) in branches {
                let mut case = case.clone();
                case.nots.extend(not);
                for part in also {
                    case.declare_all(&part);
                }
                open.push((case, taken, choices.clone()));
            }
        }
        done
    }

    /// Takes schemas in until only choices are left; false where no instance is left.
    fn take(&mut self, mut tasks: Vec<Task<'a>>, choices: &mut Vec<Choice<'a>>) -> bool {
        loop {
            while let Some(task) = tasks.pop() {
                let node = &task.part.node;
                if node.value == &Json::Bool(false) {
                    return false;
                }
                let known =
                    |part: &Part| part.node.id() == node.id() && part.writer == task.part.writer;
                if !node.value.is_object() || self.parts.iter().any(known) {
                    continue;
                }
                if self.parts.len() > MOST_PARTS {
                    self.written.open = true;
                    continue;
                }
                self.types = self
                    .types
                    .and(node.get("type").map_or(Types::ALL, Types::of_keyword));
                if self.types.is_empty() {
                    return false;
                }
                let below = |node: Node<'a>| Task {
                    part: Part {
                        node,
                        writer: task.part.writer,
                    },
                    binding: task.binding,
                };
                tasks.extend(node.reference().map(below));
                tasks.extend(node.list("allOf").into_iter().map(below));
                self.nots.extend(node.child("not"));
                self.declare(&task);
                self.required.extend(strings(node.get("required")));
                for keyword in ["anyOf", "oneOf", "if"] {
                    if node.get(keyword).is_some() {
                        let task = task.clone();
                        choices.push(Choice { task, keyword });
                    }
                }
                self.parts.push(task.part);
            }
            tasks = self.implied();
            if tasks.is_empty() {
                return true;
            }
        }
    }

    /// What holds because of properties that are there.
    fn implied(&mut self) -> Vec<Task<'a>> {
        let mut tasks: Vec<Task> = Vec::new();
        let mut names = Vec::new();
        // Of an object only: anything else has no properties, whatever is required.
        if self.types != Types::OBJECT {
            return tasks;
        }
        for part in &self.parts {
            for (name, node) in part.node.children("dependentSchemas") {
                let known =
                    |known: &Part| known.node.id() == node.id() && known.writer == part.writer;
                if self.required.contains(&name)
                    && node.value.is_object()
                    && !self.parts.iter().any(known)
                    && tasks.iter().all(|task| !known(&task.part))
                {
                    let writer = part.writer;
                    tasks.push(Task {
                        part: Part { node, writer },
                        binding: false,
                    });
                }
            }
            for (name, needed) in part.node.children("dependentRequired") {
                if self.required.contains(&name) {
                    names.extend(strings(Some(needed.value)));
                }
            }
        }
        let before = self.required.len();
        self.required.extend(names);
        if self.required.len() > before && tasks.is_empty() {
            return self.implied();
        }
        tasks
    }

    /// Notes what a schema of the writer declares.
    fn declare(&mut self, task: &Task<'a>) {
        if !task.part.writer {
            return;
        }
        let node = &task.part.node;
        let declares = node
            .get("properties")
            .and_then(Json::as_object)
            .is_some_and(|map| !map.is_empty());
        let sealed = node.get("unevaluatedProperties") == Some(&Json::Bool(false));
        self.written.exact |= task.binding && (declares || sealed);
        self.written.declare(node);
        for (_, inner) in node.children("dependentSchemas") {
            let writer = task.part.writer;
            self.declare_all(&Part {
                node: inner,
                writer,
            });
        }
    }

    /// Notes whatever a schema of the writer may declare in any of its branches.
    fn declare_all(&mut self, part: &Part<'a>) {
        if part.writer {
            let mut seen = HashSet::new();
            let mut rest = vec![part.node.clone()];
            while let Some(node) = rest.pop() {
                if seen.insert(node.id()) {
                    self.written.declare(&node);
                    rest.extend(in_place(&node));
                }
            }
        }
    }

    /// Whether the object may have the property.
    pub(super) fn may_have(&self, name: &str) -> bool {
        let written = &self.written;
        !written.exact
            || written.open
            || written.names.contains(name)
            || written
                .patterns
                .iter()
                .any(|pattern| super::text::matches(pattern, name) != Some(false))
    }

    /// Whether it may have properties that no schema here names.
    pub(super) fn may_have_any(&self) -> bool {
        !self.written.exact || self.written.open
    }
}

impl Written {
    /// Notes what a schema itself declares.
    pub(super) fn declare(&mut self, node: &Node<'_>) {
        let keys = |keyword: &str| {
            let map = node.get(keyword).and_then(Json::as_object);
            map.into_iter().flat_map(|map| map.keys().cloned())
        };
        self.names.extend(keys("properties"));
        self.names.extend(strings(node.get("required")));
        self.names.extend(keys("dependentSchemas"));
        self.names.extend(keys("dependentRequired"));
        for (_, needed) in node.children("dependentRequired") {
            self.names.extend(strings(Some(needed.value)));
        }
        self.patterns.extend(keys("patternProperties"));
        self.open |= ["additionalProperties", "unevaluatedProperties"]
            .iter()
            .filter_map(|keyword| node.get(keyword))
            .any(|value| value != &Json::Bool(false));
    }
}

type Branch<'a> = (Vec<Task<'a>>, Vec<Node<'a>>, Vec<Part<'a>>);

/// The branches of a choice: what is taken, what does not hold, and what may be declared besides.
fn branches<'a>(choice: &Choice<'a>) -> Vec<Branch<'a>> {
    let writer = choice.task.part.writer;
    let part = |node: Node<'a>| Part { node, writer };
    let task = |node: Node<'a>, binding: bool| Task {
        part: part(node),
        binding,
    };
    let node = &choice.task.part.node;
    let keyword = choice.keyword;
    if keyword == "if" {
        let Some(condition) = node.child("if") else {
            return Vec::new();
        };
        let met = std::iter::once(condition.clone()).chain(node.child("then"));
        let met = met.map(|node| task(node, false)).collect();
        let unmet = node.child("else").map(|node| task(node, false));
        return vec![
            (met, Vec::new(), Vec::new()),
            (unmet.into_iter().collect(), vec![condition], Vec::new()),
        ];
    }
    let all = node.list(keyword);
    all.iter()
        .enumerate()
        .map(|(index, branch)| {
            let others = all
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != index)
                .map(|(_, other)| other.clone());
            let taken = vec![task(branch.clone(), choice.task.binding)];
            if keyword == "oneOf" {
                (taken, others.collect(), Vec::new())
            } else {
                (taken, Vec::new(), others.map(part).collect())
            }
        })
        .collect()
}

/// The schemas that apply to the same instance, or may.
pub(super) fn in_place<'a>(node: &Node<'a>) -> Vec<Node<'a>> {
    let mut found: Vec<Node> = node.reference().into_iter().collect();
    for keyword in ["allOf", "anyOf", "oneOf"] {
        found.extend(node.list(keyword));
    }
    for keyword in ["if", "then", "else"] {
        found.extend(node.child(keyword));
    }
    found.extend(
        node.children("dependentSchemas")
            .into_iter()
            .map(|(_, node)| node),
    );
    found
}

/// The strings of a list.
pub(super) fn strings(list: Option<&Json>) -> impl Iterator<Item = String> {
    list.and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .map(str::to_owned)
}
