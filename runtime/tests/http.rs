//! Health, metrics and graceful shutdown over real HTTP.
#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use jetway::http::{Health, bind, serve};
use jetway::telemetry::Metrics;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

struct Server {
    url: String,
    health: Health,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), jetway::http::HttpError>>,
}

async fn server(routes: Router) -> Server {
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (health, shutdown) = (Health::new(), CancellationToken::new());
    let serving = serve(
        listener,
        routes,
        health.clone(),
        Metrics::new("orders"),
        shutdown.clone(),
    );
    Server {
        url,
        health,
        shutdown,
        task: tokio::spawn(serving),
    }
}

impl Server {
    async fn get(&self, path: &str) -> (u16, String) {
        let response = reqwest::get(format!("{}{path}", self.url)).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    async fn json(&self, path: &str) -> (u16, Value) {
        let (status, text) = self.get(path).await;
        (status, serde_json::from_str(&text).unwrap())
    }
}

#[tokio::test]
async fn health_says_which_part_fails_and_why() {
    let server = server(Router::new()).await;
    let (status, body) = server.json("/readyz").await;
    assert_eq!((status, &body["ok"]), (503, &json!(false)));

    server.health.started();
    server.health.ready("broker", Ok(()));
    server
        .health
        .ready("database", Err("cannot connect".to_owned()));
    let (status, body) = server.json("/readyz").await;
    assert_eq!(status, 503);
    assert_eq!(body["checks"]["broker"], json!({ "ok": true }));
    assert_eq!(
        body["checks"]["database"],
        json!({ "ok": false, "reason": "cannot connect" })
    );
    assert_eq!(
        server.get("/healthz").await.0,
        200,
        "what is not ready is alive"
    );

    server.health.ready("database", Ok(()));
    assert_eq!(server.get("/readyz").await.0, 200);
    server
        .health
        .live("consumer inventory-reserveStock", Err("stuck".to_owned()));
    let (status, body) = server.json("/healthz").await;
    assert_eq!(status, 503);
    assert_eq!(
        body["checks"]["consumer inventory-reserveStock"]["reason"],
        "stuck"
    );
    server.health.stopping();
    assert_eq!(server.get("/readyz").await.0, 503);
}

async fn broken() -> &'static str {
    panic!("as planned")
}

#[tokio::test]
async fn requests_are_counted_by_template_and_a_panic_is_a_500() {
    let routes = Router::new()
        .route("/orders/{id}", get(|| async { "one" }))
        .route("/broken", get(broken));
    let server = server(routes).await;
    assert_eq!(server.get("/orders/1").await.0, 200);
    assert_eq!(server.get("/orders/2").await.0, 200);
    assert_eq!(server.get("/nowhere/3").await.0, 404);
    assert_eq!(server.get("/broken").await.0, 500);
    let (_, metrics) = server.get("/metrics").await;
    for (route, status, count) in [
        ("/orders/{id}", 200, 2),
        ("unmatched", 404, 1),
        ("/broken", 500, 1),
    ] {
        let line = format!(
            "http_server_request_duration_seconds_count{{http_request_method=\"GET\",http_response_status_code=\"{status}\",http_route=\"{route}\"}} {count}"
        );
        assert!(metrics.contains(&line), "{line} is missing in\n{metrics}");
    }
    assert!(
        !metrics.contains("/metrics") && !metrics.contains("nowhere"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_shutdown_answers_what_is_in_flight() {
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begins, goes) = (begun.clone(), go.clone());
    let routes = Router::new().route(
        "/slow",
        post(move || async move {
            begins.notify_one();
            goes.notified().await;
            "done"
        }),
    );
    let server = server(routes).await;
    let request = reqwest::Client::new()
        .post(format!("{}/slow", server.url))
        .send();
    let request = tokio::spawn(request);
    begun.notified().await;
    server.shutdown.cancel();
    go.notify_one();
    assert_eq!(
        request.await.unwrap().unwrap().text().await.unwrap(),
        "done"
    );
    tokio::time::timeout(Duration::from_secs(10), server.task)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn an_address_in_use_is_named_with_what_to_do() {
    let taken = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = taken.local_addr().unwrap();
    let error = bind(address).await.unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "HTTP_ADDR={address} is in use by another process: stop it, or set HTTP_ADDR to a free port (port 0 takes any)"
        )
    );
}
