//! Least privilege, on a real server: each service under its own user, with the permissions in `deploy/nats` and nothing
//! else. All that a service does works; whatever else is on the broker is denied, each of it asked for by name.

#![allow(clippy::unwrap_used, missing_docs)]

mod guarded;

use std::collections::BTreeSet;
use std::time::Duration;

use codegen::diagnostics::Report;
use codegen::load::Workspace;
use codegen::model::{self, Contract};
use guarded::{Guarded, TOPOLOGY, Visitor, repository};
use system_tests::{ALL, Basket, Shop, wait};

#[tokio::test]
async fn every_service_works_under_its_own_user() {
    let mut guarded = Guarded::shop().await;
    guarded.provision().await;
    let mut orders = Vec::new();
    for topology in ["verify", "bind"] {
        guarded.open(topology).await;
        let shop = &guarded.shop;
        for basket in [Basket::in_stock(), Basket::too_much()] {
            orders.push(shop.place(&basket).await);
        }
        shop.audit(&orders).await;
        nothing_refused(shop, topology);
    }
    // Nobody can read this: every consumer of it stores a dead letter.
    let shop = &guarded.shop;
    let subject = "order.confirmed.v1.poison";
    let published = shop.jetstream.publish(subject, "poison".into());
    published.await.unwrap().await.unwrap();
    wait("the dead letters of both consumers", || async {
        let letters = shop.dead_letters().await;
        let mut by: Vec<String> = letters.into_iter().map(|letter| letter.subject).collect();
        by.sort();
        if by
            == [
                "dead.analytics-recordConfirmed",
                "dead.email-sendConfirmation",
            ]
        {
            Ok(())
        } else {
            Err(format!("{by:?}"))
        }
    })
    .await;
    nothing_refused(shop, "with dead letters");
}

fn nothing_refused(shop: &Shop, when: &str) {
    for service in shop.services() {
        let log = service.log();
        let violation = log.lines().find(|line| line.contains("ermissions"));
        assert_eq!(violation, None, "{when}");
    }
}

fn contract() -> Contract {
    let mut report = Report::default();
    let workspace = Workspace::load(&repository().join("asyncapi.yaml"), &mut report).unwrap();
    let contract = model::read(&workspace, &mut report);
    assert!(!report.has_errors());
    contract
}

