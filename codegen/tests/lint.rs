//! `codegen lint`: what AsyncAPI's own parser lets pass, said with its line; and how the command says it.

#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code)]
mod support;

use std::process::Output;

use support::{CONTRACT_FILE, Project, SCHEMA_FILE, stderr, stdout};

/// A small project with `changes`, each `(file, from, to)`.
fn project(changes: &[(&str, &str, &str)]) -> Project {
    let project = Project::new();
    for (file, from, to) in changes {
        project.replace(file, from, to);
    }
    project
}

/// What is said of a project that has errors.
fn errors(project: &Project) -> String {
    let output = project.run(&["lint"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    stderr(&output)
}

/// What is said of a project that has warnings only.
fn warnings(project: &Project) -> String {
    let output = project.run(&["lint"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(project.run(&["lint", "--strict"]).status.code(), Some(1));
    stderr(&output)
}

const SEND: &str =
    "  orders.placeOrder: { action: send, channel: { $ref: '#/channels/order.placed.v1' } }\n";
const RECEIVE: &str = "  stock.reserve:\n    action: receive\n    channel: { $ref: '#/channels/order.placed.v1' }\n    x-jetstream: { concurrency: 8 }\n";

#[test]
fn nothing_is_wrong_with_a_small_contract() {
    let output = Project::new().run(&["lint"]);
    assert_eq!(
        (stdout(&output).as_str(), stderr(&output).as_str()),
        ("no findings\n", "")
    );
    let output = Project::new().run(&["lint", "--strict", "--json"]);
    assert_eq!(stdout(&output), "[]\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn two_channels_of_one_address() {
    let project = project(&[(
        CONTRACT_FILE,
        "channels:\n",
        "channels:\n  order.shipped.v1:\n    address: order.placed.v1.{orderId}\n    parameters:\n      orderId: { location: $message.payload#/orderId }\n    messages:\n      order.shipped.v1: { payload: { $ref: './events/schemas/order.placed.v1.json' } }\n",
    )]);
    insta::assert_snapshot!(errors(&project));
}

#[test]
fn wildcards_in_the_middle() {
    let project = project(&[
        (
            CONTRACT_FILE,
            "[order.>]",
            "[order.>, a.>.b, 'c d', e..f, g*, '']",
        ),
        (
            CONTRACT_FILE,
            "address: order.placed.v1.{orderId}",
            "address: order.>.{orderId}",
        ),
    ]);
    insta::assert_snapshot!(errors(&project));
}

#[test]
fn an_event_that_nobody_receives() {
    insta::assert_snapshot!(warnings(&project(&[(CONTRACT_FILE, RECEIVE, "")])));
}

#[test]
fn an_event_that_nobody_sends() {
    insta::assert_snapshot!(warnings(&project(&[(CONTRACT_FILE, SEND, "")])));
}

#[test]
fn an_event_of_no_operation() {
    let none = [(CONTRACT_FILE, SEND, ""), (CONTRACT_FILE, RECEIVE, "")];
    let all = project(&none);
    all.replace(CONTRACT_FILE, "operations:\n", "");
    insta::assert_snapshot!(warnings(&all));
}

#[test]
fn an_event_that_may_be_deferred_for_too_long() {
    let project = project(&[
        (CONTRACT_FILE, "max-age: 30d", "max-age: 1h"),
        (
            CONTRACT_FILE,
            "concurrency: 8",
            "retry: { defer-limit: 2h }",
        ),
    ]);
    insta::assert_snapshot!(errors(&project));
}

#[test]
fn examples_that_contradict_their_schema() {
    let project = project(&[(
        CONTRACT_FILE,
        "      payload:\n",
        "      examples:\n        - payload: { type: order.placed.v1, data: { orderId: 17 } }\n        - payload: { orderId: 0198c0de-0000-7000-8000-000000000000 }\n        - payload: { data: { orderId: 0198c0de-0000-7000-8000-000000000000 } }\n      payload:\n",
    )]);
    let example = |kind: &str, text: &str| {
        project.write(
            &format!("events/examples/order.placed.v1/{kind}.json"),
            text,
        );
    };
    example(
        "valid/right",
        r#"{ "orderId": "0198c0de-0000-7000-8000-000000000000" }"#,
    );
    example("valid/wrong", r#"{ "orderId": "0198c0de", "note": "" }"#);
    example("valid/torn", r#"{ "orderId": "#);
    example("invalid/right", r#"{ "note": "" }"#);
    example(
        "invalid/wrong",
        r#"{ "orderId": "0198c0de-0000-7000-8000-000000000000" }"#,
    );
    insta::assert_snapshot!(errors(&project));
}

fn on_the_day(project: &Project, seconds: &str, arguments: &[&str]) -> Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_codegen"))
        .args(arguments)
        .current_dir(project.path(""))
        .env("SOURCE_DATE_EPOCH", seconds)
        .output()
        .unwrap()
}

#[test]
fn a_version_past_its_sunset() {
    let on_channel = (
        "    parameters:\n",
        "    x-sunset: 2026-06-30\n    parameters:\n",
    );
    let project = project(&[(CONTRACT_FILE, on_channel.0, on_channel.1)]);
    // Noon on the day itself, and a minute past the midnight after it.
    let before = on_the_day(&project, "1782820800", &["lint", "--strict"]);
    assert_eq!(stdout(&before), "no findings\n", "{}", stderr(&before));
    let after = on_the_day(&project, "1782864060", &["lint"]);
    assert_eq!(after.status.code(), Some(0));
    insta::assert_snapshot!(stderr(&after));
    assert_eq!(
        on_the_day(&project, "1782864060", &["lint", "--strict"])
            .status
            .code(),
        Some(1)
    );
    // A build of what has not changed goes on.
    assert_eq!(
        on_the_day(&project, "1782864060", &[]).status.code(),
        Some(0)
    );
}

#[test]
fn a_sunset_that_is_no_day() {
    let on_message = (
        "      payload:\n",
        "      x-sunset: 2026-02-30\n      payload:\n",
    );
    insta::assert_snapshot!(errors(&project(&[(
        CONTRACT_FILE,
        on_message.0,
        on_message.1
    )])));
}

#[test]
fn findings_as_json() {
    let project = project(&[
        (CONTRACT_FILE, "concurrency", "concurency"),
        (SCHEMA_FILE, "maxLength", "maxLenght"),
        (
            CONTRACT_FILE,
            "    address:",
            "    bindings: {}\n    address:",
        ),
    ]);
    let output = project.run(&["lint", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output), "");
    let findings: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&findings).unwrap());
}

#[test]
fn many_findings_are_counted_and_explained_once() {
    let project = project(&[
        (CONTRACT_FILE, "concurrency", "concurency"),
        (SCHEMA_FILE, "maxLength", "maxLenght"),
    ]);
    let text = errors(&project);
    assert!(
        text.ends_with("\n2 errors\nmore: codegen explain JW004\n"),
        "{text}"
    );
    let text = stderr(&project.run(&[]));
    let end = "\n2 errors; nothing was written\nmore: codegen explain JW004\n";
    assert!(text.ends_with(end), "{text}");
}
