//! The page, its data and its live stream, over HTTP.

use std::time::Duration;

use analytics::domain::Step;
use analytics::http;
use analytics::live::Live;
use reqwest::Response;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::support::{Tables, on_sqlite, placed, step};

struct Site {
    tables: Tables<TempDir>,
    address: String,
    shutdown: CancellationToken,
}

async fn site() -> Site {
    let tables = on_sqlite().await;
    let shutdown = CancellationToken::new();
    let live = Live::start(tables.database.clone(), shutdown.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, http::router(live)).await });
    Site {
        tables,
        address,
        shutdown,
    }
}

impl Site {
    async fn get(&self, path: &str) -> Response {
        reqwest::get(format!("{}{path}", self.address))
            .await
            .unwrap()
    }
}

/// The next summary of the stream, or nothing at its end.
async fn next(stream: &mut Response) -> Option<Value> {
    let mut text = String::new();
    loop {
        let chunk = tokio::time::timeout(Duration::from_secs(10), stream.chunk());
        text.push_str(std::str::from_utf8(&chunk.await.unwrap().unwrap()?).unwrap());
        if let Some((event, _)) = text.split_once("\n\n") {
            let data = event.strip_prefix("event: summary\ndata: ").unwrap();
            return Some(serde_json::from_str(data).unwrap());
        }
    }
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() {
    let site = site().await;
    let page = site.get("/").await;
    assert_eq!(page.status(), 200);
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let html = page.text().await.unwrap();
    assert!(!html.contains("style="), "the policy forbids inline styles");
    let mut paths = vec!["/".to_owned(), "/charts.js".to_owned()];
    for part in html.split(['"']).filter(|part| part.starts_with('/')) {
        paths.push(part.to_owned());
    }
    assert!(paths.contains(&"/page.js".to_owned()));
    for path in &paths {
        let asset = site.get(path).await;
        assert_eq!(asset.status(), 200, "{path}");
        assert!(asset.headers().contains_key("content-type"), "{path}");
        let text = asset
            .text()
            .await
            .unwrap()
            .replace("http://www.w3.org/2000/svg", "");
        for elsewhere in ["http://", "https://", "@import"] {
            assert!(!text.contains(elsewhere), "{path} mentions {elsewhere}");
        }
    }
}

#[tokio::test]
async fn the_summary_as_json() {
    let site = site().await;
    site.tables
        .apply(&[placed(1, 90, &["MUG"], 3), step(1, Step::Confirmed, 91)])
        .await;
    let summary: Value = site.get("/api/summary").await.json().await.unwrap();
    assert_eq!(
        summary,
        json!({
            "placed": 1, "confirmed": 1, "cancelled": 0, "open": 0,
            "charged": 0, "refunded": 0, "reserved": 0, "short": 0,
            "revenue": [{ "currency": "EUR", "cents": 300 }],
            "perMinute": [{ "minute": "1970-01-01T00:01:00Z", "currency": "EUR", "cents": 300 }],
            "topProducts": [{ "sku": "MUG", "pieces": 3, "shortages": 0 }],
            "recentOrders": [{
                "orderId": "00000000-0000-0000-0000-000000000001",
                "placedAt": "1970-01-01T00:01:30Z",
                "pieces": 3, "cents": 300, "currency": "EUR", "step": "confirmed",
            }],
        })
    );
}

#[tokio::test]
async fn every_watcher_sees_what_is_and_then_what_changes() {
    let site = site().await;
    let mut one = site.get("/api/live").await;
    let mut other = site.get("/api/live").await;
    assert_eq!(one.headers()["content-type"], "text/event-stream");
    for stream in [&mut one, &mut other] {
        assert_eq!(next(stream).await.unwrap()["placed"], 0);
    }
    site.tables.apply(&[placed(1, 0, &["MUG"], 1)]).await;
    for stream in [&mut one, &mut other] {
        assert_eq!(next(stream).await.unwrap()["placed"], 1);
    }
}

#[tokio::test]
async fn a_shutdown_ends_the_streams() {
    let site = site().await;
    let mut stream = site.get("/api/live").await;
    next(&mut stream).await.unwrap();
    site.shutdown.cancel();
    assert_eq!(next(&mut stream).await, None);
}

#[tokio::test]
async fn without_a_database_the_answer_says_when_to_come_back() {
    let site = site().await;
    site.tables.database.close().await;
    for path in ["/api/summary", "/api/live"] {
        let response = site.get(path).await;
        assert_eq!(response.status(), 503, "{path}");
        assert_eq!(response.headers()["retry-after"], "5", "{path}");
    }
    assert_eq!(site.get("/").await.status(), 200);
}
