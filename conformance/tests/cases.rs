//! The cases in `cases/`, which are this project's own, in the format of the JSON Schema Test Suite.

#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};

use codegen::load::Formats;
use conformance::{Draft, Group, Options, Outcome, Summary, Test, Workplace, table};
use serde_json::json;

fn cases() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

fn run(groups: &[Group], draft: Draft, name: &str) -> Summary {
    let remotes = conformance::remotes(&cases(), draft).unwrap();
    let options = Options {
        draft,
        formats: Formats::Annotated,
    };
    let workplace = Workplace::new(None, name).unwrap();
    conformance::run(groups, &remotes, options, &workplace, &|_| {}).unwrap()
}

fn nothing_is_wrong(draft: Draft, name: &str) {
    let groups = conformance::groups(&cases(), draft, false).unwrap();
    let summary = run(&groups, draft, name);
    assert!(
        summary.all_right() && summary.refused.is_empty(),
        "{}\n{:#?}\n{:#?}\n{:#?}",
        table(&summary),
        summary.mistakes,
        summary.rewritten,
        summary.refused
    );
    let tests: usize = groups.iter().map(|group| group.tests.len()).sum();
    assert_eq!(summary.total.right, tests);
}

#[test]
fn types_of_2020_12_accept_what_their_schemas_accept() {
    nothing_is_wrong(Draft::Draft202012, "cases-2020-12");
}

#[test]
fn types_of_draft_07_accept_what_their_schemas_accept() {
    nothing_is_wrong(Draft::Draft7, "cases-7");
}

/// The runner itself: a case that says the contrary of its schema must be found.
#[test]
fn what_is_wrong_is_found() {
    let test = |data, valid| Test {
        description: "a test".to_owned(),
        data,
        valid,
    };
    let group = |index, schema| Group {
        keyword: "type".to_owned(),
        index,
        description: "a group".to_owned(),
        schema,
        tests: vec![
            test(json!("x"), false),
            test(json!(1), true),
            test(json!("y"), true),
        ],
    };
    let groups = [
        group(0, json!({ "type": "string" })),
        group(1, json!({ "tpye": "string" })),
    ];
    let summary = run(&groups, Draft::Draft202012, "wrong");
    assert!(!summary.all_right());
    let found: Vec<Outcome> = summary
        .mistakes
        .iter()
        .map(|mistake| mistake.outcome)
        .collect();
    assert_eq!(found, [Outcome::WronglyAccepted, Outcome::WronglyRejected]);
    assert_eq!(summary.total.right, 1);
    assert_eq!(summary.total.refused, 3);
    let report = &summary.refused.first().unwrap().said;
    assert!(report.contains("`tpye` is no keyword"), "{report}");
}