/// What one user does on the broker, as the contract says it.
fn own(contract: &Contract, name: &str) -> BTreeSet<String> {
    let mut own = BTreeSet::from([
        "$JS.API.INFO".to_owned(),
        "$JS.API.STREAM.INFO.DEAD_LETTERS".to_owned(),
    ]);
    let service = contract
        .services
        .iter()
        .find(|service| service.name == name)
        .unwrap();
    for id in service.sent() {
        let event = contract.event(id);
        own.insert(event.address.filter().replace('*', "17"));
        let stream = &contract.stream_of(event).unwrap().name;
        own.insert(format!("$JS.API.STREAM.INFO.{stream}"));
    }
    for receive in &service.receives {
        let stream = &contract
            .stream_of(contract.event(receive.event))
            .unwrap()
            .name;
        let durable = receive.name.replace('.', "-");
        own.insert(format!("$JS.API.STREAM.INFO.{stream}"));
        own.insert(format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"));
        own.insert(format!("$JS.API.CONSUMER.INFO.{stream}.{durable}"));
        own.insert(format!("$JS.ACK.{stream}.{durable}.1.1.1.1.1"));
        own.insert(format!("$JS.ACK.hub.hash.{stream}.{durable}.1.1.1.1.1.x"));
        own.insert(format!("dead.{durable}"));
    }
    own
}

/// What no service may do.
fn nobodys(contract: &Contract) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = [
        "$JS.API.STREAM.LIST",
        "$JS.API.STREAM.NAMES",
        "$JS.API.STREAM.CREATE.MINE",
        "$JS.API.STREAM.INFO.MINE",
        "$JS.API.ACCOUNT.PURGE.SHOP",
        "$JS.EVENT.ADVISORY.API",
        "$SYS.REQ.SERVER.PING",
        "$SYS.REQ.USER.INFO",
        "$KV.x.y",
        "_INBOX.x",
        "_INBOX_topology.x",
        "anything",
        "order.placed",
        "dead.letter",
        "$JS.API.x",
    ]
    .map(str::to_owned)
    .into();
    let mut streams: Vec<&str> = contract.streams.iter().map(|s| s.name.as_str()).collect();
    streams.push("DEAD_LETTERS");
    for stream in streams {
        for call in [
            "CREATE",
            "UPDATE",
            "DELETE",
            "PURGE",
            "MSG.GET",
            "MSG.DELETE",
            "SNAPSHOT",
            "RESTORE",
            "PEER.REMOVE",
            "LEADER.STEPDOWN",
        ] {
            all.insert(format!("$JS.API.STREAM.{call}.{stream}"));
        }
        for call in ["CREATE", "LIST", "NAMES"] {
            all.insert(format!("$JS.API.CONSUMER.{call}.{stream}"));
        }
        all.insert(format!(
            "$JS.API.CONSUMER.CREATE.{stream}.mine.order.placed.v1.17"
        ));
        all.insert(format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.mine"));
        all.insert(format!("$JS.API.DIRECT.GET.{stream}"));
        all.insert(format!("$JS.API.DIRECT.GET.{stream}.order.placed.v1.17"));
        all.insert(format!("$JS.ACK.{stream}.mine.1.1.1.1.1"));
        all.insert(format!("$JS.FC.{stream}.mine.1"));
    }
    for service in &contract.services {
        all.insert(format!("_INBOX_{}.x", service.name));
        for receive in &service.receives {
            let event = contract.event(receive.event);
            let (stream, filter) = (
                &contract.stream_of(event).unwrap().name,
                event.address.filter(),
            );
            let durable = receive.name.replace('.', "-");
            for call in [
                "DELETE",
                "PAUSE",
                "RESET",
                "UNPIN",
                "LEADER.STEPDOWN",
                "DURABLE.CREATE",
            ] {
                all.insert(format!("$JS.API.CONSUMER.{call}.{stream}.{durable}"));
            }
            all.insert(
                format!("$JS.API.CONSUMER.CREATE.{stream}.{durable}.{filter}").replace('*', "17"),
            );
            all.insert(format!("dead.{durable}.more"));
        }
    }
    all
}

#[tokio::test]
async fn what_is_not_a_services_own_is_denied() {
    only_ones_own(None).await;
}

/// The oldest server that is supported.
#[tokio::test]
async fn what_is_not_a_services_own_is_denied_by_2_10() {
    only_ones_own(Some("2.10.25")).await;
}

async fn only_ones_own(version: Option<&str>) {
    let mut guarded = Guarded::on(version).await;
    guarded.provision().await;
    let contract = contract();
    let names: Vec<&str> = contract.services.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ALL, "the shop has other services than the contract");
    let everybodys: BTreeSet<String> = names.iter().flat_map(|name| own(&contract, name)).collect();
    let all: BTreeSet<String> = everybodys.union(&nobodys(&contract)).cloned().collect();
    assert!(all.len() > 150, "{}", all.len());
    for name in ALL {
        let mut visitor = Visitor::named(&guarded, name).await;
        let own = own(&contract, name);
        let expected: BTreeSet<String> = all.difference(&own).cloned().collect();
        let refused = visitor.refused_to_publish(&all).await;
        let open: Vec<&String> = expected.difference(&refused).collect();
        assert_eq!(
            open,
            Vec::<&String>::new(),
            "{name} may do what is not its own"
        );
        let shut: Vec<&String> = refused.difference(&expected).collect();
        assert_eq!(
            shut,
            Vec::<&String>::new(),
            "{name} may not do what is its own"
        );
    }
}

