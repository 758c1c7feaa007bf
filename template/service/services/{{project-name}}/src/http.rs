//! `GET /orders`: what was written down. `/healthz`, `/readyz` and `/metrics` come with the runtime.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use jetway::Database;

use crate::orders;

/// The routes of this service.
pub fn router(database: Database) -> Router {
    Router::new()
        .route("/orders", get(list))
        .with_state(database)
}

async fn list(State(database): State<Database>) -> Response {
    match orders::newest(&database).await {
        Ok(orders) => Json(orders).into_response(),
        Err(error) => {
            tracing::error!(%error, "cannot read the orders");
            let retry = [(header::RETRY_AFTER, "5")];
            (
                StatusCode::SERVICE_UNAVAILABLE,
                retry,
                "the database does not answer\n",
            )
                .into_response()
        }
    }
}
