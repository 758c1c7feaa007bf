//! What the service does when an event arrives: stock has answered, and settles the order.

use std::time::Duration;

use events::order_cancelled_v1::CancellationReason;
use events::orders::{CancelShort, ConfirmReserved, Orders};
use events::{
    InventoryReservationFailedV1, InventoryReservedV1, OrderCancelledV1, OrderConfirmedV1,
    PaymentRefundedV1,
};
use jetway::{Event, EventData, Failure, Handled, Tx};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::domain::{Order, Status};
use crate::payment::PaymentGateway;
use crate::shop::{Shop, publish};
use crate::store::{history, orders};

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
        history::append(
            tx.sql().await?,
            order_id,
            InventoryReservedV1::TYPE,
            &event.id,
        )
        .await?;
        let confirmed = OrderConfirmedV1 {
            order_id,
            customer: order.placed.customer,
            total: order.placed.total,
            confirmed_at: OffsetDateTime::now_utc(),
        };
        publish(tx, order_id, confirmed).await?;
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
        // Before the transaction begins: the provider takes its time, and nothing is locked meanwhile. A second attempt
        // gives nothing back twice.
        self.gateway().refund(&order.payment_id).await?;
        if !orders::settle(tx.sql().await?, order_id, Status::Cancelled).await? {
            return Ok(());
        }
        history::append(
            tx.sql().await?,
            order_id,
            InventoryReservationFailedV1::TYPE,
            &event.id,
        )
        .await?;
        let refunded = PaymentRefundedV1 {
            order_id,
            payment_id: order.payment_id,
            amount: order.placed.total.clone(),
        };
        publish(tx, order_id, refunded).await?;
        let cancelled = OrderCancelledV1 {
            order_id,
            customer: order.placed.customer,
            total: order.placed.total,
            reason: CancellationReason::OutOfStock,
            sku: Some(event.data.sku.clone()),
            cancelled_at: OffsetDateTime::now_utc(),
        };
        publish(tx, order_id, cancelled).await?;
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
