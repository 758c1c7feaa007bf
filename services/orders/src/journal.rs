//! An order's journal: every event that it sends, or that settles it, is entered in its history.

use events::orders::Orders;
use jetway::{Event, EventData, SentBy, Tx};
use uuid::Uuid;

use crate::Error;
use crate::store::history;

/// Publishes an event of an order and enters it.
pub(crate) async fn publish<E: EventData + SentBy<Orders>>(
    tx: &mut Tx<'_, Orders>,
    order_id: Uuid,
    event: E,
) -> Result<(), Error> {
    let event_id = tx.publish(event).await?.to_string();
    history::append(tx.sql().await?, order_id, E::TYPE, &event_id).await?;
    Ok(())
}

/// Enters an event that was received about an order.
pub(crate) async fn received<E: EventData>(
    tx: &mut Tx<'_, Orders>,
    order_id: Uuid,
    event: &Event<E>,
) -> Result<(), Error> {
    history::append(tx.sql().await?, order_id, E::TYPE, &event.id).await?;
    Ok(())
}
