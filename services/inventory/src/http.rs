//! `GET /stock`: what the shop has.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use jetway::Database;

use crate::stock;

/// The routes of this service.
pub fn router(database: Database) -> Router {
    Router::new()
        .route("/stock", get(list))
        .with_state(database)
}

async fn list(State(database): State<Database>) -> Response {
    match stock::list(database.pool()).await {
        Ok(articles) => Json(articles).into_response(),
        Err(error) => {
            tracing::error!(%error, "cannot read the stock");
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
