//! What is wrong with the contract: collected, and shown with the line itself.

use std::collections::HashSet;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::load::{Span, Workspace};

/// What kind of finding it is. The number stays the same across releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, clap::ValueEnum)]
pub enum Code {
    /// A file is not YAML or JSON.
    Syntax = 1,
    /// A `$ref` leads nowhere.
    UnresolvedReference = 2,
    /// References lead in a circle, or types contain themselves.
    ReferenceCycle = 3,
    /// A field that neither AsyncAPI nor the extension has.
    UnknownField = 4,
    /// A field that AsyncAPI has and codegen does not support.
    Unsupported = 5,
    /// A required field is missing, or a value has the wrong type.
    Malformed = 6,
    /// A name is not `<entity>.<past-tense fact>.v<N>`.
    NotAFact = 10,
    /// A channel parameter whose value cannot be taken from the event.
    Parameter = 11,
    /// An address or stream subject that NATS does not take.
    IllegalSubject = 12,
    /// An operation on subjects that no stream keeps.
    UncoveredOperation = 13,
    /// Two streams want the same subjects.
    OverlappingStreams = 14,
    /// Two operations share a durable consumer.
    DuplicateDurable = 15,
    /// Settings that cannot work, alone or together.
    ImpossibleSettings = 16,
    /// A file that nothing refers to.
    UnusedFile = 17,
    /// Two channels with subjects in common.
    OverlappingChannels = 18,
    /// The names of an event, its channel, its message and its file differ.
    NameMismatch = 19,
    /// A JSON Schema keyword that codegen refuses.
    Keyword = 20,
    /// A schema that is not valid.
    InvalidSchema = 21,
    /// Two things that would need the same Rust name.
    NameCollision = 22,
    /// Schemas nested, or references chained, beyond every use.
    TooDeep = 23,
    /// A keyword that the schema's dialect ignores where it stands.
    IgnoredKeyword = 24,
    /// An envelope that is not the runtime's.
    Envelope = 25,
    /// A Rust name that several schemas, properties or values want.
    SharedName = 30,
    /// A field of AsyncAPI that changes nothing.
    NoEffect = 40,
    /// A payload without an envelope.
    BarePayload = 41,
    /// Streams that the document does not say.
    DerivedStreams = 42,
    /// A service that the document does not name.
    DerivedService = 43,
    /// An address without a parameter.
    NoKey = 44,
    /// An operation that awaits or gives a reply.
    RequestReply = 45,
    /// A payload in a language of schemas that codegen does not read.
    ForeignSchema = 46,
    /// A channel without an address.
    NoAddress = 48,
    /// An example that its schema rejects, or one that it should reject and does not.
    Example = 49,
    /// An event that nobody sends or nobody receives.
    OneSided = 50,
    /// A version that should be gone, or is about to be.
    Sunset = 51,
    /// An address that is written as a path.
    PathAddress = 52,
    /// Content that is not JSON.
    ForeignContent = 53,
    /// `x-upcasts` names an event that the contract does not have.
    UnknownVersion = 70,
    /// `x-upcasts` names another event, or a newer version.
    NotAnOlderVersion = 71,
    /// Upcasts lead in a circle.
    UpcastCircle = 72,
    /// Versions that one consumer cannot receive together.
    VersionsApart = 73,
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "JW{:03}", *self as u16)
    }
}

/// Whether a finding stops the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It does: nothing is written.
    Error,
    /// It does not.
    Warning,
}

/// A place in a file that the contract does not refer to, such as an example.
#[derive(Clone, Debug)]
pub struct Beside {
    /// The file, relative to the contract's folder.
    pub path: String,
    /// What stands in it.
    pub text: String,
    /// Where in that, in bytes.
    pub place: std::ops::Range<usize>,
    /// What to say of the place.
    pub label: String,
}

impl Beside {
    /// Line and column, counted from 1, columns in characters.
    #[must_use]
    pub fn line_and_column(&self) -> (usize, usize) {
        let before = self.text.get(..self.place.start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default();
        (line, column.chars().count() + 1)
    }
}

/// One finding.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// What kind.
    pub code: Code,
    /// How bad.
    pub severity: Severity,
    /// What is wrong, as a lowercase fragment.
    pub message: String,
    /// Where, and what to say of the place; the first is the culprit.
    pub places: Vec<(Span, String)>,
    /// What is expected, or how to mend it.
    pub help: Vec<String>,
    /// The culprit, where it is in a file that the contract does not refer to.
    pub beside: Option<Box<Beside>>,
    /// Whether another finding already says the same.
    silent: bool,
    /// Whether findings of the same words are shown as one with several places.
    gathered: bool,
}

