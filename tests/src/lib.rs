//! What the whole-system tests share: a sample shop of real processes, and the audit of what became of its orders.
//!
//! A [`Shop`] has its own broker, databases and directory, so tests do not see each other. Tests wait for conditions with
//! deadlines, never for time to pass, and end with an [audit](Shop::audit): each effect of each order exactly once.

#![allow(
    clippy::unwrap_used,
    reason = "in a test, what cannot be had is the failure of the test"
)]

mod audit;
mod log;
mod orders;
mod shop;
mod tables;

pub use audit::Copies;
pub use log::Message;
pub use orders::{Basket, Door, Order, Outcome, placed};
pub use shop::{ALL, On, Shop, fault};

use std::time::Duration;

/// As long as a test waits for what should be there soon, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `probe` answers `Ok`, for [`PATIENCE`] at most. `Err` says what is seen instead.
///
/// # Panics
///
/// Where it waits in vain, with what was seen last.
pub async fn wait<T, F, Fut>(what: &str, probe: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, String>>,
{
    match dev::until(what, PATIENCE, probe).await {
        Ok(value) => value,
        Err(late) => panic!("{late}"),
    }
}
