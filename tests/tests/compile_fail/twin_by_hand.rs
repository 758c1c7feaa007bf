//! A service that sends the older of two versions itself, though it goes out with the newer one: one fact, told twice.

use events::OrderPlacedV1;
use events::orders::Orders;
use jetway::{Handled, Tx};

pub async fn place(tx: &mut Tx<'_, Orders>, placed: OrderPlacedV1) -> Handled {
    tx.publish(placed).await?;
    Ok(())
}
