//! Versions of an event side by side: what is written for them (`tests/versions`, which `events` compiles), and what is said
//! of a contract that gets them wrong.

#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code)]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use codegen::diagnostics::Report;
use codegen::load::Workspace;
use codegen::model::Contract;
use codegen::model::versions::ChannelExtensions;
use codegen::write::{self, Drift};
use codegen::{check, model, render};
use serde_json::json;
use support::{CONTRACT_FILE, Project, stderr};

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/versions")
}

fn contract(path: &Path) -> Contract {
    let mut report = Report::default();
    let workspace = Workspace::load(path, &mut report).unwrap();
    let contract = model::read(&workspace, &mut report);
    check::check(&contract, &workspace, &mut report);
    assert!(report.is_empty(), "{}", report.render(&workspace, false));
    contract
}

/// After a change that is meant: `cargo run -p codegen -- --contract codegen/tests/versions/asyncapi.yaml`; the other folders that it writes there belong to no test.
#[test]
fn the_golden_files_are_what_is_written_and_rustfmt_leaves_them() {
    let files = render::render(&contract(&golden().join("asyncapi.yaml"))).unwrap();
    let folder = golden().join("events/src/generated");
    assert_eq!(
        write::compare(&folder, &files).unwrap(),
        Vec::<Drift>::new()
    );
    let output = Command::new("rustfmt")
        .args(["--edition", "2024", "--check"])
        .arg(folder.join("mod.rs"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

#[test]
fn a_receiver_of_a_version_is_given_those_before_it_and_none_after() {
    let contract = contract(&golden().join("asyncapi.yaml"));
    let read = |name: &str| {
        let event = contract
            .events
            .iter()
            .find(|event| event.name.ends_with(name))
            .unwrap();
        let versions = contract.versions_read_as(event);
        let names = versions
            .iter()
            .map(|event| event.name.rsplit('.').next().unwrap());
        names.collect::<Vec<_>>()
    };
    assert_eq!(read(".v1"), ["v1"]);
    assert_eq!(read(".v2"), ["v2", "v1"]);
    assert_eq!(read(".v3"), ["v3", "v2", "v1"]);
}

#[test]
fn the_sample_says_until_when_its_first_version_is_sent() {
    let contract = contract(&support::repository().join("asyncapi.yaml"));
    let event = |name: &str| {
        contract
            .events
            .iter()
            .find(|event| event.name == name)
            .unwrap()
    };
    let old = event("order.placed.v1");
    assert!(old.versioning.is_deprecated());
    let (day, _) = old.versioning.sunset.as_ref().unwrap();
    assert_eq!(day.to_string(), "2027-06-30");
    assert!(!event("order.placed.v2").versioning.is_deprecated());
}

#[test]
fn the_schema_of_the_extensions_takes_what_they_take() {
    let schema = schemars::schema_for!(ChannelExtensions).to_value();
    let schema = jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    assert!(schema.is_valid(&json!({})));
    assert!(schema.is_valid(&json!({ "x-upcasts": "order.placed.v1", "x-sunset": "2027-06-30" })));
    assert!(!schema.is_valid(&json!({ "x-upcasts": ["order.placed.v1"] })));
    assert!(!schema.is_valid(&json!({ "x-sunset": "2027-06-31" })));
}

/// A contract whose event has a second version; `extensions` are what the channel of the second says.
fn two_versions(extensions: &str) -> Project {
    let project = Project::new();
    let text = project.read(CONTRACT_FILE);
    let between = |from: &str, to: &str| {
        let (_, rest) = text.split_once(from).unwrap();
        rest.split_once(to).unwrap().0.to_owned()
    };
    let channel = between("channels:\n", "operations:").replace("placed.v1", "placed.v2");
    let channel = channel.replacen(":\n", &format!(":\n    {extensions}\n"), 1);
    let message = text.split_once("  messages:\n    order").unwrap().1;
    let message = format!("    order{message}").replace("placed.v1", "placed.v2");
    project.write(
        CONTRACT_FILE,
        &text
            .replace("operations:\n", &format!("{channel}operations:\n"))
            .replace(
                "  messages:\n    order",
                &format!("  messages:\n{message}    order"),
            ),
    );
    project.replace(
        CONTRACT_FILE,
        "receive\n    channel: { $ref: '#/channels/order.placed.v1' }",
        "receive\n    channel: { $ref: '#/channels/order.placed.v2' }",
    );
    let schema = "events/schemas/order.placed.v";
    project.write(
        &format!("{schema}2.json"),
        &project.read(&format!("{schema}1.json")),
    );
    project
}

fn report(extensions: &str, changes: &[(&str, &str)]) -> String {
    let project = two_versions(extensions);
    for (from, to) in changes {
        project.replace(CONTRACT_FILE, from, to);
    }
    let output = project.run(&[]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(
        !project.path("events/src").exists(),
        "nothing may be written"
    );
    stderr(&output)
}

#[test]
fn a_second_version_is_no_finding() {
    for extensions in [
        "x-upcasts: order.placed.v1",
        "x-upcasts: order.placed.v1\n    x-sunset: 2099-12-31",
        "description: The second.",
    ] {
        let output = two_versions(extensions).run(&["lint"]);
        assert!(output.status.success(), "{}", stderr(&output));
    }
}

macro_rules! reports {
    ($($name:ident: $extensions:expr, $changes:expr;)*) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!(stringify!($name), report($extensions, &$changes));
        })*
    };
}

const UPCASTS: &str = "x-upcasts: order.placed.v1";
/// Of the channel of the first version.
const FIRST: &str = "    address: order.placed.v1.{orderId}";
const SECOND: &str = "    address: order.placed.v2.{orderId}";

reports! {
    a_version_that_is_not_there: "x-upcasts: order.placed.v3", [];
    a_version_of_an_event_that_is_not_there: "x-upcasts: invoice.sent.v1", [];
    a_version_of_another_event: UPCASTS, [("order.placed.v2", "order.changed.v1"), ("schemas/order.changed.v1", "schemas/order.placed.v2")];
    a_newer_version: "summary: The second.", [(FIRST, "    x-upcasts: order.placed.v2\n    address: order.placed.v1.{orderId}")];
    itself: "x-upcasts: order.placed.v2", [];
    a_circle_of_versions: UPCASTS, [(FIRST, "    x-upcasts: order.placed.v2\n    address: order.placed.v1.{orderId}")];
    several_versions_at_once: "x-upcasts: [order.placed.v1]", [];
    an_extension_misspelt: "x-upcast: order.placed.v1", [];
    a_sunset_that_is_no_day: "x-sunset: 2027-06-31", [];
    versions_on_two_streams: UPCASTS, [("ORDERS: { subjects: [order.>]", "OLD: { subjects: [order.placed.v1.>] }\n    ORDERS: { subjects: [order.placed.v2.>]")];
    versions_of_two_keys_in_one_order: UPCASTS, [
        ("concurrency: 8", "ordering: key"),
        (SECOND, "    address: order.placed.v2.{order}"),
        ("x-upcasts: order.placed.v1\n    address: order.placed.v2.{order}\n    parameters:\n      orderId", "x-upcasts: order.placed.v1\n    address: order.placed.v2.{order}\n    parameters:\n      order"),
    ];
    a_work_queue_of_two_versions: UPCASTS, [
        ("max-age: 30d", "max-age: 30d, retention: work-queue"),
        ("operations:\n", "operations:\n  other.reserve: { action: receive, channel: { $ref: '#/channels/order.placed.v1' } }\n"),
    ];
}
