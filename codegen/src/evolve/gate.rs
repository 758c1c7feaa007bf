//! The contract as it is now against the versions that were published.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::compare::{Direction, Finding, compare};
use super::git::{GitError, Repository};
use super::item::{Category, Item};
use super::schema::Schema;
use super::version::{Version, contract_file};
use super::{source, topology};
use crate::diagnostics::{Code, Severity};
use crate::load::{Span, Workspace};

/// What to compare the contract with.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The contract as it is now.
    pub contract: PathBuf,
    /// A folder, or what git knows; without it the merge base with main, or the last tag.
    pub against: Option<String>,
    /// Whether every published version counts, or the base alone.
    pub history: bool,
    /// The oldest commit that counts as published.
    pub since: Option<String>,
}

/// Why nothing could be compared.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// Git could not answer.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A contract could not be read.
    #[error("cannot read the contract {path}{at}: {error}")]
    Unreadable {
        /// Which.
        path: String,
        /// Of which version.
        at: String,
        /// Why.
        error: std::io::Error,
    },
    /// The base has no contract to compare with.
    #[error(
        "there is no {path} at {at}; name a version that has one: --against <git ref | folder>"
    )]
    NoContract {
        /// Its path.
        path: String,
        /// The version.
        at: String,
    },
    /// A contract has errors.
    #[error("the contract{at} has errors, so it cannot be compared; first: {first}")]
    Errors {
        /// Of which version.
        at: String,
        /// The first of them.
        first: String,
    },
}

/// All that was found.
#[derive(Debug)]
pub struct Outcome {
    /// The findings, by place.
    pub items: Vec<Item>,
    /// How many events there were to compare.
    pub events: usize,
    /// What the contract was compared with, as in `main (1a2b3c4)`.
    pub base: String,
    /// How many older versions of schemas were compared too.
    pub older: usize,
    /// What was left out, and why.
    pub notes: Vec<String>,
    /// The contract's folder from the top of the repository, with a trailing `/` unless it is the top or in none.
    pub prefix: String,
    /// The files of the contract as it is now.
    pub workspace: Workspace,
}

/// Compares the contract with what was published.
///
/// # Errors
///
/// Where git cannot answer, or a contract cannot be read.
pub fn check(options: &Options) -> Result<Outcome, GateError> {
    let now = load(&options.contract, "")?;
    // What an example breaks is very likely what is asked for here: it stops nothing.
    if let Some(first) = first_error(&now, &[Code::Example]) {
        let at = of("");
        return Err(GateError::Errors { at, first });
    }
    let folder = options.contract.parent().unwrap_or(Path::new(""));
    let mut past = Past::default();
    let (base, name) = match &options.against {
        Some(against) if Path::new(against).is_dir() => {
            let path = contract_file(Path::new(against), &options.contract);
            (Some(load(&path, against)?), against.clone())
        }
        against => {
            let repository = Repository::open(folder)?;
            let (commit, name) = match against {
                Some(reference) => (repository.commit(reference)?, reference.clone()),
                None => repository.base()?,
            };
            let label = format!("{name} ({})", short(&commit));
            let version = past.commit(&repository, &commit, &options.contract)?;
            if options.history {
                past.history(&repository, &commit, options)?;
            }
            (version, label)
        }
    };
    let Some(base) = base else {
        return Err(GateError::NoContract {
            path: options.contract.display().to_string(),
            at: name,
        });
    };
    let mut gate = Gate {
        now: &now,
        items: Vec::new(),
        known: HashSet::new(),
    };
    if let Some(first) = first_error(&base, OF_A_BASE) {
        gate.push(unreadable(&now, &name, &first));
    }
    gate.removed(&base, &name);
    for item in topology::compare(&base, &now, &name) {
        gate.push(item);
    }
    for item in source::compare(&base, &now, &name) {
        gate.push(item);
    }
    let mut compared: HashMap<String, Vec<Json>> = HashMap::new();
    gate.wire(&base, &name, &mut compared);
    let mut older = 0;
    for (label, version) in &past.versions {
        older += gate.wire(version, label, &mut compared);
    }
    if let Some(first) = first_error(&now, &[]) {
        past.notes.push(format!(
            "the contract has errors beside, see `codegen lint`; first: {first}"
        ));
    }
    let mut items = gate.items;
    items.sort_by(|a, b| {
        let key = |item: &Item| (item.file.clone(), item.line, item.column, item.category);
        key(a).cmp(&key(b))
    });
    Ok(Outcome {
        items,
        events: now.contract.events.len(),
        base: name,
        older,
        notes: past.notes,
        prefix: Repository::open(folder).map_or_else(|_| String::new(), Repository::prefix),
        workspace: now.workspace,
    })
}

