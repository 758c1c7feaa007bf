//! Which crate may depend on which, with the reason for each arrow that must not exist.
//!
//! The rules read what cargo itself resolves (`cargo metadata`), so a dependency that comes in through three others is
//! seen too. The last tests feed them doctored metadata: a rule that cannot fail would hold nothing.

#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::{Value, json};

/// What a crate of the workspace is, by the folder that it lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    Chaos,
    Codegen,
    Conformance,
    Runtime,
    Events,
    Service,
    Dev,
    Tests,
}

impl Room {
    fn of(folder: &str) -> Option<Self> {
        Some(match folder {
            "chaos" => Self::Chaos,
            "codegen" => Self::Codegen,
            "conformance" => Self::Conformance,
            "runtime" => Self::Runtime,
            "events" => Self::Events,
            "dev" => Self::Dev,
            "tests" => Self::Tests,
            other if other.starts_with("services/") => Self::Service,
            _ => return None,
        })
    }
}

/// Whether one member of the workspace may name another in its Cargo.toml; the error is the reason why not.
fn arrow(from: Room, to: Room, only_for_tests: bool) -> Result<(), &'static str> {
    use Room::{Chaos, Codegen, Conformance, Dev, Events, Runtime, Service, Tests};
    match (from, to) {
        (Tests, _)
        | (Events, Runtime)
        | (Service, Events | Runtime)
        | (Conformance, Codegen)
        | (Chaos, Dev | Runtime) => Ok(()),
        (_, Chaos) => Err(
            "chaos breaks promises on purpose, in a runtime that it has told to: nothing may carry that",
        ),
        (_, Dev) if only_for_tests => Ok(()),
        (_, Dev) => {
            Err("dev starts servers and kills processes: nothing that is deployed may carry it")
        }
        (_, Tests) => {
            Err("the whole-system tests look at the house from outside: nothing in it knows them")
        }
        (Chaos, _) => Err(
            "chaos counts effects that no change of the business may reach: its contract is its own, written by hand",
        ),
        (Conformance, _) => Err(
            "conformance asks codegen for types and compiles them as a crate of their own, as a user does",
        ),
        (_, Conformance) => Err("conformance measures the generated types: nothing is made of it"),
        (Runtime, Events | Service) => {
            Err("the runtime names no event: it serves every contract, not this one")
        }
        (Runtime | Events | Service, Codegen) => {
            Err("generated code is committed: building a service must not need the generator")
        }
        (Codegen, _) => Err(
            "codegen writes text that calls the runtime; it runs when nothing of the house compiles",
        ),
        (Events, Service) => Err("the contract knows no service's code"),
        (Service, Service) => {
            Err("services meet in events: one that imports another must be deployed with it")
        }
        (Dev, _) => Err(
            "dev runs the house as processes; it must start, and say what is wrong, when a crate of it does not compile",
        ),
        (Runtime, Runtime) | (Events, Events) => Err("a crate does not depend on itself"),
    }
}

/// Crates that must not be built into another, however deep.
struct Without {
    room: Room,
    crates: &'static [&'static str],
    why: &'static str,
}

const WITHOUT: &[Without] = &[
    Without {
        room: Room::Codegen,
        crates: &[
            "async-nats",
            "axum",
            "curl",
            "h2",
            "hyper",
            "lettre",
            "mio",
            "native-tls",
            "reqwest",
            "rustls",
            "socket2",
            "sqlx",
            "tokio",
            "tungstenite",
            "ureq",
        ],
        why: "codegen opens no socket: its output depends on the files of the contract and on nothing else",
    },
    Without {
        room: Room::Runtime,
        crates: &["askama", "lettre", "schemars", "serde-saphyr"],
        why: "every service carries the runtime; what only codegen or one service needs stays there",
    },
    Without {
        room: Room::Events,
        crates: &["askama", "schemars", "serde-saphyr"],
        why: "generated code calls the runtime, not the tools that wrote it",
    },
];

/// Crates that must not be in the house at all.
const NOWHERE: &[(&str, &str)] = &[
    ("openssl", "TLS is rustls: nothing of the machine is linked"),
    (
        "openssl-sys",
        "TLS is rustls: nothing of the machine is linked",
    ),
    (
        "native-tls",
        "TLS is rustls: nothing of the machine is linked",
    ),
    (
        "aws-lc-rs",
        "rustls uses ring: with two providers it refuses to choose, and this one needs cmake",
    ),
    (
        "aws-lc-sys",
        "rustls uses ring: with two providers it refuses to choose, and this one needs cmake",
    ),
    ("serde_yaml", "unmaintained; serde-saphyr knows positions"),
];

