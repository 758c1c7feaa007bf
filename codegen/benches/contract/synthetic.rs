//! A contract of as many events as one likes, each of the size of `order.placed.v1`. The same number gives the same files.

use std::fmt::Write as _;
use std::path::Path;

/// Events per service, which is also events per stream: a large contract has more of both, not longer ones.
const PER_SERVICE: usize = 20;

const ENVELOPE: &str = include_str!("../../../events/schemas/envelope.json");
const CURRENCY: &str = include_str!("../../../events/schemas/shared/currency.json");
const CUSTOMER: &str = include_str!("../../../events/schemas/shared/customer.json");
const MONEY: &str = include_str!("../../../events/schemas/shared/money.json");
const ORDER_PLACED: &str = include_str!("../../../events/schemas/order.placed.v1.json");

/// Writes `asyncapi.yaml` and its schemas into `folder`.
pub(crate) fn write(folder: &Path, events: usize) -> std::io::Result<()> {
    let schemas = folder.join("events/schemas");
    std::fs::create_dir_all(schemas.join("shared"))?;
    std::fs::write(schemas.join("envelope.json"), ENVELOPE)?;
    std::fs::write(schemas.join("shared/currency.json"), CURRENCY)?;
    std::fs::write(schemas.join("shared/customer.json"), CUSTOMER)?;
    std::fs::write(schemas.join("shared/money.json"), MONEY)?;
    for number in 0..events {
        std::fs::write(
            schemas.join(format!("{}.json", event(number))),
            schema(number),
        )?;
    }
    std::fs::write(folder.join("asyncapi.yaml"), contract(events))
}

fn event(number: usize) -> String {
    format!("order_{number:05}.placed.v1")
}

/// Writes the same schemas without references to other files, for tools that do not follow them.
pub(crate) fn standalone(folder: &Path, events: usize) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for number in 0..events {
        let shared = [
            ("customer", CUSTOMER),
            ("money", MONEY),
            ("currency", CURRENCY),
        ];
        let mut text = schema(number);
        for (name, definition) in shared {
            let definition = definition.replace(
                "\"$schema\": \"https://json-schema.org/draft/2020-12/schema\",",
                "",
            );
            text = text.replace(
                "\"$defs\": {",
                &format!("\"$defs\": {{ \"{name}\": {definition},"),
            );
        }
        for (name, _) in shared {
            for file in [format!("shared/{name}.json"), format!("{name}.json")] {
                text = text.replace(&format!("\"{file}\""), &format!("\"#/$defs/{name}\""));
            }
        }
        std::fs::write(folder.join(format!("{}.json", event(number))), text)?;
    }
    Ok(())
}

/// The schema of one event as it stands.
fn schema(number: usize) -> String {
    ORDER_PLACED.replace("OrderPlacedV1", &format!("Order{number:05}PlacedV1"))
}

fn service(number: usize) -> String {
    format!("service_{:04}", number / PER_SERVICE)
}

fn contract(events: usize) -> String {
    document(events).unwrap_or_default()
}

fn document(events: usize) -> Result<String, std::fmt::Error> {
    let mut text = String::from(
        "asyncapi: 3.0.0\ninfo: { title: Synthetic, version: 1.0.0 }\n\
         defaultContentType: application/cloudevents+json\nx-jetstream:\n  streams:\n",
    );
    for first in (0..events).step_by(PER_SERVICE) {
        let subjects: Vec<String> = (first..events.min(first + PER_SERVICE))
            .map(|number| format!("order_{number:05}.>"))
            .collect();
        writeln!(
            text,
            "    STREAM_{:04}: {{ subjects: [{}], max-age: 30d }}",
            first / PER_SERVICE,
            subjects.join(", ")
        )?;
    }
    text.push_str("channels:\n");
    for name in (0..events).map(event) {
        write!(
            text,
            "  {name}:\n    address: {name}.{{orderId}}\n    description: An order has been charged and stored.\n    \
             parameters:\n      orderId: {{ location: $message.payload#/data/orderId }}\n    messages:\n      \
             {name}: {{ $ref: '#/components/messages/{name}' }}\n"
        )?;
    }
    text.push_str("operations:\n");
    for number in 0..events {
        let name = event(number);
        // The next service receives what this one sends.
        let receiver = service((number + PER_SERVICE) % events.max(1));
        write!(
            text,
            "  {}.place{number}:\n    action: send\n    channel: {{ $ref: '#/channels/{name}' }}\n  \
             {receiver}.record{number}:\n    action: receive\n    channel: {{ $ref: '#/channels/{name}' }}\n    \
             x-jetstream: {{ concurrency: 8, ordering: key }}\n",
            service(number)
        )?;
    }
    text.push_str("components:\n  messages:\n");
    for name in (0..events).map(event) {
        write!(
            text,
            "    {name}:\n      correlationId: {{ location: $message.payload#/correlationid }}\n      payload:\n        \
             allOf:\n          - $ref: ./events/schemas/envelope.json\n          - properties: {{ type: {{ const: {name} \
             }}, data: {{ $ref: ./events/schemas/{name}.json }} }}\n"
        )?;
    }
    Ok(text)
}
