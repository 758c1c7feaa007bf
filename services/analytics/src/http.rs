//! The page and its data.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures::StreamExt;

use crate::live::Live;

/// The page loads what it needs from here and from nowhere else, and runs no script but these.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// How often the live stream says something when there is nothing to say. The page takes a silence of twice that for a
/// broken line.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// The routes of this service.
pub fn router(live: Live) -> Router {
    Router::new()
        .route("/", get(page))
        .route(
            "/page.css",
            asset("text/css; charset=utf-8", include_str!("../page/page.css")),
        )
        .route(
            "/page.js",
            asset(
                "text/javascript; charset=utf-8",
                include_str!("../page/page.js"),
            ),
        )
        .route(
            "/charts.js",
            asset(
                "text/javascript; charset=utf-8",
                include_str!("../page/charts.js"),
            ),
        )
        .route(
            "/icon.svg",
            asset("image/svg+xml", include_str!("../page/icon.svg")),
        )
        .route("/api/summary", get(summary))
        .route("/api/live", get(follow))
        .with_state(live)
}

async fn page() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, include_str!("../page/index.html"))
}

fn asset(media_type: &'static str, text: &'static str) -> axum::routing::MethodRouter<Live> {
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    get(move || async move { (headers, text) })
}

/// All numbers of the page.
async fn summary(State(live): State<Live>) -> Response {
    match live.now().await {
        Ok(summary) => Json(&*summary).into_response(),
        Err(error) => unavailable(&error),
    }
}

/// The same as server-sent events: now, and at most twice a second when something has changed.
async fn follow(State(live): State<Live>) -> Response {
    let summaries = match live.watch().await {
        Ok(summaries) => summaries,
        Err(error) => return unavailable(&error),
    };
    let events = summaries.map(|summary| {
        let event = Event::default().event("summary").json_data(&*summary);
        Ok::<_, Infallible>(
            event.unwrap_or_else(|error| Event::default().comment(error.to_string())),
        )
    });
    let heartbeat = KeepAlive::new()
        .interval(HEARTBEAT)
        .event(Event::default().event("alive").data("1"));
    Sse::new(events).keep_alive(heartbeat).into_response()
}

fn unavailable(error: &sqlx::Error) -> Response {
    tracing::error!(%error, "cannot read the read model");
    let retry = [(header::RETRY_AFTER, "5")];
    (
        StatusCode::SERVICE_UNAVAILABLE,
        retry,
        "the database does not answer\n",
    )
        .into_response()
}