fn load(path: &Path, at: &str) -> Result<Version, GateError> {
    Version::load(path, None).map_err(|error| GateError::Unreadable {
        path: path.display().to_string(),
        at: of(at),
        error,
    })
}

fn of(at: &str) -> String {
    if at.is_empty() {
        String::new()
    } else {
        format!(" at {at}")
    }
}

/// What does not keep a base from being compared. An older release spoke an older envelope: that is not the contract's
/// doing, and nothing is compared with it.
const OF_A_BASE: &[Code] = &[Code::Envelope, Code::Example];

/// The first error that is none of `except`.
fn first_error(version: &Version, except: &[Code]) -> Option<String> {
    let mut findings = version.report.findings().into_iter();
    let error = findings
        .find(|finding| finding.severity == Severity::Error && !except.contains(&finding.code))?;
    let place = error
        .places
        .first()
        .map(|(span, label)| format!("{}: {label}: ", version.workspace.position(*span)));
    Some(format!("{}{}", place.unwrap_or_default(), error.message))
}

/// What cannot be read cannot be compared, and may have been published by an older release.
fn unreadable(now: &Version, label: &str, why: &str) -> Item {
    let item = Item {
        category: Category::Wire,
        rule: "unreadable-base".to_owned(),
        direction: None,
        breaks: false,
        subject: now.contract.source.clone(),
        file: now.contract.source.clone(),
        line: 1,
        column: 1,
        path: String::new(),
        message: format!(
            "the contract at {label} has errors, so not all of it was compared; first: {why}"
        ),
        mend: "compare with a version that has none, or waive it".to_owned(),
        counterexample: None,
        against: label.to_owned(),
        fingerprint: String::new(),
    };
    item.sealed(&Json::String(why.to_owned()))
}

pub(super) fn short(commit: &str) -> &str {
    commit.get(..7).unwrap_or(commit)
}

/// Versions from git.
#[derive(Default)]
struct Past {
    versions: Vec<(String, Version)>,
    seen: HashSet<BTreeSet<(String, String)>>,
    notes: Vec<String>,
}

impl Past {
    /// The version of a commit; `None` where it has no contract, or the same files as one before.
    fn commit(
        &mut self,
        repository: &Repository,
        commit: &str,
        contract: &Path,
    ) -> Result<Option<Version>, GateError> {
        let blobs = repository.blobs(commit)?;
        let name = contract.file_name().unwrap_or_default().to_string_lossy();
        if !blobs.iter().any(|(_, path)| *path == name) || !self.seen.insert(blobs.clone()) {
            return Ok(None);
        }
        let folder = tempfile::tempdir().map_err(GitError::Io)?;
        repository.write(&blobs, folder.path())?;
        let path = contract_file(folder.path(), contract);
        let version = Version::load(&path, Some(folder));
        version.map(Some).map_err(|error| GateError::Unreadable {
            path: contract.display().to_string(),
            at: of(short(commit)),
            error,
        })
    }

