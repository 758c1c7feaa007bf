//! Who sends which event to whom: as a picture, and as a diagram in text.

mod layout;
mod mermaid;
mod svg;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use crate::model::Contract;

pub(super) use mermaid::mermaid;
pub(super) use svg::svg;

/// The services, their events, and who receives which.
#[derive(Debug)]
pub(super) struct Graph {
    services: Vec<Service>,
    events: Vec<Event>,
    /// The place among the services of those outside of the contract, where some event is sent by nobody in it.
    outside: Option<usize>,
}

#[derive(Debug)]
struct Service {
    name: String,
    /// The events that it sends, by their places.
    sends: Vec<usize>,
}

#[derive(Debug)]
struct Event {
    name: String,
    deprecated: bool,
    /// The services that receive it, by their places.
    receivers: Vec<usize>,
}

/// An event on its way, by places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    from: usize,
    /// The event's row in the sender's box.
    row: usize,
    event: usize,
    to: usize,
}

impl Graph {
    /// `deprecated` tells of an event, by its place, and `heirs` has the newer versions that it is made into: who receives
    /// one of those receives it, too.
    pub(super) fn of(
        contract: &Contract,
        deprecated: impl Fn(usize) -> bool,
        heirs: &[Vec<usize>],
    ) -> Self {
        let mut events: Vec<Event> = contract
            .events
            .iter()
            .enumerate()
            .map(|(index, event)| Event {
                name: event.name.clone(),
                deprecated: deprecated(index),
                receivers: Vec::new(),
            })
            .collect();
        let mut services = Vec::with_capacity(contract.services.len());
        let mut sent = vec![false; events.len()];
        for (place, service) in contract.services.iter().enumerate() {
            for receive in &service.receives {
                for received in receive.events() {
                    if let Some(event) = events.get_mut(received.index())
                        && !event.receivers.contains(&place)
                    {
                        event.receivers.push(place);
                    }
                }
            }
            let sends: Vec<usize> = service.sent().iter().map(|id| id.index()).collect();
            for event in &sends {
                if let Some(sent) = sent.get_mut(*event) {
                    *sent = true;
                }
            }
            services.push(Service {
                name: service.name.clone(),
                sends,
            });
        }
        inherit(&mut events, heirs);
        let unsent: Vec<usize> = (0..events.len())
            .filter(|event| !sent.get(*event).copied().unwrap_or_default())
            .collect();
        let outside = (!unsent.is_empty()).then_some(services.len());
        if outside.is_some() {
            services.push(Service {
                name: "sent from outside".to_owned(),
                sends: unsent,
            });
        }
        Self {
            services,
            events,
            outside,
        }
    }

    /// Every event on its way from a sender to a receiver.
    fn edges(&self) -> impl Iterator<Item = Edge> {
        self.services
            .iter()
            .enumerate()
            .flat_map(move |(from, service)| {
                service
                    .sends
                    .iter()
                    .enumerate()
                    .flat_map(move |(row, event)| {
                        let receivers = self
                            .events
                            .get(*event)
                            .map(|event| event.receivers.as_slice());
                        receivers.unwrap_or_default().iter().map(move |to| Edge {
                            from,
                            row,
                            event: *event,
                            to: *to,
                        })
                    })
            })
    }
}

fn inherit(events: &mut [Event], heirs: &[Vec<usize>]) {
    let own: Vec<Vec<usize>> = events.iter().map(|event| event.receivers.clone()).collect();
    for (event, heirs) in events.iter_mut().zip(heirs) {
        for receiver in heirs.iter().filter_map(|heir| own.get(*heir)).flatten() {
            if !event.receivers.contains(receiver) {
                event.receivers.push(*receiver);
            }
        }
    }
}
