//! Shutdown: what has begun may end, what has not is somebody else's at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering as Atomic};
use std::time::{Duration, Instant};

use jetway::Operation;

use crate::support::contract::{HANDLE, Happened};
use crate::support::{Double, On, Rig, effect, wait};

/// So long that whoever waits for it fails the test.
const ACK_WAIT: Duration = Duration::from_secs(30);
/// Well below it.
const AT_ONCE: Duration = Duration::from_secs(10);

on_both! {
    async fn under_load_nothing_is_done_twice_and_nothing_waits(on: On) {
        for ordering in [jetway::Ordering::None, jetway::Ordering::Key] {
            let rig = Rig::new(on).await;
            let double = Double::new(|event, tx| {
                Box::pin(async move {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    effect(event, tx).await
                })
            });
            let operation = Operation { ack_wait: ACK_WAIT, concurrency: 8, ordering, ..HANDLE };
            let service = rig.serve(operation.clone(), double.clone()).await;
            for number in 0..500 {
                rig.send(&Happened::new(&format!("k{}", number % 40), number)).await;
            }
            wait("some effects", || async { service.effects().await.len() > 50 }).await;
            let begun = Instant::now();
            service.stop().await.unwrap();
            assert!(begun.elapsed() < AT_ONCE, "the drain took {:?}", begun.elapsed());
            let done = double.count();
            assert!(done < 500, "the drain came too late to show anything");

            let begun = Instant::now();
            let service = rig.serve(operation, double.clone()).await;
            rig.settled("tester-handle").await;
            assert!(begun.elapsed() < AT_ONCE, "something waited for {:?}", begun.elapsed());
            assert_eq!(service.effects().await.len(), 500);
            assert_eq!(double.count(), 500, "a handler ran twice");
            service.stop().await.unwrap();
        }
    }
}

on_both! {
    async fn a_handler_that_outlasts_the_drain_is_rolled_back(on: On) {
        let mut rig = Rig::new(on).await;
        rig.settings.drain_timeout = Duration::from_millis(500);
        let hang = Arc::new(AtomicBool::new(true));
        let hangs = hang.clone();
        let double = Double::new(move |event, tx| {
            let hang = hangs.load(Atomic::SeqCst);
            Box::pin(async move {
                effect(event, tx).await?;
                if hang {
                    std::future::pending::<()>().await;
                }
                Ok(())
            })
        });
        let operation = Operation { ack_wait: ACK_WAIT, ..HANDLE };
        let service = rig.serve(operation.clone(), double.clone()).await;
        rig.send(&Happened::new("a", 1)).await;
        wait("the handler", || async { double.count() == 1 }).await;
        let begun = Instant::now();
        service.stop().await.unwrap();
        let took = begun.elapsed();
        assert!(took >= Duration::from_millis(500) && took < Duration::from_secs(4), "{took:?}");

        hang.store(false, Atomic::SeqCst);
        let begun = Instant::now();
        let service = rig.serve(operation, double.clone()).await;
        assert!(service.effects().await.len() <= 1);
        rig.settled("tester-handle").await;
        assert!(begun.elapsed() < AT_ONCE, "it waited for {:?}", begun.elapsed());
        assert_eq!(service.effects().await, [("a".to_owned(), 1)]);
        assert_eq!(double.count(), 2);
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn what_was_given_back_unbegun_has_spent_no_attempt(on: On) {
        for ordering in [jetway::Ordering::None, jetway::Ordering::Key] {
            let rig = Rig::new(on).await;
            let release = Arc::new(tokio::sync::Notify::new());
            let released = release.clone();
            let first = AtomicBool::new(true);
            let double = Double::new(move |event, tx| {
                let released = released.clone();
                let first = first.swap(false, Atomic::SeqCst);
                Box::pin(async move {
                    if first {
                        released.notified().await;
                    }
                    effect(event, tx).await
                })
            });
            let mut operation = Operation { ack_wait: ACK_WAIT, concurrency: 1, ordering, ..HANDLE };
            // Whatever counts as an attempt here is one too many.
            operation.retry.max_attempts = 1;
            let service = rig.serve(operation.clone(), double.clone()).await;
            for number in 0..4 {
                rig.send(&Happened::new("a", number)).await;
            }
            wait("the first handler, and others behind it", || async {
                double.count() == 1 && rig.consumer("tester-handle").await.num_ack_pending >= 2
            })
            .await;
            service.app.shutdown().cancel();
            release.notify_one();
            service.stop().await.unwrap();

            let service = rig.serve(operation, double.clone()).await;
            rig.settled("tester-handle").await;
            assert!(rig.dead_letters().await.is_empty());
            assert_eq!(service.effects().await.len(), 4);
            service.stop().await.unwrap();
        }
    }
}

on_both! {
    async fn what_was_committed_is_published_before_the_end(on: On) {
        let rig = Rig::new(on).await;
        let service = rig.serve(HANDLE, Double::effect()).await;
        rig.send(&Happened::new("b", 0)).await;
        rig.settled("tester-handle").await;
        let mut tx = service.app.begin();
        for number in 0..50 {
            tx.publish(Happened::new("a", number)).await.unwrap();
        }
        tx.commit().await.unwrap();
        service.stop().await.unwrap();
        assert_eq!(rig.stored().await.len(), 51);
    }
}

/// A relay with work for minutes must not hold the process.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_hangs_does_not_hold_up_the_end() {
    let rig = Rig::new(On::Sqlite).await;
    let service = rig.serve(HANDLE, Double::effect()).await;
    rig.send(&Happened::new("a", 1)).await;
    rig.settled("tester-handle").await;
    rig.broker.signal(dev::Signal::Stop).unwrap();
    for number in 0..100 {
        let mut tx = service.app.begin();
        tx.publish(Happened::new("a", number)).await.unwrap();
        tx.commit().await.unwrap();
    }
    let begun = Instant::now();
    service.stop().await.unwrap();
    let took = begun.elapsed();
    rig.broker.signal(dev::Signal::Cont).unwrap();
    assert!(took < AT_ONCE, "the end took {took:?}");
}
