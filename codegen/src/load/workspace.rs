//! The contract and every file that it refers to.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::node::Node;
use super::normal::{self, Normalizer};
use super::resources::{Resources, below};
use super::{Dialect, FileId, Formats, Reading, Span, parse, pointer, stack};
use crate::diagnostics::{Code, Diagnostic, Report};

/// A file that was read.
#[derive(Debug)]
pub struct File {
    /// Its path relative to the contract's folder, with `/`.
    pub path: String,
    /// Its text.
    pub text: String,
    /// What it says; `None` where it does not parse.
    pub root: Option<Node>,
}

/// A schema in memory.
#[derive(Clone, Debug)]
pub struct Document {
    /// What it is called in findings.
    pub path: String,
    /// The address that others refer to it by.
    pub uri: Option<String>,
    /// YAML or JSON.
    pub text: String,
}

/// The contract and every file that it refers to, directly or through others.
#[derive(Debug, Default)]
pub struct Workspace {
    root: PathBuf,
    files: Vec<File>,
    by_path: HashMap<String, FileId>,
    /// The addresses of files that are known by another than their path's.
    addresses: HashMap<FileId, String>,
    pub(super) resources: Resources,
    notes: HashMap<Span, Vec<Diagnostic>>,
}

impl Workspace {
    /// Reads the contract and what it refers to. What cannot be read or parsed is reported where it is referred to.
    ///
    /// # Errors
    ///
    /// Where the contract itself cannot be read.
    pub fn load(contract: &Path, report: &mut Report) -> std::io::Result<Self> {
        stack::deep(|| Self::read(contract, report))?
    }

    fn read(contract: &Path, report: &mut Report) -> std::io::Result<Self> {
        let folder = contract.parent().unwrap_or(Path::new(""));
        let name = contract.file_name().unwrap_or_default().to_string_lossy();
        let mut workspace = Self {
            root: folder.to_path_buf(),
            ..Self::default()
        };
        let text = std::fs::read_to_string(contract)?;
        let mut next = workspace.add(name.into_owned(), text, report).0 as usize;
        let mut missing = Vec::new();
        // Files are added at the end while this goes through them.
        while let Some(file) = workspace.files.get(next) {
            let targets = file.root.as_ref().map(targets).unwrap_or_default();
            for (span, target) in targets {
                workspace.load_target(span, &target, &mut missing, report);
            }
            next += 1;
        }
        workspace.understand(Reading::default());
        for (span, target, finding) in missing {
            if !workspace.is_known(span, &target) {
                report.push(finding);
            }
        }
        Ok(workspace)
    }

    /// Schemas that are in memory, the one that matters first. Nothing is read from elsewhere.
    ///
    /// # Errors
    ///
    /// Where the system has no thread left to read them on.
    pub fn of_documents(
        documents: Vec<Document>,
        reading: Reading,
        report: &mut Report,
    ) -> std::io::Result<Self> {
        stack::deep(|| Self::parsed(documents, reading, report))
    }

    fn parsed(documents: Vec<Document>, reading: Reading, report: &mut Report) -> Self {
        let mut workspace = Self::default();
        for document in documents {
            let id = workspace.add(document.path, document.text, report);
            if let Some(uri) = document.uri {
                workspace.addresses.insert(id, uri);
            }
        }
        workspace.understand(reading);
        workspace
    }

    /// Brings every schema into the dialect that the rest of codegen reads, and notes what references may name.
    fn understand(&mut self, reading: Reading) {
        let documents = !self.addresses.is_empty() || reading.dialect != Dialect::default();
        let schemas = documents || reading.formats != Formats::default();
        // AsyncAPI's own schemas are a superset of draft-07; what is written for Jetway is 2020-12.
        let root = self.contract();
        let older = root.is_some_and(|root| {
            root.get("asyncapi").is_some() && root.get("x-jetstream").is_none()
        });
        let vocabularies = normal::vocabularies(&self.files, &self.addresses);
        for (index, file) in self.files.iter_mut().enumerate() {
            let Some(root) = &mut file.root else {
                continue;
            };
            let id = FileId(u32::try_from(index).unwrap_or(u32::MAX));
            let mut normal = Normalizer::new(reading, &vocabularies, &mut self.notes);
            if schemas {
                normal.schema(root);
            } else {
                normal.older(older).anything(root, false);
            }
            let address = self.addresses.get(&id).map(String::as_str);
            self.resources.add(id, &file.path, address, root);
        }
        for twice in &self.resources.twice {
            let finding = Diagnostic::error(
                Code::InvalidSchema,
                format!("another schema has this `{}`", twice.keyword),
            )
            .at(
                twice.name,
                "the second: a reference to it would mean either",
            );
            self.notes.entry(twice.schema).or_default().push(finding);
        }
    }

