//! Instructions per event, counted by valgrind, held against numbers that are checked in.

use std::path::Path;
use std::process::{Command, ExitCode};

use super::{Output, run, synthetic};

/// A run of the whole program, and what it took when this was last written.
struct Scenario {
    name: &'static str,
    events: usize,
    /// Whether a run before has written everything.
    again: bool,
    /// Instructions per event. Raise it only with the reason in the commit.
    measured: u64,
}

const SCENARIOS: [Scenario; 3] = [
    Scenario {
        name: "everything written",
        events: 100,
        again: false,
        measured: 2_051_000,
    },
    Scenario {
        name: "nothing changed",
        events: 100,
        again: true,
        measured: 2_061_000,
    },
    Scenario {
        name: "everything written",
        events: 400,
        again: false,
        measured: 2_020_000,
    },
];

/// How many percent more than measured fail. The same program differs by less than one from run to run.
const MOST_GROWTH: u64 = 5;

/// Whether valgrind is there.
pub(crate) fn can_be_counted() -> bool {
    let version = Command::new("valgrind").arg("--version").output();
    version.is_ok_and(|output| output.status.success())
}

/// Counts and compares. Without valgrind it says so and fails: a gate that was not tried has not held.
pub(crate) fn gate() -> ExitCode {
    let mut held = true;
    for scenario in &SCENARIOS {
        let Some(count) = count(scenario) else {
            eprintln!(
                "instructions: valgrind is not on PATH, or did not count; install it to hold the bound"
            );
            return ExitCode::from(2);
        };
        let count = count / scenario.events as u64;
        let (name, events, measured) = (scenario.name, scenario.events, scenario.measured);
        let most = measured + measured * MOST_GROWTH / 100;
        println!("{name}, {events} events: {count} instructions per event (at most {most})");
        if count > most {
            eprintln!(
                "error: {:.1}% more than the {measured} that are checked in",
                (count as f64 / measured as f64 - 1.0) * 100.0
            );
            held = false;
        } else if count < measured - measured * MOST_GROWTH / 100 {
            println!(
                "  fewer than the {measured} that are checked in: write {count} there, or growth up to that goes unseen"
            );
        }
    }
    if held {
        return ExitCode::SUCCESS;
    }
    eprintln!("the numbers are in codegen/benches/contract/instructions.rs");
    ExitCode::FAILURE
}

fn count(scenario: &Scenario) -> Option<u64> {
    let folder = tempfile::tempdir().unwrap();
    synthetic::write(folder.path(), scenario.events).unwrap();
    if scenario.again {
        run(folder.path(), Output::All);
    }
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
