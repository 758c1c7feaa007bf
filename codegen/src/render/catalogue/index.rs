//! The index of the catalogue.

use std::collections::HashMap;

use super::{Book, DIAGRAM, PICTURE, page, words};
use crate::load::Node;
use crate::model::{EventId, Receive, Service};
use crate::render::markdown::{self, code, inline, link, paragraph};
use crate::render::notice;
use crate::render::trees::up;

pub(super) fn text(book: &Book<'_>) -> String {
    let contract = book.contract;
    let info = book.workspace.contract().and_then(|root| root.get("info"));
    let said = |key| info.and_then(|info| info.get(key)).and_then(Node::text);
    let title = said("title").map_or_else(|| contract.source.clone(), inline);
    let mut text = format!(
        "<!-- {} -->\n\n# Events: {title}\n",
        notice(&[&contract.source])
    );
    if let Some(description) = said("description") {
        text.push_str(&format!("\n{}\n", paragraph(description)));
    }
    text.push_str(&format!(
        "\n[![Which service sends which events to whom]({PICTURE})]({PICTURE})\n\nThe same [as a diagram in text]({DIAGRAM}). \
         All of it comes from {}, which also says how to change it.\n",
        link(&contract.source, &up(&contract.source))
    ));
    text.push_str("\n## Events\n");
    for (entity, events) in by_entity(book) {
        text.push_str(&format!(
            "\n### {}\n\n{}",
            code(entity),
            event_table(book, &events)
        ));
    }
    text.push_str("\n## Services\n\n");
    text.push_str(&service_table(book));
    if !contract.streams.is_empty() {
        text.push_str("\n## Streams\n\n");
        text.push_str(&stream_table(book));
    }
    text
}

/// The events' places by the first part of their names, in the order of the contract.
fn by_entity<'b>(book: &'b Book<'_>) -> Vec<(&'b str, Vec<usize>)> {
    let mut groups: Vec<(&str, Vec<usize>)> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    for (index, event) in book.contract.events.iter().enumerate() {
        let entity = event.name.split('.').next().unwrap_or(&event.name);
        let place = *known.entry(entity).or_insert_with(|| {
            groups.push((entity, Vec::new()));
            groups.len() - 1
        });
        if let Some((_, events)) = groups.get_mut(place) {
            events.push(index);
        }
    }
    groups
}

fn event_table(book: &Book<'_>, events: &[usize]) -> String {
    let rows: Vec<[String; 4]> = events
        .iter()
        .map(|index| {
            let doc = book.event(*index).map_or("", |event| event.doc.as_str());
            let mut said = inline(doc);
            if let Some(words) = book.lifecycle(*index).words() {
                said = format!("**{words}.** {said}").trim_end().to_owned();
            }
            let senders = book.senders(*index).iter().map(|(service, _)| *service);
            let receivers = book.all_receivers(*index).into_iter();
            let receivers = receivers.map(|(_, service, _)| service);
            [book.link(*index), said, names(senders), names(receivers)]
        })
        .collect();
    markdown::table(
        ["Event", "What has happened", "Sent by", "Received by"],
        &rows,
    )
}

fn names<'s>(services: impl Iterator<Item = &'s Service>) -> String {
    let mut names: Vec<&str> = Vec::new();
    for service in services {
        if !names.contains(&service.name.as_str()) {
            names.push(&service.name);
        }
    }
    if names.is_empty() {
        "nobody".to_owned()
    } else {
        names.join(", ")
    }
}

fn service_table(book: &Book<'_>) -> String {
    let events = |ids: Vec<usize>| {
        let mut links: Vec<String> = Vec::new();
        for id in ids {
            let link = book.link(id);
            if !links.contains(&link) {
                links.push(link);
            }
        }
        links.join("<br>")
    };
    let rows: Vec<[String; 3]> = book
        .contract
        .services
        .iter()
        .map(|service| {
            let sends = service.sends.iter().map(|send| send.event.index());
            let receives = service.receives.iter().flat_map(Receive::events);
            let receives = receives.map(EventId::index);
            [
                page::service_link(book, service),
                events(sends.collect()),
                events(receives.collect()),
            ]
        })
        .collect();
    let head = ["Service and its own document", "Sends", "Receives"];
    markdown::table(head, &rows)
}

fn stream_table(book: &Book<'_>) -> String {
    let rows: Vec<[String; 4]> = book
        .contract
        .streams
        .iter()
        .map(|stream| {
            let subjects: Vec<String> =
                stream.subjects.iter().map(|(name, _)| code(name)).collect();
            [
                code(&stream.name),
                subjects.join(", "),
                words::keeps(&stream.settings),
                words::stored(&stream.settings),
            ]
        })
        .collect();
    markdown::table(["Stream", "Subjects", "Keeps an event", "Stored"], &rows)
}
