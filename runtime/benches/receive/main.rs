//! Instructions and allocations per message on the receive path, counted by valgrind and held against what is checked in.
//!
//! `just bench-receive` counts and compares; `just bench-receive --update` writes `runtime/benches/receive/counts.txt` anew.
//! Each scenario runs twice, with few messages and with more: what the difference takes, divided by its messages, is
//! what one message takes, and the start of the process is none of it. `whole` is a consumer in a service without a
//! database, from the socket to the ack, against a real server.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../beside/measured.rs"]
#[allow(dead_code)]
mod measured;
#[path = "../beside/order.rs"]
#[allow(dead_code)]
mod order;
#[path = "../beside/ours.rs"]
#[allow(dead_code)]
mod ours;

mod counts;

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use async_nats::HeaderMap;
use bytes::Bytes;
use jetway::counted;
use jetway::telemetry::{Metrics, Outcome, Received, TraceContext, process_span};
use tokio::sync::oneshot;

pub(crate) const WINDOW: usize = 256;

/// As the bench beside the bare client has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code)]
pub(crate) enum Task {
    Publish,
    Consume,
    Latency,
}

/// Says when all is handled.
pub(crate) struct Tally {
    handled: measured::Handled,
    done: Mutex<Option<oneshot::Sender<String>>>,
}

impl Tally {
    pub(crate) fn new(_: Task, count: u64) -> (Arc<Self>, oneshot::Receiver<String>) {
        let (done, is_done) = oneshot::channel();
        let tally = Self {
            handled: measured::Handled::new(count, false),
            done: Mutex::new(Some(done)),
        };
        (Arc::new(tally), is_done)
    }

    pub(crate) fn handled(&self, published: time::OffsetDateTime) {
        if let Some(result) = self.handled.one(published) {
            let _ = self.done.lock().unwrap().take().unwrap().send(result);
        }
    }
}

/// What is counted, and with how few and how many messages.
const SCENARIOS: [(&str, u64, u64); 7] = [
    ("decode", 100, 1_100),
    ("decode-and-check", 100, 1_100),
    ("decode-binary", 100, 1_100),
    ("refuse", 100, 1_100),
    ("metrics", 100, 1_100),
    ("span-without-listener", 100, 1_100),
    ("whole", 500, 2_500),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["once", scenario, count, url] => {
            once(scenario, count.parse().unwrap(), url);
            ExitCode::SUCCESS
        }
        [] => counts::gate(false),
        ["--update"] => counts::gate(true),
        _ => {
            eprintln!("unknown: {arguments:?}; see the head of runtime/benches/receive/main.rs");
            ExitCode::from(2)
        }
    }
}

/// Takes `count` messages through one scenario.
fn once(scenario: &str, count: u64, url: &str) {
    let event = order::Envelope::example(7);
    let structured = Bytes::from(serde_json::to_vec(&event).unwrap());
    let mut headers = HeaderMap::new();
    match scenario {
        "decode" | "decode-and-check" | "refuse" => {
            headers.insert("Content-Type", "application/cloudevents+json");
            headers.insert("Nats-Msg-Id", event.id.to_string().as_str());
            headers.insert(
                "traceparent",
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            );
        }
        "decode-binary" => {
            for (name, value) in [
                ("ce-specversion", "1.0"),
                ("ce-type", "bench.order.v1"),
                ("ce-source", "/bench"),
                ("ce-id", event.id.to_string().as_str()),
                ("Content-Type", "application/json"),
            ] {
                headers.insert(name, value);
            }
        }
        _ => {}
    }
    let headers = Some(&headers);
    match scenario {
        "decode" => repeat(count, || {
            counted::decode::<ours::OrderPlaced<false>>(headers, &structured).unwrap()
        }),
        "decode-and-check" => repeat(count, || {
            counted::decode::<ours::OrderPlaced<true>>(headers, &structured).unwrap()
        }),
        "decode-binary" => {
            let body = Bytes::from(serde_json::to_vec(&event.data).unwrap());
            repeat(count, || {
                counted::decode::<ours::OrderPlaced<true>>(headers, &body).unwrap()
            });
        }
        "refuse" => {
            let text = String::from_utf8(structured.to_vec()).unwrap();
            let body = Bytes::from(text.replace("\"quantity\":2", "\"quantity\":0"));
            repeat(count, || {
                counted::decode::<ours::OrderPlaced<true>>(headers, &body).unwrap_err()
            });
        }
        "metrics" => {
            let metrics = Metrics::new("bench");
            metrics.expect(&ours::HANDLE);
            repeat(count, || {
                metrics.consumed(&ours::HANDLE);
                let took = std::time::Duration::from_micros(700);
                metrics.processed(&ours::HANDLE, Outcome::Handled, took);
            });
        }
        "span-without-listener" => {
            let parent = headers.map(TraceContext::from_headers).unwrap_or_default();
            let received = Received::default();
            repeat(count, || process_span(&ours::HANDLE, &received, &parent));
        }
        _ => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(ours::run(
                Task::Consume,
                url,
                count,
                ours::With {
                    validation: true,
                    metrics: true,
                    tracing: false,
                },
            )),
    }
}

fn repeat<T>(count: u64, mut step: impl FnMut() -> T) {
    for _ in 0..count {
        black_box(step());
    }
}
