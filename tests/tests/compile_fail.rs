//! What the contract forbids does not compile, and the compiler's message names the operation or event and
//! `asyncapi.yaml`.
//!
//! The crates in `compile_fail/` lie outside of every workspace member. They are checked with the very libraries that the
//! services are linked with, as cargo reports them: nothing is built a second time.

#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeMap;
use std::path::PathBuf;
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
}

/// The errors of a crate: message, labels, and the notes that are ours.
fn check(libraries: &BTreeMap<String, PathBuf>, name: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let source = format!(
        "{}/tests/compile_fail/{name}.rs",
        env!("CARGO_MANIFEST_DIR")
    );
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
    for name in ["events", "jetway"] {
        rustc
            .arg("--extern")
            .arg(format!("{name}={}", libraries[name].display()));
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

/// The libraries `events` and `jetway` that the services are built from.
async fn libraries() -> BTreeMap<String, PathBuf> {
    let artifacts = dev::services::libraries(&["events", "jetway"])
        .await
        .unwrap();
    assert_eq!(artifacts.len(), 2, "{artifacts:?}");
    artifacts
}
