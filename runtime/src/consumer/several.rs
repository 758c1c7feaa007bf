//! One operation that receives several events: the messages of a channel share its address, so one consumer is given all
//! of them, and the CloudEvents `type` tells them apart.

use futures::future::BoxFuture;
use serde_json::Value;

use super::handler::{Decoded, Erased, handled_by, whole};
use crate::validate::Violations;
use crate::versions;
use crate::wire::{Incoming, Unreadable};
use crate::{Delivery, Event, EventData, Handled, Service, Tx};

/// The events of one operation, a variant each. Implemented by generated code only.
pub trait Several: Sized + Send + Sync + 'static {
    /// Their CloudEvents types in words, for who sends another: `room.joined.v1 or room.left.v1`.
    const EXPECTED: &'static str;
    /// How each of them is read; the first that knows the type reads.
    const READERS: &'static [Reader<Self>];
}

/// Reads the data of one event of several; `None` where the type is another's.
pub type Reader<C> = fn(&Arrived<'_>) -> Option<Result<C, Violations>>;

/// An event that has arrived, before its data is read.
#[derive(Clone, Copy, Debug)]
pub struct Arrived<'a> {
    event_type: &'a str,
    data: &'a Value,
}

impl Arrived<'_> {
    /// Its data as a `T` in the variant `of`, through upcasts where it is an older version; `None` where it is no `T`.
    ///
    /// # Errors
    ///
    /// Within: where the data is not what the schema says.
    pub fn read_as<T: EventData, C>(&self, of: fn(T) -> C) -> Option<Result<C, Violations>> {
        let read = versions::read::<T>(self.event_type, self.data)?;
        Some(read.map(of))
    }
}

/// The handler of a receive operation with several events. Implemented by generated code.
pub trait HandlerOfSeveral: Send + Sync + 'static {
    /// The service that it belongs to.
    type Service: Service;
    /// The events that it handles.
    type Data: Several;
    /// The CloudEvents types on the same address that the operation does not name: acknowledged unread.
    const SKIPS: &'static [&'static str] = &[];

    /// Handles one event within one transaction.
    fn handle(
        &self,
        event: &Event<Self::Data>,
        tx: &mut Tx<'_, Self::Service>,
    ) -> impl Future<Output = Handled> + Send;
}

/// Makes a handler of several events one of those that consumers have.
pub(super) struct OfSeveral<H>(pub(super) H);

impl<H: HandlerOfSeveral> Erased<H::Service> for OfSeveral<H> {
    fn skips(&self, event_type: &str) -> bool {
        H::SKIPS.contains(&event_type)
    }

    fn decode(&self, incoming: Incoming, delivery: Delivery) -> Result<Decoded, Unreadable> {
        let value = incoming.value()?;
        let arrived = Arrived {
            event_type: &incoming.event_type,
            data: &value,
        };
        let read = H::Data::READERS.iter().find_map(|read| read(&arrived));
        let data = read.ok_or_else(|| Unreadable::OtherType {
            expected: H::Data::EXPECTED,
            found: incoming.event_type.clone(),
        })?;
        let data = data.map_err(Unreadable::Invalid)?;
        drop(value);
        Ok(whole(incoming, delivery, data))
    }

    fn handle<'a>(
        &'a self,
        event: &'a Decoded,
        tx: &'a mut Tx<'_, H::Service>,
    ) -> BoxFuture<'a, Handled> {
        Box::pin(async move {
            let event = handled_by::<H::Data>(event)?;
            self.0.handle(event, tx).await
        })
    }
}
