//! The service `inventory`: sets stock aside for orders, all lines of an order or none.
//!
//! Read it in this order: [`handlers`] (what happens on an event), [`domain`] (what an order needs, without I/O),
//! [`stock`] (how it is set aside, in SQL), [`http`] (`GET /stock`).
//!
//! **Never below zero.** Each line is one conditional `UPDATE`, which the database decides alone: there is no moment
//! between looking and taking in which another order could take the same piece.

pub mod domain;
pub mod handlers;
pub mod http;
pub mod stock;

use jetway::{Migration, Migrations};

/// The service's own tables, and the articles of the sample shop.
pub const MIGRATIONS: Migrations = Migrations::new(&[
    Migration::new(1, "stock", include_str!("../migrations/0001_stock.sql")),
    Migration::new(
        2,
        "articles",
        include_str!("../migrations/0002_articles.sql"),
    ),
]);
