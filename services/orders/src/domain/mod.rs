//! What an order is and which orders the shop accepts. No I/O.

mod catalogue;
mod form;
mod idempotency;
mod new_order;
mod order;

pub use catalogue::price;
pub use form::{Form, Invalid};
pub use idempotency::{Fingerprint, IdempotencyKey};
pub use new_order::{NewOrder, Payment};
pub use order::{Order, Outcome, Status, placed};
