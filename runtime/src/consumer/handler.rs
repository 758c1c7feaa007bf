//! Handlers of different data types side by side.

use std::any::Any;
use std::sync::Arc;

use futures::future::BoxFuture;

use super::several::{HandlerOfSeveral, OfSeveral};
use crate::wire::{Incoming, Unreadable};
use crate::{Delivery, Event, EventData, Failure, Handled, Operation, Service, Tx};

/// The handler of one receive operation. Implemented by generated code.
pub trait Handler: Send + Sync + 'static {
    /// The service that it belongs to.
    type Service: Service;
    /// The event that it handles.
    type Data: EventData;
    /// The CloudEvents types on the same address that the operation does not name: acknowledged unread.
    const SKIPS: &'static [&'static str] = &[];

    /// Handles one event within one transaction.
    fn handle(
        &self,
        event: &Event<Self::Data>,
        tx: &mut Tx<'_, Self::Service>,
    ) -> impl Future<Output = Handled> + Send;
}

/// The consumers of a service: one per receive operation. Made by generated code.
pub struct Consumers<S> {
    pub(crate) all: Vec<Consumer<S>>,
}

pub(crate) struct Consumer<S> {
    pub(crate) operation: &'static Operation,
    pub(crate) handler: Arc<dyn Erased<S>>,
}

impl<S> Clone for Consumer<S> {
    fn clone(&self) -> Self {
        Self {
            operation: self.operation,
            handler: self.handler.clone(),
        }
    }
}

impl<S: Service> Consumers<S> {
    /// No consumers.
    #[must_use]
    pub fn new() -> Self {
        Self { all: Vec::new() }
    }

    /// These and one more.
    #[must_use]
    pub fn with<H: Handler<Service = S>>(
        mut self,
        operation: &'static Operation,
        handler: H,
    ) -> Self {
        self.all.push(Consumer {
            operation,
            handler: Arc::new(handler),
        });
        self
    }

    /// These and one more, whose operation receives several events.
    #[must_use]
    pub fn with_several<H: HandlerOfSeveral<Service = S>>(
        mut self,
        operation: &'static Operation,
        handler: H,
    ) -> Self {
        self.all.push(Consumer {
            operation,
            handler: Arc::new(OfSeveral(handler)),
        });
        self
    }
}

impl<S: Service> Default for Consumers<S> {
    fn default() -> Self {
        Self::new()
    }
}

/// A decoded event, its type known to its handler alone.
pub(crate) type Decoded = Box<dyn Any + Send + Sync>;

pub(crate) trait Erased<S>: Send + Sync {
    /// Whether events of this type are none of the operation's, though they share its address.
    fn skips(&self, event_type: &str) -> bool;

    /// Decodes and checks the event's data.
    fn decode(&self, incoming: Incoming, delivery: Delivery) -> Result<Decoded, Unreadable>;

    /// Handles what [`Erased::decode`] of the same handler returned.
    fn handle<'a>(&'a self, event: &'a Decoded, tx: &'a mut Tx<'_, S>) -> BoxFuture<'a, Handled>;
}

impl<H: Handler> Erased<H::Service> for H {
    fn skips(&self, event_type: &str) -> bool {
        H::SKIPS.contains(&event_type)
    }

    fn decode(&self, incoming: Incoming, delivery: Delivery) -> Result<Decoded, Unreadable> {
        let data = incoming.read::<H::Data>()?;
        Ok(whole(incoming, delivery, data))
    }

    fn handle<'a>(
        &'a self,
        event: &'a Decoded,
        tx: &'a mut Tx<'_, H::Service>,
    ) -> BoxFuture<'a, Handled> {
        Box::pin(async move {
            let event = handled_by::<H::Data>(event)?;
            Handler::handle(self, event, tx).await
        })
    }
}

/// The event with its data.
pub(super) fn whole<T: Send + Sync + 'static>(
    incoming: Incoming,
    delivery: Delivery,
    data: T,
) -> Decoded {
    Box::new(Event {
        id: incoming.identity.id,
        source: incoming.identity.source,
        subject: incoming.subject,
        time: incoming.time,
        correlation_id: incoming.correlation_id,
        causation_id: incoming.causation_id,
        data,
        delivery,
    })
}

/// The event as the handler of a `T` was given it.
///
/// # Errors
///
/// Where it was decoded for another, which is a defect of this crate.
pub(super) fn handled_by<T: 'static>(event: &Decoded) -> Result<&Event<T>, Failure> {
    let event = event.downcast_ref::<Event<T>>();
    event.ok_or_else(|| Failure::permanent("the event was decoded for another handler"))
}
