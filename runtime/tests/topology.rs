//! Topology against real servers: the oldest that is supported and the newest.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use async_nats::jetstream::{self, Context};
use dev::{Broker, BrokerOptions};
use jetway::topology::{DEAD_LETTERS, TopologyError, TopologyMode, ensure};
use jetway::{Backoff, Operation, Ordering, Pause, Retention, Retry, Start, Storage, Stream};
use serde_json::{Value, json};

static ORDERS: Stream = Stream {
    name: "ORDERS",
    subjects: &["order.>", "payment.>"],
    retention: Retention::Limits,
    storage: Storage::File,
    replicas: 1,
    max_age: Some(Duration::from_secs(30 * 86_400)),
    max_bytes: None,
    max_messages: None,
    duplicate_window: Duration::from_secs(120),
};

const RECEIVE: Operation = Operation {
    name: "inventory.reserveStock",
    durable: "inventory-reserveStock",
    stream: &ORDERS,
    filters: &["order.placed.v1.*"],
    address: "order.placed.v1.{orderId}",
    event_type: "order.placed.v1",
    concurrency: 8,
    ordering: Ordering::None,
    ack_wait: Duration::from_secs(10),
    timeout: Duration::from_secs(60),
    retry: Retry {
        max_attempts: 10,
        backoff: Backoff::Exponential,
        initial: Duration::from_secs(1),
        cap: Duration::from_secs(30),
        defer_limit: Duration::from_secs(900),
    },
    alert_after: 3,
    start: Start::All,
    rate_limit: None,
    pause: Pause {
        after: 5,
        probe: Duration::from_secs(5),
        cap: Duration::from_secs(60),
    },
};

static RESERVE: Operation = RECEIVE;
static FROM_NOW: Operation = Operation {
    durable: "inventory-fromNow",
    start: Start::New,
    ..RECEIVE
};

const VERSIONS: [Option<&str>; 2] = [Some("2.10.25"), None];

async fn broker(version: Option<&str>, extra: &str) -> (Broker, Context) {
    let broker = Broker::start_with(BrokerOptions {
        version: version.map(str::to_owned),
        extra: extra.to_owned(),
        ..BrokerOptions::default()
    })
    .await
    .unwrap();
    let client = async_nats::connect(broker.url()).await.unwrap();
    (broker, jetstream::new(client))
}

/// Connects as a user whose password is the name.
async fn login(broker: &Broker, user: &str) -> Context {
    let options =
        async_nats::ConnectOptions::with_user_and_password(user.to_owned(), user.to_owned());
    let mut jetstream = jetstream::new(options.connect(broker.url()).await.unwrap());
    // What is denied is not answered.
    jetstream.set_timeout(Duration::from_secs(1));
    jetstream
}

async fn apply(jetstream: &Context) -> Result<(), TopologyError> {
    ensure(
        jetstream,
        TopologyMode::Apply,
        &[&ORDERS],
        &[&RESERVE, &FROM_NOW],
    )
    .await
}

async fn verify(jetstream: &Context) -> Result<(), TopologyError> {
    ensure(
        jetstream,
        TopologyMode::Verify,
        &[&ORDERS],
        &[&RESERVE, &FROM_NOW],
    )
    .await
}

async fn ask(jetstream: &Context, subject: &str, payload: Value) -> Value {
    let answer: Value = jetstream
        .request(subject.to_owned(), &payload)
        .await
        .unwrap();
    assert!(answer.get("error").is_none(), "{subject}: {answer}");
    answer
}

/// Changes a consumer as an operator would.
async fn edit_consumer(jetstream: &Context, durable: &str, field: &str, value: Value) {
    let info = ask(
        jetstream,
        &format!("CONSUMER.INFO.ORDERS.{durable}"),
        json!({}),
    )
    .await;
    let mut config = info["config"].clone();
    config[field] = value;
    let subject = format!("CONSUMER.CREATE.ORDERS.{durable}.order.placed.v1.*");
    ask(
        jetstream,
        &subject,
        json!({ "stream_name": "ORDERS", "config": config }),
    )
    .await;
}

async fn edit_stream(jetstream: &Context, field: &str, value: Value) {
    let info = ask(jetstream, "STREAM.INFO.ORDERS", json!({})).await;
    let mut config = info["config"].clone();
    config[field] = value;
    ask(jetstream, "STREAM.UPDATE.ORDERS", config).await;
}

