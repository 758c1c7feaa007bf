//! The mail server goes down under the running service, and comes back.

use std::time::{Duration, Instant};

use dev::{Broker, SmtpServer};
use email::MIGRATIONS;
use email::handlers::Mailroom;
use email::postbox::{Postbox, Smtp};
use events::email::Email;
use jetway::App;
use jetway::settings::{SecretUrl, Settings};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// The whole service: broker, database, mail server, consumers.
struct House {
    broker: Broker,
    smtp: SmtpServer,
    app: App<Email>,
    running: JoinHandle<Result<(), jetway::Error>>,
    http: String,
    jetstream: async_nats::jetstream::Context,
    _directory: TempDir,
}

impl House {
    async fn open() -> Self {
        let broker = Broker::start().await.unwrap();
        let smtp = SmtpServer::start().await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let port = dev::ports::free().unwrap();
        let database = directory.path().join("email.sqlite3");
        let settings = Settings {
            nats_url: vec![broker.url().as_str().into()],
            database_url: SecretUrl::from(format!("sqlite://{}", database.display())),
            http_addr: ([127, 0, 0, 1], port).into(),
            ..Settings::defaults("email")
        };
        let app = App::start(settings).await.unwrap();
        app.migrate(&MIGRATIONS).await.unwrap();
        let postbox = Postbox::Smtp(Smtp::new(&smtp.url().parse().unwrap()));
        let mailroom = Mailroom::new("shop@example.com".parse().unwrap(), postbox);
        let consumers = events::email::consumers(mailroom);
        let running = tokio::spawn(app.clone().consumers(consumers).run());
        let client = async_nats::connect(broker.url()).await.unwrap();
        let house = Self {
            jetstream: async_nats::jetstream::new(client),
            broker,
            smtp,
            app,
            running,
            http: format!("http://127.0.0.1:{port}"),
            _directory: directory,
        };
        house
            .until("readiness", async || house.get("/readyz").await.0 == 200)
            .await;
        house
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let Ok(response) = reqwest::get(format!("{}{path}", self.http)).await else {
            return (0, String::new());
        };
        let status = response.status().as_u16();
        (status, response.text().await.unwrap_or_default())
    }

    /// An order is confirmed, for somebody at `address`.
    async fn confirm(&self, address: &str) {
        let order = uuid::Uuid::now_v7();
        let event = json!({
            "specversion": "1.0", "id": uuid::Uuid::now_v7(), "type": "order.confirmed.v1", "source": "/orders",
            "time": "2026-01-02T03:04:05Z", "datacontenttype": "application/json", "correlationid": "c",
            "data": {
                "orderId": order, "confirmedAt": "2026-01-02T03:04:05Z",
                "customer": { "name": "Ada Lovelace", "email": address },
                "total": { "cents": 4990, "currency": "EUR" },
            },
        });
        let subject = format!("order.confirmed.v1.{order}");
        let sent = self.jetstream.publish(subject, event.to_string().into());
        sent.await.unwrap().await.unwrap();
    }

    async fn dead_letters(&self) -> u64 {
        let stream = self.jetstream.get_stream("DEAD_LETTERS").await.unwrap();
        stream.get_info().await.unwrap().state.messages
    }

    async fn until(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(40);
        while !holds().await {
            assert!(Instant::now() < deadline, "waited in vain for {what}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn part<'v>(readyz: &'v Value, name: &str) -> &'v Value {
    &readyz["checks"][name]
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_wait_for_the_mail_server_and_none_is_lost_or_given_up() {
    const MAILS: usize = 30;
    let mut house = House::open().await;
    for number in 0..5 {
        house.confirm(&format!("before{number}@example.com")).await;
    }
    house
        .until("the first mails", async || house.smtp.messages().len() == 5)
        .await;

    house.smtp.kill().unwrap();
    for number in 0..MAILS {
        house.confirm(&format!("during{number}@example.com")).await;
    }
    let paused = "operation email.sendConfirmation";
    house
        .until("the pause", async || {
            house.get("/readyz").await.1.contains(paused)
        })
        .await;
    let (status, text) = house.get("/readyz").await;
    let readyz: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &readyz["ok"]), (200, &json!(true)));
    let words = part(&readyz, paused)["degraded"].as_str().unwrap();
    assert!(
        words.starts_with("paused, because smtp is unavailable"),
        "{words}"
    );
    assert_eq!(house.get("/healthz").await.0, 200);
    let stream = house.jetstream.get_stream("ORDERS").await.unwrap();
    let waiting = stream
        .consumer_info("email-sendConfirmation")
        .await
        .unwrap();
    assert!(
        waiting.num_pending as usize >= MAILS / 2,
        "{} are still on the stream",
        waiting.num_pending
    );

    house.smtp.restart().await.unwrap();
    house
        .until("all mails", async || {
            house.smtp.messages().len() == 5 + MAILS
        })
        .await;
    house
        .until("readiness without a word", async || {
            !house.get("/readyz").await.1.contains("degraded")
        })
        .await;
    let spent: Option<i64> = sqlx::query_scalar("SELECT MAX(attempts) FROM jetway_attempts")
        .fetch_one(house.app.database().pool())
        .await
        .unwrap();
    assert_eq!(spent.unwrap_or(0), 0, "an attempt was spent");
    assert_eq!(house.dead_letters().await, 0);

    // A mailbox that is busy is nobody's outage.
    house.confirm("busy@example.com").await;
    house
        .until("the busy mailbox", async || {
            house.smtp.messages().len() == 6 + MAILS
        })
        .await;
    house.app.shutdown().cancel();
    house.running.await.unwrap().unwrap();
    drop(house.broker);
}