impl Diagnostic {
    /// A finding that stops the run.
    #[must_use]
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            places: Vec::new(),
            help: Vec::new(),
            beside: None,
            silent: false,
            gathered: false,
        }
    }

    /// A finding that does not stop the run.
    #[must_use]
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }

    /// Adds a place, and what to say of it.
    #[must_use]
    pub fn at(mut self, span: Span, label: impl Into<String>) -> Self {
        self.places.push((span, label.into()));
        self
    }

    /// Names the culprit in a file that the contract does not refer to.
    #[must_use]
    pub(crate) fn beside(mut self, beside: Beside) -> Self {
        self.beside = Some(Box::new(beside));
        self
    }

    /// Adds how to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Stops the run without being shown: another finding says the same.
    #[must_use]
    pub(crate) fn silent(mut self) -> Self {
        self.silent = true;
        self
    }
}

impl Diagnostic {
    /// Shown once for all places of which the same words are said.
    #[must_use]
    pub(crate) fn gathered(mut self) -> Self {
        self.gathered = true;
        self
    }
}

/// All findings of a run.
#[derive(Debug, Default)]
pub struct Report {
    findings: Vec<Diagnostic>,
    /// What tells each finding from others.
    known: HashSet<(Code, String, Option<Span>)>,
}

impl Report {
    /// Adds a finding; the same one twice counts once.
    pub fn push(&mut self, finding: Diagnostic) {
        if finding.gathered
            && let Some(known) = self.findings.iter_mut().find(|known| {
                known.gathered && known.code == finding.code && known.message == finding.message
            })
        {
            let new = finding.places.into_iter();
            let new = new.filter(|(span, _)| !known.places.iter().any(|(other, _)| other == span));
            let new: Vec<_> = new.collect();
            known.places.extend(new);
            return;
        }
        let place = finding.places.first().map(|(span, _)| *span);
        if self
            .known
            .insert((finding.code, finding.message.clone(), place))
        {
            self.findings.push(finding);
        }
    }

    /// The value, or `None` after its finding was added.
    pub fn keep<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|finding| self.push(finding)).ok()
    }

    /// How many were found.
    #[must_use]
    pub fn len(&self) -> usize {
        self.findings.len()
    }

    /// How many of them stop the run.
    #[must_use]
    pub fn errors(&self) -> usize {
        let severe = |finding: &&Diagnostic| finding.severity == Severity::Error;
        self.findings.iter().filter(severe).count()
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    /// Whether something was found that stops the run.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    }

    /// The findings that are shown, by file and place.
    #[must_use]
    pub fn findings(&self) -> Vec<&Diagnostic> {
        let mut shown: Vec<&Diagnostic> = self.findings.iter().filter(|f| !f.silent).collect();
        shown.sort_by_key(|finding| {
            let place = finding.places.first().map(|(span, _)| *span);
            (place, finding.code)
        });
        shown
    }

    /// The whole report as text.
    #[must_use]
    pub fn render(&self, workspace: &Workspace, color: bool) -> String {
        let renderer = if color {
            Renderer::styled().decor_style(DecorStyle::Unicode)
        } else {
            Renderer::plain()
        };
        let mut shown = self.findings();
        let hidden = shown.len().saturating_sub(MOST_SHOWN);
        if hidden > 0 {
            // The errors before the warnings, each by their places.
            shown.sort_by_key(|finding| finding.severity);
            shown.truncate(MOST_SHOWN);
        }
        let mut text = String::new();
        for finding in shown {
            text.push_str(&renderer.render(&groups(workspace, finding)));
            text.push_str("\n\n");
        }
        if hidden > 0 {
            let findings = if hidden == 1 { "finding" } else { "findings" };
            let more = format!(
                "{hidden} more {findings} not shown here; `codegen lint --json` has all\n\n"
            );
            text.push_str(&more);
        }
        text
    }

    /// How many findings there are, in words.
    #[must_use]
    pub fn summary(&self) -> String {
        let shown = self.findings();
        let counts: Vec<String> = [(Severity::Error, "error"), (Severity::Warning, "warning")]
            .into_iter()
            .filter_map(|(severity, word)| {
                let count = shown.iter().filter(|f| f.severity == severity).count();
                match count {
                    0 => None,
                    1 => Some(format!("1 {word}")),
                    count => Some(format!("{count} {word}s")),
                }
            })
            .collect();
        counts.join(", ")
    }

    /// Where more is said of the first finding, of the errors if there are any.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let shown = self.findings();
        let first = shown.iter().min_by_key(|finding| finding.severity)?;
        Some(format!("more: codegen explain {}", first.code))
    }

    /// The report for scripts: a list of findings, each with code, severity, message, help and places, which have file,
    /// line and column, counted from 1, and a label.
    #[must_use]
    pub fn to_json(&self, workspace: &Workspace) -> serde_json::Value {
        self.findings()
            .into_iter()
            .map(|finding| {
                let beside = finding.beside.iter().map(|beside| {
                    let (line, column) = beside.line_and_column();
                    serde_json::json!({
                        "file": beside.path, "line": line, "column": column, "label": beside.label,
                    })
                });
                let places = finding.places.iter().map(|(span, label)| {
                    let (line, column) = workspace.line_and_column(*span);
                    serde_json::json!({
                        "file": workspace.file(span.file).path, "line": line, "column": column, "label": label,
                    })
                });
                serde_json::json!({
                    "code": finding.code.to_string(), "severity": finding.severity, "message": finding.message,
                    "help": finding.help, "places": beside.chain(places).collect::<Vec<_>>(),
                })
            })
            .collect()
    }
}