/// Counts the writes to JetStream's API, until it is stopped.
struct Writes(async_nats::Subscriber);

impl Writes {
    async fn watch(broker: &Broker) -> Self {
        let client = async_nats::connect(broker.url()).await.unwrap();
        let subscriber = client.subscribe("$JS.EVENT.ADVISORY.API").await.unwrap();
        client.flush().await.unwrap();
        Self(subscriber)
    }

    /// The subjects that were asked until the server answered a question of ours.
    async fn until_marker(mut self, jetstream: &Context) -> Vec<String> {
        use futures::StreamExt;
        let _: Value = jetstream
            .request("STREAM.INFO.MARKER", &json!({}))
            .await
            .unwrap();
        let mut subjects = Vec::new();
        loop {
            let message = tokio::time::timeout(Duration::from_secs(10), self.0.next());
            let advisory: Value =
                serde_json::from_slice(&message.await.unwrap().unwrap().payload).unwrap();
            let subject = advisory["subject"].as_str().unwrap_or_default().to_owned();
            if subject.ends_with("MARKER") {
                return subjects;
            }
            subjects.push(subject);
        }
    }
}

#[tokio::test]
async fn apply_makes_everything_from_nothing_and_writes_nothing_twice() {
    for version in VERSIONS {
        let (broker, jetstream) = broker(version, "").await;
        apply(&jetstream).await.unwrap();

        let orders = ask(&jetstream, "STREAM.INFO.ORDERS", json!({})).await;
        assert_eq!(
            orders["config"]["subjects"],
            json!(["order.>", "payment.>"])
        );
        assert_eq!(
            orders["config"]["max_age"],
            json!(30_u64 * 86_400 * 1_000_000_000)
        );
        let dead = ask(&jetstream, "STREAM.INFO.DEAD_LETTERS", json!({})).await;
        assert_eq!(dead["config"]["subjects"], json!(DEAD_LETTERS.subjects));
        let consumer = ask(
            &jetstream,
            "CONSUMER.INFO.ORDERS.inventory-reserveStock",
            json!({}),
        )
        .await;
        let config = &consumer["config"];
        assert_eq!(config["ack_wait"], json!(10_000_000_000_u64));
        assert_eq!(config["max_deliver"], json!(-1));
        assert_eq!(config["max_ack_pending"], json!(10_016));
        assert_eq!(config["backoff"], Value::Null);
        assert_eq!(
            config["metadata"]["jetway.operation"],
            json!("inventory.reserveStock")
        );

        let writes = Writes::watch(&broker).await;
        apply(&jetstream).await.unwrap();
        verify(&jetstream).await.unwrap();
        let asked = writes.until_marker(&jetstream).await;
        assert!(
            asked.len() >= 8,
            "the watcher saw too little to say anything: {asked:?}"
        );
        let written: Vec<_> = asked
            .iter()
            .filter(|s| s.contains("CREATE") || s.contains("UPDATE"))
            .collect();
        assert!(written.is_empty(), "{}: {written:?}", broker.version());
    }
}

#[tokio::test]
async fn verify_tells_every_difference_at_once_and_apply_mends_them() {
    for version in VERSIONS {
        let (_broker, jetstream) = broker(version, "").await;
        apply(&jetstream).await.unwrap();
        edit_consumer(
            &jetstream,
            "inventory-reserveStock",
            "ack_wait",
            json!(30_000_000_000_u64),
        )
        .await;
        edit_consumer(
            &jetstream,
            "inventory-reserveStock",
            "max_deliver",
            json!(5),
        )
        .await;
        edit_consumer(
            &jetstream,
            "inventory-reserveStock",
            "backoff",
            json!([1_000_000_000_u64, 2_000_000_000_u64]),
        )
        .await;
        edit_consumer(
            &jetstream,
            "inventory-fromNow",
            "description",
            json!("ask Ann"),
        )
        .await;
        edit_stream(&jetstream, "max_age", json!(86_400_000_000_000_u64)).await;
        edit_stream(&jetstream, "compression", json!("s2")).await;
        ask(&jetstream, "STREAM.DELETE.DEAD_LETTERS", json!({})).await;

        let error = verify(&jetstream).await.unwrap_err().to_string();
        // The server takes a backoff's first step for ack_wait.
        let expected = "\
the server's topology differs from the contract:
  stream ORDERS: max_age: expected 30d (asyncapi.yaml), found 1d
  stream DEAD_LETTERS: expected (asyncapi.yaml), missing
  consumer inventory-reserveStock on stream ORDERS: ack_wait: expected 10s (asyncapi.yaml), found 1s
  consumer inventory-reserveStock on stream ORDERS: max_deliver: expected unlimited (asyncapi.yaml), found 5
  consumer inventory-reserveStock on stream ORDERS: backoff: expected none (asyncapi.yaml), found [1s, 2s]
To mend it: start once with TOPOLOGY=apply, or change asyncapi.yaml and run `just codegen`.";
        assert_eq!(error, expected);

        apply(&jetstream).await.unwrap();
        verify(&jetstream).await.unwrap();
        let orders = ask(&jetstream, "STREAM.INFO.ORDERS", json!({})).await;
        assert_eq!(
            orders["config"]["compression"],
            json!("s2"),
            "apply took what operators had set"
        );
    }
}