    fn history(
        &mut self,
        repository: &Repository,
        base: &str,
        options: &Options,
    ) -> Result<(), GateError> {
        let since = match &options.since {
            Some(since) => Some(repository.commit(since)?),
            None => None,
        };
        for commit in repository.published(base, since.as_deref())? {
            let label = short(&commit).to_owned();
            match self.commit(repository, &commit, &options.contract) {
                Ok(Some(version)) => {
                    if let Some(first) = first_error(&version, OF_A_BASE) {
                        let left =
                            format!("{label} was compared as far as it can be read: {first}");
                        self.notes.push(left);
                    }
                    self.versions.push((label, version));
                }
                Ok(None) => {}
                // Nothing was ever generated from what cannot be read.
                Err(GateError::Unreadable { error, .. }) => self.notes.push(format!(
                    "{label} was left out: its contract cannot be read: {error}"
                )),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

struct Gate<'v> {
    now: &'v Version,
    items: Vec<Item>,
    known: HashSet<String>,
}

impl Gate<'_> {
    /// Adds what is not there yet: one that is found against several versions is shown once.
    fn push(&mut self, item: Item) {
        if self.known.insert(item.fingerprint.clone()) {
            self.items.push(item);
        }
    }

    /// Events that have disappeared.
    fn removed(&mut self, base: &Version, name: &str) {
        for event in &base.contract.events {
            if self
                .now
                .contract
                .events
                .iter()
                .all(|other| other.name != event.name)
            {
                let item = Item {
                    category: Category::Topology,
                    rule: "event-removed".to_owned(),
                    direction: None,
                    breaks: true,
                    subject: event.name.clone(),
                    file: event.schema.clone(),
                    line: 1,
                    column: 1,
                    path: String::new(),
                    message: format!(
                        "the event `{}` is gone; events already stored can no longer be read",
                        event.name
                    ),
                    mend:
                        "keep it, marked `deprecated`, for as long as a stream or a consumer has it"
                            .to_owned(),
                    counterexample: None,
                    against: name.to_owned(),
                    fingerprint: String::new(),
                };
                self.push(item.sealed(&Json::Null));
            }
        }
    }

    /// Compares every event's data; returns how many differed from all that were compared before.
    fn wire(
        &mut self,
        old: &Version,
        label: &str,
        compared: &mut HashMap<String, Vec<Json>>,
    ) -> usize {
        let mut count = 0;
        let now = self.now.events();
        for (name, document) in old.events() {
            let Some((_, current)) = now.iter().find(|(other, _)| *other == name) else {
                continue;
            };
            let (Some(document), Some(current)) = (document, current) else {
                self.push(self.undecided(name, label, "a reference in its schema leads nowhere"));
                continue;
            };
            let before = compared.entry(name.to_owned()).or_default();
            if before.contains(&document) {
                continue;
            }
            before.push(document.clone());
            count += 1;
            if document == *current {
                continue;
            }
            match (Schema::new(&document), Schema::new(current)) {
                (Ok(old_schema), Ok(new_schema)) => {
                    let found = compare(&old_schema, &new_schema);
                    for finding in found.findings() {
                        let item = self.item(old, name, label, finding);
                        self.push(item);
                    }
                }
                (Err(error), _) | (_, Err(error)) => {
                    self.push(self.undecided(name, label, &error.to_string()));
                }
            }
        }
        count
    }

    fn undecided(&self, name: &str, label: &str, why: &str) -> Item {
        let item = Item {
            category: Category::Wire,
            rule: "undecided".to_owned(),
            direction: None,
            breaks: false,
            subject: name.to_owned(),
            file: self.schema_of(name),
            line: 1,
            column: 1,
            path: String::new(),
            message: format!("`{name}` cannot be compared with the version at {label}: {why}"),
            mend: "compare by hand, and waive it".to_owned(),
            counterexample: None,
            against: label.to_owned(),
            fingerprint: String::new(),
        };
        item.sealed(&Json::String(why.to_owned()))
    }

    fn schema_of(&self, name: &str) -> String {
        let events = &self.now.contract.events;
        let event = events.iter().find(|event| event.name == name);
        event.map(|event| event.schema.clone()).unwrap_or_default()
    }

    fn item(&self, old: &Version, name: &str, label: &str, finding: &Finding) -> Item {
        let schema = self.schema_of(name);
        let place = |version: &Version, pointer: &str| {
            let span: Span = version.place(&schema, pointer)?;
            let (line, column) = version.workspace.line_and_column(span);
            let file = version.workspace.file(span.file).path.clone();
            Some((file, line, column))
        };
        let (file, line, column) = place(self.now, &finding.new)
            .or_else(|| place(old, &finding.old))
            .unwrap_or((schema.clone(), 1, 1));
        let next = next_version(name);
        let item = Item {
            category: Category::Wire,
            rule: finding.rule.clone(),
            direction: Some(finding.direction),
            breaks: finding.breaks,
            subject: name.to_owned(),
            file,
            line,
            column,
            path: finding.path.clone(),
            message: finding.message.clone(),
            mend: format!("{}, or publish {next}", finding.mend),
            counterexample: finding.counterexample.clone(),
            against: label.to_owned(),
            fingerprint: String::new(),
        };
        item.sealed(&finding.values)
    }
}

/// The name of the version after `order.placed.v1`.
fn next_version(name: &str) -> String {
    let next = name.rsplit_once(".v").and_then(|(fact, version)| {
        let version: u64 = version.parse().ok()?;
        Some(format!("{fact}.v{}", version.checked_add(1)?))
    });
    next.unwrap_or_else(|| "a new version".to_owned())
}

impl Outcome {
    /// Whether something breaks that is not waived.
    #[must_use]
    pub fn breaks(&self) -> bool {
        self.items.iter().any(|item| item.breaks)
    }

    /// How many findings there are of a direction.
    #[must_use]
    pub fn count(&self, direction: Direction) -> usize {
        let items = self.items.iter();
        items
            .filter(|item| item.direction == Some(direction))
            .count()
    }
}
