//! AsyncAPI documents that were not written for Jetway: what is said of each, and what is generated. `events` compiles
//! what is generated.

#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code)]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use codegen::diagnostics::Report;
use codegen::load::Workspace;
use codegen::write::{self, Drift};
use codegen::{check, model, render};

fn documents() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents")
}

/// What is said of a document, and what is generated where nothing stops that.
fn outcome(file: &str) -> (String, Option<Vec<render::File>>) {
    let mut report = Report::default();
    let workspace = Workspace::load(&documents().join(file), &mut report).unwrap();
    let contract = model::read(&workspace, &mut report);
    check::check_on(&contract, &workspace, "2026-01-01", &mut report);
    let said = format!("{}{}", report.render(&workspace, false), report.summary());
    let files = (!report.has_errors()).then(|| render::render(&contract).unwrap());
    (said, files)
}

/// Holds a document against its snapshot and its generated files. `INSTA_UPDATE=always` writes both.
fn generates(name: &str, file: &str) {
    let (said, files) = outcome(file);
    insta::assert_snapshot!(name, said);
    let files = files.unwrap();
    let out = documents().join("generated").join(name);
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        write::apply(&out, &files).unwrap();
    }
    assert_eq!(write::compare(&out, &files).unwrap(), Vec::<Drift>::new());
    let formatted = Command::new("rustfmt")
        .args(["--edition", "2024", "--check"])
        .arg(out.join("mod.rs"))
        .output()
        .unwrap();
    let difference = String::from_utf8_lossy(&formatted.stdout);
    assert!(formatted.status.success(), "{difference}");
}

#[test]
fn a_payload_in_place() {
    generates("signup", "signup.yaml");
}

#[test]
fn traits_and_components() {
    generates("lights", "lights.yaml");
}

#[test]
fn several_messages_and_shared_schemas() {
    generates("room", "room.yaml");
}

#[test]
fn schemas_with_their_formats_in_json() {
    generates("formats", "formats.json");
}

#[test]
fn parts_in_other_files() {
    generates("split", "split/asyncapi.yaml");
}

#[test]
fn what_was_converted_from_an_older_version() {
    generates("converted", "converted.yaml");
}

#[test]
fn operations_with_several_messages() {
    generates("chat", "chat.yaml");
}

#[test]
fn what_cannot_be_done_is_refused_with_its_line() {
    let (said, files) = outcome("refused.yaml");
    insta::assert_snapshot!("refused", said);
    assert_eq!(files, None);
}
