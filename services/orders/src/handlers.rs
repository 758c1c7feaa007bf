//! What the service does when an event arrives: stock has answered, and settles the order.

use std::time::Duration;

use events::orders::{CancelShort, ConfirmReserved, Orders};
use events::{InventoryReservationFailedV1, InventoryReservedV1};
use jetway::{Event, Failure, Handled, Tx};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::{Order, Status};
use crate::journal;
use crate::payment::PaymentGateway;
use crate::shop::Shop;
use crate::store::orders;

impl<G: PaymentGateway> ConfirmReserved for Shop<G> {
    async fn confirm_reserved(
        &self,
        event: &Event<InventoryReservedV1>,
        tx: &mut Tx<'_, Orders>,
    ) -> Handled {
        let order_id = event.data.order_id;
        let order = known(self, order_id).await?;
        if !orders::settle(tx.sql().await?, order_id, Status::Confirmed).await? {
            return Ok(());
        }
        journal::received(tx, order_id, event).await?;
        journal::publish(tx, order_id, order.confirmed(OffsetDateTime::now_utc())).await?;
        tracing::info!(%order_id, "order confirmed");
        Ok(())
    }
}

impl<G: PaymentGateway> CancelShort for Shop<G> {
    async fn cancel_short(
        &self,
        event: &Event<InventoryReservationFailedV1>,
        tx: &mut Tx<'_, Orders>,
    ) -> Handled {
        let order_id = event.data.order_id;
        let order = known(self, order_id).await?;
        if order.status != Status::Placed {
            return Ok(());
        }
        // Before the transaction begins: the provider takes its time, and nothing is locked meanwhile. Another attempt
        // gives nothing back twice.
        self.gateway().refund(&order.payment_id).await?;
        if !orders::settle(tx.sql().await?, order_id, Status::Cancelled).await? {
            return Ok(());
        }
        let sku = event.data.sku.clone();
        journal::received(tx, order_id, event).await?;
        journal::publish(tx, order_id, order.refunded()).await?;
        journal::publish(
            tx,
            order_id,
            order.out_of_stock(sku, OffsetDateTime::now_utc()),
        )
        .await?;
        tracing::info!(%order_id, sku = event.data.sku, "order cancelled");
        Ok(())
    }
}

/// The order that stock has answered for. Stock may be faster than the news of the order, as after a restore from a
/// backup: then the event waits.
async fn known<G: PaymentGateway>(shop: &Shop<G>, order_id: Uuid) -> Result<Order, Failure> {
    let order = shop.find(order_id).await?;
    order.ok_or_else(|| {
        Failure::defer(Duration::from_secs(1)).because(format!("order {order_id} is not known yet"))
    })
}
