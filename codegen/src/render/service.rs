//! The file of one service: its marker, its operations and handler traits, their wiring, and what it may send.

use askama::Template;

use super::text::{Lines, literal, prose};
use super::topology::{duration, option, path};
use super::{bounds, header, several, text, upcasts};
use crate::model::jetstream::{Backoff, Ordering, Start};
use crate::model::names::{self, Scope, identifier};
use crate::model::{Contract, Event, Receive, Service};

#[derive(Template)]
#[template(path = "service.txt", escape = "none")]
struct ServiceFile {
    header: String,
    name: String,
    imports: String,
    marker: String,
    operations: Vec<String>,
    consumers: String,
    sends: Vec<String>,
}

/// Names that a service's file uses itself.
const RESERVED: &[&str] = &[
    "Arc",
    "Backoff",
    "Consumers",
    "Downcast",
    "Duration",
    "Event",
    "Future",
    "H",
    "Handled",
    "Handler",
    "HandlerOfSeveral",
    "Handlers",
    "None",
    "Ok",
    "Operation",
    "Option",
    "Ordering",
    "PublishError",
    "Result",
    "Retry",
    "Self",
    "Send",
    "SentBy",
    "Service",
    "Some",
    "Start",
    "Stream",
    "String",
    "Sync",
    "Twins",
    "Tx",
    "Vec",
];

/// The names of one receive operation.
struct Names {
    /// The handler trait.
    handler: String,
    /// Its method.
    method: String,
    /// The static.
    operation: String,
    /// The type that hands an event to the handler.
    adapter: String,
    /// The type of the event's data.
    data: String,
}

/// The module of a service.
pub(super) fn module_name(service: &Service) -> String {
    names::snake(&service.name, "service")
}

pub(super) fn file(contract: &Contract, service: &Service) -> Result<String, askama::Error> {
    let mut scope = Scope::with(RESERVED.iter().copied());
    let receives = service.receives.iter().flat_map(Receive::events);
    for event in receives.chain(service.sends.iter().map(|send| send.event)) {
        let event = contract.event(event);
        scope.try_claim(&contract.types.get(event.data).name);
    }
    let pascal = names::pascal(&service.name, "Service");
    let marker = scope.claim([pascal.clone(), format!("{pascal}Service")]);
    let all: Vec<(&Receive, Names)> = service
        .receives
        .iter()
        .map(|receive| (receive, operation_names(contract, receive, &mut scope)))
        .collect();
    ServiceFile {
        header: header(&[&contract.source]),
        name: service.name.clone(),
        imports: imports(contract, service),
        marker: marker_type(contract, service, &marker, &all),
        operations: all
            .iter()
            .flat_map(|(receive, names)| {
                operation(contract, receive, names, &marker, &module_name(service))
            })
            .collect(),
        consumers: consumers(&marker, &service.name, &all),
        sends: upcasts::sent_by(contract, service, &marker),
    }
    .render()
}

fn operation_names(contract: &Contract, receive: &Receive, scope: &mut Scope) -> Names {
    let pascal = names::pascal(&receive.local, "Operation");
    let handler = scope.claim([pascal.clone(), format!("{pascal}Handler")]);
    Names {
        method: identifier(&names::snake(&receive.local, "handle")),
        operation: scope.claim([names::screaming(&receive.local, "OPERATION")]),
        adapter: scope.claim([format!("{pascal}With"), format!("{pascal}WithHandler")]),
        data: several::data_name(contract, receive, scope),
        handler,
    }
}

fn imports(contract: &Contract, service: &Service) -> String {
    let mut lines = Lines::at(0);
    let receives = !service.receives.is_empty();
    if receives {
        lines
            .line("use std::sync::Arc;")
            .line("use std::time::Duration;")
            .line("");
    }
    let mut names = vec!["Consumers", "Service", "Stream", "Operation"];
    if receives {
        names.extend([
            "Backoff", "Event", "Handled", "Ordering", "Retry", "Start", "Tx",
        ]);
    }
    let several = |receive: &Receive| !receive.others.is_empty();
    if service.receives.iter().any(several) {
        names.push("HandlerOfSeveral");
    }
    if !service.receives.iter().all(several) {
        names.push("Handler");
    }
    if !service.sends.is_empty() {
        names.push("SentBy");
    }
    let made = upcasts::made(contract, service);
    if !made.is_empty() {
        names.extend(["Downcast", "PublishError", "Twins"]);
    }
    let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    names.sort_by(|a, b| text::version_order(a, b));
    lines.import("jetway", &names);
    let mut used: Vec<&Event> = service
        .receives
        .iter()
        .flat_map(Receive::events)
        .chain(service.sent())
        .map(|id| contract.event(id))
        .chain(made)
        .collect();
    used.sort_by(|a, b| {
        contract
            .types
            .get(a.data)
            .name
            .cmp(&contract.types.get(b.data).name)
    });
    used.dedup_by(|a, b| a.name == b.name);
    let mut names: Vec<String> = used
        .iter()
        .map(|event| contract.types.get(event.data).name.clone())
        .collect();
    if !used.is_empty() {
        lines.line("");
        names.push("topology".to_owned());
    }
    names.sort_by(|a, b| text::version_order(a, b));
    lines.import("super", &names);
    lines.finish()
}

