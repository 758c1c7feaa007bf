//! A dependency of the handler's is down: the operation pauses, and no event suffers for it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering as Atomic};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jetway::{Failure, Operation, Ordering, Pause};

use crate::support::contract::{HANDLE, Happened};
use crate::support::{Double, Rig, by_key, effect, header, wait};

const AFTER: u32 = 6;
const PROBE: Duration = Duration::from_millis(200);
const CAP: Duration = Duration::from_millis(800);

/// One attempt is all that an event has: whoever spends one on an outage makes a dead letter.
fn pausing(ordering: Ordering) -> Operation {
    let mut operation = Operation {
        ordering,
        pause: Pause {
            after: AFTER,
            probe: PROBE,
            cap: CAP,
        },
        ..HANDLE
    };
    operation.retry.max_attempts = 1;
    operation
}

/// One that is asked by handlers, is up or down, and keeps when it was asked.
#[derive(Clone, Default)]
struct Dependency {
    up: Arc<AtomicBool>,
    asked: Arc<Mutex<Vec<Instant>>>,
    now: Arc<AtomicUsize>,
    at_once: Arc<AtomicUsize>,
}

impl Dependency {
    async fn ask(&self) -> Result<(), Failure> {
        self.asked.lock().unwrap().push(Instant::now());
        let others = self.now.fetch_add(1, Atomic::SeqCst);
        self.at_once.fetch_max(others + 1, Atomic::SeqCst);
        tokio::time::sleep(Duration::from_millis(5)).await;
        self.now.fetch_sub(1, Atomic::SeqCst);
        if self.up.load(Atomic::SeqCst) {
            Ok(())
        } else {
            Err(Failure::unavailable("crm", "connection refused"))
        }
    }

    fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// A handler that asks it before it succeeds.
    fn handler(&self) -> Double {
        let dependency = self.clone();
        Double::new(move |event, tx| {
            let dependency = dependency.clone();
            Box::pin(async move {
                effect(event, tx).await?;
                assert_eq!(event.delivery.attempt, 1, "an attempt was spent");
                dependency.ask().await
            })
        })
    }
}

async fn get(url: &str) -> (u16, String) {
    let Ok(response) = reqwest::get(url).await else {
        return (0, String::new());
    };
    (
        response.status().as_u16(),
        response.text().await.unwrap_or_default(),
    )
}

on_both! {
    async fn an_outage_stops_the_pulling_and_spends_no_attempt(on: On) {
        for ordering in [Ordering::None, Ordering::Key] {
            let mut rig = Rig::new(on).await;
            let ready = rig.http("/readyz");
            let base = ready.trim_end_matches("/readyz").to_owned();
            let paused = async |value: u8| {
                let metrics = get(&format!("{base}/metrics")).await.1;
                let line = metrics.lines().find(|line| line.starts_with("jetway_consumer_paused{"));
                line.is_some_and(|line| line.ends_with(&format!(" {value}")))
            };
            let crm = Dependency::default();
            rig.provision(&[]).await;
            for number in 0..60 {
                rig.send(&Happened::new(&format!("k{}", number % 20), number)).await;
            }
            let service = rig.serve(pausing(ordering), crm.handler()).await;
            wait("the pause", || async { get(&ready).await.1.contains("degraded") }).await;

            // What began before it is over when two follow each other that late.
            wait("the second probe", || async {
                let asked = crm.asked.lock().unwrap();
                matches!(asked.as_slice(), [.., one, two] if *two - *one >= 2 * PROBE)
            })
            .await;

            // From here on one event at a time, and less often each time.
            let begun = crm.count() - 1;
            wait("its end", || async { crm.now.load(Atomic::SeqCst) == 0 }).await;
            crm.at_once.store(0, Atomic::SeqCst);
            wait("some probes", || async { crm.count() >= begun + 5 }).await;
            assert_eq!(crm.at_once.load(Atomic::SeqCst), 1, "{ordering:?}");
            let asked = crm.asked.lock().unwrap().clone();
            let gaps: Vec<_> = asked[begun..].windows(2).map(|two| two[1] - two[0]).collect();
            assert!(gaps.iter().all(|gap| *gap >= CAP), "{gaps:?}");
            let info = rig.consumer("tester-handle").await;
            assert!(info.num_pending >= 40, "still pulling: {} pending", info.num_pending);
            let (status, words) = get(&ready).await;
            assert_eq!(status, 200);
            assert!(words.contains("crm is unavailable") && words.contains("connection refused"), "{words}");
            assert!(paused(1).await);
            assert_eq!(get(&format!("{base}/healthz")).await.0, 200);
            assert!(service.effects().await.is_empty());

            crm.up.store(true, Atomic::SeqCst);
            let back = Instant::now();
            wait("all effects", || async { service.effects().await.len() == 60 }).await;
            let took = back.elapsed();
            assert!(took < Duration::from_secs(6), "{took:?}");
            rig.settled("tester-handle").await;
            assert!(rig.dead_letters().await.is_empty());
            if ordering == Ordering::Key {
                for (key, numbers) in by_key(&service.effects().await) {
                    assert!(numbers.is_sorted(), "{key}: {numbers:?}");
                }
            }
            assert!(!get(&ready).await.1.contains("degraded"));
            assert!(paused(0).await);
            service.stop().await.unwrap();
        }
    }
}