    /// What is to be said of the schema at `span` where it is used: what its dialect does not have, or ignores.
    pub fn notes(&self, span: Span) -> &[Diagnostic] {
        self.notes.get(&span).map_or(&[], Vec::as_slice)
    }

    /// The folder of the contract.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The contract's own root node.
    #[must_use]
    pub fn contract(&self) -> Option<&Node> {
        self.files.first().and_then(|file| file.root.as_ref())
    }

    /// All files, the contract first.
    #[must_use]
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// One file.
    #[must_use]
    pub fn file(&self, id: FileId) -> &File {
        &self.files[id.0 as usize]
    }

    /// The number of the file with this path relative to the contract's folder.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<FileId> {
        self.by_path.get(path).copied()
    }

    /// `file:line:column`, counted from 1, columns in characters.
    #[must_use]
    pub fn position(&self, span: Span) -> String {
        let (line, column) = self.line_and_column(span);
        format!("{}:{line}:{column}", self.file(span.file).path)
    }

    /// Line and column, counted from 1, columns in characters.
    #[must_use]
    pub fn line_and_column(&self, span: Span) -> (usize, usize) {
        let before = &self.file(span.file).text[..span.start as usize];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }

    /// The line, counted from 1.
    #[must_use]
    pub fn line(&self, span: Span) -> usize {
        self.file(span.file).text[..span.start as usize]
            .matches('\n')
            .count()
            + 1
    }

    fn add(&mut self, path: String, text: String, report: &mut Report) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        let root = match parse::parse(id, &text) {
            Ok(root) => Some(root),
            Err(error) => {
                report.push(
                    Diagnostic::error(error.code, format!("`{path}` cannot be parsed"))
                        .at(error.span, error.message),
                );
                None
            }
        };
        self.by_path.insert(path.clone(), id);
        self.files.push(File { path, text, root });
        id
    }

    fn load_target(
        &mut self,
        span: Span,
        target: &str,
        missing: &mut Vec<(Span, String, Diagnostic)>,
        report: &mut Report,
    ) {
        let (path, _) = pointer::split(target);
        // What is wrong with the reference itself is reported by whoever follows it.
        let Ok(path) = self.relative(span.file, path) else {
            return;
        };
        if self.by_path.contains_key(&path) {
            return;
        }
        match std::fs::read_to_string(self.root.join(&path)) {
            Ok(text) => {
                self.add(path, text, report);
            }
            // It may be the `$id` of a schema in another file.
            Err(error) => missing.push((
                span,
                target.to_owned(),
                Diagnostic::error(
                    Code::UnresolvedReference,
                    format!("cannot read `{path}`: {error}"),
                )
                .at(span, "referred to here")
                .help("references are relative to the file that they stand in"),
            )),
        }
    }
}

/// Every reference below `node`, except inside values that are data and not schema.
fn targets(node: &Node) -> Vec<(Span, String)> {
    let mut found = Vec::new();
    collect(node, false, &mut found);
    found
}

/// `named`: the keys here are names of the author's choice, so one called `default` is no keyword.
fn collect(node: &Node, named: bool, found: &mut Vec<(Span, String)>) {
    for item in node.items() {
        collect(item, false, found);
    }
    for entry in node.entries() {
        match (entry.key.as_str(), entry.value.text()) {
            ("$ref" | "$dynamicRef", Some(target)) => {
                found.push((entry.value.span, target.to_owned()));
            }
            (key, _) => {
                if let Some(named) = below(key, named) {
                    collect(&entry.value, named, found);
                }
            }
        }
    }
}
