//! What a client is told while something is down.

use dev::machines;
use reqwest::{Response, StatusCode};
use sqlx::AnyPool;

use crate::support::{NO_BROKER, Service, on_each_database, order, problem, sqlite};

async fn assert_unavailable(response: Response) {
    let problem = problem(response, StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(problem.retry_after.as_deref(), Some("2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_postgres_the_shop_asks_for_patience() {
    // One that is ours to stop.
    let programs = tokio::task::spawn_blocking(machines::postgres_programs)
        .await
        .unwrap();
    let server = dev::Postgres::start_with(&programs.unwrap()).await.unwrap();
    let database = server.fresh().await.unwrap();
    let service = Service::start(database.url(), NO_BROKER).await;
    drop(server);
    assert_unavailable(service.place("key", &order()).await).await;
    assert_unavailable(
        service
            .get("/orders/0198c0de-0000-7000-8000-000000000000")
            .await,
    )
    .await;
    assert_eq!(
        service.ledger.payments(),
        0,
        "charged what cannot be stored"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn while_another_process_locks_its_sqlite_file_the_shop_asks_for_patience() {
    let directory = tempfile::tempdir().unwrap();
    let url = sqlite(directory.path());
    let service = Service::start(&url, NO_BROKER).await;
    let other = AnyPool::connect(&url).await.unwrap();
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    assert_unavailable(service.place("key", &order()).await).await;
    assert_eq!(
        service.ledger.payments(),
        0,
        "charged what cannot be stored"
    );

    lock.rollback().await.unwrap();
    assert_eq!(
        service.place("key", &order()).await.status(),
        StatusCode::CREATED
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_the_shop_takes_orders() {
    on_each_database(async |service| {
        assert_eq!(service.get("/readyz").await.status(), 503);
        assert_eq!(service.place("key", &order()).await.status(), 201);
        let waiting = "SELECT COUNT(*) FROM jetway_outbox WHERE published_at IS NULL";
        assert_eq!(service.count(waiting).await, 3);
    })
    .await;
}