fn marker_type(
    contract: &Contract,
    service: &Service,
    marker: &str,
    all: &[(&Receive, Names)],
) -> String {
    let mut lines = Lines::at(0);
    lines.doc(&format!(
        "The service `{}` of {}.",
        service.name, contract.source
    ));
    lines
        .line("#[derive(Clone, Copy, Debug)]")
        .line(format!("pub enum {marker} {{}}"))
        .line("");
    lines.line(format!("impl Service for {marker} {{")).deeper();
    lines.line(format!(
        "const NAME: &'static str = {};",
        literal(&service.name)
    ));
    let mut streams: Vec<String> = Vec::new();
    let events = service
        .receives
        .iter()
        .map(|receive| receive.event)
        .chain(service.sent());
    for event in events {
        let stream = contract.stream_of(contract.event(event));
        let item = stream.map(|stream| format!("&{}", path(contract, &stream.name)));
        streams.extend(item.filter(|item| !streams.contains(item)));
    }
    lines.list(
        "const STREAMS: &'static [&'static Stream] = ",
        &streams,
        ";",
    );
    let operations: Vec<String> = all
        .iter()
        .map(|(_, names)| format!("&{}", names.operation))
        .collect();
    lines.list(
        "const OPERATIONS: &'static [&'static Operation] = ",
        &operations,
        ";",
    );
    lines.back().line("}");
    lines.finish()
}

/// The static, the handler trait, and the adapter.
fn operation(
    contract: &Contract,
    receive: &Receive,
    names: &Names,
    marker: &str,
    module: &str,
) -> Vec<String> {
    let event = contract.event(receive.event);
    let mut items = vec![operation_static(contract, receive, event, names)];
    items.extend(several::data(contract, receive, &names.data));
    items.push(handler_trait(
        contract, receive, event, names, marker, module,
    ));
    items.push(adapter(contract, receive, names, marker));
    items
}

fn operation_static(
    contract: &Contract,
    receive: &Receive,
    event: &Event,
    names: &Names,
) -> String {
    let settings = &receive.settings;
    let retry = &settings.retry;
    let stream = contract
        .stream_of(event)
        .map_or("", |stream| stream.name.as_str());
    let mut lines = Lines::at(0);
    let received = upcasts::received(contract, receive);
    lines.doc(&format!("`{}`: receives {received}.", receive.name));
    lines
        .line(format!(
            "pub static {}: Operation = Operation {{",
            names.operation
        ))
        .deeper();
    lines.line(format!("name: {},", literal(&receive.name)));
    lines.line(format!("durable: {},", literal(&receive.durable())));
    lines.line(format!("stream: &{},", path(contract, stream)));
    upcasts::filters(&mut lines, contract, receive);
    lines.line(format!("address: {},", literal(&event.address.text)));
    let types: Vec<&str> = receive
        .events()
        .map(|event| contract.event(event).name.as_str())
        .collect();
    lines.line(format!("event_type: {},", literal(&types.join(", "))));
    lines.line(format!("concurrency: {},", settings.concurrency));
    let ordering = match settings.ordering {
        Ordering::None => "None",
        Ordering::Key => "Key",
    };
    lines.line(format!("ordering: Ordering::{ordering},"));
    lines.line(format!("ack_wait: {},", duration(settings.ack_wait.0)));
    lines.line(format!("timeout: {},", duration(settings.timeout.0)));
    lines.line("retry: Retry {").deeper();
    lines.line(format!("max_attempts: {},", retry.max_attempts));
    let backoff = match retry.backoff {
        Backoff::Exponential => "Exponential",
        Backoff::Linear => "Linear",
        Backoff::Fixed => "Fixed",
    };
    lines.line(format!("backoff: Backoff::{backoff},"));
    lines.line(format!("initial: {},", duration(retry.initial.0)));
    lines.line(format!("cap: {},", duration(retry.cap.0)));
    lines.line(format!("defer_limit: {},", duration(retry.defer_limit.0)));
    lines.back().line("},");
    lines.line(format!("alert_after: {},", settings.alert_after));
    let start = match settings.start {
        Start::All => "All",
        Start::New => "New",
    };
    lines.line(format!("start: Start::{start},"));
    lines.line(format!("rate_limit: {},", option(settings.rate_limit)));
    lines.back().line("};");
    lines.finish()
}

