//! A running service, and how it is talked to.

use std::path::Path;
use std::time::Duration;

use dev::until;
use jetway::{App, Settings};
use orders::shop::Shop;
use orders::{MIGRATIONS, http};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::ledger::Ledger;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// An address where no broker is: the service must not need one to take orders.
pub(crate) const NO_BROKER: &str = "nats://127.0.0.1:1";

/// Runs a test on SQLite and on Postgres, each with a database of its own and without a broker.
pub(crate) async fn on_each_database(test: impl AsyncFn(Service)) {
    let directory = tempfile::tempdir().unwrap();
    let postgres = dev::Postgres::database().await.unwrap();
    for url in [&sqlite(directory.path()), postgres.url()] {
        eprintln!("on {}", url.split(':').next().unwrap_or_default());
        test(Service::start(url, NO_BROKER).await).await;
    }
}

/// The URL of a SQLite file in this directory.
pub(crate) fn sqlite(directory: &Path) -> String {
    format!("sqlite://{}/orders.sqlite3", directory.display())
}

/// An order that the shop accepts.
pub(crate) fn order() -> Value {
    json!({
        "customer": { "name": "Ada", "email": "ada@example.com" },
        "currency": "EUR",
        "lines": [{ "sku": "MUG-STONEWARE", "quantity": 2 }],
        "payment": { "method": "card", "token": "tok_visa" }
    })
}

/// The service, running.
#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) app: App<events::orders::Orders>,
    pub(crate) ledger: Ledger,
    pub(crate) client: reqwest::Client,
    base: String,
}

impl Service {
    pub(crate) async fn start(database_url: &str, nats_url: &str) -> Self {
        let mut settings = Settings::defaults("orders");
        settings.database_url = database_url.into();
        settings.nats_url = vec![nats_url.into()];
        settings.http_addr = ([127, 0, 0, 1], dev::ports::free().unwrap()).into();
        let base = format!("http://{}", settings.http_addr);

        let app = App::start(settings).await.unwrap();
        app.migrate(&MIGRATIONS).await.unwrap();
        let ledger = Ledger::new();
        let shop = Shop::new(app.clone(), ledger.clone());
        let running = app
            .clone()
            .consumers(events::orders::consumers(shop.clone()))
            .routes(http::router(shop));
        drop(tokio::spawn(running.run()));

        let client = reqwest::Client::new();
        let service = Self {
            app,
            ledger,
            client,
            base,
        };
        until("the service to answer", PATIENCE, || async {
            service.try_get("/healthz").await.map(drop)
        })
        .await
        .unwrap();
        service
    }

    /// Places an order.
    pub(crate) async fn place(&self, key: &str, body: &Value) -> Response {
        self.client
            .post(format!("{}/orders", self.base))
            .header("idempotency-key", key)
            .body(body.to_string())
            .send()
            .await
            .unwrap()
    }

    /// Posts anything to where orders are placed.
    pub(crate) fn post(&self, body: &str) -> reqwest::RequestBuilder {
        self.client
            .post(format!("{}/orders", self.base))
            .body(body.to_owned())
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.try_get(path).await.unwrap()
    }

    async fn try_get(&self, path: &str) -> Result<Response, String> {
        let response = self.client.get(format!("{}{path}", self.base)).send().await;
        response.map_err(|error| error.to_string())
    }

    /// Waits until a query counts this.
    pub(crate) async fn counted(&self, query: &'static str, expected: i64) {
        until(query, PATIENCE, || async {
            match self.count(query).await {
                found if found == expected => Ok(()),
                found => Err(format!("{found}, {expected} expected")),
            }
        })
        .await
        .unwrap();
    }

    /// What a query counts.
    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query)
            .fetch_one(self.app.database().pool())
            .await
            .unwrap()
    }
}

/// The parts of an answer that a client sees.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) media_type: String,
    pub(crate) location: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Value,
}

pub(crate) async fn answer(response: Response) -> Answer {
    let header = |name| {
        let value = response.headers().get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    Answer {
        status: response.status().as_u16(),
        media_type: header("content-type").unwrap_or_default(),
        location: header("location"),
        retry_after: header("retry-after"),
        body: response.json().await.unwrap(),
    }
}

/// A problem as RFC 9457 wants it.
pub(crate) async fn problem(response: Response, status: StatusCode) -> Answer {
    let answer = answer(response).await;
    assert_eq!(answer.status, status.as_u16(), "{answer:?}");
    assert_eq!(answer.media_type, "application/problem+json");
    assert_eq!(answer.body["status"], status.as_u16());
    assert_eq!(answer.body["title"], status.canonical_reason().unwrap());
    assert!(answer.body["detail"].is_string());
    answer
}
