//! Who may do what on the broker: one user per service, with the least that its runtime needs.

use super::{File, markdown, notice};
use crate::model::{Contract, Receive, Service, names};

/// The runtime's stream of dead letters.
const DEAD_LETTERS: &str = "DEAD_LETTERS";
/// All users.
const USERS: &str = "users.conf";
/// Where each service's permissions are.
const FOLDER: &str = "permissions";

/// The configuration to be included in a server's.
pub(super) fn files(contract: &Contract) -> Vec<File> {
    let all: Vec<&str> = contract.services.iter().map(|s| s.name.as_str()).collect();
    let mut scope = names::Scope::with([]);
    let variables: Vec<String> = all
        .iter()
        .map(|name| scope.claim([format!("NATS_NKEY_{}", names::screaming(name, "SERVICE"))]))
        .collect();
    let stems = names::distinct(&all, markdown::file_stem);
    let mut files = vec![File {
        path: USERS.to_owned(),
        text: users(contract, &variables, &stems),
    }];
    for (service, stem) in contract.services.iter().zip(&stems) {
        files.push(File {
            path: format!("{FOLDER}/{stem}.conf"),
            text: permissions(contract, service),
        });
    }
    files
}

const HOW: &str = "\
# One user per service. What is not allowed here is denied.
#
# Include this file where the users of the services' account stand, in an account or in `authorization`:
#
#   accounts {
#     SHOP {
#       jetstream: enabled
#       include \"nats/users.conf\"
#     }
#   }
#
# For users of your own beside these, write the list yourself and include the files of `permissions` alone.
#
# Make a pair of keys for each service (`nk -gen user -pubout`). The seed goes to the service, as NATS_NKEY_SEED; the
# public key, which begins with U, goes into the server's environment.
#
# Services run with TOPOLOGY=bind or TOPOLOGY=verify under these users. Streams and consumers are made by somebody who
# may: by another user, with TOPOLOGY=apply, before.
";

fn users(contract: &Contract, variables: &[String], stems: &[String]) -> String {
    let mut text = format!("# {}\n#\n{HOW}users: [\n", notice(&[&contract.source]));
    for (variable, stem) in variables.iter().zip(stems) {
        let include = quoted(&format!("{FOLDER}/{stem}.conf"));
        text.push_str(&format!(
            "  {{ nkey: ${variable}, permissions: {{ include {include} }} }}\n"
        ));
    }
    text.push_str("]\n");
    text
}

fn permissions(contract: &Contract, service: &Service) -> String {
    let mut text = format!(
        "# {}\n# What the service {} may do.\n\npublish: {{\n  allow: [\n",
        notice(&[&contract.source]),
        one_line(&service.name)
    );
    let mut group = |title: &str, subjects: Vec<String>| {
        if subjects.is_empty() {
            return;
        }
        text.push_str(&format!("    # {}\n", one_line(title)));
        for subject in subjects {
            text.push_str(&format!("    {}\n", quoted(&subject)));
        }
    };
    let events = service.sent().into_iter().map(|id| contract.event(id));
    group(
        "send its events",
        events.map(|event| event.address.filter()).collect(),
    );
    for receive in &service.receives {
        group(&receive.name, consumer(contract, receive));
    }
    group(
        "compare with the contract, for TOPOLOGY=verify",
        verify(contract, service),
    );
    text.push_str(&format!(
        "  ]\n}}\nsubscribe: {{\n  allow: [\n    # answers\n    {}\n  ]\n}}\n",
        quoted(&format!("_INBOX_{}.>", service.name))
    ));
    text
}

/// Pull, look after, acknowledge, and store dead letters.
fn consumer(contract: &Contract, receive: &Receive) -> Vec<String> {
    let Some(stream) = contract.stream_of(contract.event(receive.event)) else {
        return Vec::new();
    };
    let (stream, durable) = (&stream.name, receive.durable());
    vec![
        format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"),
        format!("$JS.API.CONSUMER.INFO.{stream}.{durable}"),
        format!("$JS.ACK.{stream}.{durable}.>"),
        // The longer form, with a domain and the hash of an account before the stream.
        format!("$JS.ACK.*.*.{stream}.{durable}.>"),
        format!("dead.{durable}"),
    ]
}

fn verify(contract: &Contract, service: &Service) -> Vec<String> {
    let received = service.receives.iter().map(|receive| receive.event);
    let mut streams: Vec<&str> = Vec::new();
    for event in received.chain(service.sent()) {
        if let Some(stream) = contract.stream_of(contract.event(event))
            && !streams.contains(&stream.name.as_str())
        {
            streams.push(&stream.name);
        }
    }
    if !streams.contains(&DEAD_LETTERS) {
        streams.push(DEAD_LETTERS);
    }
    let mut subjects = vec!["$JS.API.INFO".to_owned()];
    subjects.extend(
        streams
            .iter()
            .map(|name| format!("$JS.API.STREAM.INFO.{name}")),
    );
    subjects
}

/// Text in double quotes: without them `$` would begin a variable.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