fn metadata() -> Value {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let done = Command::new(cargo)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--manifest-path",
            manifest,
        ])
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    serde_json::from_slice(&done.stdout).unwrap()
}

/// The parts of the metadata that the rules look at.
struct Graph<'a> {
    packages: BTreeMap<&'a str, &'a Value>,
    nodes: BTreeMap<&'a str, &'a Value>,
    members: Vec<&'a str>,
    root: &'a str,
}

impl<'a> Graph<'a> {
    fn of(metadata: &'a Value) -> Self {
        let by_id = |list: &'a Value| -> BTreeMap<&'a str, &'a Value> {
            list.as_array()
                .unwrap()
                .iter()
                .map(|item| (item["id"].as_str().unwrap(), item))
                .collect()
        };
        Self {
            packages: by_id(&metadata["packages"]),
            nodes: by_id(&metadata["resolve"]["nodes"]),
            members: metadata["workspace_members"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(Value::as_str)
                .collect(),
            root: metadata["workspace_root"].as_str().unwrap(),
        }
    }

    fn name(&self, id: &str) -> &'a str {
        self.packages[id]["name"].as_str().unwrap()
    }

    /// Where it lives, relative to the workspace.
    fn folder(&self, id: &str) -> &'a str {
        let manifest = self.packages[id]["manifest_path"].as_str().unwrap();
        let folder = manifest.strip_suffix("/Cargo.toml").unwrap_or(manifest);
        folder
            .strip_prefix(self.root)
            .unwrap_or(folder)
            .trim_start_matches('/')
    }

    fn in_room(&self, room: Room) -> impl Iterator<Item = &'a str> {
        self.members
            .iter()
            .copied()
            .filter(move |id| Room::of(self.folder(id)) == Some(room))
    }

    /// All that is built into it, with how it got there: normal and build dependencies, not those for tests.
    fn built_into(&self, id: &'a str) -> BTreeMap<&'a str, Vec<&'a str>> {
        let mut ways = BTreeMap::from([(id, vec![self.name(id)])]);
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            for dependency in self.nodes[id]["deps"].as_array().unwrap() {
                let kinds = dependency["dep_kinds"].as_array().unwrap();
                let next = dependency["pkg"].as_str().unwrap();
                if kinds.iter().any(|kind| kind["kind"] != "dev") && !ways.contains_key(next) {
                    let way = [ways[id].as_slice(), &[self.name(next)]].concat();
                    ways.insert(next, way);
                    open.push(next);
                }
            }
        }
        ways
    }
}

/// Every rule that this workspace breaks, a sentence each.
fn broken(metadata: &Value) -> BTreeSet<String> {
    let graph = Graph::of(metadata);
    let mut broken = BTreeSet::new();
    for &from in &graph.members {
        let Some(room) = Room::of(graph.folder(from)) else {
            broken.insert(format!(
                "{}: no rule knows this folder; give it a room in arrows.rs",
                graph.folder(from)
            ));
            continue;
        };
        for dependency in graph.packages[from]["dependencies"].as_array().unwrap() {
            let name = dependency["name"].as_str().unwrap();
            let member = graph
                .members
                .iter()
                .find(|id| graph.name(id) == name && dependency["path"].is_string());
            let Some(to) = member.and_then(|id| Room::of(graph.folder(id))) else {
                continue;
            };
            if let Err(why) = arrow(room, to, dependency["kind"] == "dev") {
                broken.insert(format!("{} -> {name}: {why}", graph.name(from)));
            }
        }
    }
    for rule in WITHOUT {
        for member in graph.in_room(rule.room) {
            for (id, way) in graph.built_into(member) {
                if rule.crates.contains(&graph.name(id)) {
                    broken.insert(format!("{}: {}", way.join(" -> "), rule.why));
                }
            }
        }
    }
    for id in graph.packages.keys() {
        if let Some((name, why)) = NOWHERE.iter().find(|(name, _)| *name == graph.name(id)) {
            broken.insert(format!("{name}: {why}"));
        }
    }
    broken
}

#[test]
fn the_house_keeps_its_arrows() {
    let broken = broken(&metadata());
    let list: Vec<_> = broken.iter().map(String::as_str).collect();
    assert!(
        broken.is_empty(),
        "arrows that must not be:\n  {}",
        list.join("\n  ")
    );
}

