//! What a client is told.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{answer, on_each_database, order, problem};

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_placed_and_found_again() {
    on_each_database(async |service| {
        let created = answer(service.place("key", &order()).await).await;
        assert_eq!(created.status, 201, "{created:?}");
        assert_eq!(created.media_type, "application/json");
        assert_eq!(created.body["status"], "placed");
        assert_eq!(
            created.body["total"],
            json!({ "cents": 2_580, "currency": "EUR" })
        );
        assert_eq!(
            created.body["payment"],
            json!({ "method": "card", "last4": "4242" })
        );
        assert!(!created.body.to_string().contains("tok_visa"));

        let location = created.location.unwrap();
        let order_id = created.body["orderId"].as_str().unwrap();
        assert_eq!(location, format!("/orders/{order_id}"));
        let found = answer(service.get(&location).await).await;
        assert_eq!((found.status, found.body), (200, created.body));

        let events = answer(service.get(&format!("{location}/events")).await).await;
        assert_eq!(
            types(&events.body),
            ["order.placed.v2", "payment.charged.v1"]
        );
        // With the first version of the order.
        assert_eq!(service.count("SELECT COUNT(*) FROM jetway_outbox").await, 3);
    })
    .await;
}

fn types(events: &Value) -> Vec<&str> {
    let events = events.as_array().unwrap().iter();
    events
        .map(|event| event["type"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_payment_is_402_and_leaves_no_order() {
    on_each_database(async |service| {
        let mut order = order();
        order["payment"]["token"] = json!("tok_declined");
        let declined = problem(
            service.place("key", &order).await,
            StatusCode::PAYMENT_REQUIRED,
        )
        .await;
        assert_eq!(
            declined.body["detail"],
            "the payment was declined: the card is blocked"
        );
        assert_eq!(service.count("SELECT COUNT(*) FROM orders").await, 0);
        assert_eq!(service.count("SELECT COUNT(*) FROM jetway_outbox").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_order_is_422_with_everything_that_is_wrong() {
    on_each_database(async |service| {
        let mut order = order();
        order["customer"]["email"] = json!("nobody");
        order["lines"][0]["quantity"] = json!(0);
        let refused = service.place("key", &order).await;
        let refused = problem(refused, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(
            refused.body["errors"],
            json!([
                { "pointer": "/customer/email", "detail": "an e-mail address is expected" },
                { "pointer": "/lines/0/quantity", "detail": "an integer from 1 to 10000 is expected" },
            ])
        );
        assert_eq!(service.ledger.payments(), 0);
        // The key is still free for the order that was meant.
        assert_eq!(service.place("key", &crate::support::order()).await.status(), 201);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_cannot_be_read_is_400() {
    on_each_database(async |service| {
        let without_key = service.post(&order().to_string()).send().await.unwrap();
        let refused = problem(without_key, StatusCode::BAD_REQUEST).await;
        assert!(
            refused.body["detail"]
                .as_str()
                .unwrap()
                .contains("Idempotency-Key")
        );

        for key in ["", "two words", &"k".repeat(256)] {
            let body = order().to_string();
            let response = service
                .post(&body)
                .header("idempotency-key", key)
                .send()
                .await;
            problem(response.unwrap(), StatusCode::BAD_REQUEST).await;
        }
        for body in ["", "{", "customer=Ada"] {
            let response = service
                .post(body)
                .header("idempotency-key", "key")
                .send()
                .await;
            problem(response.unwrap(), StatusCode::BAD_REQUEST).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_beyond_all_bounds_is_413() {
    on_each_database(async |service| {
        let body = "x".repeat(3 * 1024 * 1024);
        let response = service
            .post(&body)
            .header("idempotency-key", "key")
            .send()
            .await;
        problem(response.unwrap(), StatusCode::PAYLOAD_TOO_LARGE).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_order_is_404() {
    on_each_database(async |service| {
        for id in ["0198c0de-0000-7000-8000-000000000000", "42"] {
            for path in [format!("/orders/{id}"), format!("/orders/{id}/events")] {
                problem(service.get(&path).await, StatusCode::NOT_FOUND).await;
            }
        }
    })
    .await;
}
