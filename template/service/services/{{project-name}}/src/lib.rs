//! The service `{{project-name}}`: writes down each confirmed order. Replace that with what it is for.
//!
//! Read it in this order: [`handlers`] (what happens on an event), [`orders`] (what is kept, in SQL), [`http`].

pub mod handlers;
pub mod http;
pub mod orders;

use jetway::{Migration, Migrations};

/// The service's own tables. One that has run somewhere never changes: add the next number instead.
pub const MIGRATIONS: Migrations = Migrations::new(&[Migration::new(
    1,
    "orders",
    include_str!("../migrations/0001_orders.sql"),
)]);
