//! The crate of all generated types: written, compiled once, asked.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hash::{Hash, Hasher as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Case, Group};

/// Where the crate lies, and what it is compiled with.
#[derive(Debug)]
pub struct Workplace {
    /// The repository.
    root: PathBuf,
    /// The folder of the crate.
    folder: PathBuf,
    /// The workspace's target directory, so that little is built twice.
    target: PathBuf,
    /// The crate's name: distinct, for the crates of all folders are built into one target directory.
    name: String,
}

/// What became of one document.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    /// What the type writes, where it read the document: a list of one, since it may be null.
    pub(super) written: Option<(Value,)>,
    /// Why it did not.
    pub(super) refused: Option<String>,
}

/// What the crates' names begin with.
const PREFIX: &str = "conformance-cases-";

impl Workplace {
    /// A crate in `folder`; without one, in a folder called `name` below the workspace's target directory.
    ///
    /// # Errors
    ///
    /// Where the target directory cannot be found out.
    pub fn new(folder: Option<&Path>, name: &str) -> anyhow::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("this crate lies in the repository")?;
        let target = target(root)?;
        let folder = match folder {
            Some(folder) => std::path::absolute(folder)?,
            None => target.join("conformance").join(name),
        };
        Ok(Self {
            root: root.to_path_buf(),
            name: format!("{PREFIX}{:016x}", hash(&folder)),
            folder,
            target,
        })
    }

    /// Where the crate lies.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes what changed of the crate; what its program has to say of itself.
    pub(super) fn write(&self, cases: &[Case]) -> anyhow::Result<String> {
        let manifest = self.manifest()?;
        let path = self.folder.join("Cargo.toml");
        let ours = std::fs::read_to_string(&path).is_ok_and(|text| text.contains(PREFIX));
        let empty = std::fs::read_dir(&self.folder).map_or(true, |mut all| all.next().is_none());
        ensure!(
            ours || empty,
            "{} holds something else; name a folder that does not exist",
            self.folder.display()
        );
        let (build, files) = self.files(cases)?;
        let source = self.folder.join("src");
        remove_others(&source, &files)?;
        for (path, text) in &files {
            if !std::fs::read_to_string(path).is_ok_and(|old| old == *text) {
                std::fs::create_dir_all(path.parent().unwrap_or(&source))?;
                std::fs::write(path, text)?;
            }
        }
        std::fs::write(path, manifest)?;
        std::fs::copy(self.root.join("Cargo.lock"), self.folder.join("Cargo.lock"))?;
        Ok(build)
    }

    /// The sources, and what the program says of itself.
    fn files(&self, cases: &[Case]) -> anyhow::Result<(String, BTreeMap<PathBuf, String>)> {
        let source = self.folder.join("src");
        let mut all = BTreeMap::new();
        let mut modules = String::new();
        let mut table = String::new();
        for case in cases {
            let Ok(files) = &case.result else {
                table.push_str("    None,\n");
                continue;
            };
            for file in files {
                let path = source.join(&case.module).join(&file.path);
                all.insert(path, file.text.clone());
            }
            writeln!(modules, "pub mod {};", case.module)?;
            writeln!(table, "    {}::EVENTS.first(),", case.module)?;
        }
        let library = include_str!("lib.rs.txt")
            .replace("// modules\n", &modules)
            .replace("    // table\n", &table);
        // The program tells which types it was built of: an old one must not answer for new ones.
        let build = format!("{:016x}", hash(&(&library, cases)));
        let main = include_str!("main.rs.txt")
            .replace("conformance_cases", &self.name.replace('-', "_"))
            .replace("{build}", &build);
        all.insert(source.join("lib.rs"), library);
        all.insert(source.join("main.rs"), main);
        Ok((build, all))
    }

    /// The same versions, features and profile as the workspace's, so that its libraries are taken as they are.
    fn manifest(&self) -> anyhow::Result<String> {
        let path = self.root.join("Cargo.toml");
        let text = std::fs::read_to_string(path)?;
        let mut dependencies = String::new();
        for name in ["serde", "serde_json", "time", "uuid"] {
            let line = text
                .lines()
                .find(|line| line.starts_with(&format!("{name} = ")))
                .with_context(|| format!("the workspace has no dependency {name}"))?;
            writeln!(dependencies, "{line}")?;
        }
        let runtime = self.root.join("runtime");
        Ok(format!(
            "[package]\nname = {:?}\nversion = \"0.0.0\"\nedition = \"2024\"\npublish = false\n\n\
             [dependencies]\njetway = {{ path = {runtime:?} }}\n{dependencies}\n\
             [workspace]\nresolver = \"3\"\n\n\
             [profile.dev]\ndebug = false\n\n[profile.dev.package.\"*\"]\ndebug = false\n\n\
             [profile.dev.package.jetway]\ndebug = \"line-tables-only\"\n",
            self.name,
        ))
    }

    /// Compiles the crate; the path of the program.
    pub(super) fn compile(&self) -> anyhow::Result<PathBuf> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        let told = std::env::vars_os().map(|(name, _)| name);
        for name in told.filter(|name| is_told_by_cargo(&name.to_string_lossy())) {
            command.env_remove(name);
        }
        let output = command
            .args(["build", "--offline", "--quiet", "--message-format=json"])
            .arg("--manifest-path")
            .arg(self.folder.join("Cargo.toml"))
            .env("CARGO_TARGET_DIR", &self.target)
            .stdin(Stdio::null())
            .output()
            .context("cannot run cargo")?;
        let messages: Vec<Value> = String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        let said: String = messages
            .iter()
            .filter_map(|message| message.pointer("/message/rendered")?.as_str())
            .collect();
        let own_warnings = messages.iter().any(|message| {
            message["reason"] == "compiler-message"
                && message["manifest_path"].as_str().map(Path::new)
                    == Some(&self.folder.join("Cargo.toml"))
        });
        ensure!(
            output.status.success() && !own_warnings,
            "the generated crate in {} does not compile without warnings:\n{said}{}",
            self.folder.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        messages
            .iter()
            .filter(|message| message["target"]["name"] == self.name)
            .find_map(|message| message["executable"].as_str())
            .map(PathBuf::from)
            .context("cargo named no program")
    }

    /// Feeds every document to its type, in the order of `groups` and their tests.
    pub(super) fn ask(
        &self,
        program: &Path,
        build: &str,
        groups: &[Group],
        cases: &[Case],
    ) -> anyhow::Result<Vec<Vec<Answer>>> {
        let mut questions = String::new();
        for (index, group) in groups.iter().enumerate() {
            if cases.get(index).is_some_and(|case| case.result.is_ok()) {
                let data: Vec<&Value> = group.tests.iter().map(|test| &test.data).collect();
                writeln!(questions, "{}", json!([index, data]))?;
            }
        }
        let mut process = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        let stdin = process.stdin.take();
        let writer = std::thread::spawn(move || {
            stdin.map_or(Ok(()), |mut stdin| stdin.write_all(questions.as_bytes()))
        });
        let output = process.wait_with_output()?;
        let written = writer.join();
        if !output.status.success() || !matches!(written, Ok(Ok(()))) {
            bail!("{} ended with {}", program.display(), output.status);
        }
        let mut answers: Vec<Vec<Answer>> = groups.iter().map(|_| Vec::new()).collect();
        let text = String::from_utf8_lossy(&output.stdout);
        let mut lines = text.lines();
        ensure!(
            lines.next() == Some(build),
            "{} is not of the types that were just written",
            program.display()
        );
        for line in lines {
            let (index, found): (usize, Vec<Answer>) = serde_json::from_str(line)?;
            if let Some(place) = answers.get_mut(index) {
                *place = found;
            }
        }
        Ok(answers)
    }
}

