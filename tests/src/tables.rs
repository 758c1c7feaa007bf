//! The services' tables, read from outside.

use std::collections::BTreeMap;

use sqlx::AnyPool;
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use uuid::Uuid;

use crate::Shop;

/// A connection that is made when it is first used: by then the service has made its database.
pub(crate) fn pool(url: &str) -> AnyPool {
    install_default_drivers();
    AnyPoolOptions::new()
        .max_connections(1)
        .connect_lazy(url)
        .unwrap()
}

impl Shop {
    /// The status of each order.
    pub(crate) async fn statuses(&self) -> BTreeMap<String, String> {
        let rows: Vec<(String, String)> = sqlx::query_as("SELECT order_id, status FROM orders")
            .fetch_all(self.pool("orders"))
            .await
            .unwrap();
        rows.into_iter().collect()
    }

    /// The types of the events in each order's history, in order.
    pub(crate) async fn histories(&self) -> BTreeMap<String, Vec<String>> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT order_id, event_type FROM order_history ORDER BY order_id, position",
        )
        .fetch_all(self.pool("orders"))
        .await
        .unwrap();
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (order, event) in rows {
            all.entry(order).or_default().push(event);
        }
        all
    }

    /// What is reserved for each order: article and quantity, by article.
    pub async fn reservations(&self) -> BTreeMap<String, Vec<(String, i64)>> {
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT order_id, sku, quantity FROM reservations ORDER BY order_id, sku",
        )
        .fetch_all(self.pool("inventory"))
        .await
        .unwrap();
        let mut all: BTreeMap<String, Vec<(String, i64)>> = BTreeMap::new();
        for (order, sku, quantity) in rows {
            all.entry(order).or_default().push((sku, quantity));
        }
        all
    }

    /// How many pieces of each article are reserved, and how many there are.
    pub async fn stock(&self) -> BTreeMap<String, (i64, i64)> {
        let rows: Vec<(String, i64, i64)> =
            sqlx::query_as("SELECT sku, reserved, on_hand FROM stock")
                .fetch_all(self.pool("inventory"))
                .await
                .unwrap();
        rows.into_iter()
            .map(|(sku, reserved, on_hand)| (sku, (reserved, on_hand)))
            .collect()
    }

    /// Order and kind of each mail that is recorded as sent.
    pub(crate) async fn sent_mails(&self) -> Vec<(String, String)> {
        sqlx::query_as("SELECT order_id, kind FROM sent_mail ORDER BY order_id, kind")
            .fetch_all(self.pool("email"))
            .await
            .unwrap()
    }

    /// How many events a service has yet to publish.
    pub async fn outbox(&self, service: &str) -> i64 {
        sqlx::query_scalar("SELECT COUNT(*) FROM jetway_outbox WHERE published_at IS NULL")
            .fetch_one(self.pool(service))
            .await
            .unwrap()
    }

    /// What `orders` needs to know an order that came to it in another way than over HTTP, as after a restore.
    pub async fn insert_order(&self, id: Uuid, placed: &serde_json::Value) {
        sqlx::query("INSERT INTO orders (order_id, status, payment_id, placed) VALUES ($1, 'placed', $2, $3)")
            .bind(id.to_string())
            .bind(format!("pay_{}", id.simple()))
            .bind(placed.to_string())
            .execute(self.pool("orders"))
            .await
            .unwrap();
    }
}
