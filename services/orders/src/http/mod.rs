//! The service's HTTP interface.

mod place;
mod problem;
mod read;

use axum::Router;
use axum::routing::{get, post};
pub use problem::Problem;

use crate::payment::PaymentGateway;
use crate::shop::Shop;

/// The routes of this service.
pub fn router<G: PaymentGateway>(shop: Shop<G>) -> Router {
    Router::new()
        .route("/orders", post(place::place::<G>))
        .route("/orders/{id}", get(read::order::<G>))
        .route("/orders/{id}/events", get(read::events::<G>))
        .with_state(shop)
}
