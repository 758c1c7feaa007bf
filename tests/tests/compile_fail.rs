//! What the contract forbids does not compile, and the compiler's message names the operation or event and
//! `asyncapi.yaml`.
//!
//! The crates in `compile_fail/` lie outside of every workspace member. They are checked with the very libraries that the
//! services are linked with, as cargo reports them: nothing is built a second time.

#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

#[tokio::test]
async fn what_the_contract_forbids_does_not_compile() {
    let libraries = libraries().await;

    let control = check(&libraries, "control");
    assert_eq!(
        control,
        Vec::<String>::new(),
        "the positive control must compile"
    );

    let forgotten = check(&libraries, "forgotten_handler").join("\n\n");
    for named in [
        "orders.cancelShort",
        "asyncapi.yaml",
        "CancelShort",
        "just codegen",
    ] {
        assert!(
            forgotten.contains(named),
            "{named:?} is not in\n{forgotten}"
        );
    }
    insta::assert_snapshot!("forgotten_handler", forgotten);

    let foreign = check(&libraries, "not_its_to_send").join("\n\n");
    for named in [
        "Orders",
        "InventoryReservedV1",
        "asyncapi.yaml",
        "action: send",
    ] {
        assert!(foreign.contains(named), "{named:?} is not in\n{foreign}");
    }
    insta::assert_snapshot!("not_its_to_send", foreign);

    let twice = check(&libraries, "twin_by_hand").join("\n\n");
    insta::assert_snapshot!("twin_by_hand", twice);
}

#[tokio::test]
async fn versions_side_by_side_need_their_upcast_and_their_downcast() {
    let libraries = libraries().await;
    let own = "../../../../events/src/upcasts";
    assert_eq!(check_events(&libraries, own), Vec::<String>::new());

    for missing in ["none_up", "none_down"] {
        let said = check_events(&libraries, missing).join("\n\n");
        for named in [
            "asyncapi.yaml",
            "OrderPlacedV1",
            "OrderPlacedV2",
            "events/src/upcasts.rs",
            "just codegen",
        ] {
            assert!(said.contains(named), "{named:?} is not in\n{said}");
        }
        insta::assert_snapshot!(format!("upcasts_{missing}"), said);
    }
}

/// The errors of the crate `events` with other upcasts.
fn check_events(libraries: &BTreeMap<String, PathBuf>, upcasts: &str) -> Vec<String> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let copy = tempfile::tempdir().unwrap();
    copy_all(&here.join("../events/src"), copy.path());
    let upcasts = here.join(format!("tests/compile_fail/upcasts/{upcasts}.rs"));
    std::fs::copy(upcasts, copy.path().join("upcasts.rs")).unwrap();
    errors(libraries, &copy.path().join("lib.rs"), &LIBRARIES[1..])
}

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_all(&path, &target);
        } else {
            std::fs::copy(&path, target).unwrap();
        }
    }
}

/// The errors of a crate: message, labels, and the notes that are ours.
fn check(libraries: &BTreeMap<String, PathBuf>, name: &str) -> Vec<String> {
    let source = format!(
        "{}/tests/compile_fail/{name}.rs",
        env!("CARGO_MANIFEST_DIR")
    );
    errors(libraries, Path::new(&source), &LIBRARIES[..2])
}

fn errors(libraries: &BTreeMap<String, PathBuf>, source: &Path, linked: &[&str]) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc
        .args([
            "--edition=2024",
            "--crate-type=lib",
            "--emit=metadata",
            "--error-format=json",
        ])
        .arg("--out-dir")
        .arg(directory.path())
        .arg(source);
    for name in linked {
        rustc
            .arg("--extern")
            .arg(format!("{name}={}", libraries[*name].display()));
    }
    let dependencies = libraries["jetway"].parent().unwrap();
    rustc
        .arg("-L")
        .arg(format!("dependency={}", dependencies.display()));
    let output = rustc.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let diagnostics = said
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut errors: Vec<String> = diagnostics
        .filter(|diagnostic| diagnostic["level"] == "error" && diagnostic["code"].is_object())
        .map(|diagnostic| shown(&diagnostic))
        .collect();
    assert_eq!(output.status.success(), errors.is_empty(), "{said}");
    // An `.await` has the compiler look at the same call several times.
    errors.dedup();
    errors
}

fn shown(diagnostic: &Value) -> String {
    let mut lines = vec![format!(
        "error[{}]: {}",
        text(&diagnostic["code"]["code"]),
        text(&diagnostic["message"])
    )];
    let spans = diagnostic["spans"].as_array().unwrap();
    for span in spans.iter().filter(|span| span["is_primary"] == true) {
        lines.push(format!("  at: {}", text(&span["text"][0]["text"]).trim()));
        lines.push(format!("  label: {}", text(&span["label"])));
    }
    for child in diagnostic["children"].as_array().unwrap() {
        // What rustc adds of its own differs between its versions.
        if text(&child["message"]).contains("asyncapi.yaml") {
            lines.push(format!(
                "  {}: {}",
                text(&child["level"]),
                text(&child["message"])
            ));
        }
    }
    lines.join("\n")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

/// What the services are built from, and then what `events` is.
const LIBRARIES: [&str; 6] = ["events", "jetway", "serde", "serde_json", "time", "uuid"];

/// The very libraries.
async fn libraries() -> BTreeMap<String, PathBuf> {
    let artifacts = dev::services::libraries(&LIBRARIES).await.unwrap();
    assert_eq!(artifacts.len(), LIBRARIES.len(), "{artifacts:?}");
    artifacts
}
