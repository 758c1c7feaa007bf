//! The services' HTTP interfaces, as a client sees them.

use std::time::Duration;

use anyhow::{Context, bail};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::figures::{Article, Counts, Status};

/// A client with a limit: nothing here may hang.
#[derive(Clone, Debug)]
pub(super) struct Http {
    client: reqwest::Client,
}

impl Http {
    pub(super) fn new() -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .no_proxy()
            .build();
        Ok(Self {
            client: client.context("cannot make an HTTP client")?,
        })
    }

    async fn get<T: DeserializeOwned>(&self, url: &str) -> anyhow::Result<T> {
        let answer = self.client.get(url).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            bail!("{url} answered {status}: {text}");
        }
        serde_json::from_str(&text)
            .with_context(|| format!("{url} answered something unexpected: {text}"))
    }

    /// Places an order and returns its id.
    pub(super) async fn order(
        &self,
        orders: &str,
        body: &Value,
        traceparent: &str,
    ) -> anyhow::Result<String> {
        let request = self
            .client
            .post(format!("{orders}/orders"))
            .header("idempotency-key", uuid::Uuid::new_v4().to_string())
            .header("traceparent", traceparent)
            .json(body);
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if status != reqwest::StatusCode::CREATED {
            bail!("answered {status}: {text}");
        }
        let order: Value = serde_json::from_str(&text).context("answered no JSON")?;
        order["orderId"]
            .as_str()
            .map(str::to_owned)
            .with_context(|| format!("answered no orderId: {text}"))
    }

    pub(super) async fn status(&self, orders: &str, id: &str) -> anyhow::Result<Status> {
        let order: Value = self.get(&format!("{orders}/orders/{id}")).await?;
        let word = order["status"].as_str().unwrap_or_default();
        Status::parse(word).with_context(|| format!("order {id} has the status {word:?}"))
    }

    pub(super) async fn stock(&self, inventory: &str) -> anyhow::Result<Vec<Article>> {
        self.get(&format!("{inventory}/stock")).await
    }

    pub(super) async fn summary(&self, analytics: &str) -> anyhow::Result<Counts> {
        self.get(&format!("{analytics}/api/summary")).await
    }
}
