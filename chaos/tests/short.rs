//! Each row in its short form, with one seed; and each without the mechanism that it is about, when it must fail. The long
//! form is `just chaos`.

#![allow(clippy::unwrap_used, missing_docs)]

use std::io::Write;
use std::process::Command;

use serde_json::Value;

/// Runs the experiment; its findings, its exit code and what it told whoever watches.
fn chaos(arguments: &[&str]) -> (Vec<Value>, Option<i32>, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_chaos"))
        .args(["--short", "--json"])
        .args(arguments)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    let findings = String::from_utf8_lossy(&done.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    (findings, done.status.code(), told)
}

/// Whether the row could not be played because the system lets nobody here mount a file system. Says so on the terminal,
/// past what the test's own output is kept in.
fn refused_by_the_system(row: &str, code: Option<i32>, told: &str) -> bool {
    let refused = code == Some(2) && told.contains("mounting one was refused");
    if refused {
        let _ = writeln!(
            std::io::stderr(),
            "NOT RUN: row {row} of the experiment: {}",
            told.trim()
        );
    }
    refused
}

fn holds(row: &str) {
    let (findings, code, told) = chaos(&["--row", row]);
    if refused_by_the_system(row, code, &told) {
        return;
    }
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(findings.len(), 1, "{told}");
    let timeline = findings[0]["timeline"].as_str().unwrap();
    let svg = std::fs::read_to_string(timeline).unwrap();
    assert!(svg.contains("polyline") && svg.ends_with("</svg>\n"));
}

/// One run may have been lucky: what is left out need not have been needed in it. Three in a row are not.
fn fails_without(row: &str) {
    let play = |seed| chaos(&["--row", row, "--seed", seed, "--control"]);
    let mut played = play("1");
    for seed in ["2", "3"] {
        if played.1 == Some(0) {
            played = play(seed);
        }
    }
    let (findings, code, told) = played;
    if refused_by_the_system(row, code, &told) {
        return;
    }
    assert_eq!(code, Some(1), "{told}");
    assert!(!findings.is_empty(), "row {row} has no control");
    for finding in findings {
        let broken: Vec<&Value> = finding["promises"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|promise| promise["kept"] == false)
            .map(|promise| &promise["promise"])
            .collect();
        assert!(broken.contains(&&finding["must_break"]), "{told}");
    }
}

macro_rules! rows {
    ($($name:ident: $row:literal,)*) => {
        $(mod $name {
            #[test]
            fn holds() {
                super::holds($row);
            }

            #[test]
            fn fails_without_its_mechanism() {
                super::fails_without($row);
            }
        })*

        const TESTED: &[&str] = &[$($row),*];
    };
}

rows! {
    row_01_crash_points: "1",
    row_02_broker_killed: "2",
    row_03_consumer_stopped: "3",
    row_04_leader: "4",
    row_05_faulty_way: "5",
    row_06_store_full: "6",
    row_07_handler_errors: "7",
    row_08_no_dead_letter_stream: "8",
    row_09_malformed: "9",
    row_10_republished: "10",
    row_12_outbox_killed: "12",
    row_13_wrong_clocks: "13",
    row_14_cold_start: "14",
    row_15_rolling_restart: "15",
    row_16_database_gone: "16",
}

#[test]
fn every_row_that_there_is_is_tested() {
    let done = Command::new(env!("CARGO_BIN_EXE_chaos"))
        .arg("--list")
        .output()
        .unwrap();
    let list = String::from_utf8_lossy(&done.stdout).into_owned();
    let rows: Vec<&str> = list
        .lines()
        .filter(|line| !line.starts_with("   ") && !line.contains("  not yet: "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(rows, TESTED);
}

#[test]
fn a_row_that_is_not_there_is_refused() {
    let (findings, code, told) = chaos(&["--row", "99"]);
    assert_eq!((findings.len(), code), (0, Some(2)));
    assert!(told.contains("there is no row 99"), "{told}");
}
