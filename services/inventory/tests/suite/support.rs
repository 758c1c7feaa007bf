//! What the tests of this service share.

use events::OrderPlacedV2;
use events::inventory::Inventory;
use events::order_placed_v2::{Invoice, OrderLine, PaymentMethod, UnitPrice};
use events::shared::{Currency, Customer, Money};
use inventory::MIGRATIONS;
use inventory::stock::{self, Article};
use jetway::{App, Settings};
use time::OffsetDateTime;
use uuid::Uuid;

/// Runs a test on SQLite and on Postgres, each with a database of its own.
pub(crate) async fn on_each_database(test: impl AsyncFn(App<Inventory>)) {
    let directory = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite://{}/inventory.sqlite3", directory.path().display());
    let postgres = dev::Postgres::database().await.unwrap();
    for url in [&sqlite, postgres.url()] {
        eprintln!("on {}", url.split(':').next().unwrap_or_default());
        test(start(url, "nats://127.0.0.1:1").await).await;
    }
}

/// The service with its tables, before its consumers run.
pub(crate) async fn start(database_url: &str, nats_url: &str) -> App<Inventory> {
    let mut settings = Settings::defaults("inventory");
    settings.database_url = database_url.into();
    settings.nats_url = vec![nats_url.into()];
    settings.http_addr = ([127, 0, 0, 1], dev::ports::free().unwrap()).into();
    let app = App::start(settings).await.unwrap();
    app.migrate(&MIGRATIONS).await.unwrap();
    app
}

/// One article as it stands in the database.
pub(crate) async fn article(app: &App<Inventory>, sku: &str) -> Article {
    let all = stock::list(app.database().pool()).await.unwrap();
    all.into_iter().find(|article| article.sku == sku).unwrap()
}

pub(crate) fn line(sku: &str, quantity: i64) -> OrderLine {
    OrderLine {
        sku: sku.to_owned(),
        quantity,
        unit_price: UnitPrice {
            cents: 100,
            currency: Currency::Eur,
        },
    }
}

pub(crate) fn placed(order_id: Uuid, lines: Vec<OrderLine>) -> OrderPlacedV2 {
    OrderPlacedV2 {
        order_id,
        placed_at: OffsetDateTime::now_utc(),
        customer: Customer {
            name: "Ada".to_owned(),
            email: "ada@example.com".to_owned(),
        },
        lines,
        total: Money {
            cents: 100,
            currency: Currency::Eur,
        },
        payment: PaymentMethod::Invoice(Invoice { due_days: 14 }),
        note: None,
    }
}
