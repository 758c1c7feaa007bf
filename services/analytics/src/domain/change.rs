//! The changes that an event makes to the read model.

use events::shared::Currency;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Step;

/// What one event does to the read model.
#[derive(Clone, Debug, PartialEq)]
pub struct Projection {
    /// The order that the event is about.
    pub order_id: Uuid,
    /// What has happened to it.
    pub step: Step,
    /// When.
    pub at: OffsetDateTime,
    /// What changes besides, always in the same order of tables and keys: two transactions that change the same rows in
    /// opposite orders would wait for each other forever. What all orders share comes last: its row is locked until the
    /// commit.
    pub changes: Vec<Change>,
}

/// An addition. Additions commute: the order of arrival does not matter.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// A row for the order itself.
    Order {
        /// How many pieces it is about.
        pieces: i64,
        /// Its total.
        cents: i64,
        /// The total's currency.
        currency: Currency,
    },
    /// Money comes in, or goes out again.
    Revenue {
        /// In which minute, since 1970.
        minute: i64,
        /// How much; negative where it goes out.
        cents: i64,
        /// In which currency.
        currency: Currency,
    },
    /// An article was ordered.
    Ordered {
        /// Which.
        sku: String,
        /// How many pieces.
        pieces: i64,
    },
    /// An order failed for want of an article.
    Shortage {
        /// Which.
        sku: String,
    },
}