on_both! {
    async fn a_paused_service_stops_at_once_and_the_next_one_has_all_of_it(on: On) {
        for ordering in [Ordering::None, Ordering::Key] {
            let mut rig = Rig::new(on).await;
            let ready = rig.http("/readyz");
            let crm = Dependency::default();
            let mut operation = Operation { ack_wait: Duration::from_secs(30), ..pausing(ordering) };
            operation.pause.probe = Duration::from_secs(60);
            operation.pause.cap = Duration::from_secs(60);
            let service = rig.serve(operation.clone(), crm.handler()).await;
            for number in 0..40 {
                rig.send(&Happened::new(&format!("k{number}"), number)).await;
            }
            wait("the pause, and others at hand", || async {
                let held = rig.consumer("tester-handle").await.num_ack_pending;
                get(&ready).await.1.contains("degraded") && held > 0
            })
            .await;
            let begun = Instant::now();
            service.stop().await.unwrap();
            assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());

            crm.up.store(true, Atomic::SeqCst);
            let service = rig.serve(operation, crm.handler()).await;
            let begun = Instant::now();
            rig.settled("tester-handle").await;
            assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
            assert_eq!(service.effects().await.len(), 40);
            assert!(rig.dead_letters().await.is_empty());
            service.stop().await.unwrap();
        }
    }
}

on_both! {
    async fn an_event_that_blames_the_dependency_while_others_succeed_is_a_dead_letter(on: On) {
        for ordering in [Ordering::None, Ordering::Key] {
            let rig = Rig::new(on).await;
            let double = Double::new(|event, tx| {
                Box::pin(async move {
                    effect(event, tx).await?;
                    if event.data.key == "bad" {
                        return Err(Failure::unavailable("crm", "500 on this one"));
                    }
                    Ok(())
                })
            });
            let mut operation = pausing(ordering);
            operation.retry.max_attempts = 3;
            let service = rig.serve(operation, double.clone()).await;
            // Alone it can only be the dependency, and the operation pauses.
            rig.send(&Happened::new("bad", 0)).await;
            wait("more than a pause takes", || async { double.count() > AFTER as usize + 1 }).await;
            assert!(rig.dead_letters().await.is_empty());
            // It holds up nobody: others have their turn, and show that it is the event.
            let mut number = 0;
            wait("the dead letter", || {
                number += 1;
                let (rig, service) = (&rig, &service);
                async move {
                    rig.send(&Happened::new("good", number)).await;
                    wait("the others", || async { service.effects().await.len() == number as usize }).await;
                    !rig.dead_letters().await.is_empty()
                }
            })
            .await;
            let letter = rig.dead_letters().await.remove(0);
            assert_eq!(header(&letter, "Dead-Reason"), "attempts-exhausted");
            assert_eq!(header(&letter, "Dead-Attempts"), "3");
            assert_eq!(header(&letter, "Dead-Error"), "crm is unavailable: 500 on this one");
            rig.settled("tester-handle").await;
            service.stop().await.unwrap();
        }
    }
}
