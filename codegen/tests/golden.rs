//! What is written for every construct, beside the schemas that it is written from (`tests/golden`). `events` compiles
//! it and holds it against a validator.

#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code)]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use codegen::diagnostics::Report;
use codegen::load::Workspace;
use codegen::write::{self, Drift};
use codegen::{check, model, render};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// All that is generated from the contract of a folder, in the folders beside it.
fn trees(root: &Path) -> Vec<render::Tree> {
    let mut report = Report::default();
    let workspace = Workspace::load(&root.join("asyncapi.yaml"), &mut report).unwrap();
    let contract = model::read(&workspace, &mut report);
    check::check(&contract, &workspace, &mut report);
    assert!(!report.has_errors(), "{}", report.render(&workspace, false));
    let mut trees = render::trees(&contract, &workspace).unwrap();
    for tree in &mut trees {
        tree.folder = root.join(&tree.folder);
    }
    trees
}

/// After a change that is meant: `cargo run -p codegen -- --contract codegen/tests/golden/asyncapi.yaml`.
#[test]
fn the_golden_files_are_what_is_written() {
    let drift = write::compare_all(&trees(&golden())).unwrap();
    assert_eq!(drift, Vec::<Drift>::new());
}

#[test]
fn the_sample_is_up_to_date() {
    let drift = write::compare_all(&trees(&support::repository())).unwrap();
    assert_eq!(drift, Vec::<Drift>::new());
}

#[test]
fn rustfmt_would_leave_every_file_as_it_is() {
    for root in [golden(), support::repository()] {
        let module = root.join("events/src/generated/mod.rs");
        let output = Command::new("rustfmt")
            .args(["--edition", "2024", "--check"])
            .arg(module)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
}

#[test]
fn an_event_file_is_no_longer_than_a_person_would_write_it() {
    let path = support::repository().join("events/src/generated/order_placed_v1.rs");
    let lines = std::fs::read_to_string(path).unwrap().lines().count();
    assert!(lines <= 200, "{lines} lines");
}

#[test]
fn the_same_contract_gives_the_same_files() {
    assert_eq!(trees(&golden()), trees(&golden()));
}
