//! `events/src/upcasts.rs` of somebody who sends two versions side by side and has written no downcast.

use jetway::Upcast;

use crate::{OrderPlacedV1, OrderPlacedV2};

impl Upcast<OrderPlacedV1> for OrderPlacedV2 {
    fn upcast(_: OrderPlacedV1) -> Self {
        unreachable!("this is compiled, not run")
    }
}
