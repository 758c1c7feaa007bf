//! A message that is being handled, or waits to be, is not delivered again.

use std::time::Duration;

use jetway::Operation;

use crate::support::contract::{HANDLE, Happened};
use crate::support::{Double, On, Rig, effect};

fn slow(duration: Duration) -> Double {
    Double::new(move |event, tx| {
        Box::pin(async move {
            tokio::time::sleep(duration).await;
            effect(event, tx).await
        })
    })
}

async fn handles_once(rig: &Rig, operation: Operation, double: Double, events: i64) {
    let service = rig.serve(operation, double.clone()).await;
    for number in 0..events {
        rig.send(&Happened::new("a", number)).await;
    }
    // `num_redelivered` falls back to 0 once all is acknowledged: ask while the last one is in work.
    let mut redelivered = 0;
    crate::support::wait("the last effect", || async {
        service.effects().await.len() == events as usize
    })
    .await;
    redelivered += rig.consumer("tester-handle").await.num_redelivered;
    rig.settled("tester-handle").await;
    let delivered = rig.consumer("tester-handle").await.delivered;
    assert_eq!(redelivered, 0);
    assert_eq!(double.count(), events as usize);
    assert_eq!(
        delivered.consumer_sequence, delivered.stream_sequence,
        "the server has delivered something twice"
    );
    service.stop().await.unwrap();
}

on_both! {
    async fn a_handler_slower_than_ack_wait(on: On) {
        let rig = Rig::new(on).await;
        let operation = Operation { ack_wait: Duration::from_secs(1), ..HANDLE };
        handles_once(&rig, operation, slow(Duration::from_secs(3)), 1).await;
    }
}

on_both! {
    async fn a_message_behind_slow_ones(on: On) {
        for ordering in [jetway::Ordering::None, jetway::Ordering::Key] {
            let rig = Rig::new(on).await;
            let operation = Operation {
                ack_wait: Duration::from_secs(1),
                concurrency: 1,
                ordering,
                ..HANDLE
            };
            handles_once(&rig, operation, slow(Duration::from_millis(1_500)), 3).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_waits_for_its_rate() {
    let rig = Rig::new(On::Sqlite).await;
    let operation = Operation {
        ack_wait: Duration::from_secs(1),
        concurrency: 8,
        rate_limit: Some(4),
        ..HANDLE
    };
    let begun = std::time::Instant::now();
    handles_once(&rig, operation, Double::effect(), 16).await;
    // One second's worth may begin at once.
    assert!(begun.elapsed() >= Duration::from_millis(2_700));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_waits_in_its_lane_for_another_attempt() {
    let rig = Rig::new(On::Sqlite).await;
    let mut operation = Operation {
        ack_wait: Duration::from_secs(1),
        ordering: jetway::Ordering::Key,
        ..HANDLE
    };
    operation.retry.initial = Duration::from_secs(3);
    operation.retry.cap = Duration::from_secs(3);
    let double = Double::new(|event, tx| {
        Box::pin(async move {
            effect(event, tx).await?;
            if event.delivery.attempt == 1 && event.data.number == 0 {
                return Err(std::io::Error::other("not yet").into());
            }
            Ok(())
        })
    });
    let service = rig.serve(operation, double.clone()).await;
    for number in 0..3 {
        rig.send(&Happened::new("a", number)).await;
    }
    rig.settled("tester-handle").await;
    assert_eq!(double.count(), 4);
    let delivered = rig.consumer("tester-handle").await.delivered;
    assert_eq!(delivered.consumer_sequence, 3);
    service.stop().await.unwrap();
}
