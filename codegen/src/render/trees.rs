//! The folders that are generated.

use std::path::{Path, PathBuf};

use super::{File, catalogue, editor, permissions, render, service_document};
use crate::load::Workspace;
use crate::model::Contract;
use crate::parallel;

/// Where the Rust code goes.
const CODE: &str = "events/src/generated";
/// Where the catalogue of the events goes.
const CATALOGUE: &str = "docs/events";
/// Where the services' own documents go.
pub(super) const DOCUMENTS: &str = "docs/asyncapi";
/// Where the schema for editors goes.
const EDITOR: &str = "docs/schema";
/// Where the broker's permissions go.
const PERMISSIONS: &str = "deploy/nats";

/// A folder of generated files. Nothing else belongs into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The folder, relative to the contract's.
    pub folder: PathBuf,
    /// Its files.
    pub files: Vec<File>,
}

impl Tree {
    /// Whether this is the Rust code.
    #[must_use]
    pub fn is_code(&self) -> bool {
        self.folder == Path::new(CODE)
    }
}

/// All that is generated, the Rust code first.
///
/// # Errors
///
/// Where a template fails, which is a defect of this program.
pub fn trees(contract: &Contract, workspace: &Workspace) -> Result<Vec<Tree>, askama::Error> {
    let tree = |folder: &str, mut files: Vec<File>| {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Tree {
            folder: folder.into(),
            files,
        }
    };
    // The catalogue and the code are about as much; each has parts that only one processor can do.
    let (code, mut trees) = parallel::both(
        || render(contract),
        || {
            vec![
                tree(CATALOGUE, catalogue::files(contract, workspace)),
                tree(DOCUMENTS, service_document::files(contract, workspace)),
                tree(EDITOR, editor::files(contract, workspace)),
                tree(PERMISSIONS, permissions::files(contract)),
            ]
        },
    );
    trees.insert(0, tree(CODE, code?));
    Ok(trees)
}

/// The way from a folder of `docs` to `path`, which is relative to the contract's folder.
pub(super) fn up(path: &str) -> String {
    match path.strip_prefix("docs/") {
        Some(beside) => format!("../{beside}"),
        None => format!("../../{path}"),
    }
}
