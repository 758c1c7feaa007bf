//! Serving a service's routes until shutdown.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::health::Health;
use super::trace::trace;
use crate::telemetry::Metrics;

/// Why HTTP is not served.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Something else listens there.
    #[error(
        "HTTP_ADDR={address} is in use by another process: stop it, or set HTTP_ADDR to a free port (port 0 takes any)"
    )]
    InUse {
        /// The address.
        address: SocketAddr,
    },
    /// The address cannot be listened at.
    #[error("cannot listen at HTTP_ADDR={address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The listener failed.
    #[error("cannot serve HTTP: {0}")]
    Serve(#[from] io::Error),
}

/// Listens at `address`.
///
/// # Errors
///
/// Where it is in use or not this machine's.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, HttpError> {
    TcpListener::bind(address).await.map_err(|source| {
        if source.kind() == io::ErrorKind::AddrInUse {
            HttpError::InUse { address }
        } else {
            HttpError::Bind { address, source }
        }
    })
}

/// Serves `routes`, and `/healthz`, `/readyz` and `/metrics`, until `shutdown`; then takes no further connection and
/// ends when the last request in flight is answered. It waits for them without a bound: a response that never ends
/// (server-sent events) has to watch `shutdown` itself, and the caller sets the bound.
///
/// # Panics
///
/// Where `routes` has a route of those three names.
pub fn serve(
    listener: TcpListener,
    routes: Router,
    health: Health,
    metrics: Metrics,
    shutdown: CancellationToken,
) -> impl Future<Output = Result<(), HttpError>> + Send {
    let service = router(routes, health, metrics);
    async move {
        axum::serve(listener, service)
            .with_graceful_shutdown(shutdown.cancelled_owned())
            .await?;
        Ok(())
    }
}

fn router(routes: Router, health: Health, metrics: Metrics) -> Router {
    let ready = health.clone();
    let rendered = metrics.clone();
    routes
        .layer(from_fn_with_state(metrics, trace))
        // Added after the layer: nobody wants a trace per scrape.
        .route("/healthz", get(move || async move { health.healthz() }))
        .route("/readyz", get(move || async move { ready.readyz() }))
        .route(
            "/metrics",
            get(move || async move {
                (
                    [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
                    rendered.render(),
                )
            }),
        )
}
