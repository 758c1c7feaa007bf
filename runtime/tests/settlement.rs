//! The settlement table, row by row, on a real broker.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use jetway::Failure;
use support::contract::{HANDLE, Happened};
use support::{Double, On, Rig, effect};

#[tokio::test(flavor = "multi_thread")]
async fn ok_commits_then_acks() {
    let rig = Rig::new(On::Sqlite).await;
    let service = rig.serve(HANDLE, Double::effect()).await;
    for number in 0..20 {
        rig.send(&Happened::new("a", number)).await;
    }
    rig.settled("tester-handle").await;
    assert_eq!(service.effects().await.len(), 20);
    service.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_is_tried_again_until_it_succeeds() {
    let rig = Rig::new(On::Sqlite).await;
    let double = Double::new(|event, tx| {
        Box::pin(async move {
            effect(event, tx).await?;
            if event.delivery.attempt < 3 {
                Err(std::io::Error::other("not yet").into())
            } else {
                Ok(())
            }
        })
    });
    let service = rig.serve(HANDLE, double.clone()).await;
    rig.send(&Happened::new("a", 1)).await;
    support::wait("the third attempt", || async { double.count() == 3 }).await;
    rig.settled("tester-handle").await;
    assert_eq!(service.effects().await, [("a".to_owned(), 1)]);
    assert!(rig.dead_letters().await.is_empty());
    service.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permanent_failure_is_a_dead_letter_at_once() {
    let rig = Rig::new(On::Sqlite).await;
    let double = Double::new(|_, _| {
        Box::pin(async { Err(Failure::permanent("no such customer\r\nX-Evil: 1")) })
    });
    let service = rig.serve(HANDLE, double.clone()).await;
    rig.send(&Happened::new("a", 1)).await;
    let letters = rig.wait_for_dead_letters(1).await;
    assert_eq!(
        letters[0].headers.get("Dead-Reason").unwrap().as_str(),
        "permanent"
    );
    assert_eq!(
        letters[0].headers.get("Dead-Error").unwrap().as_str(),
        "no such customer  X-Evil: 1"
    );
    assert_eq!(double.count(), 1);
    rig.settled("tester-handle").await;
    service.stop().await.unwrap();
}
