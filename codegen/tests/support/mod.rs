//! A small contract in a folder of its own, to be changed and generated from.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The sample's own contract, where a whole one is needed.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// A contract with one event, sent by one service and received by another.
pub(crate) struct Project {
    folder: tempfile::TempDir,
}

const CONTRACT: &str = "\
asyncapi: 3.0.0
info: { title: Small, version: 1.0.0 }
defaultContentType: application/cloudevents+json
x-jetstream:
  streams:
    ORDERS: { subjects: [order.>], max-age: 30d }
channels:
  order.placed.v1:
    address: order.placed.v1.{orderId}
    parameters:
      orderId: { location: $message.payload#/data/orderId }
    messages:
      order.placed.v1: { $ref: '#/components/messages/order.placed.v1' }
operations:
  orders.placeOrder: { action: send, channel: { $ref: '#/channels/order.placed.v1' } }
  stock.reserve:
    action: receive
    channel: { $ref: '#/channels/order.placed.v1' }
    x-jetstream: { concurrency: 8 }
components:
  messages:
    order.placed.v1:
      payload:
        allOf:
          - $ref: ./events/schemas/envelope.json
          - properties: { type: { const: order.placed.v1 }, data: { $ref: ./events/schemas/order.placed.v1.json } }
";

const SCHEMA: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "required": ["orderId"],
  "properties": {
    "orderId": { "type": "string", "format": "uuid" },
    "note": { "type": "string", "maxLength": 500 }
  }
}
"#;

pub(crate) const CONTRACT_FILE: &str = "asyncapi.yaml";
pub(crate) const SCHEMA_FILE: &str = "events/schemas/order.placed.v1.json";

impl Project {
    pub(crate) fn new() -> Self {
        let project = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let envelope = repository().join("events/schemas/envelope.json");
        project.write(CONTRACT_FILE, CONTRACT);
        project.write(SCHEMA_FILE, SCHEMA);
        project.write(
            "events/schemas/envelope.json",
            &std::fs::read_to_string(envelope).unwrap(),
        );
        project
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.path(file)).unwrap()
    }

    /// Replaces text that must be there.
    pub(crate) fn replace(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert!(text.contains(from), "{file} has no {from:?}");
        self.write(file, &text.replace(from, to));
    }

    /// Runs the program in the project's folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_codegen"))
            .args(arguments)
            .current_dir(self.folder.path())
            .output()
            .unwrap()
    }
}

/// What a run printed to stderr.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a run printed to stdout.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
