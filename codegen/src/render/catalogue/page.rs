//! An event's page.

use super::{Book, INDEX, example, fields, words};
use crate::model::{Event, Receive, Service};
use crate::render::markdown::{self, address, code, inline, link, paragraph};
use crate::render::notice;
use crate::render::trees::up;

pub(super) fn text(book: &Book<'_>, index: usize, event: &Event) -> String {
    let mut text = format!(
        "<!-- {} -->\n\n# {}\n",
        notice(&[&book.contract.source, &event.schema]),
        code(&event.name)
    );
    let mut add = |part: String| {
        if !part.is_empty() {
            text.push('\n');
            text.push_str(&part);
        }
    };
    add(lead(book, index, event));
    add(format!("## Its data\n{}", data(book, index)));
    add(format!("## Example\n\n{}", example_text(book, event)));
    add(format!("## Who sends it\n\n{}", senders(book, index)));
    add(format!("## Who receives it\n\n{}", receivers(book, index)));
    add(versions(book, index, event));
    add(format!("## On the broker\n\n{}", broker(book, event)));
    add(format!("[All events]({INDEX})\n"));
    text
}

fn lead(book: &Book<'_>, index: usize, event: &Event) -> String {
    let mut said = String::new();
    if let Some(words) = book.lifecycle(index).words() {
        let newer = newest(book, event).filter(|newest| *newest != index);
        let instead = newer.map(|newest| format!(": use {}", book.link(newest)));
        said.push_str(&format!(
            "> **This version is {words}**{}.\n\n",
            instead.unwrap_or_default()
        ));
    }
    if !event.doc.is_empty() {
        said.push_str(&paragraph(&event.doc));
        said.push('\n');
    }
    said
}

fn broker(book: &Book<'_>, event: &Event) -> String {
    let mut rows = vec![["Subject".to_owned(), code(&event.address.text)]];
    let key = event.address.parameters();
    if !key.is_empty() {
        let named: Vec<String> = key
            .iter()
            .map(|name| code(&format!("{{{name}}}")))
            .collect();
        rows.push([
            "Ordering key".to_owned(),
            format!("{}{}", markdown::listed(&named), taken_from(book, event)),
        ]);
    }
    match book.contract.stream_of(event) {
        Some(stream) => {
            let settings = &stream.settings;
            rows.push(["Stream".to_owned(), code(&stream.name)]);
            rows.push(["Kept".to_owned(), words::keeps(settings)]);
            rows.push(["Stored".to_owned(), words::stored(settings)]);
            rows.push([
                "Published twice counts once".to_owned(),
                format!("within {}", words::period(settings.duplicate_window.0)),
            ]);
        }
        None => rows.push(["Stream".to_owned(), "none keeps it".to_owned()]),
    }
    rows.push(["Schema".to_owned(), link(&event.schema, &up(&event.schema))]);
    markdown::table(["", ""], &rows)
}

/// Where in the event the subject's parameters are found.
fn taken_from(book: &Book<'_>, event: &Event) -> String {
    let channel = book.channel(event);
    let locations: Vec<String> = event
        .address
        .parameters()
        .into_iter()
        .filter_map(|name| {
            let parameter = channel?.get("parameters")?.get(name)?;
            let parameter = book.workspace.resolve(parameter).ok()?;
            let location = parameter.get("location")?.text()?;
            Some(code(location.strip_prefix("$message.payload#/")?))
        })
        .collect();
    if locations.is_empty() {
        String::new()
    } else {
        format!(", from {}", markdown::listed(&locations))
    }
}

fn senders(book: &Book<'_>, index: usize) -> String {
    let rows: Vec<[String; 2]> = book
        .senders(index)
        .iter()
        .map(|(service, send)| [service_link(book, service), code(&send.name)])
        .collect();
    if rows.is_empty() {
        return "No service of this contract does.\n".to_owned();
    }
    markdown::table(["Service", "Operation"], &rows)
}

fn receivers(book: &Book<'_>, index: usize) -> String {
    let rows: Vec<[String; 4]> = book
        .all_receivers(index)
        .into_iter()
        .map(|(as_which, service, receive)| {
            let mut row = receiver(book, service, receive);
            if as_which != index {
                let [_, operation, ..] = &mut row;
                operation.push_str(&format!(", as {}", book.link(as_which)));
            }
            row
        })
        .collect();
    if rows.is_empty() {
        return "No service of this contract does.\n".to_owned();
    }
    markdown::table(
        ["Service", "Operation", "Handles", "After a failure"],
        &rows,
    )
}

fn receiver(book: &Book<'_>, service: &Service, receive: &Receive) -> [String; 4] {
    let mut operation = code(&receive.name);
    if !receive.doc.is_empty() {
        operation = format!("{operation}: {}", inline(&receive.doc));
    }
    [
        service_link(book, service),
        operation,
        words::handling(&receive.settings),
        words::retry(&receive.settings.retry),
    ]
}

pub(super) fn service_link(book: &Book<'_>, service: &Service) -> String {
    let document = book.documents.get(service.name.as_str());
    link(&service.name, &up(document.map_or("", String::as_str)))
}

fn newest(book: &Book<'_>, event: &Event) -> Option<usize> {
    book.versions(event).last().map(|(_, index)| *index)
}

fn versions(book: &Book<'_>, index: usize, event: &Event) -> String {
    let siblings = book.versions(event);
    if siblings.len() < 2 {
        return String::new();
    }
    let rows: Vec<[String; 2]> = siblings
        .iter()
        .map(|(_, other)| {
            let name = if *other == index {
                format!("{} (this page)", code(&event.name))
            } else {
                book.link(*other)
            };
            let lifecycle = book.lifecycle(*other);
            let mut words = lifecycle.words().unwrap_or_else(|| "current".to_owned());
            if let Some(older) = &lifecycle.upcasts {
                words.push_str(&format!(
                    "; who receives it gets {} too, upcast",
                    code(older)
                ));
            }
            [name, words]
        })
        .collect();
    format!(
        "## Versions\n\n{}",
        markdown::table(["Version", "State"], &rows)
    )
}

fn data(book: &Book<'_>, index: usize) -> String {
    match book.schema(index) {
        Some(schema) => fields::tables(book.workspace, schema),
        None => String::new(),
    }
}

fn example_text(book: &Book<'_>, event: &Event) -> String {
    match example::first(book.workspace, event) {
        Some(example) => format!(
            "The data of an event, from [{}]({}):\n\n{}",
            code(&example.path),
            address(&up(&example.path)),
            markdown::fenced("json", &example.text)
        ),
        None => format!(
            "There is none: put one into {}.\n",
            code(&format!("{}/{}/valid", example::FOLDER, event.name))
        ),
    }
}