#[tokio::test]
async fn nobody_listens_to_others() {
    let guarded = Guarded::shop().await;
    for name in ALL.into_iter().chain([TOPOLOGY]) {
        let mut visitor = Visitor::named(&guarded, name).await;
        let mine = format!("_INBOX_{name}.>");
        let mut all: BTreeSet<String> = ALL
            .iter()
            .map(|other| format!("_INBOX_{other}.>"))
            .collect();
        all.extend(
            [
                mine.as_str(),
                ">",
                "*",
                "*.>",
                "_INBOX.>",
                "_INBOX_topology.>",
                "order.>",
                "order.placed.v1.*",
                "inventory.>",
                "dead.>",
                "$JS.>",
                "$JS.ACK.>",
                "$JS.EVENT.>",
                "$JS.API.>",
                "$SYS.>",
            ]
            .map(str::to_owned),
        );
        let mut refused = visitor.refused_to_subscribe(&all).await;
        assert!(
            refused.insert(mine.clone()),
            "{name} may not listen to its own answers"
        );
        assert_eq!(refused, all, "{name} listens to others");
    }
}

#[tokio::test]
async fn who_makes_streams_may_do_that_and_nothing_else() {
    let mut guarded = Guarded::shop().await;
    guarded.provision().await;
    let contract = contract();
    let mut visitor = Visitor::named(&guarded, TOPOLOGY).await;
    let may = |subject: &str| {
        let makes = [
            "$JS.API.STREAM.CREATE.",
            "$JS.API.STREAM.UPDATE.",
            "$JS.API.STREAM.INFO.",
            "$JS.API.CONSUMER.INFO.",
        ];
        let made = makes.iter().any(|call| subject.starts_with(call)) && !subject.ends_with("MINE");
        let durable = subject.starts_with("$JS.API.CONSUMER.CREATE.")
            && subject.ends_with(".17")
            && !subject.contains(".mine.");
        made || durable || matches!(subject, "$JS.API.INFO" | "$JS.API.STREAM.NAMES")
    };
    let owned = contract
        .services
        .iter()
        .flat_map(|service| own(&contract, &service.name));
    let all: BTreeSet<String> = owned.chain(nobodys(&contract)).collect();
    let expected: BTreeSet<String> = all
        .iter()
        .filter(|subject| !may(subject))
        .cloned()
        .collect();
    assert_eq!(visitor.refused_to_publish(&all).await, expected);
    assert!(
        expected.contains("$JS.API.STREAM.DELETE.ORDERS")
            && expected.contains("$JS.API.STREAM.MSG.GET.ORDERS")
    );
}

/// Denials as a service sees them: the operation does not happen, and nothing is lost by the attempt.
#[tokio::test]
async fn a_denied_request_changes_nothing() {
    let mut guarded = Guarded::shop().await;
    guarded.provision().await;
    let email = Visitor::named(&guarded, "email").await;
    let context = async_nats::jetstream::new(email.client.clone());
    let published = guarded
        .shop
        .jetstream
        .publish("order.placed.v1.17", "{}".into());
    published.await.unwrap().await.unwrap();
    for (subject, body) in [
        ("$JS.API.STREAM.DELETE.ORDERS", ""),
        ("$JS.API.STREAM.PURGE.ORDERS", ""),
        ("$JS.API.STREAM.MSG.GET.ORDERS", r#"{"seq":1}"#),
        (
            "$JS.API.CONSUMER.MSG.NEXT.ORDERS.inventory-reserveStock",
            r#"{"batch":1,"no_wait":true}"#,
        ),
        ("$JS.API.CONSUMER.DELETE.ORDERS.inventory-reserveStock", ""),
    ] {
        let asked = email.client.request(subject, body.into());
        let answer = tokio::time::timeout(Duration::from_millis(300), asked).await;
        assert!(answer.is_err(), "{subject} is answered: {answer:?}");
    }
    let publish = async {
        context
            .publish("order.placed.v1.18", "{}".into())
            .await?
            .await
    };
    let published = tokio::time::timeout(Duration::from_millis(300), publish).await;
    assert!(published.is_err(), "email published another's event");
    let messages = guarded.shop.messages("ORDERS").await;
    let subjects: Vec<&str> = messages
        .iter()
        .map(|message| message.subject.as_str())
        .collect();
    assert_eq!(subjects, ["order.placed.v1.17"]);
    let consumer = guarded.shop.consumers().await;
    let untouched = consumer
        .iter()
        .find(|info| info.name == "inventory-reserveStock")
        .unwrap();
    assert_eq!(
        (untouched.num_pending, untouched.delivered.stream_sequence),
        (1, 0)
    );
}
