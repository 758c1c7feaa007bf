//! What others rely on besides events: addresses, settings of streams and consumers, generated code.

use super::command::{Repository, snapshot};
use crate::support::{CONTRACT_FILE, Project, SCHEMA_FILE};

#[test]
fn what_others_rely_on_is_compared() {
    let repository = Repository::new();
    let first = repository.project.read(CONTRACT_FILE);
    for (from, to, rule) in [
        (
            "address: order.placed.v1.{orderId}",
            "address: order.placed.{orderId}.v1",
            "address-changed",
        ),
        ("stock.reserve:", "stock.hold:", "durable-removed"),
        ("orders.placeOrder:", "orders.take:", "operation-removed"),
        ("ORDERS: {", "PLACED: {", "stream-removed"),
        ("[order.>]", "[order.placed.>]", "stream-subjects-narrowed"),
    ] {
        assert!(first.contains(from), "{from}");
        repository
            .project
            .write(CONTRACT_FILE, &first.replace(from, to));
        assert_eq!(repository.rules(), [rule], "{from} -> {to}");
    }
}

/// Each with what is the other way round no finding at all.
#[test]
fn settings_that_lose_events_or_cannot_be_changed_are_compared() {
    let repository = Repository::new();
    // A second property that may be the key.
    let schema = repository.project.read(SCHEMA_FILE);
    let schema = schema
        .replace("[\"orderId\"]", "[\"orderId\", \"other\"]")
        .replace(
            "\"properties\": {",
            "\"properties\": {\n    \"other\": { \"type\": \"string\", \"format\": \"uuid\" },",
        );
    repository.project.write(SCHEMA_FILE, &schema);
    let first = repository.project.read(CONTRACT_FILE);
    let with =
        |setting: &str| first.replace("max-age: 30d }", &format!("max-age: 30d{setting} }}"));
    let receiving =
        |setting: &str| first.replace("concurrency: 8", &format!("concurrency: 8{setting}"));
    let location =
        |pointer: &str| first.replace("payload#/data/orderId", &format!("payload#/{pointer}"));
    for (before, after, rule, other) in [
        (
            with(""),
            first.replace("30d", "29d"),
            "stream-limit-lowered",
            None,
        ),
        (
            first.replace(", max-age: 30d", ""),
            with(""),
            "stream-limit-lowered",
            None,
        ),
        (
            with(""),
            with(", max-bytes: 5"),
            "stream-limit-lowered",
            None,
        ),
        (
            with(", max-messages: 6"),
            with(", max-messages: 5"),
            "stream-limit-lowered",
            None,
        ),
        (
            with(""),
            with(", duplicate-window: 1m"),
            "stream-duplicate-window-lowered",
            None,
        ),
        (
            with(", replicas: 3"),
            with(""),
            "stream-replicas-lowered",
            None,
        ),
        (
            with(""),
            with(", storage: memory"),
            "stream-storage-changed",
            Some("stream-storage-changed"),
        ),
        (
            with(""),
            with(", retention: work-queue"),
            "stream-retention-changed",
            Some("stream-retention-changed"),
        ),
        (
            with(""),
            with(", retention: interest"),
            "stream-retention-changed",
            None,
        ),
        (
            receiving(""),
            receiving(", start: new"),
            "durable-start-changed",
            Some("durable-start-changed"),
        ),
        (
            receiving(", ordering: key"),
            receiving(""),
            "ordering-dropped",
            None,
        ),
        (
            location("data/orderId"),
            location("data/other"),
            "key-changed",
            Some("key-changed"),
        ),
    ] {
        assert_ne!(before, after, "{rule}");
        let topology = |from: &str, to: &str| {
            let folder = Project::new();
            folder.write(CONTRACT_FILE, from);
            folder.write(SCHEMA_FILE, &schema);
            repository.project.write(CONTRACT_FILE, to);
            let against = folder.path("").display().to_string();
            let found = repository.findings(&["--only", "topology", "--against", &against]);
            let rules = found
                .iter()
                .map(|finding| finding["rule"].as_str().unwrap().to_owned());
            rules.collect::<Vec<_>>()
        };
        assert_eq!(topology(&before, &after), [rule], "{before} -> {after}");
        let other: Vec<&str> = other.into_iter().collect();
        assert_eq!(topology(&after, &before), other, "{after} -> {before}");
    }
}

#[test]
fn a_setting_says_what_it_was_and_what_that_does() {
    let repository = Repository::new();
    repository.project.replace(
        CONTRACT_FILE,
        "max-age: 30d",
        "max-age: 12h, storage: memory",
    );
    snapshot("settings", &repository.said(1, &[]));
}

#[test]
fn generated_code_is_compared() {
    let repository = Repository::new();
    let first = repository.project.read(SCHEMA_FILE);
    let source = |to: &str| -> Vec<String> {
        repository.project.write(SCHEMA_FILE, to);
        let findings = repository.findings(&["--only", "source"]).into_iter();
        findings
            .map(|finding| finding["rule"].as_str().unwrap().to_owned())
            .collect()
    };
    let note = r#"{ "type": "string", "maxLength": 500 }"#;
    for (from, to, rule) in [
        (
            note,
            r#"{ "type": "string", "format": "date-time" }"#,
            "field-type-changed",
        ),
        (r#""note""#, r#""remark""#, "field-removed"),
    ] {
        assert!(first.contains(from), "{from}");
        assert_eq!(source(&first.replace(from, to)), [rule], "{from} -> {to}");
    }
    let added = first
        .replace(r#"["orderId"]"#, r#"["orderId", "sum"]"#)
        .replace(r#""note":"#, r#""sum": { "type": "integer" }, "note":"#);
    assert_eq!(source(&added), ["field-added"]);
    repository.project.write(
        SCHEMA_FILE,
        &added.replace(note, r#"{ "enum": ["a", "b"] }"#),
    );
    repository.git(&["commit", "--quiet", "--all", "--message", "second"]);
    assert_eq!(
        source(&added.replace(note, r#"{ "enum": ["a", "b", "c"] }"#)),
        ["variant-added"]
    );
    assert_eq!(
        source(
            &added
                .replace(note, r#"{ "enum": ["a", "b"] }"#)
                .replace("integer", "number")
        ),
        ["field-type-changed"]
    );
    let titled = |title: &str| {
        let note = format!(
            r#"{{ "title": "{title}", "type": "object", "properties": {{ "text": {{ "type": "string" }} }} }}"#
        );
        first.replace(r#"{ "type": "string", "maxLength": 500 }"#, &note)
    };
    repository.project.write(SCHEMA_FILE, &titled("Note"));
    repository.git(&["commit", "--quiet", "--all", "--message", "third"]);
    let renamed = source(&titled("Remark"));
    assert_eq!(renamed, ["field-type-changed", "type-renamed"]);
    repository.project.write(SCHEMA_FILE, &added);
    repository.git(&["commit", "--quiet", "--all", "--message", "fourth"]);
    // An optional field more is no reason to stop anybody.
    assert_eq!(
        source(&added.replace(r#""note":"#, r#""gift": { "type": "boolean" }, "note":"#)),
        Vec::<String>::new()
    );
}
