//! What a new event is modelled on: the version before it, or the contract's last event.

use super::event::NewEvent;
use super::texts::Parameter;
use crate::load::{Node, Workspace};
use crate::model::{Contract, Event};

/// What of the contract a new event is modelled on.
pub(super) struct Model<'c> {
    pub(super) address: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) envelope: String,
    pub(super) correlation: Option<String>,
    pub(super) schema: String,
    pub(super) base: Option<&'c Event>,
}

/// The channel and the message of an event, where they stand in the contract itself.
fn nodes<'w>(workspace: &'w Workspace, event: &Event) -> Option<(&'w Node, &'w Node)> {
    let channels = workspace.contract()?.get("channels")?;
    let channel = workspace.resolve(channels.get(&event.name)?).ok()?;
    let message = &channel.get("messages")?.entries().first()?.value;
    Some((channel, workspace.resolve(message).ok()?))
}

pub(super) fn model<'c>(
    workspace: &Workspace,
    contract: &Contract,
    event: &NewEvent,
    base: Option<&'c Event>,
) -> Model<'c> {
    let name = event.name();
    let key = event.key();
    let like = match base {
        Some(base) => nodes(workspace, base),
        None => contract
            .events
            .last()
            .and_then(|last| nodes(workspace, last)),
    };
    let (channel, message) = like.unzip();
    let text = |node: Option<&Node>| node.and_then(Node::text).map(str::to_owned);
    let envelope = message
        .and_then(|message| message.get("payload"))
        .and_then(|payload| workspace.resolve(payload).ok())
        .and_then(|payload| {
            payload
                .get("allOf")?
                .items()
                .iter()
                .find_map(Node::reference)
        });
    let correlation = message.map(|message| {
        text(
            message
                .get("correlationId")
                .and_then(|id| id.get("location")),
        )
    });
    let asked = Parameter {
        location: format!("$message.payload#/data/{key}"),
        name: key.clone(),
    };
    let mut model = Model {
        address: format!("{name}.{{{key}}}"),
        parameters: vec![asked],
        envelope: text(envelope).unwrap_or_else(|| "./events/schemas/envelope.json".to_owned()),
        correlation: correlation
            .unwrap_or_else(|| Some("$message.payload#/correlationid".to_owned())),
        schema: format!("{}{name}.json", folder(contract)),
        base,
    };
    if let Some(base) = base {
        model.schema = base.schema.replace(&base.name, &name);
        if event.key.is_none() {
            model.address = base.address.text.replace(&base.name, &name);
            let parameters = channel.and_then(|channel| channel.get("parameters"));
            model.parameters = parameters
                .map(Node::entries)
                .unwrap_or_default()
                .iter()
                .filter_map(|entry| {
                    let node = workspace.resolve(&entry.value).ok()?;
                    Some(Parameter {
                        name: entry.key.clone(),
                        location: text(node.get("location"))?,
                    })
                })
                .collect();
        }
    }
    model
}

/// The folder of the schemas, with its `/`.
fn folder(contract: &Contract) -> String {
    let known = contract.events.last().map(|event| event.schema.as_str());
    let schema = known.unwrap_or("events/schemas/x");
    schema
        .rsplit_once('/')
        .map_or_else(String::new, |(folder, _)| format!("{folder}/"))
}

pub(super) fn relative(path: &str) -> &'static str {
    if path.starts_with("..") { "" } else { "./" }
}

pub(super) fn filter(address: &str) -> String {
    let tokens: Vec<&str> = address
        .split('.')
        .map(|token| if token.starts_with('{') { "*" } else { token })
        .collect();
    tokens.join(".")
}
