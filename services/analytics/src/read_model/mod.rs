//! The read model: tables that hold the answers to the page's questions.

mod read;
mod summary;
mod write;

pub use read::summary;
pub use summary::{MinuteRevenue, Product, RecentOrder, Revenue, Summary};
pub use write::{CLEAR, apply};
