//! The handlers in real transactions, and `GET /mails`, on both databases.

use email::handlers::Mailroom;
use email::postbox::{Files, Postbox};
use email::{MIGRATIONS, http};
use events::email::{Email, SendCancellation, SendConfirmation};
use events::order_cancelled_v1::CancellationReason;
use jetway::settings::{SecretUrl, Settings};
use jetway::{App, Delivery, Event};
use serde_json::Value;
use tempfile::TempDir;
use time::OffsetDateTime;

use crate::support::{EVENT_ID, cancelled, confirmed, customer, order_id};

/// The service without its consumers: the tests hand it the events.
struct House {
    app: App<Email>,
    mailroom: Mailroom,
    dir: TempDir,
}

impl House {
    async fn on_sqlite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", dir.path().join("email.sqlite3").display());
        Self::on(&url, dir).await
    }

    async fn on(database_url: &str, dir: TempDir) -> Self {
        let settings = Settings {
            database_url: SecretUrl::from(database_url.to_owned()),
            ..Settings::defaults("email")
        };
        let app = App::start(settings).await.unwrap();
        app.migrate(&MIGRATIONS).await.unwrap();
        let postbox = Postbox::Files(Files::in_dir(&dir.path().join("mail")).unwrap());
        let mailroom = Mailroom::new("shop@example.com".parse().unwrap(), postbox);
        Self { app, mailroom, dir }
    }

    fn files(&self) -> usize {
        std::fs::read_dir(self.dir.path().join("mail"))
            .unwrap()
            .count()
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = http::router(self.app.database().clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        reqwest::get(format!("http://{address}{path}"))
            .await
            .unwrap()
    }

    async fn mails(&self, path: &str) -> Vec<Value> {
        let response = self.get(path).await;
        assert_eq!(response.status(), 200);
        response.json().await.unwrap()
    }
}

fn event<T>(id: &str, data: T) -> Event<T> {
    Event {
        id: id.to_owned(),
        source: "/orders".to_owned(),
        subject: None,
        time: OffsetDateTime::now_utc(),
        correlation_id: "a-correlation".to_owned(),
        causation_id: None,
        data,
        delivery: Delivery {
            subject: "order.confirmed.v1.x".to_owned(),
            stream: "ORDERS".to_owned(),
            stream_sequence: 1,
            delivered: 1,
            attempt: 1,
        },
    }
}

async fn both_outcomes_are_sent_and_listed(house: &House) {
    let mut tx = house.app.begin();
    let ada = event(EVENT_ID, confirmed(customer("Ada", "ada@example.com")));
    house
        .mailroom
        .send_confirmation(&ada, &mut tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();

    let mut tx = house.app.begin();
    let bob = event("second", cancelled(CancellationReason::OutOfStock, None));
    house
        .mailroom
        .send_cancellation(&bob, &mut tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();

    assert_eq!(house.files(), 2);
    let [newest, oldest] = house.mails("/mails").await.try_into().unwrap();
    assert_eq!(newest["kind"], "cancelled");
    assert_eq!(newest["messageId"], "<second@example.com>");
    assert_eq!(oldest["eventId"], EVENT_ID);
    assert_eq!(oldest["orderId"], order_id().to_string());
    assert_eq!(oldest["kind"], "confirmed");
    assert_eq!(oldest["recipient"], "ada@example.com");
    assert!(oldest["sentAt"].as_str().unwrap().ends_with('Z'));
    let [only] = house.mails("/mails?limit=1").await.try_into().unwrap();
    assert_eq!(only, newest);
}

#[tokio::test]
async fn both_outcomes_are_sent_and_listed_on_sqlite() {
    both_outcomes_are_sent_and_listed(&House::on_sqlite().await).await;
}

#[tokio::test]
async fn both_outcomes_are_sent_and_listed_on_postgres() {
    let database = dev::Postgres::database().await.unwrap();
    let house = House::on(database.url(), tempfile::tempdir().unwrap()).await;
    both_outcomes_are_sent_and_listed(&house).await;
    house.app.database().close().await;
}

#[tokio::test]
async fn a_crash_between_sending_and_committing_leaves_one_file_and_one_row() {
    let house = House::on_sqlite().await;
    let event = event(EVENT_ID, confirmed(customer("Ada", "ada@example.com")));
    let mut lost = house.app.begin();
    house
        .mailroom
        .send_confirmation(&event, &mut lost)
        .await
        .unwrap();
    drop(lost);
    assert!(house.mails("/mails").await.is_empty());

    let mut tx = house.app.begin();
    house
        .mailroom
        .send_confirmation(&event, &mut tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(house.mails("/mails").await.len(), 1);
    assert_eq!(house.files(), 1);
}

#[tokio::test]
async fn a_bounce_is_permanent_and_touches_no_database() {
    let house = House::on_sqlite().await;
    // Whoever asks this database for a transaction gets an error instead of a bounce.
    house.app.database().close().await;
    let event = event(
        EVENT_ID,
        confirmed(customer("Carol", "carol@bounce.example")),
    );
    let mut tx = house.app.begin();
    let failure = house
        .mailroom
        .send_confirmation(&event, &mut tx)
        .await
        .unwrap_err();
    assert!(format!("{failure:?}").contains("Permanent"), "{failure:?}");
    assert!(failure.to_string().contains("550"), "{failure}");
}

#[tokio::test]
async fn an_address_that_is_none_is_permanent() {
    let house = House::on_sqlite().await;
    let event = event(EVENT_ID, confirmed(customer("Eve", "nobody")));
    let mut tx = house.app.begin();
    let failure = house
        .mailroom
        .send_confirmation(&event, &mut tx)
        .await
        .unwrap_err();
    assert!(format!("{failure:?}").contains("Permanent"), "{failure:?}");
    assert_eq!(house.files(), 0);
}

#[tokio::test]
async fn a_limit_that_is_none_is_refused() {
    let house = House::on_sqlite().await;
    assert_eq!(house.get("/mails?limit=all").await.status(), 400);
}

#[tokio::test]
async fn without_a_database_the_list_says_when_to_come_back() {
    let house = House::on_sqlite().await;
    house.app.database().close().await;
    let response = house.get("/mails").await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "5");
}
