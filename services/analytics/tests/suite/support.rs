//! What the tests of this service share.

use analytics::domain::{Change, Projection, Step};
use analytics::{MIGRATIONS, read_model};
use events::shared::Currency;
use jetway::Database;
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// A migrated database, and what must outlive it.
pub(crate) struct Tables<K> {
    pub(crate) database: Database,
    _keep: K,
}

pub(crate) async fn on_sqlite() -> Tables<TempDir> {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", dir.path().join("test.sqlite3").display());
    open(&url, dir).await
}

pub(crate) async fn on_postgres() -> Tables<dev::Database> {
    let database = dev::Postgres::database().await.unwrap();
    let url = database.url().to_owned();
    open(&url, database).await
}

async fn open<K>(url: &str, keep: K) -> Tables<K> {
    let database = Database::open(url, 8, "normal").unwrap();
    database.migrate(&MIGRATIONS).await.unwrap();
    Tables {
        database,
        _keep: keep,
    }
}

impl<K> Tables<K> {
    pub(crate) async fn apply(&self, events: &[Projection]) {
        let mut sql = self.database.pool().acquire().await.unwrap();
        for event in events {
            read_model::apply(&mut sql, event).await.unwrap();
        }
    }

    pub(crate) async fn clear(&self) {
        for statement in read_model::CLEAR {
            sqlx::query(*statement)
                .execute(self.database.pool())
                .await
                .unwrap();
        }
    }
}

pub(crate) fn at(second: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::seconds(second)
}

pub(crate) fn order(number: u32) -> Uuid {
    Uuid::from_u128(u128::from(number))
}

/// `number` placed at `second`: `pieces` of each article, one euro each.
pub(crate) fn placed(number: u32, second: i64, skus: &[&str], pieces: i64) -> Projection {
    let all = pieces * i64::try_from(skus.len()).unwrap();
    let mut changes = vec![Change::Order {
        pieces: all,
        cents: all * 100,
        currency: Currency::Eur,
    }];
    changes.extend(skus.iter().map(|sku| Change::Ordered {
        sku: (*sku).to_owned(),
        pieces,
    }));
    changes.push(Change::Revenue {
        minute: second.div_euclid(60),
        cents: all * 100,
        currency: Currency::Eur,
    });
    Projection {
        order_id: order(number),
        step: Step::Placed,
        at: at(second),
        changes,
    }
}

pub(crate) fn step(number: u32, step: Step, second: i64) -> Projection {
    Projection {
        order_id: order(number),
        step,
        at: at(second),
        changes: Vec::new(),
    }
}

pub(crate) fn short(number: u32, sku: &str, second: i64) -> Projection {
    Projection {
        changes: vec![Change::Shortage {
            sku: sku.to_owned(),
        }],
        ..step(number, Step::Short, second)
    }
}

pub(crate) fn refunded(number: u32, cents: i64, second: i64) -> Projection {
    Projection {
        changes: vec![Change::Revenue {
            minute: second.div_euclid(60),
            cents: -cents,
            currency: Currency::Eur,
        }],
        ..step(number, Step::Refunded, second)
    }
}
