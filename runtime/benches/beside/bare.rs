//! The bare client at the two tasks, as one writes it by hand: typed events, a message id for each, an ack for each.

use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::{self, Context};
use futures::StreamExt;

use super::measured::Measure;
use super::order::Envelope;
use super::{CONCURRENCY, Tally, Task, WINDOW};

/// Runs the task and prints what it took.
pub(crate) async fn run(task: Task, url: &str, count: u64) {
    let jetstream = jetstream::new(async_nats::connect(url).await.unwrap());
    match task {
        Task::Publish => {
            let begun = Measure::begin();
            publish(&jetstream, count).await;
            println!("{}", begun.end(count));
        }
        Task::Consume | Task::Latency => consume(&jetstream, task, count).await,
    }
}

pub(crate) async fn publish(jetstream: &Context, count: u64) {
    futures::stream::iter(0..count)
        .map(|number| once(jetstream, number))
        .buffer_unordered(WINDOW)
        .collect::<()>()
        .await;
}

pub(crate) async fn once(jetstream: &Context, number: u64) {
    let event = Envelope::example(number);
    let message = PublishMessage::build()
        .payload(serde_json::to_vec(&event).unwrap().into())
        .message_id(event.id.to_string());
    let subject = format!("bench.order.v1.{}", event.data.order_id);
    let confirmation = jetstream.send_publish(subject, message).await.unwrap();
    confirmation.await.unwrap();
}

async fn consume(jetstream: &Context, task: Task, count: u64) {
    let stream = jetstream.get_stream("BENCH").await.unwrap();
    let consumer = stream
        .create_consumer(pull::Config {
            durable_name: Some("bare".to_owned()),
            max_ack_pending: 1_000,
            ..Default::default()
        })
        .await
        .unwrap();
    let (tally, mut done) = Tally::new(task, count);
    let messages = consumer
        .stream()
        .max_messages_per_batch(2 * CONCURRENCY)
        .messages()
        .await
        .unwrap();
    let handled = messages.for_each_concurrent(CONCURRENCY, |message| async {
        let message = message.unwrap();
        let event: Envelope = serde_json::from_slice(&message.payload).unwrap();
        std::hint::black_box(&event);
        message.ack().await.unwrap();
        tally.handled(event.time);
    });
    tokio::select! {
        () = handled => {}
        result = &mut done => println!("{}", result.unwrap()),
    }
}
