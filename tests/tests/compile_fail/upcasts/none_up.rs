//! `events/src/upcasts.rs` of somebody who has declared `x-upcasts` and written no upcast.

use jetway::Downcast;

use crate::{OrderPlacedV1, OrderPlacedV2};

impl Downcast<OrderPlacedV1> for OrderPlacedV2 {
    fn downcast(&self) -> OrderPlacedV1 {
        unreachable!("this is compiled, not run")
    }
}
