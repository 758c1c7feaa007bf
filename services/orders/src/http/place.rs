//! `POST /orders`: a customer orders and pays.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use super::Problem;
use crate::domain::{Fingerprint, IdempotencyKey, NewOrder, Outcome};
use crate::payment::PaymentGateway;
use crate::shop::Shop;

/// Answers 201 with the order, or a problem: 400, 402, 409, 422 or 503.
pub(super) async fn place<G: PaymentGateway>(
    State(shop): State<Shop<G>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let key = idempotency_key(&headers)?;
    let body = body.map_err(|error| Problem::new(error.status(), error.body_text()))?;
    let order = read_order(&body)?;
    let fingerprint = Fingerprint::of(&body);
    // A task of its own: a client that hangs up must not stop its order between payment and storage.
    let placing = async move { shop.place(key, fingerprint, order).await };
    let outcome = tokio::spawn(placing.in_current_span()).await;
    Ok(respond(outcome.map_err(Problem::internal)??))
}

fn idempotency_key(headers: &HeaderMap) -> Result<IdempotencyKey, Problem> {
    headers
        .get("idempotency-key")
        .and_then(|key| IdempotencyKey::parse(key.to_str().ok()?))
        .ok_or_else(|| {
            let detail = "the header Idempotency-Key is needed: 1 to 255 visible ASCII characters, new for each order, \
                          the same when this one is sent again";
            Problem::new(StatusCode::BAD_REQUEST, detail)
        })
}

fn read_order(body: &[u8]) -> Result<NewOrder, Problem> {
    let body = serde_json::from_slice(body).map_err(|error| {
        let detail = format!("the body is not JSON: {error}");
        Problem::new(StatusCode::BAD_REQUEST, detail)
    })?;
    NewOrder::read(&body).map_err(Problem::invalid)
}

fn respond(outcome: Outcome) -> Response {
    match outcome {
        Outcome::Placed(order) => {
            let location = format!("/orders/{}", order.placed.order_id);
            let headers = [(header::LOCATION, location)];
            (StatusCode::CREATED, headers, Json(order)).into_response()
        }
        Outcome::Declined(reason) => Problem::declined(&reason).into_response(),
    }
}
