//! Handlers of different data types side by side.

use std::any::Any;
use std::sync::Arc;

use futures::future::BoxFuture;

use crate::wire::{Incoming, Unreadable};
use crate::{Delivery, Event, EventData, Handled, Operation, Service, Tx};

/// The handler of one receive operation. Implemented by generated code.
pub trait Handler: Send + Sync + 'static {
    /// The service that it belongs to.
    type Service: Service;
    /// The event that it handles.
    type Data: EventData;

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
}

impl<S: Service> Default for Consumers<S> {
    fn default() -> Self {
        Self::new()
    }
}

/// A decoded event, its type known to its handler alone.
pub(crate) type Decoded = Box<dyn Any + Send + Sync>;

pub(crate) trait Erased<S>: Send + Sync {
    /// Decodes and checks the event's data.
    fn decode(&self, incoming: Incoming, delivery: Delivery) -> Result<Decoded, Unreadable>;

    /// Handles what [`Erased::decode`] of the same handler returned.
    fn handle<'a>(&'a self, event: &'a Decoded, tx: &'a mut Tx<'_, S>) -> BoxFuture<'a, Handled>;
}

impl<H: Handler> Erased<H::Service> for H {
    fn decode(&self, incoming: Incoming, delivery: Delivery) -> Result<Decoded, Unreadable> {
        let data = incoming.read::<H::Data>()?;
        Ok(Box::new(Event {
            id: incoming.identity.id,
            source: incoming.identity.source,
            subject: incoming.subject,
            time: incoming.time,
            correlation_id: incoming.correlation_id,
            causation_id: incoming.causation_id,
            data,
            delivery,
        }))
    }

    fn handle<'a>(
        &'a self,
        event: &'a Decoded,
        tx: &'a mut Tx<'_, H::Service>,
    ) -> BoxFuture<'a, Handled> {
        Box::pin(async move {
            match event.downcast_ref::<Event<H::Data>>() {
                Some(event) => Handler::handle(self, event, tx).await,
                None => Err(crate::Failure::permanent(
                    "the event was decoded for another handler",
                )),
            }
        })
    }
}