/// Removes what an earlier run left in `folder`.
fn remove_others(folder: &Path, files: &BTreeMap<PathBuf, String>) -> std::io::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if !path.is_dir() {
            if !files.contains_key(&path) {
                std::fs::remove_file(path)?;
            }
        } else if files.keys().any(|file| file.starts_with(&path)) {
            remove_others(&path, files)?;
        } else {
            std::fs::remove_dir_all(path)?;
        }
    }
    Ok(())
}

/// What cargo says to the programs that it runs, this one too. Build scripts watch some of it: with it the libraries of the
/// workspace would be built anew, and by the workspace's next build again.
fn is_told_by_cargo(name: &str) -> bool {
    let families = ["CARGO_BIN_", "CARGO_MANIFEST_", "CARGO_PKG_"];
    let single = [
        "CARGO_CRATE_NAME",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_TARGET_TMPDIR",
        "OUT_DIR",
    ];
    families.iter().any(|family| name.starts_with(family)) || single.contains(&name)
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn target(root: &Path) -> anyhow::Result<PathBuf> {
    if let Some(told) = std::env::var_os("CARGO_TARGET_DIR").filter(|told| !told.is_empty()) {
        return Ok(std::path::absolute(root.join(told))?);
    }
    Ok(root.join("target"))
}
