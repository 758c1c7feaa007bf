//! The service `orders`: takes orders, charges them, and settles each once stock has answered.
//!
//! Read it in this order: [`domain`] (which orders the shop accepts, without I/O), [`shop`] (how one is placed),
//! [`handlers`] (how it is settled), [`payment`] (what is needed of a payment provider), [`store`] (the tables),
//! [`http`] (`POST /orders`, `GET /orders/{id}`, `GET /orders/{id}/events`).
//!
//! **Paid once.** The customer is charged while they wait, and everything else follows from events. [`shop::Shop::place`]
//! says why nobody pays twice.
//!
//! **Stored and published, or neither.** The order and its events are one transaction; the broker need not be there.
//!
//! ```sh
//! curl -i localhost:8080/orders -H 'Idempotency-Key: 1' -d '{
//!   "customer": { "name": "Ada", "email": "ada@example.com" },
//!   "currency": "EUR",
//!   "lines": [{ "sku": "MUG-STONEWARE", "quantity": 2 }],
//!   "payment": { "method": "card", "token": "tok_visa" }
//! }'
//! ```

pub mod domain;
mod error;
pub mod handlers;
pub mod http;
mod journal;
pub mod payment;
mod settings;
pub mod shop;
pub mod store;

pub use error::Error;
use jetway::{Migration, Migrations};
pub use settings::Settings;

/// The service's own tables.
pub const MIGRATIONS: Migrations = Migrations::new(&[Migration::new(
    1,
    "orders",
    include_str!("../migrations/0001_orders.sql"),
)]);
