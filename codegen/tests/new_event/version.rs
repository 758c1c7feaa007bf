//! `codegen new event --version N`: what a later version starts from, and what it asks for.

use super::*;

#[test]
fn a_later_version_starts_from_the_one_before() {
    let project = sample();
    let arguments = [
        "new",
        "event",
        "order.cancelled",
        "--version",
        "2",
        "--received-by",
        "email",
    ];
    let new = added(&project, &arguments).concat();
    assert!(
        new.contains("address: order.cancelled.v2.{orderId}"),
        "{new}"
    );
    assert!(new.contains("orders.publishOrderCancelledV2:"), "{new}");
    assert!(
        new.contains("description: An order will not be shipped."),
        "{new}"
    );
    let first = project.read("events/schemas/order.cancelled.v1.json");
    let second = project.read("events/schemas/order.cancelled.v2.json");
    assert_eq!(
        second,
        first.replace("OrderCancelledV1", "OrderCancelledV2")
    );
    let placed = [
        "new",
        "event",
        "order.placed",
        "--version",
        "3",
        "--sent-by",
        "orders.replaceOrder",
    ];
    added(&project, &placed);
    assert_eq!(
        project.read("events/examples/order.placed.v3/valid/by-card.json"),
        project.read("events/examples/order.placed.v2/valid/by-card.json")
    );
}

fn json(project: &Project, path: &str) -> serde_json::Value {
    serde_json::from_str(&project.read(path)).unwrap()
}

/// Adds the second version of `order.cancelled`, of which there is an example.
fn second(project: &Project, more: &[&str]) -> String {
    let mut arguments = vec!["new", "event", "order.cancelled", "--version", "2"];
    arguments.extend(more);
    added(project, &arguments).concat()
}

#[test]
fn a_later_version_is_upcast_and_the_one_before_is_deprecated() {
    let project = sample();
    let new = second(&project, &["--sunset", "2027-12-31"]);
    insta::assert_snapshot!("new_event_later_version", new);
    assert!(project.run(&[]).status.success());
    // The compiler asks for the upcast, and for the way back: `orders` sends both.
    for (file, asked) in [
        ("order_cancelled_v2", "Older::of::<super::OrderCancelledV1>"),
        ("orders", "Downcast::<OrderCancelledV1>"),
    ] {
        let code = project.read(&format!("events/src/generated/{file}.rs"));
        assert!(code.contains(asked), "{asked}: {code}");
    }
}

#[test]
fn what_is_left_to_do_for_a_later_version_is_said() {
    let project = sample();
    let arguments = ["new", "event", "order.cancelled", "--version", "2"];
    let output = project.run(&arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stdout(&output).replace(project.path("").to_str().unwrap(), "");
    insta::assert_snapshot!("new_event_later_version_says", said);
}

#[test]
fn golden_events_are_kept_of_both_versions() {
    let project = sample();
    second(&project, &[]);
    let first = json(
        &project,
        "events/examples/order.cancelled.v1/golden/at-the-customers-request.json",
    );
    let next = json(
        &project,
        "events/examples/order.cancelled.v2/golden/at-the-customers-request.json",
    );
    assert_eq!(first["read"]["order.cancelled.v2"], first["published"]);
    assert_eq!(next["published"], first["published"]);
    assert_eq!(next["read"], serde_json::json!({}));
    let third = ["new", "event", "order.cancelled", "--version", "3"];
    added(&project, &third);
    let first = json(
        &project,
        "events/examples/order.cancelled.v1/golden/at-the-customers-request.json",
    );
    assert_eq!(first["read"]["order.cancelled.v3"], first["published"]);
    let contract = project.read(CONTRACT_FILE);
    assert_eq!(
        contract.matches("deprecated: true").count(),
        3,
        "{contract}"
    );
    // One that is written in another way is left to a person.
    project.write(
        "events/examples/order.cancelled.v2/golden/at-the-customers-request.json",
        "{\"published\": 1, \"read\": {}}",
    );
    let output = project.run(&["new", "event", "order.cancelled", "--version", "4"]);
    let said = stdout(&output);
    assert!(
        said.contains("say in `read` of events/examples/order.cancelled.v2/golden/at-the-customers-request.json what `order.cancelled.v4` reads"),
        "{said}{}", stderr(&output)
    );
}

#[test]
fn a_sunset_that_is_no_day_writes_nothing() {
    let project = sample();
    let said = refused(
        &project,
        &[
            "new",
            "event",
            "order.cancelled",
            "--version",
            "2",
            "--sunset",
            "soon",
        ],
    );
    assert!(said.contains("soon"), "{said}");
}
