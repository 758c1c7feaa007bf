//! Carries a plan out, all or nothing, or shows it.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::outcome::Plan;

/// Writes the new files, then the contract. Each is written beside its place first; where one cannot be put in place,
/// those before it are taken away again.
///
/// # Errors
///
/// Where a file cannot be written, or has changed or come to be since the plan was made.
pub fn apply(plan: &Plan) -> io::Result<()> {
    let mut made = Made::default();
    let contract = std::fs::canonicalize(plan.root.join(&plan.contract.path))?;
    let folder = contract.parent().unwrap_or(Path::new("."));
    let changed = beside(folder, &plan.contract.after)?;
    std::fs::set_permissions(changed.path(), std::fs::metadata(&contract)?.permissions())?;
    for (path, text) in &plan.files {
        let path = plan.root.join(path);
        let folder = path.parent().unwrap_or(Path::new("."));
        made.folder(folder)?;
        let file = beside(folder, text)?;
        readable(file.path())?;
        file.persist_noclobber(&path).map_err(|error| error.error)?;
        made.files.push(path);
    }
    let mut others = Vec::new();
    for change in &plan.changed {
        let path = plan.root.join(&change.path);
        let file = beside(path.parent().unwrap_or(Path::new(".")), &change.after)?;
        std::fs::set_permissions(file.path(), std::fs::metadata(&path)?.permissions())?;
        unchanged(&path, &change.before)?;
        others.push((file, path, &change.before));
    }
    unchanged(&contract, &plan.contract.before)?;
    // Golden events go first: without the contract they mean nothing, and they can be put back.
    let mut written: Vec<(PathBuf, &String)> = Vec::new();
    let mut done = Ok(());
    for (file, path, before) in others {
        match file.persist(&path) {
            Ok(_) => written.push((path, before)),
            Err(error) => {
                done = Err(error.error);
                break;
            }
        }
    }
    let done = done.and_then(|()| {
        changed
            .persist(&contract)
            .map(drop)
            .map_err(|error| error.error)
    });
    if let Err(error) = done {
        for (path, before) in written {
            let _ = std::fs::write(path, before);
        }
        return Err(error);
    }
    made.keep();
    Ok(())
}

/// Whether a file still says what it said when the plan was made.
fn unchanged(path: &Path, before: &str) -> io::Result<()> {
    if std::fs::read_to_string(path)? == before {
        return Ok(());
    }
    let path = path.display();
    let message = format!("{path} has changed meanwhile; nothing was written");
    Err(io::Error::other(message))
}

fn beside(folder: &Path, text: &str) -> io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::Builder::new()
        .prefix(".codegen-")
        .tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Temporary files are their owner's alone; these are everybody's.
fn readable(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// What was made so far: taken away again, newest first, unless it is kept.
#[derive(Default)]
struct Made {
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Made {
    fn folder(&mut self, folder: &Path) -> io::Result<()> {
        let missing: Vec<PathBuf> = folder
            .ancestors()
            .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
            .map(Path::to_path_buf)
            .collect();
        for folder in missing.into_iter().rev() {
            std::fs::create_dir(&folder)?;
            self.folders.push(folder);
        }
        Ok(())
    }

    fn keep(mut self) {
        self.folders.clear();
        self.files.clear();
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for file in self.files.iter().rev() {
            let _ = std::fs::remove_file(file);
        }
        for folder in self.folders.iter().rev() {
            let _ = std::fs::remove_dir(folder);
        }
    }
}

/// What would be written, as a unified diff.
#[must_use]
pub fn diff(plan: &Plan) -> String {
    let mut text = String::new();
    for change in std::iter::once(&plan.contract).chain(&plan.changed) {
        let _ = writeln!(text, "--- {0}\n+++ {0}", change.path);
        let before: Vec<&str> = change.before.split_inclusive('\n').collect();
        let after: Vec<&str> = change.after.split_inclusive('\n').collect();
        for hunk in hunks(&before, &after) {
            text.push_str(&hunk);
        }
    }
    for (path, content) in &plan.files {
        let lines: Vec<&str> = content.split_inclusive('\n').collect();
        let _ = writeln!(
            text,
            "--- /dev/null\n+++ {path}\n@@ -0,0 +1,{} @@",
            lines.len()
        );
        lines.iter().for_each(|line| push(&mut text, '+', line));
    }
    text
}

fn push(text: &mut String, mark: char, line: &str) {
    text.push(mark);
    text.push_str(line);
    if !line.ends_with('\n') {
        text.push_str("\n\\ No newline at end of file\n");
    }
}

/// A stretch that differs: where it begins and ends before and after.
struct Stretch {
    old: std::ops::Range<usize>,
    new: std::ops::Range<usize>,
}

/// A plan only adds lines, or adds to a line: from one difference the next line that both have is soon found.
fn stretches(before: &[&str], after: &[&str]) -> Vec<Stretch> {
    let mut found = Vec::new();
    let (mut old, mut new) = (0, 0);
    while old < before.len() || new < after.len() {
        if before.get(old) == after.get(new) {
            old += 1;
            new += 1;
            continue;
        }
        let (from_old, from_new) = (old, new);
        // The nearest place where the texts go on alike to the end, or for some lines.
        let alike = |old: usize, new: usize| {
            (0..4).all(|ahead| before.get(old + ahead) == after.get(new + ahead))
        };
        let met = (0..=before.len() - old + after.len() - new).find_map(|distance| {
            (0..=distance)
                .map(|skipped| (old + skipped, new + distance - skipped))
                .find(|(o, n)| *o <= before.len() && *n <= after.len() && alike(*o, *n))
        });
        (old, new) = met.unwrap_or((before.len(), after.len()));
        found.push(Stretch {
            old: from_old..old,
            new: from_new..new,
        });
    }
    found
}

fn hunks(before: &[&str], after: &[&str]) -> Vec<String> {
    const AROUND: usize = 3;
    let mut groups: Vec<Vec<Stretch>> = Vec::new();
    for stretch in stretches(before, after) {
        let close = groups
            .last()
            .and_then(|group| group.last())
            .is_some_and(|last| stretch.old.start <= last.old.end + 2 * AROUND);
        match groups.last_mut() {
            Some(group) if close => group.push(stretch),
            _ => groups.push(vec![stretch]),
        }
    }
    groups
        .iter()
        .map(|group| hunk(group, before, after, AROUND))
        .collect()
}

fn hunk(group: &[Stretch], before: &[&str], after: &[&str], around: usize) -> String {
    let (Some(first), Some(last)) = (group.first(), group.last()) else {
        return String::new();
    };
    let lead = first.old.start.min(around);
    let trail = (before.len() - last.old.end).min(around);
    let old = first.old.start - lead..last.old.end + trail;
    let new = first.new.start - lead..last.new.end + trail;
    let mut text = format!(
        "@@ -{},{} +{},{} @@\n",
        old.start + 1,
        old.len(),
        new.start + 1,
        new.len()
    );
    let mut at = old.start;
    let lines = |text: &mut String, mark: char, lines: Option<&[&str]>| {
        lines
            .unwrap_or_default()
            .iter()
            .for_each(|line| push(text, mark, line));
    };
    for stretch in group {
        lines(&mut text, ' ', before.get(at..stretch.old.start));
        lines(&mut text, '-', before.get(stretch.old.clone()));
        lines(&mut text, '+', after.get(stretch.new.clone()));
        at = stretch.old.end;
    }
    lines(&mut text, ' ', before.get(at..old.end));
    text
}
