//! `codegen new event`: what is added, that nothing else changes, and what is refused.

#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code)]
mod support;
#[path = "new_event/version.rs"]
mod version;

use std::collections::BTreeMap;
use std::path::Path;

use support::{CONTRACT_FILE, Project, SCHEMA_FILE, repository, stderr, stdout};

const SHIPMENT: [&str; 5] = ["new", "event", "shipment.created", "--sent-by", "shipping"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    SHIPMENT
        .iter()
        .copied()
        .chain(more.iter().copied())
        .collect()
}

/// Every file of the project and its text.
fn all(project: &Project) -> BTreeMap<String, String> {
    fn walk(folder: &Path, root: &Path, found: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, found);
            } else {
                let name = path
                    .strip_prefix(root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                found.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&project.path(""), &project.path(""), &mut found);
    found
}

/// Adds the event, expects that the contract's lines are all still there, in order and byte for byte, and that the
/// contract has no errors; returns the lines that are new.
fn added(project: &Project, arguments: &[&str]) -> Vec<String> {
    let before = project.read(CONTRACT_FILE);
    let output = project.run(arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    let after = project.read(CONTRACT_FILE);
    let mut old = before.split_inclusive('\n').peekable();
    let mut new = Vec::new();
    for line in after.split_inclusive('\n') {
        let same = |before: &&str| {
            *before == line || before.trim_end_matches('\n') == line.trim_end_matches('\n')
        };
        if old.next_if(same).is_none() {
            new.push(line.to_owned());
        }
    }
    assert_eq!(
        old.next(),
        None,
        "a line of the contract was changed:\n{after}"
    );
    let lint = project.run(&["lint"]);
    assert!(lint.status.success(), "{}\n{after}", stderr(&lint));
    new
}

/// Expects that nothing is written, and returns what was said.
fn refused(project: &Project, arguments: &[&str]) -> String {
    let before = all(project);
    let output = project.run(arguments);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    assert_eq!(all(project), before, "nothing may be written");
    stderr(&output)
}

fn sample() -> Project {
    let project = Project::new();
    let root = repository();
    project.write(
        CONTRACT_FILE,
        &std::fs::read_to_string(root.join(CONTRACT_FILE)).unwrap(),
    );
    for folder in [
        "events/schemas",
        "events/schemas/shared",
        "events/examples/order.placed.v2/valid",
        "events/examples/order.cancelled.v1/valid",
    ] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let name = format!("{folder}/{}", path.file_name().unwrap().to_str().unwrap());
                project.write(&name, &std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    project
}

#[test]
fn an_event_of_a_new_service_gets_all_that_it_needs() {
    let project = Project::new();
    let new = added(
        &project,
        &with(&["--received-by", "stock,orders.noteShipment"]),
    );
    insta::assert_snapshot!("new_event", new.concat());
    for file in [
        "events/schemas/shipment.created.v1.json",
        "events/examples/shipment.created.v1/valid/created.json",
        "events/examples/shipment.created.v1/invalid/shipment-id-missing.json",
    ] {
        assert!(project.path(file).exists(), "{file}");
    }
    assert!(project.run(&[]).status.success());
    let service = project.read("events/src/generated/stock.rs");
    assert!(service.contains("fn on_shipment_created("), "{service}");
    let said = refused(&project, &SHIPMENT);
    assert!(
        said.contains("the contract has `shipment.created.v1` already"),
        "{said}"
    );
}

#[test]
fn what_is_left_to_do_is_said() {
    let project = Project::new();
    project.write("services/stock/src/handlers.rs", "");
    let output = project.run(&with(&["--received-by", "stock"]));
    let said = stdout(&output).replace(project.path("").to_str().unwrap(), "");
    insta::assert_snapshot!("new_event_says", said);
}

#[test]
fn the_sample_keeps_its_comments_and_the_operations_of_a_service_stay_together() {
    let project = sample();
    let new = added(&project, &with(&["--received-by", "email,analytics"]));
    assert!(new.concat().contains("SHIPMENT:"), "{new:?}");
    let contract = project.read(CONTRACT_FILE);
    let place = |text: &str| {
        contract
            .find(text)
            .unwrap_or_else(|| panic!("{text}: {contract}"))
    };
    assert!(place("email.sendCancellation:") < place("email.onShipmentCreated:"));
    assert!(place("email.onShipmentCreated:") < place("# analytics:"));
    assert!(place("analytics.onShipmentCreated:") < place("shipping.publishShipmentCreated:"));
}

/// The first version's examples hold against its schema as those in `events/tests/examples.rs` do: the valid ones have
/// no breach, the invalid ones one.
#[test]
fn examples_fit_the_schema() {
    let project = Project::new();
    let arguments = [
        "new",
        "event",
        "stock_item.count_corrected",
        "--sent-by",
        "stock",
    ];
    assert!(project.run(&arguments).status.success());
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let files = all(&project);
    let name = "stock_item.count_corrected.v1";
    let schema = json(&files[&format!("events/schemas/{name}.json")]);
    let validator = jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    let mut invalid = 0;
    for (path, text) in files
        .iter()
        .filter(|(path, _)| path.starts_with(&format!("events/examples/{name}/")))
    {
        let breaches = validator.iter_errors(&json(text)).count();
        let wrong = path.contains("/invalid/");
        invalid += usize::from(wrong);
        assert_eq!(breaches, usize::from(wrong), "{path}");
    }
    assert!(invalid >= 3);
}

#[test]
fn lines_end_as_they_did() {
    let project = Project::new();
    let text = project.read(CONTRACT_FILE).replace('\n', "\r\n");
    project.write(CONTRACT_FILE, &text);
    let new = added(&project, &SHIPMENT);
    assert!(new.iter().all(|line| line.ends_with("\r\n")), "{new:?}");
}

#[test]
fn a_last_line_without_an_end_stays_one() {
    let project = Project::new();
    let text = project.read(CONTRACT_FILE);
    project.write(CONTRACT_FILE, text.trim_end());
    let new = added(&project, &SHIPMENT);
    assert!(
        new.concat().ends_with("shipment.created.v1.json } }"),
        "{new:?}"
    );
    assert!(!project.read(CONTRACT_FILE).ends_with('\n'));
}

#[test]
fn comments_at_the_end_of_a_section_and_of_the_file_stay_there() {
    let project = Project::new();
    let text = project.read(CONTRACT_FILE).replace(
        "\ncomponents:",
        "\n  # the last operation\n\n# what they say\ncomponents:",
    );
    project.write(
        CONTRACT_FILE,
        &format!("{text}    # the last message\n\n# the end\n"),
    );
    added(&project, &SHIPMENT);
    let after = project.read(CONTRACT_FILE);
    assert!(
        after.ends_with("shipment.created.v1.json } }\n    # the last message\n\n# the end\n"),
        "{after}"
    );
    assert!(after.contains("    channel: { $ref: '#/channels/shipment.created.v1' }\n  # the last operation\n\n# what they say\n"), "{after}");
}

#[test]
fn indentation_is_that_of_the_neighbours() {
    let project = Project::new();
    let deeper: String = project
        .read(CONTRACT_FILE)
        .lines()
        .map(|line| {
            let content = line.trim_start();
            format!(
                "{}{content}\n",
                " ".repeat(2 * (line.len() - content.len()))
            )
        })
        .collect();
    project.write(CONTRACT_FILE, &deeper);
    let new = added(&project, &SHIPMENT).concat();
    assert!(
        new.contains("\n    shipment.created.v1:\n        address: "),
        "{new}"
    );
    assert!(
        new.contains("\n        shipment.created.v1:\n            correlationId")
            || new.contains("\n        shipment.created.v1:\n            payload"),
        "{new}"
    );
}

#[test]
fn lists_at_the_indentation_of_their_key_and_block_scalars_are_part_of_their_entry() {
    let project = Project::new();
    project.replace(
        CONTRACT_FILE,
        "    address: order",
        "    description: |\n      # no comment\n\n      the end\n    address: order",
    );
    project.replace(CONTRACT_FILE, "          - $ref: ./", "        - $ref: ./");
    project.replace(
        CONTRACT_FILE,
        "          - properties:",
        "        - properties:",
    );
    added(&project, &SHIPMENT);
}

#[test]
fn a_stream_is_widened_where_it_is_named() {
    let flow = Project::new();
    let output = flow.run(&with(&["--stream", "ORDERS"]));
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        flow.read(CONTRACT_FILE)
            .contains("subjects: [order.>, shipment.>], max-age")
    );
    let block = Project::new();
    block.replace(
        CONTRACT_FILE,
        "    ORDERS: { subjects: [order.>], max-age: 30d }",
        "    ORDERS:\n      subjects:\n        - 'order.>' # all of them\n      max-age: 30d",
    );
    let new = added(&block, &with(&["--stream", "ORDERS"]));
    assert!(
        new.contains(&"        - shipment.>\n".to_owned()),
        "{new:?}"
    );
}

#[test]
fn sections_that_are_missing_or_empty_are_made() {
    let project = Project::new();
    project.write(
        CONTRACT_FILE,
        "asyncapi: 3.0.0\ninfo: { title: New, version: 1.0.0 }\nchannels: # none yet\n",
    );
    std::fs::remove_file(project.path(SCHEMA_FILE)).unwrap();
    let new = added(&project, &SHIPMENT).concat();
    insta::assert_snapshot!("new_event_in_an_empty_contract", new);
}

#[test]
fn a_dry_run_shows_a_diff_that_patch_takes_and_writes_nothing() {
    let project = Project::new();
    let before = all(&project);
    let output = project.run(&with(&[
        "--received-by",
        "stock",
        "--stream",
        "ORDERS",
        "--dry-run",
    ]));
    assert!(output.status.success());
    assert_eq!(all(&project), before);
    insta::assert_snapshot!("new_event_dry_run", stdout(&output));
}

macro_rules! refuses {
    ($($name:ident: $change:expr, $arguments:expr;)*) => {
        $(#[test]
        fn $name() {
            let project = Project::new();
            let change: fn(&Project) = $change;
            change(&project);
            insta::assert_snapshot!(concat!("new_event_", stringify!($name)), refused(&project, $arguments));
        })*
    };
}

refuses! {
    a_command: |_| {}, &["new", "event", "shipment.create", "--sent-by", "shipping"];
    a_name_of_one_part: |_| {}, &["new", "event", "created", "--sent-by", "shipping"];
    a_key_that_is_no_name: |_| {}, &with(&["--key", "shipment id"]);
    a_file_in_the_way: |project| project.write("events/schemas/shipment.created.v1.json", "{}"), &SHIPMENT;
    an_unknown_stream: |_| {}, &with(&["--stream", "SHIPMENTS"]);
    a_subject_that_another_stream_keeps: |_| {}, &["new", "event", "order.packed", "--sent-by", "orders", "--stream", "NONE"];
    a_name_with_its_version: |_| {}, &["new", "event", "shipment.created.v1", "--sent-by", "shipping"];
    subjects_that_are_kept_in_part: |project| project.replace(CONTRACT_FILE, "[order.>]", "[order.>, shipment.created.v1.a]"), &SHIPMENT;
    nobody_sends_it: |_| {}, &["new", "event", "shipment.created"];
    no_earlier_version: |_| {}, &with(&["--version", "2"]);
    an_operation_that_is_there: |_| {}, &["new", "event", "order.packed", "--sent-by", "orders", "--received-by", "stock.reserve"];
}

/// Every way to write a mapping that is not edited, and that the file stays as it was.
#[test]
fn an_unusual_layout_is_left_to_a_person() {
    let operations = "operations:\n  orders.placeOrder: { action: send, channel: { $ref: '#/channels/order.placed.v1' } }\n  \
                      stock.reserve:\n    action: receive\n    channel: { $ref: '#/channels/order.placed.v1' }\n    \
                      x-jetstream: { concurrency: 8 }\n";
    let operation =
        "orders.placeOrder: { action: send, channel: { $ref: '#/channels/order.placed.v1' } }";
    for (what, unusual) in [
        ("flow", format!("operations: {{ {operation} }}\n")),
        ("flow over lines", format!("operations: {{\n  {operation}\n  }}\n")),
        ("flow on a line of its own", format!("operations:\n  {{\n  {operation}\n  }}\n")),
        ("an empty flow mapping", "operations: {}\n".to_owned()),
        ("an explicit key", "operations:\n  ? orders.placeOrder\n  : action: send\n    channel: { $ref: '#/channels/order.placed.v1' }\n".to_owned()),
    ] {
        let project = Project::new();
        project.replace(CONTRACT_FILE, operations, &unusual);
        let lint = project.run(&["lint"]);
        assert!(lint.status.success(), "{what}: {}", stderr(&lint));
        let said = refused(&project, &SHIPMENT);
        assert!(said.contains("Nothing was written. By hand, put into asyncapi.yaml:"), "{what}: {said}");
        assert!(said.contains("  shipping.publishShipmentCreated:\n    action: send\n"), "{what}: {said}");
    }
}

#[test]
fn a_contract_in_json_is_left_to_a_person_with_json_to_paste() {
    let project = Project::new();
    let yaml: serde_json::Value = serde_saphyr::from_str(&project.read(CONTRACT_FILE)).unwrap();
    project.write("asyncapi.json", &format!("{yaml:#}\n"));
    let said = refused(&project, &with(&["--contract", "asyncapi.json"]));
    insta::assert_snapshot!("new_event_in_json", said);
}

#[test]
fn a_contract_in_several_files_is_left_to_a_person() {
    let project = Project::new();
    project.write(
        "channels/order.placed.v1.yaml",
        "address: order.placed.v1.{orderId}\nparameters:\n  orderId: { location: $message.payload#/data/orderId }\nmessages:\n  \
         order.placed.v1: { $ref: '../asyncapi.yaml#/components/messages/order.placed.v1' }\n",
    );
    project.replace(
        CONTRACT_FILE,
        "  order.placed.v1:\n    address: order.placed.v1.{orderId}\n    parameters:\n      orderId: { location: \
         $message.payload#/data/orderId }\n    messages:\n      order.placed.v1: { $ref: '#/components/messages/order.placed.v1' }\n",
        "  order.placed.v1: { $ref: ./channels/order.placed.v1.yaml }\n",
    );
    let lint = project.run(&["lint"]);
    assert!(lint.status.success(), "{}", stderr(&lint));
    let said = refused(&project, &SHIPMENT);
    assert!(said.contains("in several places"), "{said}");
}

#[test]
fn a_contract_with_errors_is_not_added_to() {
    let project = Project::new();
    project.replace(CONTRACT_FILE, "concurrency: 8", "concurency: 8");
    let said = refused(&project, &SHIPMENT);
    assert!(
        said.contains("1 error, 1 warning; mend these first, nothing was written\n"),
        "{said}"
    );
}

#[test]
fn what_would_have_errors_is_not_written() {
    let project = Project::new();
    // A second durable of this name, spelled otherwise.
    project.replace(CONTRACT_FILE, "  stock.reserve:", "  stock.reserve.v1:");
    let said = refused(
        &project,
        &[
            "new",
            "event",
            "order.packed",
            "--sent-by",
            "orders",
            "--received-by",
            "stock.reserve-v1",
        ],
    );
    assert!(
        said.contains("the contract would have errors with it") && said.contains("JW015"),
        "{said}"
    );
}

/// The examples' folder cannot be made: the schema, which was in place by then, is taken away again.
#[test]
fn all_is_written_or_nothing() {
    let project = Project::new();
    project.write("events/examples", "a file, not a folder");
    let before = all(&project);
    let output = project.run(&SHIPMENT);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert_eq!(all(&project), before);
}
