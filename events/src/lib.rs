//! The events of the sample shop.

mod generated;

pub use generated::*;
