//! Instructions per event, counted by valgrind, held against a bound that is checked in.

use std::path::Path;
use std::process::{Command, ExitCode};

use super::synthetic;

/// Instructions per event that a run on [`SMALL`] events may take, nothing generated before. Raise it only with the
/// reason in the commit.
const MOST_PER_EVENT: u64 = 2_000_000;

const SMALL: usize = 100;
const LARGE: usize = 400;

/// What [`LARGE`] events may take per event, in percent of what [`SMALL`] do: more would not be linear.
const MOST_GROWTH: u64 = 105;

/// Whether valgrind is there.
pub(crate) fn can_be_counted() -> bool {
    let version = Command::new("valgrind").arg("--version").output();
    version.is_ok_and(|output| output.status.success())
}

/// Counts and compares. Without valgrind it says so and fails: a gate that was not tried has not held.
pub(crate) fn gate() -> ExitCode {
    let Some(counts) = count(SMALL).zip(count(LARGE)) else {
        eprintln!(
            "instructions: valgrind is not on PATH, or did not count; install it to hold the bound"
        );
        return ExitCode::from(2);
    };
    let small = counts.0 / SMALL as u64;
    let large = counts.1 / LARGE as u64;
    let growth = large * 100 / small;
    println!("{small} instructions per event of {SMALL} (at most {MOST_PER_EVENT})");
    println!(
        "{large} instructions per event of {LARGE}: {growth}% of that (at most {MOST_GROWTH}%)"
    );
    if small > MOST_PER_EVENT || growth > MOST_GROWTH {
        eprintln!(
            "error: more instructions than the bound in codegen/benches/contract/instructions.rs"
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn count(events: usize) -> Option<u64> {
    let folder = tempfile::tempdir().unwrap();
    synthetic::write(folder.path(), events).unwrap();
    let out = folder.path().join("callgrind.out");
    let done = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(std::env::current_exe().unwrap())
        .arg("once")
        .arg(folder.path())
        .output()
        .ok()?;
    if !done.status.success() {
        eprintln!("{}", String::from_utf8_lossy(&done.stderr));
        return None;
    }
    total(&out)
}

/// The `summary:` line of callgrind's file.
fn total(out: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(out).ok()?;
    let summary = text.lines().find_map(|line| {
        line.strip_prefix("summary:")
            .or_else(|| line.strip_prefix("totals:"))
    })?;
    summary.split_whitespace().next()?.parse().ok()
}
