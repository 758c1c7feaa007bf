//! What git knows of the contract's past, asked by running it.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why git could not answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no program of that name.
    #[error("cannot run git: {0}; install it, or compare with a folder: --against <folder>")]
    Missing(std::io::Error),
    /// It ran and failed.
    #[error("`git {arguments}` failed: {message}")]
    Failed {
        /// What it was asked.
        arguments: String,
        /// What it said.
        message: String,
    },
    /// The contract is not in a repository.
    #[error("{0} is in no git repository; compare with a folder: --against <folder>")]
    NoRepository(String),
    /// There is no such commit.
    #[error("`{0}` is neither a folder nor a commit, branch or tag that git knows here{1}")]
    UnknownReference(String, &'static str),
    /// Nothing to compare with.
    #[error(
        "nothing is committed here yet that could be compared with; name a folder: --against <folder>"
    )]
    NothingToCompare,
    /// History was cut off.
    #[error(
        "this is a shallow clone, so versions that were published may be missing; run `git fetch --unshallow`, or compare with the base alone: --history base"
    )]
    Shallow,
    /// A file could not be written or read.
    #[error("cannot keep an older version in a temporary folder: {0}")]
    Io(#[from] std::io::Error),
}

/// A repository, seen from the contract's folder.
#[derive(Debug)]
pub(super) struct Repository {
    folder: PathBuf,
    /// The contract's folder from the top, with a trailing `/` unless it is the top.
    prefix: String,
}

/// A file of a commit: its hash, and its path from the contract's folder.
pub(super) type Blob = (String, String);

impl Repository {
    pub(super) fn open(folder: &Path) -> Result<Self, GitError> {
        let folder = if folder.as_os_str().is_empty() {
            PathBuf::from(".")
        } else {
            folder.to_path_buf()
        };
        let mut repository = Self {
            folder,
            prefix: String::new(),
        };
        repository.prefix = match repository.run(&["rev-parse", "--show-prefix"]) {
            Ok(prefix) => prefix,
            Err(GitError::Failed { .. }) => {
                let folder = repository.folder.display().to_string();
                return Err(GitError::NoRepository(folder));
            }
            Err(error) => return Err(error),
        };
        Ok(repository)
    }

    pub(super) fn prefix(self) -> String {
        self.prefix
    }

    /// The commit that `reference` names.
    pub(super) fn commit(&self, reference: &str) -> Result<String, GitError> {
        let name = format!("{reference}^{{commit}}");
        self.try_run(&[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &name,
        ])?
        .ok_or_else(|| {
            let hint = match self.is_shallow() {
                Ok(true) => " (a shallow clone: `git fetch --unshallow`)",
                _ => "",
            };
            GitError::UnknownReference(reference.to_owned(), hint)
        })
    }

