//! Spans over real OTLP, and log lines that carry them. Telemetry belongs to the process, so all of it is one test,
//! which runs this program again to read what it logs.
#![allow(clippy::unwrap_used, missing_docs)]

use std::process::Command;
use std::time::{Duration, SystemTime};

use async_nats::HeaderMap;
use axum::http::StatusCode;
use axum::routing::get;
use dev::otlp::{Collector, Kind, Span, Status};
use jetway::http::{Health, serve};
use jetway::settings::{SecretUrl, Settings};
use jetway::telemetry::{Metrics, Outcome, Received, Telemetry, TraceContext};
use jetway::telemetry::{process_failed, process_span, send_span};
use jetway::{Backoff, Operation, Ordering, Pause, Retention, Retry, Start, Storage, Stream};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

static ORDERS: Stream = Stream {
    name: "ORDERS",
    subjects: &["order.>"],
    retention: Retention::Limits,
    storage: Storage::File,
    replicas: 1,
    max_age: None,
    max_bytes: None,
    max_messages: None,
    duplicate_window: Duration::from_secs(120),
};

static RESERVE: Operation = Operation {
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

/// A request, the send that its outbox row leads to, and the processing of the message.
async fn one_event() {
    let request = tracing::info_span!(parent: None, "POST /orders", otel.kind = "server");
    let stored = async {
        tracing::info!(order = 7, "stored\nand forged");
        TraceContext::current()
    }
    .instrument(request)
    .await;
    assert!(stored.traceparent.is_some());

    let begun = SystemTime::now();
    let send = send_span(
        "order.placed.v1.{orderId}",
        "order.placed.v1",
        "e1",
        "c1",
        &stored,
        begun,
    );
    let mut headers = HeaderMap::new();
    send.context().inject(&mut headers);
    send.end(Ok::<(), String>(()));

    let message = Received {
        id: Some("e1"),
        correlation_id: Some("c1"),
        body_size: 512,
        delivered: 2,
    };
    let process = process_span(&RESERVE, &message, &TraceContext::from_headers(&headers));
    async { tracing::warn!("no stock") }
        .instrument(process.clone())
        .await;
    process_failed(&process, "timeout", "no answer within 60s");
}

fn start(endpoint: Option<&str>) -> Telemetry {
    let settings = Settings {
        otel_exporter_otlp_endpoint: endpoint.map(SecretUrl::from),
        // Hides the spans from the log; their ids are in it all the same.
        log: "warn,telemetry=info".to_owned(),
        ..Settings::defaults("inventory")
    };
    let telemetry = Telemetry::start("inventory", "1.2.3", &settings).unwrap();
    // A second service in the process takes part in the first one's.
    Telemetry::start("email", "1.2.3", &settings).unwrap();
    telemetry
}

#[tokio::test]
#[ignore = "the other test runs it as a process of its own"]
async fn child() {
    let endpoint = std::env::var("ENDPOINT").unwrap();
    let telemetry = start(Some(&endpoint));
    one_event().await;
    telemetry.shutdown(Duration::from_secs(5)).await;
    one_event().await;
    telemetry.shutdown(Duration::from_secs(5)).await;
}

/// Answers requests, of which one has a trace already.
#[tokio::test]
#[ignore = "the other test runs it as a process of its own"]
async fn http_child() {
    let telemetry = start(Some(&std::env::var("ENDPOINT").unwrap()));
    let routes = axum::Router::new()
        .route("/orders/{id}", get(async || "one"))
        .route("/gone", get(async || StatusCode::SERVICE_UNAVAILABLE));
    let listener = jetway::http::bind("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let metrics = Metrics::new("inventory");
    tokio::spawn(serve(
        listener,
        routes,
        Health::new(),
        metrics,
        CancellationToken::new(),
    ));
    let client = reqwest::Client::new();
    let order = client
        .get(format!("{url}/orders/7?x=y"))
        .header("traceparent", CALLER);
    order.send().await.unwrap();
    for path in ["/gone", "/metrics", "/healthz", "/readyz"] {
        client.get(format!("{url}{path}")).send().await.unwrap();
    }
    telemetry.shutdown(Duration::from_secs(5)).await;
}

const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_a_server_span_within_its_callers_trace() {
    let collector = Collector::start().await.unwrap();
    log("http_child", collector.endpoint()).await;
    // The child has sent all that it had before it ended.
    let spans = collector.spans();
    let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(names, ["GET /orders/{id}", "GET /gone"]);
    assert!(
        spans.iter().all(|span| span.kind == Kind::Server),
        "{spans:?}"
    );
    assert_eq!(spans[0].trace_id, "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(spans[0].parent_span_id.as_deref(), Some("b7ad6b7169203331"));
    assert_eq!(spans[0].status, Status::Unset);
    assert_attributes(
        &spans[0],
        &[
            ("http.request.method", "GET"),
            ("http.route", "/orders/{id}"),
            ("http.response.status_code", "200"),
            ("url.path", "/orders/7"),
        ],
    );
    assert_eq!(spans[1].parent_span_id, None);
    assert_eq!(spans[1].status, Status::Error(String::new()));
    assert_attributes(&spans[1], &[("error.type", "503")]);
}

/// The log of a process that runs this `child` and sends to `endpoint`.
async fn log(child: &'static str, endpoint: String) -> Vec<Value> {
    let run = move || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", child, "--ignored", "--nocapture"])
            .env("ENDPOINT", endpoint)
            .output()
            .unwrap()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let log = String::from_utf8(output.stderr).unwrap();
    log.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_one_trace_over_otlp_and_in_the_log() {
    let collector = Collector::start().await.unwrap();
    let log = log("child", collector.endpoint()).await;
    let spans = collector
        .wait_for(|spans| spans.len() >= 6, Duration::from_secs(10))
        .await
        .unwrap();
    let trace = collector.trace(&spans[0].trace_id);
    let names: Vec<&str> = trace.iter().map(|span| span.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "POST /orders",
            "send order.placed.v1",
            "process inventory.reserveStock"
        ]
    );
    let [request, send, process] = &trace[..] else {
        panic!("{trace:?}")
    };

    assert_eq!(
        (request.kind, send.kind, process.kind),
        (Kind::Server, Kind::Producer, Kind::Consumer)
    );
    assert_eq!(send.parent_span_id.as_ref(), Some(&request.span_id));
    assert_eq!(process.parent_span_id.as_ref(), Some(&send.span_id));
    assert_eq!(process.links.len(), 1);
    assert_eq!(process.links[0].span_id, send.span_id);
    assert_eq!(process.service, "inventory");
    assert_eq!(
        process.status,
        Status::Error("no answer within 60s".to_owned())
    );
    assert_eq!(send.status, Status::Unset);
    assert_attributes(
        send,
        &[
            ("messaging.system", "nats"),
            ("messaging.operation.type", "send"),
            (
                "messaging.destination.template",
                "order.placed.v1.{orderId}",
            ),
            ("messaging.message.id", "e1"),
            ("messaging.message.conversation_id", "c1"),
        ],
    );
    assert_attributes(
        process,
        &[
            ("messaging.system", "nats"),
            ("messaging.operation.type", "process"),
            ("messaging.destination.name", "ORDERS"),
            (
                "messaging.destination.template",
                "order.placed.v1.{orderId}",
            ),
            ("messaging.consumer.group.name", "inventory-reserveStock"),
            ("messaging.message.id", "e1"),
            ("messaging.message.conversation_id", "c1"),
            ("messaging.message.body.size", "512"),
            ("error.type", "timeout"),
        ],
    );

    assert_eq!(log.len(), 4, "{log:?}");
    assert_eq!(log[0]["message"], "stored\nand forged");
    assert_eq!(log[0]["order"], 7);
    for (line, span) in [(&log[0], request), (&log[1], process)] {
        assert_eq!(line["trace_id"], span.trace_id.as_str());
        assert_eq!(line["span_id"], span.span_id.as_str());
        assert_eq!(line["service"], "inventory");
    }
}

fn assert_attributes(span: &Span, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        assert_eq!(span.attribute(name), *value, "{name} of {}", span.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_not_there_is_logged_once_with_its_endpoint() {
    let endpoint = format!("http://127.0.0.1:{}", dev::ports::free().unwrap());
    let log = log("child", endpoint.clone()).await;
    let complaints: Vec<&Value> = log
        .iter()
        .filter(|line| line["endpoint"] == endpoint.as_str())
        .collect();
    assert_eq!(complaints.len(), 1, "{log:?}");
    assert_eq!(complaints[0]["level"], "WARN");
}

#[test]
fn metrics_are_rendered_with_templates_and_from_the_start() {
    let metrics = Metrics::new("inventory");
    let other = Metrics::new("email");
    metrics.expect(&RESERVE);
    metrics.consumed(&RESERVE);
    metrics.processed(&RESERVE, Outcome::Handled, Duration::from_millis(3));
    metrics.dead_lettered(&RESERVE, "undecodable");
    metrics.sent("order.placed.v1.{orderId}");
    metrics.set_consumer(&RESERVE, 5, 2, Duration::from_millis(1500));
    metrics.set_outbox(3, Duration::from_secs(2));
    let text = metrics.render();
    let labels = r#"messaging_consumer_group_name="inventory-reserveStock",messaging_destination_template="order.placed.v1.{orderId}",messaging_system="nats",operation="inventory.reserveStock""#;
    for line in [
        format!("messaging_client_consumed_messages_total{{{labels}}} 1"),
        format!("jetway_outcomes_total{{{labels},outcome=\"handled\"}} 1"),
        format!("jetway_outcomes_total{{{labels},outcome=\"duplicate\"}} 0"),
        format!("jetway_dead_letters_total{{{labels},reason=\"undecodable\"}} 1"),
        format!("messaging_process_duration_seconds_count{{{labels},outcome=\"handled\"}} 1"),
        format!("jetway_consumer_oldest_unacked_age_seconds{{{labels}}} 1.5"),
        "jetway_outbox_depth 3".to_owned(),
        "jetway_outbox_age_seconds 2".to_owned(),
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is missing in\n{text}"
        );
    }
    assert!(
        !other.render().contains("inventory"),
        "two services share a registry"
    );
}
