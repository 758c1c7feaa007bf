//! What is written beside the Rust code, held against a contract of its own (`tests/outputs`) and against the sample.

#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code)]
mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use codegen::diagnostics::Report;
use codegen::load::Workspace;
use codegen::model::{self, Contract};
use codegen::render::{self, Tree};
use codegen::write::{self, Drift};
use codegen::{check, model::Service};
use serde_json::Value;

fn own() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/outputs")
}

fn read(contract: &Path) -> (Workspace, Contract) {
    let mut report = Report::default();
    let workspace = Workspace::load(contract, &mut report).unwrap();
    let contract = model::read(&workspace, &mut report);
    assert!(!report.has_errors(), "{}", report.render(&workspace, false));
    (workspace, contract)
}

/// A tree of a contract's folder, where it belongs.
fn tree(root: &Path, folder: &str) -> Tree {
    let (workspace, contract) = read(&root.join("asyncapi.yaml"));
    let trees = render::trees(&contract, &workspace).unwrap();
    let found = trees
        .into_iter()
        .find(|tree| tree.folder == Path::new(folder));
    let mut tree = found.unwrap_or_else(|| panic!("there is no tree {folder}"));
    tree.folder = root.join(folder);
    tree
}

/// After a change that is meant:
/// `cargo run -p codegen -- --contract codegen/tests/outputs/asyncapi.yaml --out target/outputs`.
fn is_golden(folder: &str) {
    let drift = write::compare_all(&[tree(&own(), folder)]).unwrap();
    assert_eq!(drift, Vec::<Drift>::new());
}

#[test]
fn the_catalogue_is_what_is_written() {
    is_golden("docs/events");
}

#[test]
fn the_services_documents_are_what_is_written() {
    is_golden("docs/asyncapi");
}

#[test]
fn the_schema_for_editors_is_what_is_written() {
    is_golden("docs/schema");
}

#[test]
fn the_permissions_are_what_is_written() {
    is_golden("deploy/nats");
}

#[test]
fn the_contract_of_these_tests_has_no_findings() {
    let mut report = Report::default();
    let workspace = Workspace::load(&own().join("asyncapi.yaml"), &mut report).unwrap();
    let contract = model::read(&workspace, &mut report);
    check::check(&contract, &workspace, &mut report);
    assert!(!report.has_errors(), "{}", report.render(&workspace, false));
}

fn both() -> [PathBuf; 2] {
    [own(), support::repository()]
}

#[test]
fn every_file_ends_with_one_line_end() {
    for root in both() {
        let (workspace, contract) = read(&root.join("asyncapi.yaml"));
        for tree in render::trees(&contract, &workspace).unwrap() {
            for file in &tree.files {
                let text = &file.text;
                assert!(
                    text.ends_with('\n') && !text.ends_with("\n\n"),
                    "{}",
                    file.path
                );
                assert!(!text.contains('\r'), "{}", file.path);
            }
        }
    }
}

#[test]
fn every_link_of_the_catalogue_leads_to_a_file() {
    for root in both() {
        let catalogue = tree(&root, "docs/events");
        let mut links = 0;
        for file in catalogue
            .files
            .iter()
            .filter(|file| file.path.ends_with(".md"))
        {
            let parts = file.text.split("](").skip(1);
            for target in parts.filter_map(|rest| rest.split(')').next()) {
                links += 1;
                let found = catalogue.folder.join(target).is_file();
                assert!(found, "{} links to {target}", file.path);
            }
        }
        assert!(links > 30, "{links} links");
    }
}

/// A page says who handles it, however the contract writes that down.
#[test]
fn every_event_has_a_page_that_names_its_operations() {
    for root in both() {
        let (_, contract) = read(&root.join("asyncapi.yaml"));
        let catalogue = tree(&root, "docs/events");
        for (place, event) in contract.events.iter().enumerate() {
            let path = format!("{}.md", event.name);
            let page = catalogue
                .files
                .iter()
                .find(|file| file.path == path)
                .unwrap();
            let of = |service: &Service| -> Vec<String> {
                let sends = service.sends.iter().map(|send| (send.event, &send.name));
                let receives = service.receives.iter().map(|own| (own.event, &own.name));
                let all = sends.chain(receives).filter(|(id, _)| id.index() == place);
                all.map(|(_, name)| format!("`{name}`")).collect()
            };
            for operation in contract.services.iter().flat_map(of) {
                assert!(page.text.contains(&operation), "{path} lacks {operation}");
            }
        }
    }
}

/// The scalars under keywords that bound a value.
fn bounds(schema: &Value, named: bool, found: &mut Vec<String>) {
    const BOUNDS: &[&str] = &[
        "const",
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "maxContains",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minContains",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "pattern",
    ];
    for item in schema.as_array().into_iter().flatten() {
        bounds(item, false, found);
    }
    for (key, value) in schema.as_object().into_iter().flatten() {
        if BOUNDS.contains(&key.as_str()) && !named {
            let values = value
                .as_array()
                .cloned()
                .unwrap_or_else(|| vec![value.clone()]);
            let texts = values
                .iter()
                .filter(|value| !value.is_object() && !value.is_array());
            found.extend(texts.map(|value| {
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            }));
        } else {
            bounds(value, key == "properties" && !named, found);
        }
    }
}

