//! Who may do what on the broker: a user per service, and one that makes streams and consumers, each with the least that
//! the runtime needs.

use super::{File, markdown, notice};
use crate::model::{Contract, Receive, Service, names};

/// The runtime's stream of dead letters.
const DEAD_LETTERS: &str = "DEAD_LETTERS";
/// All users.
const USERS: &str = "users.conf";
/// Where each service's permissions are.
const FOLDER: &str = "permissions";
/// The permissions of the user that makes streams and consumers.
const TOPOLOGY: &str = "topology.conf";
const TOPOLOGY_KEY: &str = "NATS_NKEY_TOPOLOGY";

/// The configuration to be included in a server's.
pub(super) fn files(contract: &Contract) -> Vec<File> {
    let all: Vec<&str> = contract.services.iter().map(|s| s.name.as_str()).collect();
    let mut scope = names::Scope::with([TOPOLOGY_KEY]);
    let variables: Vec<String> = all
        .iter()
        .map(|name| scope.claim([format!("NATS_NKEY_{}", names::screaming(name, "SERVICE"))]))
        .collect();
    let stems = names::distinct(&all, markdown::file_stem);
    let mut files = vec![
        File {
            path: USERS.to_owned(),
            text: users(contract, &variables, &stems),
        },
        File {
            path: TOPOLOGY.to_owned(),
            text: topology(contract),
        },
    ];
    for (service, stem) in contract.services.iter().zip(&stems) {
        files.push(File {
            path: format!("{FOLDER}/{stem}.conf"),
            text: permissions(contract, service),
        });
    }
    files
}

const HOW: &str = "\
# A user per service, and one that makes streams and consumers. What is not allowed is denied.
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
# For other users beside these write the list yourself, and include in it what this one includes.
#
# Make a pair of keys for each (`nk -gen user -pubout`). The server gets the public keys, which begin with U, in the
# variables below; each service gets its seed, as NATS_NKEY_SEED, and runs with TOPOLOGY=bind or TOPOLOGY=verify. Before,
# after every change of the contract, run each of them once as the other user:
#
#   TOPOLOGY=provision NATS_NKEY_SEED=SU… NATS_INBOX_PREFIX=_INBOX_topology <service>
#
# Keep that seed where releases are made: who may change the limits of a stream can empty it.
";

fn users(contract: &Contract, variables: &[String], stems: &[String]) -> String {
    let mut text = format!("# {}\n#\n{HOW}users: [\n", notice(&[&contract.source]));
    for (variable, stem) in variables.iter().zip(stems) {
        let include = quoted(&format!("{FOLDER}/{stem}.conf"));
        text.push_str(&format!(
            "  {{ nkey: ${variable}, permissions: {{ include {include} }} }}\n"
        ));
    }
    let include = quoted(TOPOLOGY);
    text.push_str(&format!(
        "  {{ nkey: ${TOPOLOGY_KEY}, permissions: {{ include {include} }} }}\n]\n"
    ));
    text
}

fn permissions(contract: &Contract, service: &Service) -> String {
    let mut allowed = Allowed::default();
    let events = service.sent().into_iter().map(|id| contract.event(id));
    allowed.group(
        "send its events",
        events.map(|event| event.address.filter()).collect(),
    );
    for receive in &service.receives {
        allowed.group(&receive.name, consumer(contract, receive));
    }
    allowed.group(
        "compare with the contract, for TOPOLOGY=verify",
        verify(contract, service),
    );
    allowed.file(
        contract,
        &format!("the service {}", service.name),
        &service.name,
    )
}

/// What it takes to make and update every stream and consumer. Not to delete one, nor to ask for what it keeps; but who
/// may change the limits of a stream can empty it, which is why no service is this user.
fn topology(contract: &Contract) -> String {
    let mut allowed = Allowed::default();
    allowed.group(
        "look around",
        vec![
            "$JS.API.INFO".to_owned(),
            // To name the stream that has the subjects of another.
            "$JS.API.STREAM.NAMES".to_owned(),
        ],
    );
    let streams = contract.streams.iter().map(|stream| stream.name.as_str());
    let own = streams.clone().any(|name| name == DEAD_LETTERS);
    for stream in streams.chain((!own).then_some(DEAD_LETTERS)) {
        let calls = ["INFO", "CREATE", "UPDATE"];
        let calls = calls.map(|call| format!("$JS.API.STREAM.{call}.{stream}"));
        allowed.group(&format!("the stream {stream}"), calls.into());
    }
    for receive in contract
        .services
        .iter()
        .flat_map(|service| &service.receives)
    {
        let event = contract.event(receive.event);
        if let Some(stream) = contract.stream_of(event) {
            let (stream, durable) = (&stream.name, receive.durable());
            allowed.group(
                &receive.name,
                vec![
                    format!("$JS.API.CONSUMER.INFO.{stream}.{durable}"),
                    // With one filter it stands behind the name, with several nothing does.
                    format!("$JS.API.CONSUMER.CREATE.{stream}.{durable}"),
                    format!("$JS.API.CONSUMER.CREATE.{stream}.{durable}.>"),
                ],
            );
        }
    }
    allowed.file(
        contract,
        "the user that makes streams and consumers",
        "topology",
    )
}

/// What somebody may publish.
#[derive(Default)]
struct Allowed {
    lines: String,
}

impl Allowed {
    fn group(&mut self, title: &str, subjects: Vec<String>) {
        if subjects.is_empty() {
            return;
        }
        self.lines.push_str(&format!("    # {}\n", one_line(title)));
        for subject in subjects {
            self.lines.push_str(&format!("    {}\n", quoted(&subject)));
        }
    }

    /// The permissions of `whom`, with the inbox of `inbox`.
    fn file(self, contract: &Contract, whom: &str, inbox: &str) -> String {
        format!(
            "# {}\n# What {} may do.\n\npublish: {{\n  allow: [\n{}  ]\n}}\n\
             subscribe: {{\n  allow: [\n    # answers\n    {}\n  ]\n}}\n",
            notice(&[&contract.source]),
            one_line(whom),
            self.lines,
            quoted(&format!("_INBOX_{inbox}.>"))
        )
    }
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
