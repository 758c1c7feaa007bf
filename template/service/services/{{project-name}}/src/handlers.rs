//! What the service does when an event arrives: one trait per operation of asyncapi.yaml. Leave one out, and `consumers`
//! in `main.rs` does not compile and names the operation.

use events::OrderConfirmedV1;
use events::{{crate_name}}::{HandleConfirmed, {{project-name | upper_camel_case}}};
use jetway::{Event, Handled, Tx};

use crate::orders;

/// Writes down confirmed orders.
#[derive(Clone, Copy, Debug)]
pub struct Clerk;

impl HandleConfirmed for Clerk {
    // Once per event, however often it is delivered, as far as it writes through `tx`: what it writes is committed
    // together with the note that this event is done. `Err` (any error through `?`) rolls back and tries again later.
    // `Failure::permanent` gives up at once: the event becomes a dead letter. `Failure::unavailable` says that something
    // it needs is down: no attempt is spent, and the operation pauses.
    async fn handle_confirmed(
        &self,
        event: &Event<OrderConfirmedV1>,
        tx: &mut Tx<'_, {{project-name | upper_camel_case}}>,
    ) -> Handled {
        orders::record(tx.sql().await?, &event.data).await?;
        tracing::info!(order_id = %event.data.order_id, "order written down");
        Ok(())
    }
}