#[test]
fn every_bound_of_a_schema_stands_on_the_page() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut seen = 0;
    for root in [own(), support::repository(), golden] {
        let (_, contract) = read(&root.join("asyncapi.yaml"));
        let catalogue = tree(&root, "docs/events");
        for event in &contract.events {
            let page = catalogue
                .files
                .iter()
                .find(|file| file.path == format!("{}.md", event.name));
            let page = page.unwrap().text.replace("\\|", "|");
            let schema = std::fs::read_to_string(root.join(&event.schema)).unwrap();
            let mut texts = Vec::new();
            bounds(&serde_json::from_str(&schema).unwrap(), false, &mut texts);
            for text in texts {
                seen += 1;
                let quoted = Value::from(text.as_str()).to_string();
                let quoted = quoted.trim_matches('"');
                let there = page.contains(&text) || page.contains(quoted);
                assert!(there, "{} says nothing of {text}", event.name);
            }
        }
    }
    assert!(seen > 100, "{seen}");
}

/// Each is a contract by itself: with the service's operations and no others.
#[test]
fn every_services_document_is_a_contract_of_that_service() {
    for root in both() {
        let (_, contract) = read(&root.join("asyncapi.yaml"));
        for service in &contract.services {
            let (_, excerpt) = read(&root.join(format!("docs/asyncapi/{}.yaml", service.name)));
            let [only] = excerpt.services.as_slice() else {
                panic!("{} services", excerpt.services.len());
            };
            assert_eq!(only.name, service.name);
            let names = |service: &Service| -> BTreeSet<String> {
                let sends = service.sends.iter().map(|send| send.name.clone());
                sends
                    .chain(service.receives.iter().map(|own| own.name.clone()))
                    .collect()
            };
            assert_eq!(names(only), names(service));
            let events = |contract: &Contract, service: &Service| -> BTreeSet<String> {
                let received = service.receives.iter().map(|own| own.event);
                let all = received.chain(service.sent());
                all.map(|id| contract.event(id).name.clone()).collect()
            };
            let needed = events(&contract, service);
            assert_eq!(events(&excerpt, only), needed);
            let listed: BTreeSet<String> = excerpt.events.iter().map(|e| e.name.clone()).collect();
            assert_eq!(listed, needed, "{} has others' events", service.name);
            for event in &excerpt.events {
                assert!(
                    excerpt.stream_of(event).is_some(),
                    "no stream keeps {}",
                    event.name
                );
            }
        }
    }
}

/// The part of the editors' schema that is ours: nothing is fetched here.
fn editor_schema(root: &Path) -> Value {
    let tree = tree(root, "docs/schema");
    let mut schema: Value = serde_json::from_str(&tree.files[0].text).unwrap();
    let parts = schema["allOf"].as_array_mut().unwrap();
    assert_eq!(
        parts.remove(0)["$ref"],
        "https://asyncapi.com/schema-store/3.0.0-without-$id.json"
    );
    schema
}

#[test]
fn editors_accept_the_contract_and_mark_slips_of_the_pen() {
    for root in both() {
        let schema = jsonschema::validator_for(&editor_schema(&root)).unwrap();
        let (workspace, _) = read(&root.join("asyncapi.yaml"));
        let contract = workspace.contract().unwrap().to_json();
        let errors: Vec<String> = schema
            .iter_errors(&contract)
            .map(|e| e.to_string())
            .collect();
        assert_eq!(errors, Vec::<String>::new());
        for (slip, value) in [
            ("concurency", Value::from(8)),
            ("ordering", Value::from("keys")),
            ("timeout", Value::from(30)),
        ] {
            let mut wrong = contract.clone();
            let operations = wrong["operations"].as_object_mut().unwrap();
            let operation = operations
                .values_mut()
                .find(|own| own["action"] == "receive")
                .unwrap();
            operation["x-jetstream"] = serde_json::json!({ slip: value });
            assert!(!schema.is_valid(&wrong), "{slip}");
        }
        let mut wrong = contract.clone();
        wrong["x-jetstream"]["streams"]["ANY"] = serde_json::json!({ "subject": ["any.>"] });
        assert!(!schema.is_valid(&wrong));
    }
}

/// An extension without a word on what it is would be completed, and then left alone.
#[test]
fn editors_are_told_what_every_extension_is() {
    let schema = editor_schema(&own());
    let mut seen = BTreeSet::new();
    let mut open = vec![&schema];
    while let Some(value) = open.pop() {
        for (key, inner) in value.as_object().into_iter().flatten() {
            open.push(inner);
            if key.starts_with("x-") {
                assert_ne!(inner, &serde_json::json!({}), "{key}");
                seen.insert(key.as_str());
            }
        }
    }
    assert!(
        seen.contains("x-jetstream") && seen.contains("x-service"),
        "{seen:?}"
    );
}

#[test]
fn the_contract_tells_editors_where_its_schema_is() {
    let text = std::fs::read_to_string(support::repository().join("asyncapi.yaml")).unwrap();
    let first = text.lines().next().unwrap();
    let path = first
        .strip_prefix("# yaml-language-server: $schema=")
        .unwrap();
    assert!(support::repository().join(path).is_file(), "{path}");
}
