//! A service without a database: at least once, attempts counted by the server, events sent without an outbox.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use jetway::{App, Consumers, Failure, Migrations, Operation, StoreError};
use tokio::task::JoinHandle;

use crate::support::contract::{Answered, HANDLE, Happened, Tester};
use crate::support::{Double, MIGRATIONS, On, Rig, wait};

async fn start(handler: Double) -> (Rig, App<Tester>, JoinHandle<()>) {
    static OPERATION: Operation = HANDLE;
    let mut rig = Rig::new(On::Sqlite).await;
    rig.settings.database_url = "none".into();
    rig.provision(&[&OPERATION]).await;
    let app = App::<Tester>::start(rig.settings.clone()).await.unwrap();
    app.migrate(&Migrations::new(&[])).await.unwrap();
    let running = app
        .clone()
        .consumers(Consumers::new().with(&OPERATION, handler));
    let task = tokio::spawn(async move { running.run().await.unwrap() });
    (rig, app, task)
}

#[tokio::test]
async fn what_succeeds_is_acked_and_what_fails_comes_again_until_it_is_a_dead_letter() {
    let failures = Arc::new(AtomicU32::new(0));
    let counted = failures.clone();
    let handler = Double::new(move |event, _| {
        let counted = counted.clone();
        Box::pin(async move {
            if event.data.key == "bad" {
                let attempt = counted.fetch_add(1, Ordering::Relaxed) + 1;
                assert_eq!(event.delivery.attempt, attempt);
                return Err(Failure::from(std::io::Error::other("no")));
            }
            Ok(())
        })
    });
    let (rig, app, task) = start(handler).await;
    rig.send(&Happened::new("good", 1)).await;
    rig.send(&Happened::new("bad", 2)).await;
    let letters = rig.wait_for_dead_letters(1).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(crate::support::header(&letters[0], "Dead-Attempts"), "4");
    assert_eq!(failures.load(Ordering::Relaxed), 4);
    rig.settled("tester-handle").await;
    app.shutdown().cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn what_is_handled_twice_is_published_once() {
    let handler = Double::new(|event, tx| {
        Box::pin(async move {
            tx.publish(Answered {
                key: event.data.key.clone(),
                number: event.data.number,
            })
            .await?;
            Ok(())
        })
    });
    let (rig, app, task) = start(handler.clone()).await;
    let id = uuid::Uuid::now_v7().to_string();
    rig.send_as(&id, &Happened::new("a", 1)).await;
    rig.send_as(&id, &Happened::new("a", 1)).await;
    wait("both deliveries to be handled", || async {
        handler.count() == 2
    })
    .await;
    rig.settled("tester-handle").await;
    // Two events came, and one answer went out: the second one has the same id.
    assert_eq!(rig.depth().await, 3);
    app.shutdown().cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn what_is_committed_outside_of_a_handler_is_confirmed() {
    let (rig, app, task) = start(Double::new(|_, _| Box::pin(async { Ok(()) }))).await;
    let mut tx = app.begin();
    tx.publish(Answered {
        key: "b".to_owned(),
        number: 7,
    })
    .await
    .unwrap();
    assert_eq!(rig.depth().await, 0, "before the commit");
    tx.commit().await.unwrap();
    assert_eq!(rig.stored().await, [("b".to_owned(), 7)]);

    rig.jetstream.delete_stream("THINGS").await.unwrap();
    let mut tx = app.begin();
    tx.publish(Answered {
        key: "b".to_owned(),
        number: 8,
    })
    .await
    .unwrap();
    let refused = tx.commit().await.unwrap_err();
    assert!(
        matches!(refused, StoreError::NotPublished(_)),
        "{refused:?}"
    );
    assert!(
        refused.to_string().contains("no stream takes the subject"),
        "{refused}"
    );
    app.shutdown().cancel();
    task.await.unwrap();
}

#[tokio::test]
async fn who_asks_for_a_database_is_told_that_there_is_none() {
    let (_rig, app, task) = start(Double::new(|_, _| Box::pin(async { Ok(()) }))).await;
    let mut tx = app.begin();
    let refused = tx.sql().await.unwrap_err();
    assert!(
        refused.to_string().contains("DATABASE_URL=none"),
        "{refused}"
    );
    let refused = app.migrate(&MIGRATIONS).await.unwrap_err();
    assert!(
        refused.to_string().contains("DATABASE_URL=none"),
        "{refused}"
    );
    app.database().ping().await.unwrap();
    drop(tx);
    app.shutdown().cancel();
    task.await.unwrap();
}
