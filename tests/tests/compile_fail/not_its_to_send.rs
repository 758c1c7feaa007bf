//! A service that sends an event which the contract leaves to another one.

use events::orders::{CancelShort, ConfirmReserved, Orders};
use events::{InventoryReservationFailedV1, InventoryReservedV1};
use jetway::{Consumers, Event, Handled, Tx};

struct Shop;

impl ConfirmReserved for Shop {
    async fn confirm_reserved(&self, _: &Event<InventoryReservedV1>, tx: &mut Tx<'_, Orders>) -> Handled {
        tx.publish(answer()).await?;
        Ok(())
    }
}

impl CancelShort for Shop {
    async fn cancel_short(&self, _: &Event<InventoryReservationFailedV1>, _: &mut Tx<'_, Orders>) -> Handled {
        Ok(())
    }
}

fn answer() -> InventoryReservedV1 {
    unreachable!("this is compiled, not run")
}

pub fn consumers() -> Consumers<Orders> {
    events::orders::consumers(Shop)
}
