//! The contract and every file that it refers to.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use super::node::Node;
use super::{FileId, Reading, Span, parse, pointer};
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
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
    files: Vec<File>,
    by_path: HashMap<String, FileId>,
}

impl Workspace {
    /// Reads the contract and what it refers to. What cannot be read or parsed is reported where it is referred to.
    ///
    /// # Errors
    ///
    /// Where the contract itself cannot be read.
    pub fn load(contract: &Path, report: &mut Report) -> std::io::Result<Self> {
        let folder = contract.parent().unwrap_or(Path::new(""));
        let name = contract.file_name().unwrap_or_default().to_string_lossy();
        let mut workspace = Self {
            root: folder.to_path_buf(),
            files: Vec::new(),
            by_path: HashMap::new(),
        };
        let text = std::fs::read_to_string(contract)?;
        let mut next = workspace.add(name.into_owned(), text, report).0 as usize;
        // Files are added at the end while this goes through them.
        while let Some(file) = workspace.files.get(next) {
            let targets = file.root.as_ref().map(targets).unwrap_or_default();
            for (span, target) in targets {
                workspace.load_target(span, &target, report);
            }
            next += 1;
        }
        Ok(workspace)
    }

    /// Schemas that are in memory, the one that matters first. Nothing is read from elsewhere.
    pub fn of_documents(documents: Vec<Document>, _reading: Reading, report: &mut Report) -> Self {
        let mut workspace = Self {
            root: PathBuf::new(),
            files: Vec::new(),
            by_path: HashMap::new(),
        };
        for document in documents {
            workspace.add(document.path, document.text, report);
        }
        workspace
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

    /// What `node` stands for: itself, or what its `$ref` leads to in the end.
    ///
    /// # Errors
    ///
    /// Where a reference leads nowhere or in a circle.
    pub fn resolve<'w>(&'w self, node: &'w Node) -> Result<&'w Node, Diagnostic> {
        let mut chain: Vec<&Node> = Vec::new();
        let mut current = node;
        while let Some(reference) = current.reference() {
            if chain.iter().any(|seen| seen.span == reference.span) {
                return Err(self.circle(&chain));
            }
            chain.push(reference);
            current = self.target(reference)?;
        }
        Ok(current)
    }

    /// What the text of a `$ref` leads to, one step.
    ///
    /// # Errors
    ///
    /// Where it leads nowhere.
    pub fn target<'w>(&'w self, reference: &'w Node) -> Result<&'w Node, Diagnostic> {
        let text = reference.text().unwrap_or_default();
        let (path, fragment) = split(text);
        let error = |message: String| {
            Diagnostic::error(Code::UnresolvedReference, message)
                .at(reference.span, "this reference")
        };
        let path = self
            .relative(reference.span.file, path)
            .map_err(|why| error(format!("cannot follow `{text}`: {why}")))?;
        let Some(file) = self.find(&path) else {
            // Said where the reference was read.
            return Err(error(format!("there is no file `{path}`")).silent());
        };
        let Some(root) = &self.file(file).root else {
            return Err(error(format!("`{path}` cannot be read")).silent());
        };
        let tokens = pointer::tokens(fragment)
            .map_err(|why| error(format!("cannot follow `{text}`: {why}")))?;
        pointer::walk(root, &tokens).map_err(|depth| {
            let found: String = tokens[..depth]
                .iter()
                .map(|token| format!("/{}", pointer::escape(token)))
                .collect();
            let missing = &tokens[depth];
            error(format!(
                "`{path}` has nothing at `#{found}/{}`",
                pointer::escape(missing)
            ))
            .help(format!("`#{found}` is there, `{missing}` below it is not"))
        })
    }

    fn circle(&self, chain: &[&Node]) -> Diagnostic {
        let steps: Vec<String> = chain
            .iter()
            .map(|step| {
                format!(
                    "{}: `{}`",
                    self.position(step.span),
                    step.text().unwrap_or_default()
                )
            })
            .collect();
        Diagnostic::error(
            Code::ReferenceCycle,
            "these references lead in a circle and name nothing",
        )
        .at(chain[0].span, "the circle is entered here")
        .help(format!("the way round: {}", steps.join(" -> ")))
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
                    Diagnostic::error(Code::Syntax, format!("`{path}` cannot be parsed"))
                        .at(error.span, error.message),
                );
                None
            }
        };
        self.by_path.insert(path.clone(), id);
        self.files.push(File { path, text, root });
        id
    }

    fn load_target(&mut self, span: Span, target: &str, report: &mut Report) {
        let (path, _) = split(target);
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
            Err(error) => report.push(
                Diagnostic::error(
                    Code::UnresolvedReference,
                    format!("cannot read `{path}`: {error}"),
                )
                .at(span, "referred to here")
                .help("references are relative to the file that they stand in"),
            ),
        }
    }

    /// The path of `target`, which is relative to `from`, relative to the contract's folder.
    fn relative(&self, from: FileId, target: &str) -> Result<String, String> {
        let from = &self.file(from).path;
        if target.is_empty() {
            return Ok(from.clone());
        }
        if target.contains("://") {
            return Err("only files are followed, nothing is fetched".to_owned());
        }
        let decoded = percent_encoding::percent_decode_str(target)
            .decode_utf8()
            .map_err(|_| "its %-escapes are not UTF-8".to_owned())?;
        let joined = Path::new(from)
            .parent()
            .unwrap_or(Path::new(""))
            .join(&*decoded);
        let mut parts: Vec<String> = Vec::new();
        for component in joined.components() {
            match component {
                Component::CurDir => {}
                Component::ParentDir if parts.last().is_some_and(|last| last != "..") => {
                    parts.pop();
                }
                Component::ParentDir => parts.push("..".to_owned()),
                Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
                Component::RootDir | Component::Prefix(_) => {
                    return Err("absolute paths are not followed".to_owned());
                }
            }
        }
        Ok(parts.join("/"))
    }
}

fn split(reference: &str) -> (&str, &str) {
    reference.split_once('#').unwrap_or((reference, ""))
}

/// Every `$ref` below `node`, except inside values that are data and not schema.
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
            ("const" | "default" | "enum" | "example" | "examples", _) if !named => {}
            ("$ref", Some(target)) => found.push((entry.value.span, target.to_owned())),
            (key, _) => {
                let names = matches!(
                    key,
                    "$defs" | "definitions" | "patternProperties" | "properties"
                );
                collect(&entry.value, names && !named, found);
            }
        }
    }
}
