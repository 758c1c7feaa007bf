//! An outbox full of events that were committed while the broker was away.

use std::time::Duration;

use futures::StreamExt;
use sqlx::AnyPool;

/// So many rows, in turn of so many keys.
pub struct Backlog {
    pub rows: usize,
    pub keys: usize,
}

impl Backlog {
    /// Id, subject and body of a row; its number counts up within its key.
    pub fn event(&self, row: usize) -> (String, String, String) {
        let (key, number) = (row % self.keys, row / self.keys);
        let id = format!("e-{row}");
        let data = serde_json::json!({ "key": format!("k{key}"), "number": number, "text": "x".repeat(250) });
        let body = super::envelope(&id, "thing.happened.v1", &data);
        (id, format!("thing.happened.v1.k{key}"), body)
    }

    /// Writes the rows as committed transactions would have.
    pub async fn insert(&self, pool: &AnyPool) {
        self.insert_due(pool, 0).await;
    }

    /// The same, not to be published before [`release`].
    pub async fn insert_for_later(&self, pool: &AnyPool) {
        self.insert_due(pool, i64::MAX).await;
    }

    async fn insert_due(&self, pool: &AnyPool, due: i64) {
        let mut transaction = pool.begin().await.unwrap();
        for row in 0..self.rows {
            let (id, subject, body) = self.event(row);
            sqlx::query(
                "INSERT INTO jetway_outbox (event_id, event_type, address, subject, ordering_key, body, correlation_id,
                     created_at, next_attempt_at)
                 VALUES ($1, 'thing.happened.v1', 'thing.happened.v1.{key}', $2, $3, $4, 'c', $5, $6)",
            )
            .bind(id)
            .bind(subject)
            .bind(format!("k{}", row % self.keys))
            .bind(body)
            .bind(jetway::now_micros())
            .bind(due)
            .execute(&mut *transaction)
            .await
            .unwrap();
        }
        transaction.commit().await.unwrap();
    }
}

impl Backlog {
    /// Whether every event was stored exactly once, and those of a key in their order.
    pub async fn check(&self, rig: &super::Rig) {
        let stream = rig.jetstream.get_stream("THINGS").await.unwrap();
        let config = async_nats::jetstream::consumer::pull::OrderedConfig::default();
        let consumer = stream.create_consumer(config).await.unwrap();
        let mut messages = consumer.messages().await.unwrap();
        let mut next = vec![0; self.keys];
        for _ in 0..self.rows {
            let message = messages.next().await.unwrap().unwrap();
            let id = message
                .headers
                .as_ref()
                .unwrap()
                .get("Nats-Msg-Id")
                .unwrap()
                .as_str();
            let row: usize = id.strip_prefix("e-").unwrap().parse().unwrap();
            let (key, number) = (row % self.keys, row / self.keys);
            assert_eq!(number, next[key], "key {key}");
            next[key] += 1;
        }
        assert_eq!(
            rig.depth().await,
            self.rows as u64,
            "something was stored twice"
        );
    }
}

/// Lets what was inserted for later be published.
pub async fn release(pool: &AnyPool) {
    sqlx::query("UPDATE jetway_outbox SET next_attempt_at = 0")
        .execute(pool)
        .await
        .unwrap();
}

/// Whether anything waits to be published.
pub async fn is_open(pool: &AnyPool) -> bool {
    sqlx::query(
        "SELECT position FROM jetway_outbox WHERE published_at IS NULL ORDER BY position LIMIT 1",
    )
    .fetch_optional(pool)
    .await
    .unwrap()
    .is_some()
}

/// The resident memory of this process in MiB.
pub fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: f64 = line
        .and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok())
        .unwrap_or(0.0);
    kib / 1_024.0
}

/// The CPU time of this process so far, of all its threads.
pub fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: Vec<u64> = after
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|n| n.parse().ok())
        .collect();
    // A tick is a hundredth of a second wherever Linux runs.
    Duration::from_millis(ticks.iter().sum::<u64>() * 10)
}
