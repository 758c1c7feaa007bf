//! A service as it should be: everything that the contract asks of `orders` is handled, and what it sends it may send.

use events::orders::{CancelShort, ConfirmReserved, Orders};
use events::{InventoryReservationFailedV1, InventoryReservedV1, OrderConfirmedV1};
use jetway::{Consumers, Event, Handled, Tx};

struct Shop;

impl ConfirmReserved for Shop {
    async fn confirm_reserved(&self, _: &Event<InventoryReservedV1>, tx: &mut Tx<'_, Orders>) -> Handled {
        tx.publish(confirmed()).await?;
        Ok(())
    }
}

impl CancelShort for Shop {
    async fn cancel_short(&self, _: &Event<InventoryReservationFailedV1>, _: &mut Tx<'_, Orders>) -> Handled {
        Ok(())
    }
}

fn confirmed() -> OrderConfirmedV1 {
    unreachable!("this is compiled, not run")
}

pub fn consumers() -> Consumers<Orders> {
    events::orders::consumers(Shop)
}
