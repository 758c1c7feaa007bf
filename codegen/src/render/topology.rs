//! `topology.rs`: the streams.

use std::time::Duration;

use askama::Template;

use super::header;
use super::text::{Lines, literal, prose};
use crate::model::jetstream::{Retention, Storage};
use crate::model::{Contract, Stream, names};

#[derive(Template)]
#[template(path = "topology.txt", escape = "none")]
struct Topology {
    header: String,
    imports: String,
    streams: Vec<String>,
}

pub(super) fn file(contract: &Contract) -> Result<String, askama::Error> {
    let names = statics(contract);
    let imports = if contract.streams.is_empty() {
        String::new()
    } else {
        "\nuse std::time::Duration;\n\nuse jetway::{Retention, Storage, Stream};\n".to_owned()
    };
    let mut streams: Vec<String> = contract
        .streams
        .iter()
        .zip(&names)
        .map(|(s, name)| stream(s, name))
        .collect();
    streams.push(all(&names));
    Topology {
        header: header(&[&contract.source]),
        imports,
        streams,
    }
    .render()
}

/// The Rust names of the streams, in their order.
fn statics(contract: &Contract) -> Vec<String> {
    let mut scope = names::Scope::with(["STREAMS"]);
    let claim = |stream: &Stream| scope.claim([names::screaming(&stream.name, "STREAM")]);
    contract.streams.iter().map(claim).collect()
}

/// The path of a stream's static from a sibling module.
pub(super) fn path(contract: &Contract, name: &str) -> String {
    let names = contract.stream_statics.get_or_init(|| {
        let streams = contract.streams.iter().map(|stream| stream.name.clone());
        streams.zip(statics(contract)).collect()
    });
    let found = names.get(name).map_or("", String::as_str);
    format!("topology::{found}")
}

fn all(names: &[String]) -> String {
    let mut lines = Lines::at(0);
    lines.doc("Every stream of the contract.");
    let items: Vec<String> = names.iter().map(|name| format!("&{name}")).collect();
    let ty = if names.is_empty() {
        "jetway::Stream"
    } else {
        "Stream"
    };
    lines.list(&format!("pub static STREAMS: &[&{ty}] = "), &items, ";");
    lines.finish()
}

fn stream(stream: &Stream, name: &str) -> String {
    let settings = &stream.settings;
    let mut lines = Lines::at(0);
    let doc = settings.description.as_deref().map(prose);
    lines.doc(&doc.unwrap_or_else(|| format!("The stream `{}`.", stream.name)));
    lines
        .line(format!("pub static {name}: Stream = Stream {{"))
        .deeper();
    lines.line(format!("name: {},", literal(&stream.name)));
    let subjects: Vec<String> = settings
        .subjects
        .iter()
        .map(|subject| literal(subject))
        .collect();
    lines.list("subjects: ", &subjects, ",");
    let retention = match settings.retention {
        Retention::Limits => "Limits",
        Retention::Interest => "Interest",
        Retention::WorkQueue => "WorkQueue",
    };
    let storage = match settings.storage {
        Storage::File => "File",
        Storage::Memory => "Memory",
    };
    lines.line(format!("retention: Retention::{retention},"));
    lines.line(format!("storage: Storage::{storage},"));
    lines.line(format!("replicas: {},", settings.replicas));
    let age = settings.max_age.map(|age| duration(age.0));
    lines.line(format!("max_age: {},", option(age)));
    lines.line(format!("max_bytes: {},", option(settings.max_bytes)));
    lines.line(format!("max_messages: {},", option(settings.max_messages)));
    lines.line(format!(
        "duplicate_window: {},",
        duration(settings.duplicate_window.0)
    ));
    lines.back().line("};");
    lines.finish()
}

/// `Some(value)` or `None`.
pub(super) fn option(value: Option<impl ToString>) -> String {
    value.map_or_else(
        || "None".to_owned(),
        |value| format!("Some({})", value.to_string()),
    )
}

/// A duration in the largest unit that `Duration` has and that leaves no rest.
pub(super) fn duration(length: Duration) -> String {
    let millis = length.as_millis();
    if millis.is_multiple_of(1000) {
        format!("Duration::from_secs({})", millis / 1000)
    } else {
        format!("Duration::from_millis({millis})")
    }
}
