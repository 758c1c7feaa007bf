//! One event, one effect: however often it is published or delivered, and whoever handles it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering as Atomic};
use std::time::Duration;

use async_nats::HeaderMap;
use jetway::Operation;

use crate::support::contract::{HANDLE, Happened};
use crate::support::{Double, On, Rig, effect, envelope, header, wait};

on_both! {
    async fn the_same_event_three_times_inside_the_duplicate_window(on: On) {
        let rig = Rig::new(on).await;
        let service = rig.serve(HANDLE, Double::effect()).await;
        let body = envelope("e-1", "thing.happened.v1", &serde_json::json!({"key": "a", "number": 1}));
        for _ in 0..3 {
            let mut headers = HeaderMap::new();
            headers.insert("Nats-Msg-Id", "e-1");
            rig.publish("thing.happened.v1.a", Some(headers), body.clone()).await;
        }
        rig.settled("tester-handle").await;
        // The server has dropped two of them.
        assert_eq!(rig.stored().await.len(), 1);
        assert_eq!(service.effects().await.len(), 1);
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn the_same_event_three_times_beyond_the_duplicate_window(on: On) {
        let rig = Rig::new(on).await;
        let double = Double::effect();
        let service = rig.serve(HANDLE, double.clone()).await;
        for round in 1..=3 {
            rig.send_as("e-1", &Happened::new("a", 1)).await;
            rig.settled("tester-handle").await;
            assert_eq!(rig.stored().await.len(), round);
        }
        assert_eq!(service.effects().await.len(), 1);
        assert_eq!(double.count(), 1, "a duplicate reached the handler");
        // The id alone does not make an event: another source may use the same.
        let body = envelope("e-1", "thing.happened.v1", &serde_json::json!({"key": "a", "number": 2}))
            .replace("/elsewhere", "/somewhere");
        rig.publish("thing.happened.v1.a", None, body).await;
        rig.settled("tester-handle").await;
        assert_eq!(service.effects().await.len(), 2);
        assert!(rig.dead_letters().await.is_empty());
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn the_same_event_three_times_at_once(on: On) {
        let rig = Rig::new(on).await;
        let inside = Arc::new(tokio::sync::Barrier::new(3));
        // All three are past the look at the inbox before one of them has an effect.
        let double = Double::new(move |event, tx| {
            let inside = inside.clone();
            Box::pin(async move {
                inside.wait().await;
                effect(event, tx).await
            })
        });
        let service = rig.serve(HANDLE, double.clone()).await;
        for _ in 0..3 {
            rig.send_as("e-1", &Happened::new("a", 1)).await;
        }
        rig.settled("tester-handle").await;
        assert_eq!(double.count(), 3);
        assert_eq!(service.effects().await.len(), 1);
        assert!(rig.dead_letters().await.is_empty());
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn two_replicas_with_redeliveries_in_a_storm(on: On) {
        let rig = Rig::new(on).await;
        let failures = Arc::new(AtomicUsize::new(0));
        let count = failures.clone();
        let double = Double::new(move |event, tx| {
            let count = count.clone();
            Box::pin(async move {
                effect(event, tx).await?;
                if event.delivery.attempt < 3 {
                    count.fetch_add(1, Atomic::Relaxed);
                    return Err(std::io::Error::other("not yet").into());
                }
                Ok(())
            })
        });
        let mut operation = Operation { concurrency: 16, ..HANDLE };
        operation.retry.initial = Duration::from_millis(1);
        let one = rig.serve(operation.clone(), double.clone()).await;
        let two = rig.serve(operation, double).await;
        // Each event as three messages: replicas handle the same event at the same time.
        for number in 0..100 {
            for _ in 0..3 {
                rig.send_as(&format!("e-{number}"), &Happened::new("a", number)).await;
            }
        }
        rig.settled("tester-handle").await;
        let mut effects = one.effects().await;
        effects.sort();
        let expected: Vec<_> = (0..100).map(|number| ("a".to_owned(), number)).collect();
        assert_eq!(effects, expected);
        assert!(rig.dead_letters().await.is_empty());
        assert!(failures.load(Atomic::Relaxed) >= 200);
        one.stop().await.unwrap();
        two.stop().await.unwrap();
    }
}

on_both! {
    async fn who_comes_second_and_fails_for_it_leaves_no_dead_letter(on: On) {
        let rig = Rig::new(on).await;
        let inside = Arc::new(tokio::sync::Barrier::new(2));
        // As with a unique key of the service's own: the first is through, the second is told that it is there already.
        let double = Double::new(move |event, tx| {
            let inside = inside.clone();
            Box::pin(async move {
                inside.wait().await;
                if event.delivery.stream_sequence == 1 {
                    return effect(event, tx).await;
                }
                let there = || async {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    true
                };
                wait("the first", there).await;
                Err(jetway::Failure::permanent("it is there already"))
            })
        });
        let service = rig.serve(HANDLE, double).await;
        for _ in 0..2 {
            rig.send_as("e-1", &Happened::new("a", 1)).await;
        }
        rig.settled("tester-handle").await;
        assert_eq!(service.effects().await.len(), 1);
        assert!(rig.dead_letters().await.is_empty());
        service.stop().await.unwrap();
    }
}

/// Postgres refuses everything after the first failed statement of a transaction, and its COMMIT then is a rollback
/// that reports success.
#[tokio::test(flavor = "multi_thread")]
async fn a_swallowed_sql_error_is_no_success_on_postgres() {
    let rig = Rig::new(On::Postgres).await;
    let double = Double::new(|event, tx| {
        Box::pin(async {
            effect(event, tx).await?;
            let _ = sqlx::query("INSERT INTO nowhere VALUES (1)")
                .execute(tx.sql().await?)
                .await;
            Ok(())
        })
    });
    let service = rig.serve(HANDLE, double).await;
    rig.send(&Happened::new("a", 1)).await;
    let letter = rig.wait_for_dead_letters(1).await.remove(0);
    assert!(
        header(&letter, "Dead-Error").contains("current transaction is aborted"),
        "{}",
        header(&letter, "Dead-Error")
    );
    assert!(service.effects().await.is_empty());

    let mut tx = service.app.begin();
    sqlx::query("INSERT INTO effects (key, number, event_id) VALUES ('b', 1, 'x')")
        .execute(tx.sql().await.unwrap())
        .await
        .unwrap();
    let _ = sqlx::query("INSERT INTO nowhere VALUES (1)")
        .execute(tx.sql().await.unwrap())
        .await;
    assert!(
        tx.commit().await.is_err(),
        "nothing was committed and nobody was told"
    );
    service.stop().await.unwrap();
}
