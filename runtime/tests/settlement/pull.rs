//! Pulling: never more than there are hands for, and never a silence that nobody ends.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jetway::topology::TopologyMode;
use jetway::{Failure, Operation, Ordering};
use tokio::sync::Semaphore;

use crate::support::contract::{HANDLE, Happened};
use crate::support::leaky::Leaky;
use crate::support::{Double, On, Rig, effect, wait};

/// Less than a pull lasts at the server: whoever waits for the end of one is found out.
const STALL: Duration = Duration::from_millis(900);

/// One handler at a time is where the client's own stream stalls.
#[tokio::test(flavor = "multi_thread")]
async fn one_at_a_time_never_stalls() {
    for (ordering, events) in [(Ordering::None, 5_000), (Ordering::Key, 1_000)] {
        let rig = Rig::new(On::Sqlite).await;
        let calls = Arc::new(Mutex::new(Vec::new()));
        let log = calls.clone();
        let double = Double::new(move |_, _| {
            log.lock().unwrap().push(Instant::now());
            Box::pin(async { Ok(()) })
        });
        rig.provision(&[]).await;
        for number in 0..events {
            rig.send(&Happened::new(&format!("k{}", number % 10), number))
                .await;
        }
        let operation = Operation {
            concurrency: 1,
            ordering,
            ..HANDLE
        };
        let service = rig.serve(operation, double).await;
        wait("all of them", || async {
            calls.lock().unwrap().len() == events as usize
        })
        .await;
        let calls = calls.lock().unwrap().clone();
        let longest = calls.windows(2).map(|two| two[1] - two[0]).max().unwrap();
        assert!(longest < STALL, "{ordering:?}: nothing for {longest:?}");
        rig.settled("tester-handle").await;
        service.stop().await.unwrap();
    }
}

/// The server's clock runs from the delivery: what waits here is not many times what can be handled.
#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_delivered_than_twice_the_hands() {
    for concurrency in [1, 4] {
        let rig = Rig::new(On::Sqlite).await;
        let hands = Arc::new(Semaphore::new(0));
        let wanted = hands.clone();
        let double = Double::new(move |event, tx| {
            let wanted = wanted.clone();
            Box::pin(async move {
                wanted.acquire().await?.forget();
                effect(event, tx).await
            })
        });
        let operation = Operation {
            concurrency,
            ..HANDLE
        };
        let service = rig.serve(operation, double.clone()).await;
        for number in 0..100 {
            rig.send(&Happened::new("a", number)).await;
        }
        for done in 0..100 {
            let rest = 100 - done;
            wait("full hands", || async {
                double.count() == done + concurrency.min(rest)
            })
            .await;
            let held = rig.consumer("tester-handle").await.num_ack_pending;
            assert!(held <= 2 * concurrency, "{held} for {concurrency} hands");
            hands.add_permits(1);
            wait("its effect", || async {
                service.effects().await.len() == done + 1
            })
            .await;
        }
        rig.settled("tester-handle").await;
        service.stop().await.unwrap();
    }
}

/// Nothing reaches the inbox any more, and the connection is well: only another inbox helps.
#[tokio::test(flavor = "multi_thread")]
async fn two_missed_heartbeats_are_followed_by_a_new_inbox() {
    for ordering in [Ordering::None, Ordering::Key] {
        let mut rig = Rig::new(On::Sqlite).await;
        let leaky = Leaky::to(rig.broker.port()).await;
        rig.settings.nats_url = vec![leaky.url().as_str().into()];
        let operation = Operation { ordering, ..HANDLE };
        let service = rig.serve(operation, Double::effect()).await;
        for number in 0..5_u32 {
            rig.send(&Happened::new("a", number.into())).await;
            wait("the next effect", || async {
                service.effects().await.len() == number as usize + 1
            })
            .await;
            let before = leaky.inboxes();
            leaky.lose_the_inbox();
            let lost = Instant::now();
            wait("another inbox", || async { leaky.inboxes() > before }).await;
            // Two heartbeats of half a second, and what a busy machine takes.
            let took = lost.elapsed();
            assert!(took < Duration::from_millis(2_500), "{took:?}");
        }
        rig.settled("tester-handle").await;
        service.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_responder_is_followed_by_a_new_inbox() {
    let mut rig = Rig::new(On::Sqlite).await;
    let leaky = Leaky::to(rig.broker.port()).await;
    rig.settings.nats_url = vec![leaky.url().as_str().into()];
    rig.settings.topology = TopologyMode::Bind;
    static OPERATION: Operation = HANDLE;
    let service = rig.start(HANDLE, Double::effect()).await;
    wait("several inboxes", || async { leaky.inboxes() > 3 }).await;
    rig.provision(&[&OPERATION]).await;
    rig.send(&Happened::new("a", 1)).await;
    let made = Instant::now();
    wait("its effect", || async {
        service.effects().await.len() == 1
    })
    .await;
    let took = made.elapsed();
    assert!(took < Duration::from_millis(2_500), "{took:?}");
    rig.settled("tester-handle").await;
    service.stop().await.unwrap();
}

/// What waits long for its next attempt is parked at the server, and takes no room from what is new.
#[tokio::test(flavor = "multi_thread")]
async fn long_delays_do_not_hold_up_what_is_new() {
    const PARKED: usize = 1_500;
    const FRESH: usize = 200;
    let rig = Rig::new(On::Sqlite).await;
    let double = Double::new(|event, tx| {
        Box::pin(async move {
            if event.data.key == "late" {
                return Err(Failure::retry_after(Duration::from_secs(600)));
            }
            effect(event, tx).await
        })
    });
    let service = rig.serve(HANDLE, double.clone()).await;
    for number in 0..PARKED {
        rig.send(&Happened::new("late", number as i64)).await;
    }
    wait("all to be parked", || async { double.count() == PARKED }).await;
    for number in 0..FRESH {
        rig.send(&Happened::new("fresh", number as i64)).await;
    }
    wait("what is new", || async {
        service.effects().await.len() == FRESH
    })
    .await;
    assert_eq!(double.count(), PARKED + FRESH, "something came back early");
    let info = rig.consumer("tester-handle").await;
    assert_eq!(info.num_ack_pending, PARKED);
    service.stop().await.unwrap();
}
