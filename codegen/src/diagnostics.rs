//! What is wrong with the contract: collected, and shown with the line itself.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::load::{Span, Workspace};

/// What kind of finding it is. The number stays the same across releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "JW{:03}", *self as u16)
    }
}

/// One finding.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// What kind.
    pub code: Code,
    /// What is wrong, as a lowercase fragment.
    pub message: String,
    /// Where, and what to say of the place; the first is the culprit.
    pub places: Vec<(Span, String)>,
    /// What is expected, or how to mend it.
    pub help: Vec<String>,
    /// Whether another finding already says the same.
    silent: bool,
}

impl Diagnostic {
    /// A finding that stops the run.
    #[must_use]
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            places: Vec::new(),
            help: Vec::new(),
            silent: false,
        }
    }

    /// Adds a place, and what to say of it.
    #[must_use]
    pub fn at(mut self, span: Span, label: impl Into<String>) -> Self {
        self.places.push((span, label.into()));
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

/// All findings of a run.
#[derive(Debug, Default)]
pub struct Report {
    findings: Vec<Diagnostic>,
}

impl Report {
    /// Adds a finding; the same one twice counts once.
    pub fn push(&mut self, finding: Diagnostic) {
        let same = |other: &Diagnostic| {
            other.code == finding.code
                && other.message == finding.message
                && other.places.first().map(|(span, _)| *span)
                    == finding.places.first().map(|(span, _)| *span)
        };
        if !self.findings.iter().any(same) {
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

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty()
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

    /// The whole report as text, ending with how many errors there are.
    #[must_use]
    pub fn render(&self, workspace: &Workspace, color: bool) -> String {
        let renderer = if color {
            Renderer::styled().decor_style(DecorStyle::Unicode)
        } else {
            Renderer::plain()
        };
        let shown = self.findings();
        let mut text = String::new();
        for finding in &shown {
            text.push_str(&renderer.render(&groups(workspace, finding)));
            text.push_str("\n\n");
        }
        let count = shown.len();
        let plural = if count == 1 { "" } else { "s" };
        text.push_str(&format!("{count} error{plural}; nothing was written\n"));
        text
    }
}

fn groups<'r>(workspace: &'r Workspace, finding: &'r Diagnostic) -> Vec<Group<'r>> {
    let title = Level::ERROR
        .primary_title(finding.message.as_str())
        .id(finding.code.to_string());
    let mut group = Group::with_title(title);
    // One snippet per file, in the order of the places.
    let mut rest: Vec<(usize, &(Span, String))> = finding.places.iter().enumerate().collect();
    while let Some((_, (first, _))) = rest.first() {
        let file = first.file;
        let (here, others): (Vec<_>, Vec<_>) = rest
            .into_iter()
            .partition(|(_, (span, _))| span.file == file);
        rest = others;
        let source = workspace.file(file);
        let mut snippet = Snippet::source(source.text.as_str()).path(source.path.as_str());
        for (index, (span, label)) in here {
            let kind = if index == 0 {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            snippet = snippet.annotation(
                kind.span(one_line(&source.text, *span))
                    .label(label.as_str()),
            );
        }
        group = group.element(snippet);
    }
    for help in &finding.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    vec![group]
}

/// The part of a span on its first line: a block of many lines is named by where it begins.
fn one_line(text: &str, span: Span) -> std::ops::Range<usize> {
    let (start, end) = (span.start as usize, span.end as usize);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let end = end.min(line_end);
    start..end.max((start + 1).min(line_end)).max(start)
}
