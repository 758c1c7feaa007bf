//! `GET /mails`: what has been sent.

use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use jetway::Database;
use serde::Deserialize;

use crate::sent;

const MOST: u32 = 1000;

/// The routes of this service.
pub fn router(database: Database) -> Router {
    Router::new()
        .route("/mails", get(mails))
        .with_state(database)
}

#[derive(Deserialize)]
struct Page {
    #[serde(default = "default_limit")]
    limit: u32,
}

fn default_limit() -> u32 {
    50
}

/// The mails sent last, newest first; `?limit=` says how many, 1000 at most.
async fn mails(State(database): State<Database>, Query(page): Query<Page>) -> Response {
    match sent::newest(&database, page.limit.min(MOST)).await {
        Ok(mails) => Json(mails).into_response(),
        Err(error) => {
            tracing::error!(%error, "cannot read the sent mails");
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
