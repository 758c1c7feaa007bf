//! Few connections, many messages: nobody waits for somebody who waits for him.

use std::time::Duration;

use jetway::Operation;

use crate::support::contract::{HANDLE, Happened};
use crate::support::{Double, On, Rig, effect, wait};

on_both! {
    async fn fewer_connections_than_handlers(on: On) {
        for connections in [1, 2] {
            let mut rig = Rig::new(on).await;
            rig.settings.database_connections = connections;
            // Each holds its connection for a while, some fail and so need one for their attempts, all publish.
            let double = Double::new(|event, tx| {
                Box::pin(async move {
                    effect(event, tx).await?;
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    tx.publish(crate::support::contract::Answered {
                        key: event.data.key.clone(),
                        number: event.data.number,
                    })
                    .await?;
                    if event.data.number % 5 == 0 && event.delivery.attempt < 3 {
                        return Err(std::io::Error::other("not yet").into());
                    }
                    Ok(())
                })
            });
            let operation = Operation { concurrency: 8, ..HANDLE };
            let service = rig.serve(operation, double).await;
            for number in 0..100 {
                rig.send(&Happened::new("a", number)).await;
            }
            rig.settled("tester-handle").await;
            assert_eq!(service.effects().await.len(), 100);
            wait("the answers", || async { rig.stored().await.len() == 200 }).await;
            assert!(rig.dead_letters().await.is_empty());
            service.stop().await.unwrap();
        }
    }
}

on_both! {
    async fn handlers_that_queue_for_the_database_for_long_lose_no_attempt(on: On) {
        let mut rig = Rig::new(on).await;
        rig.settings.database_connections = 2;
        let double = Double::new(|event, tx| {
            Box::pin(async move {
                effect(event, tx).await?;
                tokio::time::sleep(Duration::from_millis(1_100)).await;
                Ok(())
            })
        });
        // On SQLite the last of them waits for the others' 10 seconds.
        let mut operation = Operation { concurrency: 8, ..HANDLE };
        operation.retry.max_attempts = 1;
        let service = rig.serve(operation, double.clone()).await;
        for number in 0..8 {
            rig.send(&Happened::new("a", number)).await;
        }
        rig.settled("tester-handle").await;
        assert!(rig.dead_letters().await.is_empty());
        assert_eq!(service.effects().await.len(), 8);
        assert_eq!(double.count(), 8, "a handler had to begin again");
        service.stop().await.unwrap();
    }
}

/// What the server may have under way at most is reached by messages that wait for their next attempt.
#[tokio::test(flavor = "multi_thread")]
async fn more_retries_than_the_server_has_room_for() {
    let rig = Rig::new(On::Sqlite).await;
    let double = Double::new(|event, tx| {
        Box::pin(async move {
            effect(event, tx).await?;
            if event.delivery.attempt < 2 {
                return Err(std::io::Error::other("not yet").into());
            }
            Ok(())
        })
    });
    let mut operation = Operation {
        concurrency: 8,
        ..HANDLE
    };
    // Longer than it takes to try all of them once.
    operation.retry.initial = Duration::from_secs(10);
    operation.retry.cap = Duration::from_secs(10);
    let service = rig.serve(operation, double.clone()).await;
    // Less room than a consumer is given, so that it does not take so many to fill it.
    let mut narrow = rig.consumer("tester-handle").await.config;
    narrow.max_ack_pending = 1_000;
    let request =
        serde_json::json!({ "stream_name": "THINGS", "config": narrow, "action": "update" });
    let subject = "CONSUMER.DURABLE.CREATE.THINGS.tester-handle";
    let _: serde_json::Value = rig.jetstream.request(subject, &request).await.unwrap();
    let narrowed = rig.consumer("tester-handle").await.config.max_ack_pending;
    assert_eq!(narrowed, 1_000);
    for number in 0..1_100 {
        rig.send(&Happened::new("a", number)).await;
    }
    wait("the server's room to be full", || async {
        rig.consumer("tester-handle").await.num_ack_pending >= 1_000
    })
    .await;
    rig.settled("tester-handle").await;
    assert_eq!(service.effects().await.len(), 1_100);
    assert!(rig.dead_letters().await.is_empty());
    service.stop().await.unwrap();
}
