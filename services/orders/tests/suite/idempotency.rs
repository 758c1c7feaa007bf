//! The same request, again: nobody orders or pays twice.

use std::collections::BTreeSet;

use futures::future::join_all;
use reqwest::StatusCode;
use serde_json::json;

use crate::support::{Service, answer, on_each_database, order, problem};

async fn assert_placed_once(service: &Service) {
    assert_eq!(service.ledger.payments(), 1);
    assert_eq!(service.count("SELECT COUNT(*) FROM orders").await, 1);
    assert_eq!(service.count("SELECT COUNT(*) FROM order_history").await, 2);
    assert_eq!(service.count("SELECT COUNT(*) FROM jetway_outbox").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_has_the_same_answer() {
    on_each_database(async |service| {
        let first = answer(service.place("key", &order()).await).await;
        let second = answer(service.place("key", &order()).await).await;
        assert_eq!(first.status, 201);
        assert_eq!(first, second);
        assert_placed_once(&service).await;

        let other = answer(service.place("another-key", &order()).await).await;
        assert_ne!(other.body["orderId"], first.body["orderId"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_payment_stays_declined() {
    on_each_database(async |service| {
        let mut order = order();
        order["payment"]["token"] = json!("tok_declined");
        let first = problem(
            service.place("key", &order).await,
            StatusCode::PAYMENT_REQUIRED,
        )
        .await;
        let second = problem(
            service.place("key", &order).await,
            StatusCode::PAYMENT_REQUIRED,
        )
        .await;
        assert_eq!(first, second);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_with_another_body_is_409() {
    on_each_database(async |service| {
        assert_eq!(service.place("key", &order()).await.status(), 201);
        let mut other = order();
        other["lines"][0]["quantity"] = json!(3);
        problem(service.place("key", &other).await, StatusCode::CONFLICT).await;
        assert_placed_once(&service).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_requests_at_once_are_one_order() {
    on_each_database(async |service| {
        let order = order();
        let requests = (0..20).map(|_| async { answer(service.place("key", &order).await).await });
        let answers = join_all(requests).await;
        assert!(
            answers.iter().all(|answer| answer.status == 201),
            "{answers:?}"
        );
        let different: BTreeSet<_> = answers
            .iter()
            .map(|answer| answer.body.to_string())
            .collect();
        assert_eq!(different.len(), 1, "{different:?}");
        assert_placed_once(&service).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_charged_without_hearing_of_it_is_not_charged_again() {
    on_each_database(async |service| {
        service.ledger.keep_silent(true);
        let cut_off = service.place("key", &order()).await;
        let cut_off = problem(cut_off, StatusCode::SERVICE_UNAVAILABLE).await;
        assert_eq!(cut_off.retry_after.as_deref(), Some("2"));
        assert_eq!(service.ledger.payments(), 1);
        assert_eq!(service.count("SELECT COUNT(*) FROM orders").await, 0);

        // Not with another body, either: the customer has paid for this one.
        let mut other = order();
        other["lines"][0]["quantity"] = json!(3);
        problem(service.place("key", &other).await, StatusCode::CONFLICT).await;

        service.ledger.keep_silent(false);
        assert_eq!(service.place("key", &order()).await.status(), 201);
        assert_placed_once(&service).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_while_it_pays_has_ordered() {
    on_each_database(async |service| {
        let gate = service.ledger.close().await;
        let request = tokio::spawn({
            let service = service.clone();
            async move { service.place("key", &order()).await }
        });
        let claims = "SELECT COUNT(*) FROM idempotency_keys";
        service.counted(claims, 1).await;
        request.abort();
        // Once it has answered others the service has seen that this one is gone.
        for _ in 0..20 {
            service.get("/healthz").await;
        }
        drop(gate);
        service.counted("SELECT COUNT(*) FROM orders", 1).await;
        assert_placed_once(&service).await;
    })
    .await;
}
