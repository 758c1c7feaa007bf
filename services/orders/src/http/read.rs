//! `GET /orders/{id}` and `GET /orders/{id}/events`: what became of an order.

use axum::Json;
use axum::extract::{Path, State};

use super::Problem;
use crate::domain::Order;
use crate::payment::PaymentGateway;
use crate::shop::Shop;
use crate::store::history::Entry;

/// The order.
pub(super) async fn order<G: PaymentGateway>(
    State(shop): State<Shop<G>>,
    Path(id): Path<String>,
) -> Result<Json<Order>, Problem> {
    find(&shop, &id).await.map(Json)
}

/// Its events, oldest first.
pub(super) async fn events<G: PaymentGateway>(
    State(shop): State<Shop<G>>,
    Path(id): Path<String>,
) -> Result<Json<Vec<Entry>>, Problem> {
    let order = find(&shop, &id).await?;
    Ok(Json(shop.history(order.placed.order_id).await?))
}

async fn find<G: PaymentGateway>(shop: &Shop<G>, id: &str) -> Result<Order, Problem> {
    // What is no UUID cannot be the id of an order either.
    let id = id.parse().map_err(|_| Problem::no_such_order())?;
    shop.find(id).await?.ok_or_else(Problem::no_such_order)
}