#[test]
fn every_room_is_there() {
    let metadata = metadata();
    let graph = Graph::of(&metadata);
    for room in [
        Room::Chaos,
        Room::Codegen,
        Room::Runtime,
        Room::Events,
        Room::Service,
        Room::Dev,
        Room::Tests,
    ] {
        assert!(
            graph.in_room(room).next().is_some(),
            "no member in {room:?}: its rules hold nothing"
        );
    }
    let codegen = graph.in_room(Room::Codegen).next().unwrap();
    assert!(
        graph.built_into(codegen).len() > 10,
        "the walk through codegen's dependencies ends early"
    );
}

/// Adds a line to a member's Cargo.toml, as cargo would report it.
fn depend(metadata: &mut Value, from: &str, to: &str, kind: Value) {
    let packages = metadata["packages"].as_array_mut().unwrap();
    let package = packages
        .iter_mut()
        .find(|package| package["name"] == from)
        .unwrap();
    package["dependencies"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "name": to, "kind": kind, "path": "somewhere" }));
}

#[test]
fn each_forbidden_line_in_a_manifest_is_found() {
    let cases = [
        ("jetway", "events", json!(null)),
        ("jetway", "events", json!("dev")),
        ("jetway", "codegen", json!("build")),
        ("jetway", "orders", json!("dev")),
        ("jetway", "dev", json!(null)),
        ("codegen", "jetway", json!(null)),
        ("codegen", "events", json!("dev")),
        ("events", "orders", json!(null)),
        ("events", "codegen", json!("build")),
        ("events", "dev", json!(null)),
        ("orders", "email", json!(null)),
        ("inventory", "orders", json!("dev")),
        ("email", "dev", json!(null)),
        ("analytics", "codegen", json!("build")),
        ("dev", "events", json!(null)),
        ("dev", "jetway", json!("dev")),
        ("orders", "system-tests", json!("dev")),
        ("orders", "chaos", json!("dev")),
        ("dev", "chaos", json!(null)),
        ("chaos", "events", json!(null)),
        ("chaos", "orders", json!("dev")),
    ];
    let healthy = metadata();
    for (from, to, kind) in cases {
        let mut doctored = healthy.clone();
        depend(&mut doctored, from, to, kind.clone());
        let found = broken(&doctored);
        let arrow = format!("{from} -> {to}: ");
        assert!(
            found.iter().any(|line| line.starts_with(&arrow)),
            "{arrow} as {kind} was not found: {found:?}"
        );
    }
}

#[test]
fn a_socket_deep_below_codegen_is_found_with_its_way() {
    let mut doctored = metadata();
    let id = |name: &str| {
        let packages = doctored["packages"].as_array().unwrap();
        packages
            .iter()
            .find(|package| package["name"] == name)
            .unwrap()["id"]
            .clone()
    };
    let (regex, tokio) = (id("regex"), id("tokio"));
    let nodes = doctored["resolve"]["nodes"].as_array_mut().unwrap();
    let node = nodes.iter_mut().find(|node| node["id"] == regex).unwrap();
    let kinds = json!([{ "kind": null, "target": null }]);
    node["deps"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "name": "tokio", "pkg": tokio, "dep_kinds": kinds }));
    let found = broken(&doctored);
    let line = found
        .iter()
        .find(|line| line.starts_with("codegen -> ") && line.contains("opens no socket"));
    assert!(
        line.is_some_and(|line| line.contains("regex -> tokio")),
        "{found:?}"
    );
}

#[test]
fn a_banned_crate_and_an_unknown_folder_are_found() {
    let mut doctored = metadata();
    let root = doctored["workspace_root"].as_str().unwrap().to_owned();
    for (name, folder) in [("openssl-sys", "elsewhere"), ("shed", "shed")] {
        let id = format!("path+file://{root}/{folder}#{name}@0.1.0");
        let manifest = format!("{root}/{folder}/Cargo.toml");
        let package =
            json!({ "id": id, "name": name, "manifest_path": manifest, "dependencies": [] });
        doctored["packages"].as_array_mut().unwrap().push(package);
        if name == "shed" {
            doctored["workspace_members"]
                .as_array_mut()
                .unwrap()
                .push(json!(id));
        }
    }
    let found: Vec<_> = broken(&doctored).into_iter().collect();
    assert!(
        found.iter().any(|line| line.starts_with("openssl-sys: ")),
        "{found:?}"
    );
    assert!(
        found
            .iter()
            .any(|line| line.starts_with("shed: no rule knows")),
        "{found:?}"
    );
}
