//! RustStream 0.7 at the same two tasks. Not part of this workspace and not in its dependency tree: `run`, beside this
//! file, gives it a manifest and builds it below `target/`.
//!
//! `TASK=publish|consume NATS_URL=… COUNT=… beside run`

use std::sync::OnceLock;
use std::{env, io, process};

use futures::StreamExt;
use ruststream_nats::prelude::*;
use serde::{Deserialize, Serialize};

mod measured;
mod order;

use measured::{Handled, Measure};
use order::Envelope;

/// The event, as this framework wants it declared.
#[derive(Serialize, Deserialize, Outgoing)]
#[serde(transparent)]
struct Placed(Envelope);

static HANDLED: OnceLock<Handled> = OnceLock::new();

fn setting(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| {
        eprintln!("{name} is not set");
        process::exit(2)
    })
}

fn count() -> u64 {
    setting("COUNT").parse().unwrap_or(1)
}

#[subscriber(
    JetStreamSubject::new("bench.order.v1.*", "BENCH").durable("ruststream").max_ack_pending(1_000),
    workers(100)
)]
async fn handle(event: &Placed) -> HandlerOutcome {
    std::hint::black_box(event);
    let handled = HANDLED.get_or_init(|| Handled::new(count(), setting("TASK") == "latency"));
    if let Some(result) = handled.one(event.0.time) {
        println!("{result}");
        process::exit(0);
    }
    HandlerOutcome::ack()
}

async fn publish(publisher: &ruststream_nats::JetStreamPublisher) -> io::Result<()> {
    let count = count();
    let begun = Measure::begin();
    let mut published = futures::stream::iter(0..count)
        .map(|number| async move {
            let event = Placed(Envelope::example(number));
            publisher
                .message(&event)
                .to(format!("bench.order.v1.{}", event.0.data.order_id))
                .message_id(event.0.id.to_string())
                .publish()
                .await
        })
        .buffer_unordered(256);
    while let Some(result) = published.next().await {
        result.map_err(io::Error::other)?;
    }
    println!("{}", begun.end(count));
    process::exit(0)
}

#[ruststream::app]
fn app() -> impl App {
    let publishes = setting("TASK") == "publish";
    let broker = NatsBroker::new(setting("NATS_URL"));
    RustStream::new(AppInfo::new("beside", "0.0.0")).with_broker(broker, move |b| {
        if publishes {
            b.after_startup(
                JetStreamPublish::default(),
                async move |publisher| -> io::Result<()> { publish(&publisher).await },
            );
        } else {
            b.include(handle);
        }
    })
}