    /// The commit to compare with where none is named, and what it is: on a branch where that left main, on main itself
    /// the last tag, or else what is committed, as where there is no main.
    pub(super) fn base(&self) -> Result<(String, String), GitError> {
        let head = self.try_run(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])?;
        let head = head.ok_or(GitError::NothingToCompare)?;
        let tag = self.try_run(&["describe", "--tags", "--abbrev=0", "HEAD"])?;
        for main in self.main()? {
            if let Some(base) = self.try_run(&["merge-base", "HEAD", &main])?
                && (base != head || tag.is_none())
            {
                let name = if base == head {
                    main
                } else {
                    format!("the merge base with {main}")
                };
                return Ok((base, name));
            }
        }
        Ok(match tag {
            Some(tag) => (self.commit(&tag)?, format!("the tag {tag}")),
            // Neither main nor tag: what is committed, and all that was before it counts as published.
            None => (head, "the last commit".to_owned()),
        })
    }

    /// The names of the main branch that there are.
    fn main(&self) -> Result<Vec<String>, GitError> {
        let mut found = Vec::new();
        for name in [
            "origin/HEAD",
            "origin/main",
            "main",
            "origin/master",
            "master",
        ] {
            let known = self.try_run(&["rev-parse", "--verify", "--quiet", name])?;
            if known.is_some() {
                found.push(name.to_owned());
            }
        }
        Ok(found)
    }

    fn is_shallow(&self) -> Result<bool, GitError> {
        Ok(self.run(&["rev-parse", "--is-shallow-repository"])? == "true")
    }

    /// The commits that changed a schema or contract and count as published: those up to `base`, and those after it that
    /// main has, or that any branch has where there is no main. Newest first; none before `since`.
    pub(super) fn published(
        &self,
        base: &str,
        since: Option<&str>,
    ) -> Result<Vec<String>, GitError> {
        if self.is_shallow()? {
            return Err(GitError::Shallow);
        }
        let mains = self.main()?;
        let mut found = Vec::new();
        let mut ends: Vec<&str> = vec![base];
        if mains.is_empty() {
            ends.push("HEAD");
        }
        let tips: Vec<String> = mains
            .iter()
            .filter_map(|main| self.try_run(&["merge-base", "HEAD", main]).ok().flatten())
            .collect();
        ends.extend(tips.iter().map(String::as_str));
        let mut arguments = vec!["log", "--format=%H"];
        arguments.extend(ends);
        let until = since.map(|since| format!("^{since}"));
        arguments.extend(until.as_deref());
        let patterns: Vec<String> = ["json", "yaml", "yml"]
            .iter()
            .map(|ending| format!(":(top,glob){}**/*.{ending}", self.prefix))
            .collect();
        arguments.push("--");
        arguments.extend(patterns.iter().map(String::as_str));
        for line in self.run(&arguments)?.lines() {
            found.push(line.to_owned());
        }
        found.extend(since.map(str::to_owned));
        Ok(found)
    }

    /// The contract and schema files of a commit.
    pub(super) fn blobs(&self, commit: &str) -> Result<BTreeSet<Blob>, GitError> {
        let tree = format!("{commit}:{}", self.prefix.trim_end_matches('/'));
        let Some(listing) = self.try_run(&["ls-tree", "-r", "-z", "--full-tree", &tree])? else {
            // The folder was not there then.
            return Ok(BTreeSet::new());
        };
        let blobs = listing.split('\0').filter_map(|line| {
            let (about, path) = line.split_once('\t')?;
            let mut about = about.split(' ').skip(1);
            let (kind, hash) = (about.next()?, about.next()?);
            let ending = path.rsplit('.').next()?;
            let wanted = kind == "blob" && matches!(ending, "json" | "yaml" | "yml");
            wanted.then(|| (hash.to_owned(), path.to_owned()))
        });
        Ok(blobs.collect())
    }

    /// Writes files of a commit below `folder`.
    pub(super) fn write(&self, blobs: &BTreeSet<Blob>, folder: &Path) -> Result<(), GitError> {
        let mut process = self
            .command(&["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(GitError::Missing)?;
        let asked: String = blobs.iter().map(|(hash, _)| format!("{hash}\n")).collect();
        // From a thread: git answers while it is being asked.
        let asking = process
            .stdin
            .take()
            .map(|mut input| std::thread::spawn(move || input.write_all(asked.as_bytes())));
        let output = process.wait_with_output()?;
        if let Some(asking) = asking {
            // Where git went away early its answer is too short, and said below.
            let _ = asking.join();
        }
        let mut rest = output.stdout.as_slice();
        for (hash, path) in blobs {
            let (content, after) = answer(rest).ok_or_else(|| GitError::Failed {
                arguments: "cat-file --batch".to_owned(),
                message: format!("no content for {path} ({hash})"),
            })?;
            rest = after;
            let file = folder.join(path);
            if let Some(parent) = file.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(file, content)?;
        }
        Ok(())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(&self.folder)
            .args(arguments)
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("LC_ALL", "C");
        command
    }

    fn run(&self, arguments: &[&str]) -> Result<String, GitError> {
        let output = self
            .command(arguments)
            .output()
            .map_err(GitError::Missing)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
        if output.status.success() {
            return Ok(text(&output.stdout));
        }
        Err(GitError::Failed {
            arguments: arguments.join(" "),
            message: text(&output.stderr),
        })
    }

    /// `None` where git says no.
    fn try_run(&self, arguments: &[&str]) -> Result<Option<String>, GitError> {
        match self.run(arguments) {
            Ok(text) => Ok(Some(text)),
            Err(GitError::Failed { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The first object of a batch, and what comes after it.
fn answer(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = text.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(text.get(..line)?).ok()?;
    let size: usize = head.rsplit(' ').next()?.parse().ok()?;
    let content = text.get(line + 1..line + 1 + size)?;
    Some((content, text.get(line + 2 + size..)?))
}
