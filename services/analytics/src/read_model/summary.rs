//! The answers, as `GET /api/summary` gives them.

use serde::Serialize;
use time::OffsetDateTime;

use crate::domain::Step;

/// All that the page shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Orders that were placed.
    pub placed: i64,
    /// Orders that will be shipped.
    pub confirmed: i64,
    /// Orders that will not be shipped.
    pub cancelled: i64,
    /// Orders that are neither yet.
    pub open: i64,
    /// Orders that were paid.
    pub charged: i64,
    /// Orders whose payment was given back.
    pub refunded: i64,
    /// Orders that stock is set aside for.
    pub reserved: i64,
    /// Orders that stock was short for.
    pub short: i64,
    /// What was placed less what was refunded, per currency, in alphabetical order.
    pub revenue: Vec<Revenue>,
    /// The same per minute, for the hour that ends with the newest minute; oldest first, without empty minutes.
    pub per_minute: Vec<MinuteRevenue>,
    /// The articles that were ordered most, the first one first.
    pub top_products: Vec<Product>,
    /// The orders that were placed last, newest first.
    pub recent_orders: Vec<RecentOrder>,
}

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Revenue {
    /// ISO 4217.
    pub currency: String,
    /// In hundredths of the currency's unit; negative where more was refunded than placed.
    pub cents: i64,
}

/// An amount of money in one minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MinuteRevenue {
    /// The minute's beginning.
    #[serde(with = "time::serde::rfc3339")]
    pub minute: OffsetDateTime,
    /// ISO 4217.
    pub currency: String,
    /// In hundredths of the currency's unit; negative where more was refunded than placed.
    pub cents: i64,
}

/// An article.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Product {
    /// Its stock-keeping unit.
    pub sku: String,
    /// Pieces ordered, whatever became of the order.
    pub pieces: i64,
    /// Orders that failed for want of it.
    pub shortages: i64,
}

/// An order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecentOrder {
    /// Its id.
    pub order_id: String,
    /// When it was placed.
    #[serde(with = "time::serde::rfc3339")]
    pub placed_at: OffsetDateTime,
    /// How many pieces it is about.
    pub pieces: i64,
    /// Its total in hundredths of the currency's unit.
    pub cents: i64,
    /// ISO 4217.
    pub currency: String,
    /// How far it has got.
    pub step: Step,
}
