//! Events of one key in order, and no key in another's way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering as Atomic};
use std::time::Duration;

use jetway::{Operation, Ordering};

use crate::support::contract::{HANDLE, Happened};
use crate::support::{Double, Rig, by_key, effect, wait};

fn in_lanes(concurrency: usize, initial: Duration) -> Operation {
    let mut operation = Operation {
        ordering: Ordering::Key,
        concurrency,
        ..HANDLE
    };
    operation.retry.max_attempts = 10_000;
    operation.retry.initial = initial;
    operation
}

on_both! {
    async fn a_failing_event_holds_its_key_and_no_other(on: On) {
        let rig = Rig::new(on).await;
        let open = Arc::new(AtomicBool::new(false));
        let gate = open.clone();
        let double = Double::new(move |event, tx| {
            let gate = gate.clone();
            Box::pin(async move {
                effect(event, tx).await?;
                if event.data.key == "a" && event.data.number == 3 && !gate.load(Atomic::SeqCst) {
                    return Err(std::io::Error::other("not yet").into());
                }
                Ok(())
            })
        });
        let service = rig.serve(in_lanes(4, Duration::from_millis(30)), double).await;
        for number in 0..10 {
            rig.send(&Happened::new("a", number)).await;
        }
        for number in 0..30 {
            rig.send(&Happened::new("b", number)).await;
        }
        let done = |key: &'static str, count| {
            let service = &service;
            move || async move {
                by_key(&service.effects().await).get(key).map_or(0, Vec::len) == count
            }
        };
        wait("the other key", done("b", 30)).await;
        assert_eq!(by_key(&service.effects().await)["a"], [0, 1, 2]);
        open.store(true, Atomic::SeqCst);
        wait("the key that was held", done("a", 10)).await;
        assert_eq!(by_key(&service.effects().await)["a"], (0..10).collect::<Vec<_>>());
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn lanes_that_wait_take_no_handler_from_others(on: On) {
        let rig = Rig::new(on).await;
        let open = Arc::new(AtomicBool::new(false));
        let gate = open.clone();
        let double = Double::new(move |event, tx| {
            let gate = gate.clone();
            Box::pin(async move {
                effect(event, tx).await?;
                if event.data.key != "free" && !gate.load(Atomic::SeqCst) {
                    return Err(std::io::Error::other("not yet").into());
                }
                Ok(())
            })
        });
        let service = rig.serve(in_lanes(2, Duration::from_millis(500)), double).await;
        // Six keys wait, with three events each, where two handlers and four messages are the measure of things.
        for key in ["a", "b", "c", "d", "e", "f"] {
            for number in 0..3 {
                rig.send(&Happened::new(key, number)).await;
            }
        }
        for number in 0..20 {
            rig.send(&Happened::new("free", number)).await;
        }
        wait("the free key", || async { service.effects().await.len() == 20 }).await;
        open.store(true, Atomic::SeqCst);
        rig.settled("tester-handle").await;
        let keys = by_key(&service.effects().await);
        assert_eq!(keys.len(), 7);
        assert!(keys.iter().filter(|(key, _)| *key != "free").all(|(_, numbers)| *numbers == [0, 1, 2]));
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn fifty_keys_with_failures_here_and_there(on: On) {
        let rig = Rig::new(on).await;
        let double = Double::new(move |event, tx| {
            Box::pin(async move {
                effect(event, tx).await?;
                // A third of all attempts, the same in every run.
                let dice = event.data.key.len() as i64 * 7
                    + event.data.key.bytes().map(i64::from).sum::<i64>() * 13
                    + event.data.number * 31
                    + i64::from(event.delivery.attempt) * 17;
                if dice % 3 == 0 {
                    return Err(std::io::Error::other("not yet").into());
                }
                Ok(())
            })
        });
        let service = rig.serve(in_lanes(8, Duration::from_millis(5)), double.clone()).await;
        // The events of a key one after the other: whoever does not hold its key gets this wrong at once.
        for key in 0..50 {
            for number in 0..20 {
                rig.send(&Happened::new(&format!("k{key}"), number)).await;
            }
        }
        rig.settled("tester-handle").await;
        let keys = by_key(&service.effects().await);
        assert_eq!(keys.len(), 50);
        for (key, numbers) in keys {
            assert_eq!(numbers, (0..20).collect::<Vec<_>>(), "{key}");
        }
        assert!(double.count() > 1_200, "too few failures: {}", double.count());
        assert!(rig.dead_letters().await.is_empty());
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn order_is_kept_over_a_restart_of_the_service(on: On) {
        let rig = Rig::new(on).await;
        let double = Double::new(move |event, tx| {
            Box::pin(async move {
                tokio::time::sleep(Duration::from_millis(5)).await;
                effect(event, tx).await
            })
        });
        let operation = Operation { ack_wait: Duration::from_secs(30), ..in_lanes(8, Duration::from_millis(5)) };
        // Everything is there before the service begins, so that each stop finds it at work.
        rig.serve(operation.clone(), double.clone()).await.stop().await.unwrap();
        for number in 0..100 {
            for key in ["a", "b", "c"] {
                rig.send(&Happened::new(key, number)).await;
            }
        }
        let mut service = rig.serve(operation.clone(), double.clone()).await;
        for _ in 0..3 {
            // More than a service holds, so that what the last one gave back is handled by then: the server puts a
            // message that is given back once more behind those which it has not delivered again yet.
            let more = service.effects().await.len() + 60;
            wait("some effects", || async { service.effects().await.len() >= more }).await;
            service.stop().await.unwrap();
            service = rig.serve(operation.clone(), double.clone()).await;
        }
        rig.settled("tester-handle").await;
        for (key, numbers) in by_key(&service.effects().await) {
            assert_eq!(numbers, (0..100).collect::<Vec<_>>(), "{key}");
        }
        service.stop().await.unwrap();
    }
}
