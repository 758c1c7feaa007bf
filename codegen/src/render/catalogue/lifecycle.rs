//! Which versions an event has, and which of them are on their way out.

use std::collections::HashMap;

use crate::load::{Node, Span, Value, Workspace};
use crate::model::{Contract, Event};

/// How long a version will be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lifecycle {
    /// Whether it is to be used no more.
    pub(super) deprecated: bool,
    /// The day from which it is no longer published, as the contract writes it.
    pub(super) sunset: Option<String>,
    /// The older version that this one is made of where only that one was sent: who receives this gets those, too.
    pub(super) upcasts: Option<String>,
}

impl Lifecycle {
    /// What is said of it beside its name; nothing of a version that stays.
    pub(super) fn words(&self) -> Option<String> {
        match &self.sunset {
            Some(date) => Some(format!("deprecated, sunset on {date}")),
            None => self.deprecated.then(|| "deprecated".to_owned()),
        }
    }
}

/// The lifecycles of all events, in their order: what channel, message or schema says.
pub(super) fn all(
    contract: &Contract,
    workspace: &Workspace,
    channels: &HashMap<Span, &Node>,
    schemas: &[Option<&Node>],
) -> Vec<Lifecycle> {
    contract
        .events
        .iter()
        .enumerate()
        .map(|(index, event)| {
            let channel = channels.get(&event.address.span).copied();
            let schema = schemas.get(index).copied().flatten();
            of(event, [channel, schema], workspace)
        })
        .collect()
}

/// The channels, by the places of their addresses.
pub(super) fn channels(workspace: &Workspace) -> HashMap<Span, &Node> {
    let declared = workspace.contract().and_then(|root| root.get("channels"));
    declared
        .map(Node::entries)
        .unwrap_or_default()
        .iter()
        .filter_map(|entry| workspace.resolve(&entry.value).ok())
        .filter_map(|channel| Some((channel.get("address")?.span, channel)))
        .collect()
}

fn of(event: &Event, [channel, schema]: [Option<&Node>; 2], workspace: &Workspace) -> Lifecycle {
    let messages = channel.and_then(|channel| channel.get("messages"));
    let messages = messages.map(Node::entries).unwrap_or_default();
    let own = match messages {
        [only] => Some(only),
        several => several.iter().find(|entry| entry.key == event.name),
    };
    let message = own.and_then(|entry| workspace.resolve(&entry.value).ok());
    let mut lifecycle = Lifecycle::default();
    for node in [channel, message, schema].into_iter().flatten() {
        lifecycle.deprecated |= ["deprecated", "x-deprecated"]
            .iter()
            .any(|key| node.get(key).is_some_and(|v| v.value == Value::Bool(true)));
        if lifecycle.sunset.is_none() {
            let date = node.get("x-sunset").and_then(Node::text);
            lifecycle.sunset = date.map(str::to_owned);
        }
        if lifecycle.upcasts.is_none() {
            let older = node.get("x-upcasts").and_then(Node::text);
            lifecycle.upcasts = older.map(str::to_owned);
        }
    }
    lifecycle.deprecated |= lifecycle.sunset.is_some();
    lifecycle
}

/// For each event the newer ones that it is made into, directly or by way of others, by their places.
pub(super) fn heirs(contract: &Contract, lifecycles: &[Lifecycle]) -> Vec<Vec<usize>> {
    let names = contract.events.iter().enumerate();
    let places: HashMap<&str, usize> = names.map(|(at, event)| (event.name.as_str(), at)).collect();
    let mut heirs = vec![Vec::new(); lifecycles.len()];
    for newer in 0..lifecycles.len() {
        let mut seen = vec![newer];
        let mut next = newer;
        while let Some(older) = lifecycles
            .get(next)
            .and_then(|lifecycle| places.get(lifecycle.upcasts.as_deref()?))
            .filter(|older| !seen.contains(older))
        {
            seen.push(*older);
            next = *older;
            if let Some(heirs) = heirs.get_mut(*older) {
                heirs.push(newer);
            }
        }
    }
    heirs
}

/// An event's name without its version, and the version: `order.placed` and 1.
pub(super) fn split(name: &str) -> Option<(&str, u64)> {
    let (fact, version) = name.rsplit_once(".v")?;
    Some((fact, version.parse().ok()?))
}
