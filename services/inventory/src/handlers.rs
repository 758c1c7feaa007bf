//! What the service does when an event arrives.

use events::inventory::{Inventory, ReserveStock};
use events::{InventoryReservationFailedV1, InventoryReservedV1, OrderPlacedV2};
use jetway::{Event, Handled, Tx};
use time::OffsetDateTime;

use crate::domain::{Demand, Reservation};
use crate::stock;

/// Sets stock aside for orders.
#[derive(Clone, Copy, Debug)]
pub struct Warehouse;

impl ReserveStock for Warehouse {
    async fn reserve_stock(
        &self,
        event: &Event<OrderPlacedV2>,
        tx: &mut Tx<'_, Inventory>,
    ) -> Handled {
        let order_id = event.data.order_id;
        let demand = Demand::of(&event.data.lines);
        match stock::reserve(tx.sql().await?, order_id, &demand).await? {
            Reservation::Made => {
                tracing::info!(%order_id, "stock reserved");
                tx.publish(InventoryReservedV1 {
                    order_id,
                    reserved_at: OffsetDateTime::now_utc(),
                })
                .await?;
            }
            Reservation::Short(short) => {
                tracing::info!(%order_id, sku = short.sku, "stock is short");
                tx.publish(InventoryReservationFailedV1 {
                    order_id,
                    sku: short.sku,
                    requested: short.requested,
                    available: short.available,
                })
                .await?;
            }
        }
        Ok(())
    }
}