/// How many places of a finding are shown.
const MOST_PLACES: usize = 4;
/// How many findings are shown as text. Nobody reads more at once, and in a file of one long line each takes long.
const MOST_SHOWN: usize = 200;

fn groups<'r>(workspace: &'r Workspace, finding: &'r Diagnostic) -> Vec<Group<'r>> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(finding.message.as_str())
        .id(finding.code.to_string());
    let mut group = Group::with_title(title);
    if let Some(beside) = &finding.beside {
        let label = AnnotationKind::Primary
            .span(beside.place.clone())
            .label(beside.label.as_str());
        let snippet = Snippet::source(beside.text.as_str()).path(beside.path.as_str());
        group = group.element(snippet.annotation(label));
    }
    // One snippet per file, in the order of the places.
    let mut rest: Vec<(usize, &(Span, String))> = finding.places.iter().enumerate().collect();
    // What is said of many places is clear from the first few.
    rest.truncate(MOST_PLACES);
    while let Some((_, (first, _))) = rest.first() {
        let file = first.file;
        let (here, others): (Vec<_>, Vec<_>) = rest
            .into_iter()
            .partition(|(_, (span, _))| span.file == file);
        rest = others;
        let source = workspace.file(file);
        let shown = lines_of(&source.text, here.iter().map(|(_, (span, _))| *span));
        let mut snippet = Snippet::source(&source.text[shown.clone()])
            .line_start(source.text[..shown.start].matches('\n').count() + 1)
            .path(source.path.as_str());
        for (index, (span, label)) in here {
            let kind = if index == 0 && finding.beside.is_none() {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            let place = one_line(&source.text, *span);
            let place = place.start - shown.start..place.end - shown.start;
            snippet = snippet.annotation(kind.span(place).label(label.as_str()));
        }
        group = group.element(snippet);
    }
    let hidden = finding.places.len().saturating_sub(MOST_PLACES);
    if hidden > 0 {
        let places = if hidden == 1 { "place" } else { "places" };
        group = group.element(Level::NOTE.message(format!("and in {hidden} more {places}")));
    }
    for help in &finding.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    vec![group]
}

/// The whole lines from the first to the last place: the renderer goes through all that it is given, for each finding.
fn lines_of(text: &str, spans: impl Iterator<Item = Span>) -> std::ops::Range<usize> {
    let places: Vec<_> = spans.map(|span| one_line(text, span)).collect();
    let first = places.iter().map(|place| place.start).min().unwrap_or(0);
    let last = places.iter().map(|place| place.end).max().unwrap_or(0);
    let start = text[..first].rfind('\n').map_or(0, |at| at + 1);
    let end = text[last..]
        .find('\n')
        .map_or(text.len(), |at| last + at + 1);
    start..end
}

/// The part of a span on its first line: a block of many lines is named by where it begins.
fn one_line(text: &str, span: Span) -> std::ops::Range<usize> {
    let (start, end) = (span.start as usize, span.end as usize);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let end = end.min(line_end);
    let one = text.ceil_char_boundary(start + 1).min(line_end);
    start..end.max(one).max(start)
}
