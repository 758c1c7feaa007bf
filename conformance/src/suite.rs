//! Test cases in the format of the JSON Schema Test Suite.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use codegen::load::{Dialect, Document};
use serde::Deserialize;
use serde_json::Value;

/// A schema and documents that it accepts or rejects.
#[derive(Debug)]
pub struct Group {
    /// The file that it stands in, without its ending: the keyword, for most. Below the folder of the draft.
    pub keyword: String,
    /// Its place in that file, counted from 0.
    pub index: usize,
    /// What it is about.
    pub description: String,
    /// The schema.
    pub schema: Value,
    /// The documents.
    pub tests: Vec<Test>,
}

/// A document, and whether the schema accepts it.
#[derive(Debug, Deserialize)]
pub struct Test {
    /// What it shows.
    pub description: String,
    /// The document.
    pub data: Value,
    /// Whether the schema accepts it.
    pub valid: bool,
}

#[derive(Deserialize)]
struct RawGroup {
    description: String,
    schema: Value,
    tests: Vec<Test>,
}

/// Which draft of the suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draft {
    /// 2020-12.
    Draft202012,
    /// Draft-07.
    Draft7,
}

impl Draft {
    /// The folder in the suite.
    #[must_use]
    pub fn folder(self) -> &'static str {
        match self {
            Self::Draft202012 => "draft2020-12",
            Self::Draft7 => "draft7",
        }
    }

    /// What schemas are written in that do not say so.
    #[must_use]
    pub fn dialect(self) -> Dialect {
        match self {
            Self::Draft202012 => Dialect::Draft202012,
            Self::Draft7 => Dialect::Draft07,
        }
    }
}

/// The groups of one draft, in the order of their files. `optional`: those of the folder `optional` instead.
///
/// # Errors
///
/// Where the suite cannot be read.
pub fn groups(suite: &Path, draft: Draft, optional: bool) -> anyhow::Result<Vec<Group>> {
    let mut folder = suite.join("tests").join(draft.folder());
    if optional {
        folder.push("optional");
    }
    let mut groups = Vec::new();
    for path in files(&folder)? {
        let relative = path.strip_prefix(&folder).unwrap_or(&path);
        let keyword = relative
            .with_extension("")
            .to_string_lossy()
            .replace('\\', "/");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let raw: Vec<RawGroup> = serde_json::from_str(&text)
            .with_context(|| format!("{} is not in the suite's format", path.display()))?;
        groups.extend(raw.into_iter().enumerate().map(|(index, group)| Group {
            keyword: keyword.clone(),
            index,
            description: group.description,
            schema: group.schema,
            tests: group.tests,
        }));
    }
    Ok(groups)
}

/// The suite's `remotes`, under the addresses that its schemas know them by.
///
/// # Errors
///
/// Where one cannot be read.
pub fn remotes(suite: &Path, draft: Draft) -> anyhow::Result<Vec<Document>> {
    let root = suite.join("remotes");
    let mut documents = Vec::new();
    if !root.is_dir() {
        return Ok(documents);
    }
    for folder in ["", draft.folder()] {
        collect(
            &root,
            &root.join(folder),
            !folder.is_empty(),
            &mut documents,
        )?;
    }
    Ok(documents)
}

/// The other drafts' folders are left out: `deep` is false where they lie.
fn collect(
    root: &Path,
    folder: &Path,
    deep: bool,
    documents: &mut Vec<Document>,
) -> anyhow::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for path in entries(folder)? {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            if deep || !(name.starts_with("draft") || name == "v1") {
                collect(root, &path, true, documents)?;
            }
            continue;
        }
        let relative = path
            .strip_prefix(root)
            .unwrap_or(&path)
            .to_string_lossy()
            .replace('\\', "/");
        documents.push(Document {
            uri: Some(format!("http://localhost:1234/{relative}")),
            text: std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?,
            path: format!("remotes/{relative}"),
        });
    }
    Ok(())
}

fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in entries(folder)? {
        if path.is_dir() {
            // The folder `optional` of the required tests is asked for by name.
            if path.file_name().is_some_and(|name| name != "optional") {
                found.extend(files(&path)?);
            }
        } else if path.extension().is_some_and(|end| end == "json") {
            found.push(path);
        }
    }
    Ok(found)
}

/// What is in a folder, sorted.
fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let read =
        std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths = Vec::new();
    for entry in read {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}
