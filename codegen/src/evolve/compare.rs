//! Two versions of a schema: may each read what the other writes?

use serde::Serialize;
use serde_json::Value as Json;

use super::obstacle::{Kind, Obstacle};
use super::prove;
use super::schema::Schema;
use super::witness;
use super::wording;

/// The stack of a comparison: schemas nest, and so does the proof.
const STACK: usize = 256 * 1024 * 1024;
/// Findings for which a counterexample is looked for.
const MOST_SEARCHES: usize = 60;

/// Who reads what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// A reader of the new schema reads what was written by the old one.
    Backward,
    /// A reader of the old schema reads what is written by the new one.
    Forward,
}

impl std::fmt::Display for Direction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Backward => "backward",
            Self::Forward => "forward",
        })
    }
}

/// What a comparison found in one direction.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// Every event that the writer may write is one that the reader takes: proven.
    Safe,
    /// At least one is not.
    Breaking(Vec<Finding>),
    /// Neither could be shown.
    Undecided(Vec<Finding>),
}

impl Verdict {
    /// What was found.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::Safe => &[],
            Self::Breaking(findings) | Self::Undecided(findings) => findings,
        }
    }

    /// Whether it was proven safe.
    #[must_use]
    pub fn is_safe(&self) -> bool {
        matches!(self, Self::Safe)
    }
}

/// One thing that a change breaks, or may break.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What kind of change, as in `required-added`.
    pub rule: String,
    /// Who cannot read what.
    pub direction: Direction,
    /// Whether it breaks; else it could not be decided.
    pub breaks: bool,
    /// Where in the old document, as a JSON Pointer.
    pub old: String,
    /// Where in the new document.
    pub new: String,
    /// Where in the event, as a JSON Pointer in which `*` stands for any name or number.
    pub path: String,
    /// What has changed and whom it hurts, as a fragment.
    pub message: String,
    /// How to mend it, as a fragment.
    pub mend: String,
    /// What tells this finding from another of its rule and path.
    pub values: Json,
    /// An event that the writer may write and the reader rejects, checked against both.
    pub counterexample: Option<Json>,
}

/// Both directions.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// May a reader of the new schema read what the old one wrote?
    pub backward: Verdict,
    /// May a reader of the old schema read what the new one writes?
    pub forward: Verdict,
}

impl Comparison {
    /// All findings, backward first.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.backward
            .findings()
            .iter()
            .chain(self.forward.findings())
    }
}

/// Compares two versions of a schema in both directions. Writers are exact (they write no property that their schema
/// does not declare), readers are tolerant (they take what their schema accepts).
#[must_use]
pub fn compare(old: &Schema, new: &Schema) -> Comparison {
    let (old, new) = (old.document(), new.document());
    let both = || Comparison {
        backward: direction(old, new, Direction::Backward),
        forward: direction(new, old, Direction::Forward),
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let running = thread.spawn_scoped(scope, both);
        let done = running.ok().and_then(|running| running.join().ok());
        done.unwrap_or_else(|| Comparison {
            backward: gave_up(Direction::Backward),
            forward: gave_up(Direction::Forward),
        })
    })
}

fn gave_up(direction: Direction) -> Verdict {
    Verdict::Undecided(vec![Finding {
        rule: "undecided".to_owned(),
        direction,
        breaks: false,
        old: String::new(),
        new: String::new(),
        path: String::new(),
        message: "the comparison did not come to an end".to_owned(),
        mend: "compare by hand".to_owned(),
        values: Json::Null,
        counterexample: None,
    }])
}

fn direction(writer: &Json, reader: &Json, direction: Direction) -> Verdict {
    let (writer, reader) = (Schema::prepared(writer), Schema::prepared(reader));
    let obstacles = prove::obstacles(&writer, &reader);
    if obstacles.is_empty() {
        return Verdict::Safe;
    }
    let mut examples: Vec<Option<Json>> = obstacles
        .iter()
        .enumerate()
        .map(|(index, obstacle)| {
            let within = index < MOST_SEARCHES;
            within
                .then(|| witness::find(&writer, &reader, obstacle))
                .flatten()
        })
        .collect();
    if examples.iter().all(Option::is_none) {
        let found = witness::at_random(&writer, &reader, &obstacles);
        if let Some(first) = examples.first_mut() {
            *first = found;
        }
    }
    let findings: Vec<Finding> = grouped(obstacles.into_iter().zip(examples))
        .into_iter()
        .map(|(obstacle, example)| finding(&obstacle, direction, example))
        .collect();
    if findings.iter().any(|finding| finding.breaks) {
        Verdict::Breaking(findings)
    } else {
        Verdict::Undecided(findings)
    }
}

/// Types are looked at one by one, and told as one finding of their place: of those that an example shows, where one does.
fn grouped<'a>(
    found: impl Iterator<Item = (Obstacle<'a>, Option<Json>)>,
) -> Vec<(Obstacle<'a>, Option<Json>)> {
    let mut groups: Vec<(Obstacle<'a>, Option<Json>)> = Vec::new();
    for (obstacle, example) in found {
        let Kind::Type(types) = obstacle.kind else {
            groups.push((obstacle, example));
            continue;
        };
        let known = groups.iter_mut().find(|(known, _)| {
            matches!(known.kind, Kind::Type(_))
                && known.reader == obstacle.reader
                && known.path() == obstacle.path()
        });
        let Some((known, shown)) = known else {
            groups.push((obstacle, example));
            continue;
        };
        match (shown.is_some(), example.is_some()) {
            (true, false) => {}
            (false, true) => (*known, *shown) = (obstacle, example),
            _ => {
                if let Kind::Type(all) = &mut known.kind {
                    *all = [*all, types].into_iter().collect();
                }
                known.certain |= obstacle.certain;
            }
        }
    }
    groups
}

fn finding(obstacle: &Obstacle<'_>, direction: Direction, counterexample: Option<Json>) -> Finding {
    let (old, new) = match direction {
        Direction::Backward => (&obstacle.writer, &obstacle.reader),
        Direction::Forward => (&obstacle.reader, &obstacle.writer),
    };
    let words = wording::of(obstacle, direction);
    Finding {
        rule: words.rule,
        direction,
        breaks: counterexample.is_some() || (obstacle.certain && obstacle.kind != Kind::TooComplex),
        old: old.clone(),
        new: new.clone(),
        path: obstacle.path(),
        message: words.message,
        mend: words.mend,
        values: words.values,
        counterexample,
    }
}