fn handler_trait(
    contract: &Contract,
    receive: &Receive,
    event: &Event,
    names: &Names,
    marker: &str,
    module: &str,
) -> String {
    let source = &contract.source;
    let Names {
        handler,
        method,
        data,
        ..
    } = names;
    let name = &receive.name;
    let own = if receive.doc.is_empty() {
        &event.doc
    } else {
        &receive.doc
    };
    let mut lines = Lines::at(0);
    let doc = format!(
        "The handler of `{name}`, which receives {}.{} {}",
        upcasts::received(contract, receive),
        several::unnamed(contract, receive),
        prose(own)
    );
    lines.doc(doc.trim_end());
    if receive.others.is_empty()
        && let Some(deprecation) = contract.deprecation(event)
    {
        lines.line("///").doc(&deprecation);
    }
    lines.line("#[diagnostic::on_unimplemented(").deeper();
    lines.line(format!(
        "message = {},",
        literal(&format!("operation `{name}` of {source} has no handler: `{{Self}}` does not implement `{handler}`"))
    ));
    lines.line(format!(
        "label = {},",
        literal(&format!("`{name}` would have nobody to handle it"))
    ));
    lines.line(format!(
        "note = {}",
        literal(&format!(
            "write `impl events::{}::{handler} for {{Self}}` with `async fn {method}(&self, event: &Event<{data}>, tx: &mut Tx<'_, {marker}>) -> Handled`, or take the operation out of {source} and run `just codegen`",
            identifier(module)
        ))
    ));
    lines.back().line(")]");
    lines
        .line(format!("pub trait {handler}: Send + Sync + 'static {{"))
        .deeper();
    lines.doc(&if receive.others.is_empty() {
        format!("Handles one `{}`.", event.name)
    } else {
        "Handles one of them.".to_owned()
    });
    let parameters = [
        "&self".to_owned(),
        format!("event: &Event<{data}>"),
        format!("tx: &mut Tx<'_, {marker}>"),
    ];
    lines.signature(
        &format!("fn {method}"),
        &parameters,
        " -> impl Future<Output = Handled> + Send;",
    );
    lines.back().line("}");
    lines.finish()
}

fn adapter(contract: &Contract, receive: &Receive, names: &Names, marker: &str) -> String {
    let Names {
        handler,
        method,
        adapter,
        data,
        ..
    } = names;
    let of = if receive.others.is_empty() {
        "Handler"
    } else {
        "HandlerOfSeveral"
    };
    let mut lines = Lines::at(0);
    lines.line(format!("struct {adapter}<H>(Arc<H>);")).line("");
    let whole = format!("impl<H: {handler}> {of} for {adapter}<H> {{");
    if whole.chars().count() <= 100 {
        lines.line(whole).deeper();
    } else {
        lines.line(format!("impl<H: {handler}> {of}"));
        lines
            .line(format!("    for {adapter}<H>"))
            .line("{")
            .deeper();
    }
    lines
        .line(format!("type Service = {marker};"))
        .line(format!("type Data = {data};"));
    several::skips(&mut lines, contract, receive);
    lines.line("");
    lines.line("async fn handle(&self, event: &Event<Self::Data>, tx: &mut Tx<'_, Self::Service>) -> Handled {");
    let chain = [
        "self.0".to_owned(),
        format!(".{method}(event, tx)"),
        ".await".to_owned(),
    ];
    lines.deeper().chain("", &chain, "").back().line("}");
    lines.back().line("}");
    lines.finish()
}

fn consumers(marker: &str, service: &str, all: &[(&Receive, Names)]) -> String {
    let mut lines = Lines::at(0);
    if all.is_empty() {
        lines.doc(&format!(
            "`{service}` receives nothing, so it has no consumers."
        ));
        lines.line("#[must_use]");
        lines
            .line(format!("pub fn consumers() -> Consumers<{marker}> {{"))
            .deeper();
        lines.line("Consumers::new()").back().line("}");
        return lines.finish();
    }
    let traits: Vec<&str> = all
        .iter()
        .map(|(_, names)| names.handler.as_str())
        .collect();
    lines.doc(&format!("All that `{service}` must handle."));
    bounds::supertraits(&mut lines, &traits);
    lines.line("");
    lines.doc("The consumers, one per receive operation.");
    lines
        .line(format!(
            "pub fn consumers<H>(handlers: H) -> Consumers<{marker}>"
        ))
        .line("where")
        .deeper();
    bounds::bounded(&mut lines, "H", &traits, ",");
    lines.back().line("{").deeper();
    lines.line("let handlers = Arc::new(handlers);");
    let calls: Vec<(String, Vec<String>)> = all
        .iter()
        .enumerate()
        .map(|(i, (receive, names))| {
            let shared = if i + 1 < all.len() {
                "handlers.clone()"
            } else {
                "handlers"
            };
            let arguments = vec![
                format!("&{}", names.operation),
                format!("{}({shared})", names.adapter),
            ];
            let with = if receive.others.is_empty() {
                ".with"
            } else {
                ".with_several"
            };
            (with.to_owned(), arguments)
        })
        .collect();
    lines.calls("Consumers::new()", &calls).back().line("}");
    lines.finish()
}
