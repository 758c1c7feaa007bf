//! A service whose `orders.cancelShort` nobody handles.

use events::orders::{ConfirmReserved, Orders};
use events::{InventoryReservedV1, OrderConfirmedV1};
use jetway::{Consumers, Event, Handled, Tx};

struct Shop;

impl ConfirmReserved for Shop {
    async fn confirm_reserved(&self, _: &Event<InventoryReservedV1>, tx: &mut Tx<'_, Orders>) -> Handled {
        tx.publish(confirmed()).await?;
        Ok(())
    }
}

fn confirmed() -> OrderConfirmedV1 {
    unreachable!("this is compiled, not run")
}

pub fn consumers() -> Consumers<Orders> {
    events::orders::consumers(Shop)
}
