//! What the service does when an event arrives: it works out what changes, and changes it.

use events::analytics::{
    Analytics, RecordCancelled, RecordCharged, RecordConfirmed, RecordPlaced, RecordRefunded,
    RecordReservationFailed, RecordReserved,
};
use events::{
    InventoryReservationFailedV1, InventoryReservedV1, OrderCancelledV1, OrderConfirmedV1,
    OrderPlacedV1, PaymentChargedV1, PaymentRefundedV1,
};
use jetway::{Event, Handled, Tx};

use crate::domain::Project;
use crate::read_model;

/// Keeps the read model.
#[derive(Clone, Copy, Debug)]
pub struct Recorder;

async fn record<E: Project>(event: &Event<E>, tx: &mut Tx<'_, Analytics>) -> Handled {
    let projection = event.data.project(event.time);
    read_model::apply(tx.sql().await?, &projection).await?;
    Ok(())
}

impl RecordPlaced for Recorder {
    async fn record_placed(
        &self,
        event: &Event<OrderPlacedV1>,
        tx: &mut Tx<'_, Analytics>,
    ) -> Handled {
        record(event, tx).await
    }
}

impl RecordCharged for Recorder {
    async fn record_charged(
        &self,
        event: &Event<PaymentChargedV1>,
        tx: &mut Tx<'_, Analytics>,
    ) -> Handled {
        record(event, tx).await
    }
}

impl RecordReserved for Recorder {
    async fn record_reserved(
        &self,
        event: &Event<InventoryReservedV1>,
        tx: &mut Tx<'_, Analytics>,
    ) -> Handled {
        record(event, tx).await
    }
}

impl RecordReservationFailed for Recorder {
    async fn record_reservation_failed(
        &self,
        event: &Event<InventoryReservationFailedV1>,
        tx: &mut Tx<'_, Analytics>,
    ) -> Handled {
        record(event, tx).await
    }
}

impl RecordConfirmed for Recorder {
    async fn record_confirmed(
        &self,
        event: &Event<OrderConfirmedV1>,
        tx: &mut Tx<'_, Analytics>,
    ) -> Handled {
        record(event, tx).await
    }
}

impl RecordCancelled for Recorder {
    async fn record_cancelled(
        &self,
        event: &Event<OrderCancelledV1>,
        tx: &mut Tx<'_, Analytics>,
    ) -> Handled {
        record(event, tx).await
    }
}

impl RecordRefunded for Recorder {
    async fn record_refunded(
        &self,
        event: &Event<PaymentRefundedV1>,
        tx: &mut Tx<'_, Analytics>,
    ) -> Handled {
        record(event, tx).await
    }
}
