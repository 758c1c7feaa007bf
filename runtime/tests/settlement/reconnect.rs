//! The broker or the database goes away and comes back, under a service that stays.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering as Atomic};
use std::time::{Duration, Instant};

use jetway::{Operation, Ordering};

use crate::support::contract::{HANDLE, Happened};
use crate::support::gate::Gate;
use crate::support::{Double, On, Rig, answers, by_key, effect, envelope, header, wait};

/// How soon after the broker's return work goes on.
const RESUMES: Duration = Duration::from_secs(5);

/// Publishes numbers until told to stop; returns those that the broker has confirmed.
async fn confirmed(rig: &Rig, keys: usize, stop: &AtomicBool) -> Vec<(String, i64)> {
    let mut confirmed = Vec::new();
    for number in 0.. {
        if stop.load(Atomic::SeqCst) {
            break;
        }
        let data = Happened::new(&format!("k{}", number as usize % keys), number);
        let body = envelope(
            &format!("e-{number}"),
            "thing.happened.v1",
            &serde_json::to_value(&data).unwrap(),
        );
        let sent = rig
            .jetstream
            .publish(format!("thing.happened.v1.{}", data.key), body.into())
            .await;
        let Ok(sent) = sent else { continue };
        if let Ok(Ok(_)) = tokio::time::timeout(Duration::from_secs(1), sent).await {
            confirmed.push((data.key, data.number));
        }
    }
    confirmed
}

on_both! {
    async fn a_broker_that_is_killed_under_load(on: On) {
        for ordering in [Ordering::None, Ordering::Key] {
            let mut rig = Rig::new(on).await;
            let double = Double::new(|event, tx| {
                Box::pin(async move {
                    tokio::time::sleep(Duration::from_millis(4)).await;
                    effect(event, tx).await
                })
            });
            let operation = Operation { ordering, ack_wait: Duration::from_secs(5), ..HANDLE };
            let service = rig.serve(operation, double).await;
            let stop = Arc::new(AtomicBool::new(false));
            let mut broker = std::mem::replace(&mut rig.broker, dev::Broker::start().await.unwrap());
            let publisher = confirmed(&rig, 7, &stop);
            let kills = async {
                for least in [100, 250] {
                    wait("some effects", || async { service.effects().await.len() > least }).await;
                    broker.kill().unwrap();
                    let before = service.effects().await.len();
                    broker.restart().await.unwrap();
                    let back = Instant::now();
                    wait("the next effect", || async { service.effects().await.len() > before + 8 }).await;
                    assert!(back.elapsed() < RESUMES, "{ordering:?}: resumed after {:?}", back.elapsed());
                }
                stop.store(true, Atomic::SeqCst);
            };
            let (confirmed, ()) = tokio::join!(publisher, kills);
            rig.settled("tester-handle").await;
            let effects = service.effects().await;
            for event in &confirmed {
                let times = effects.iter().filter(|effect| *effect == event).count();
                assert_eq!(times, 1, "{event:?} of {}", confirmed.len());
            }
            if ordering == Ordering::Key {
                for (key, numbers) in by_key(&effects) {
                    assert!(numbers.is_sorted(), "{key}: {numbers:?}");
                }
            }
            assert!(rig.dead_letters().await.is_empty());
            service.stop().await.unwrap();
        }
    }
}