#[tokio::test]
async fn a_consumer_edited_by_hand_is_named_with_field_expected_and_found() {
    let (_broker, jetstream) = broker(None, "").await;
    apply(&jetstream).await.unwrap();
    edit_consumer(
        &jetstream,
        "inventory-reserveStock",
        "ack_wait",
        json!(30_000_000_000_u64),
    )
    .await;
    let error = verify(&jetstream).await.unwrap_err().to_string();
    let line = "consumer inventory-reserveStock on stream ORDERS: ack_wait: expected 10s (asyncapi.yaml), found 30s";
    assert!(error.contains(line), "{error}");
}

#[tokio::test]
async fn several_services_may_start_at_once() {
    for version in VERSIONS {
        let (broker, _) = broker(version, "").await;
        let url = broker.url();
        let mut starts = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let url = url.clone();
            starts.spawn(async move {
                let jetstream = jetstream::new(async_nats::connect(url).await.unwrap());
                apply(&jetstream).await.map_err(|error| error.to_string())?;
                verify(&jetstream).await.map_err(|error| error.to_string())
            });
        }
        for start in starts.join_all().await {
            assert_eq!(start, Ok(()));
        }
    }
}

#[tokio::test]
async fn what_cannot_be_changed_in_place_says_what_to_do() {
    for version in VERSIONS {
        let (_broker, jetstream) = broker(version, "").await;
        ask(&jetstream, "STREAM.CREATE.ORDERS", json!({
            "name": "ORDERS", "subjects": ["order.>", "payment.>"], "storage": "memory", "retention": "limits", "num_replicas": 1,
        })).await;
        let error = apply(&jetstream).await.unwrap_err().to_string();
        assert!(
            error.starts_with("stream ORDERS: storage: expected file (asyncapi.yaml), found memory: the server cannot change storage"),
            "{error}"
        );
        assert!(error.contains("nats stream rm ORDERS"), "{error}");

        ask(&jetstream, "STREAM.DELETE.ORDERS", json!({})).await;
        apply(&jetstream).await.unwrap();
        ask(
            &jetstream,
            "CONSUMER.DELETE.ORDERS.inventory-fromNow",
            json!({}),
        )
        .await;
        ask(&jetstream, "CONSUMER.CREATE.ORDERS.inventory-fromNow.order.placed.v1.*", json!({
            "stream_name": "ORDERS",
            "config": { "durable_name": "inventory-fromNow", "name": "inventory-fromNow", "filter_subject": "order.placed.v1.*",
                "deliver_policy": "all", "ack_policy": "explicit", "replay_policy": "instant" },
        })).await;
        let error = apply(&jetstream).await.unwrap_err().to_string();
        assert!(
            error.contains("deliver_policy: expected new (asyncapi.yaml), found all"),
            "{error}"
        );
        assert!(
            error.contains("nats consumer rm ORDERS inventory-fromNow"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn subjects_of_another_stream_are_explained() {
    for version in VERSIONS {
        let (_broker, jetstream) = broker(version, "").await;
        ask(&jetstream, "STREAM.CREATE.OLD", json!({
            "name": "OLD", "subjects": ["order.placed.>"], "storage": "memory", "retention": "limits", "num_replicas": 1,
        })).await;
        let error = apply(&jetstream).await.unwrap_err().to_string();
        assert!(
            error.starts_with("stream ORDERS cannot keep order.>, payment.>: stream OLD keeps subjects that overlap"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn bind_touches_nothing_and_needs_no_permission() {
    let extra = r#"authorization { users [
        { user: ops, password: ops }
        { user: svc, password: svc, permissions: { publish: { deny: ["$JS.API.>"] } } }
    ] }"#;
    // The broker itself must be able to ask for JetStream before anybody logs in.
    let extra = format!("{extra}\nno_auth_user: ops");
    let (broker, jetstream) = broker(None, &extra).await;
    let restricted = login(&broker, "svc").await;
    ensure(&restricted, TopologyMode::Bind, &[&ORDERS], &[&RESERVE])
        .await
        .unwrap();
    let missing: Value = jetstream
        .request("STREAM.INFO.ORDERS", &json!({}))
        .await
        .unwrap();
    assert_eq!(missing["error"]["err_code"], json!(10059));

    let error = ensure(&restricted, TopologyMode::Apply, &[&ORDERS], &[&RESERVE])
        .await
        .unwrap_err();
    assert!(error.is_transient());
    assert!(
        error
            .to_string()
            .contains("this user may not do it (TOPOLOGY=bind needs no such permission)"),
        "{error}"
    );
}

#[tokio::test]
async fn an_account_without_jetstream_is_told_apart() {
    let extra = r#"accounts {
        A { jetstream: enabled, users: [ { user: a, password: a } ] }
        B { users: [ { user: b, password: b } ] }
    }
    no_auth_user: a"#;
    let (broker, _) = broker(None, extra).await;
    let without = login(&broker, "b").await;
    let error = apply(&without).await.unwrap_err();
    assert!(
        matches!(error, TopologyError::NoJetStream { .. }),
        "{error}"
    );
    assert!(!error.is_transient());
    assert!(
        error.to_string().contains("start nats-server with -js"),
        "{error}"
    );
}

/// A consumer that begins to read an older version too, and one that needs it no more: what it has handled stays handled.
#[tokio::test]
async fn a_consumer_may_read_several_versions() {
    static BOTH: Operation = Operation {
        filters: &["order.placed.v2.*", "order.placed.v1.*"],
        ..RECEIVE
    };
    for version in VERSIONS {
        let (_broker, jetstream) = broker(version, "").await;
        let with = async |mode, operation| ensure(&jetstream, mode, &[&ORDERS], &[operation]).await;
        let filters = async || {
            let subject = "CONSUMER.INFO.ORDERS.inventory-reserveStock";
            let config = ask(&jetstream, subject, json!({})).await["config"].clone();
            (
                config["filter_subject"].clone(),
                config["filter_subjects"].clone(),
            )
        };
        with(TopologyMode::Apply, &RESERVE).await.unwrap();
        assert_eq!(filters().await, (json!("order.placed.v1.*"), Value::Null));

        let drift = with(TopologyMode::Verify, &BOTH)
            .await
            .unwrap_err()
            .to_string();
        assert!(
            drift.contains("filter_subject: expected none (asyncapi.yaml), found order.placed.v1.*")
                && drift.contains("filter_subjects: expected [order.placed.v2.*, order.placed.v1.*] (asyncapi.yaml), found none"),
            "{drift}"
        );
        with(TopologyMode::Apply, &BOTH).await.unwrap();
        with(TopologyMode::Verify, &BOTH).await.unwrap();
        assert_eq!(filters().await, (Value::Null, json!(BOTH.filters)));

        // Their order says nothing.
        let mut config = ask(
            &jetstream,
            "CONSUMER.INFO.ORDERS.inventory-reserveStock",
            json!({}),
        )
        .await["config"]
            .clone();
        config["filter_subjects"] = json!(["order.placed.v1.*", "order.placed.v2.*"]);
        let update = json!({ "stream_name": "ORDERS", "config": config });
        ask(
            &jetstream,
            "CONSUMER.CREATE.ORDERS.inventory-reserveStock",
            update,
        )
        .await;
        with(TopologyMode::Verify, &BOTH).await.unwrap();

        with(TopologyMode::Apply, &RESERVE).await.unwrap();
        with(TopologyMode::Verify, &RESERVE).await.unwrap();
        assert_eq!(filters().await, (json!("order.placed.v1.*"), Value::Null));
    }
}