on_both! {
    async fn what_is_committed_while_the_broker_is_down_arrives_once_and_in_order(on: On) {
        let mut rig = Rig::new(on).await;
        let service = rig.serve(HANDLE, Double::effect()).await;
        for down in [false, true, false] {
            if down {
                rig.broker.kill().unwrap();
            }
            for number in 0..100 {
                let mut tx = service.app.begin();
                let number = number + if down { 100 } else { 0 };
                tx.publish(Happened::new(&format!("k{}", number % 5), number)).await.unwrap();
                tx.commit().await.unwrap();
            }
            if down {
                rig.broker.restart().await.unwrap();
                break;
            }
        }
        wait("all events", || async { rig.stored().await.len() >= 200 }).await;
        rig.settled("tester-handle").await;
        let stored = rig.stored().await;
        assert_eq!(stored.len(), 200);
        for (key, numbers) in by_key(&stored) {
            assert!(numbers.is_sorted(), "{key}: {numbers:?}");
        }
        assert_eq!(service.effects().await.len(), 200);
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn a_service_starts_before_its_broker(on: On) {
        let mut rig = Rig::new(on).await;
        let ready = rig.http("/readyz");
        rig.broker.kill().unwrap();
        let service = rig.start(HANDLE, Double::effect()).await;
        wait("an answer", || async { answers(&ready).await.0 == 503 }).await;
        assert!(answers(&ready).await.1.contains("not connected"), "{}", answers(&ready).await.1);
        rig.broker.restart().await.unwrap();
        let back = Instant::now();
        // The topology is the contract's; here the consumer is made by hand, a little later.
        static OPERATION: Operation = HANDLE;
        rig.provision(&[&OPERATION]).await;
        wait("readiness", || async { answers(&ready).await.0 == 200 }).await;
        assert!(back.elapsed() < Duration::from_secs(10), "ready after {:?}", back.elapsed());
        rig.send(&Happened::new("a", 1)).await;
        rig.settled("tester-handle").await;
        assert_eq!(service.effects().await.len(), 1);
        service.stop().await.unwrap();
    }
}

/// A broker that answers again is known to be well before the next message comes.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_without_traffic_is_ready_again_after_the_broker_s_restart() {
    let mut rig = Rig::new(On::Sqlite).await;
    static OPERATION: Operation = HANDLE;
    rig.provision(&[&OPERATION]).await;
    rig.settings.topology = jetway::topology::TopologyMode::Bind;
    let ready = rig.http("/readyz");
    let service = rig.serve(HANDLE, Double::effect()).await;
    wait("readiness", || async { answers(&ready).await.0 == 200 }).await;
    for _ in 0..3 {
        rig.broker.kill().unwrap();
        wait("the loss to be seen", || async {
            answers(&ready).await.0 == 503
        })
        .await;
        rig.broker.restart().await.unwrap();
        wait("readiness without a message", || async {
            answers(&ready).await.0 == 200
        })
        .await;
    }
    let back = Instant::now();
    rig.send(&Happened::new("a", 1)).await;
    rig.settled("tester-handle").await;
    assert!(
        back.elapsed() < RESUMES,
        "resumed after {:?}",
        back.elapsed()
    );
    assert_eq!(service.effects().await.len(), 1);
    service.stop().await.unwrap();
}

/// The database is cut off in the middle of handlers and of commits, again and again, where a single attempt is all
/// that an event has.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_costs_no_attempt() {
    for (ordering, max_attempts) in [
        (Ordering::None, 1),
        (Ordering::None, 4),
        (Ordering::Key, 1),
        (Ordering::Key, 4),
    ] {
        let mut rig = Rig::new(On::Postgres).await;
        let direct = rig.settings.database_url.expose().to_owned();
        let (before, rest) = direct.split_once('@').unwrap();
        let (host, database) = rest.split_once('/').unwrap();
        let gate = Gate::to(host).await;
        rig.settings.database_url = format!("{before}@{}/{database}", gate.address())
            .as_str()
            .into();
        let double = Double::new(|event, tx| {
            Box::pin(async move {
                effect(event, tx).await?;
                tokio::time::sleep(Duration::from_millis(10)).await;
                sqlx::query("SELECT 1").execute(tx.sql().await?).await?;
                Ok(())
            })
        });
        let mut operation = Operation {
            ordering,
            ack_wait: Duration::from_secs(2),
            ..HANDLE
        };
        operation.retry.max_attempts = max_attempts;
        let service = rig.serve(operation, double.clone()).await;
        for number in 0..200 {
            rig.send(&Happened::new(&format!("k{}", number % 20), number))
                .await;
        }
        for calls in [20, 80, 140] {
            wait("some calls", || async { double.count() >= calls }).await;
            gate.shut().await;
            // Everything that is in work meets the shut gate.
            let pending = rig.consumer("tester-handle").await;
            assert!(pending.num_pending + pending.num_ack_pending as u64 > 0);
            tokio::time::sleep(Duration::from_millis(300)).await;
            gate.open().await;
        }
        rig.settled("tester-handle").await;
        let letters = rig.dead_letters().await;
        let errors: Vec<_> = letters
            .iter()
            .map(|letter| header(letter, "Dead-Error"))
            .collect();
        assert!(errors.is_empty(), "{ordering:?} {max_attempts}: {errors:?}");
        let mut effects: Vec<i64> = service.effects().await.into_iter().map(|e| e.1).collect();
        effects.sort_unstable();
        assert_eq!(effects, (0..200).collect::<Vec<_>>());
        service.stop().await.unwrap();
    }
}
