//! Events that a transaction has decided: each reaches its stream, in the order of its key.

use std::time::Duration;

use jetway::{App, PublishError};

use crate::support::contract::{Answered, HANDLE, Happened, Tester};
use crate::support::{Double, On, Rig, by_key, wait};

async fn commit(app: &App<Tester>, key: &str, number: i64) {
    let mut tx = app.begin();
    tx.publish(Happened::new(key, number)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn three_relays(on: On, events: i64) {
    let mut rig = Rig::new(on).await;
    let mut services = Vec::new();
    let mut pages = Vec::new();
    for _ in 0..3 {
        pages.push(rig.http("/metrics"));
        services.push(rig.serve(HANDLE, Double::effect()).await);
    }
    // One writer per key, so that its numbers are in the order of commit; the replicas take turns.
    let writers = (0..20).map(|key| {
        let services = &services;
        async move {
            for number in 0..events / 20 {
                let app = &services[(key + number as usize) % 3].app;
                commit(app, &format!("k{key}"), number).await;
            }
        }
    });
    futures::future::join_all(writers).await;
    let total = usize::try_from(events).unwrap();
    wait("all events", || async {
        rig.depth().await as usize >= total
    })
    .await;
    rig.settled("tester-handle").await;
    let stored = rig.stored().await;
    assert_eq!(stored.len(), total, "something was published twice");
    let keys = by_key(&stored);
    assert_eq!(keys.len(), 20);
    for (key, numbers) in keys {
        assert_eq!(numbers, (0..events / 20).collect::<Vec<_>>(), "{key}");
    }
    // The stream drops second copies; there should be none to drop.
    let mut sent = 0.0;
    for page in pages {
        let page = reqwest::get(page).await.unwrap().text().await.unwrap();
        let line = |line: &&str| line.starts_with("messaging_client_sent_messages");
        let counts = page.lines().filter(line);
        sent += counts
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum::<f64>();
    }
    assert!(
        (sent - events as f64).abs() < 0.5,
        "{sent} publishes for {events} events"
    );
    for service in services {
        service.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_relays_on_one_postgres_keep_the_order_of_each_key() {
    three_relays(On::Postgres, 2_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_processes_on_one_sqlite_file_keep_the_order_of_each_key() {
    three_relays(On::Sqlite, 400).await;
}

on_both! {
    async fn an_event_that_cannot_be_published_stops_its_key_only(on: On) {
        let options = dev::BrokerOptions { max_payload: 16 * 1024, ..dev::BrokerOptions::default() };
        let rig = Rig::with_broker(on, dev::Broker::start_with(options).await.unwrap()).await;
        let service = rig.serve(HANDLE, Double::effect()).await;
        let mut large = Happened::new("large", 0);
        large.text = Some("x".repeat(20 * 1024));
        let mut tx = service.app.begin();
        tx.publish(large).await.unwrap();
        tx.publish(Happened::new("large", 1)).await.unwrap();
        tx.commit().await.unwrap();
        for number in 0..20 {
            commit(&service.app, "small", number).await;
        }
        wait("the other key", || async { rig.stored().await.len() == 20 }).await;
        let row = || async {
            sqlx::query_as::<_, (i64, Option<String>)>(
                "SELECT attempts, last_error FROM jetway_outbox WHERE published_at IS NULL ORDER BY position",
            )
            .fetch_all(service.app.database().pool())
            .await
            .unwrap()
        };
        wait("a second try", || async { row().await[0].0 >= 2 }).await;
        let rows = row().await;
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[1].0, 0, "the event behind it was tried");
        let error = rows[0].1.clone().unwrap();
        assert!(error.contains("16384") && error.contains("max_payload"), "{error}");
        assert_eq!(by_key(&rig.stored().await).len(), 1);
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn a_subject_without_a_stream_waits_for_one(on: On) {
        let rig = Rig::new(on).await;
        let service = rig.serve(HANDLE, Double::effect()).await;
        // At work, and so done with its own look at the topology.
        commit(&service.app, "b", 1).await;
        wait("the first event", || async { rig.stored().await.len() == 1 }).await;
        let stream = rig.jetstream.get_stream("THINGS").await.unwrap();
        let whole = stream.get_info().await.unwrap().config;
        let mut narrow = whole.clone();
        narrow.subjects = vec!["thing.happened.>".into()];
        rig.jetstream.update_stream(narrow).await.unwrap();
        let mut tx = service.app.begin();
        tx.publish(Answered { key: "a".to_owned(), number: 1 }).await.unwrap();
        tx.publish(Happened::new("a", 2)).await.unwrap();
        tx.publish(Happened::new("b", 3)).await.unwrap();
        tx.commit().await.unwrap();
        wait("the other key", || async { rig.stored().await.ends_with(&[("b".to_owned(), 3)]) }).await;
        let error = || async {
            sqlx::query_scalar::<_, Option<String>>("SELECT last_error FROM jetway_outbox WHERE attempts > 0")
                .fetch_optional(service.app.database().pool())
                .await
                .unwrap()
                .flatten()
        };
        wait("the failure to be noted", || async { error().await.is_some() }).await;
        let error = error().await.unwrap();
        assert!(error.contains("no stream"), "{error}");
        rig.jetstream.update_stream(whole).await.unwrap();
        wait("all events", || async { rig.stored().await.len() == 4 }).await;
        assert_eq!(by_key(&rig.stored().await)["a"], [1, 2]);
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn a_transaction_that_is_dropped_publishes_nothing(on: On) {
        let rig = Rig::new(on).await;
        let service = rig.serve(HANDLE, Double::effect()).await;
        let mut tx = service.app.begin();
        tx.publish(Happened::new("dropped", 1)).await.unwrap();
        tx.sql().await.unwrap();
        drop(tx);
        let mut tx = service.app.begin();
        assert!(matches!(
            tx.publish(Happened::new("invalid", -1)).await,
            Err(PublishError::Invalid { event_type: "thing.happened.v1", .. })
        ));
        drop(tx);
        commit(&service.app, "kept", 1).await;
        wait("the event", || async { !rig.stored().await.is_empty() }).await;
        rig.settled("tester-handle").await;
        assert_eq!(rig.stored().await, [("kept".to_owned(), 1)]);
        service.stop().await.unwrap();
    }
}

/// Only one of two processes relays; when it ends the other takes over.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_sqlite_file_relay_one_at_a_time() {
    let rig = Rig::new(On::Sqlite).await;
    let one = rig.serve(HANDLE, Double::effect()).await;
    commit(&one.app, "a", 0).await;
    wait("the first", || async { rig.stored().await.len() == 1 }).await;
    let two = rig.serve(HANDLE, Double::effect()).await;
    let lock = rig.directory.path().join("tester.sqlite3.relay-lock");
    let taken = || {
        std::fs::File::open(&lock)
            .unwrap()
            .try_lock()
            .map(drop)
            .is_err()
    };
    assert!(taken());
    commit(&two.app, "a", 1).await;
    wait("the second", || async { rig.stored().await.len() == 2 }).await;
    one.stop().await.unwrap();
    commit(&two.app, "a", 2).await;
    wait("the third", || async { rig.stored().await.len() == 3 }).await;
    assert!(taken());
    two.stop().await.unwrap();
    assert!(!taken());
}

/// The stream's duplicate window is shorter than an outage may be: an event that was stored, and whose confirmation was
/// lost, comes twice then, and the inbox makes it one effect.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_again_beyond_the_window_has_one_effect() {
    let rig = Rig::new(On::Sqlite).await;
    let service = rig.serve(HANDLE, Double::effect()).await;
    commit(&service.app, "a", 1).await;
    rig.settled("tester-handle").await;
    wait("the effect", || async {
        service.effects().await.len() == 1
    })
    .await;
    let forget = "UPDATE jetway_outbox SET published_at = NULL";
    // Until the stream has forgotten the event's id.
    wait("a second copy", || async {
        sqlx::query(forget)
            .execute(service.app.database().pool())
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        rig.stored().await.len() >= 2
    })
    .await;
    rig.settled("tester-handle").await;
    assert_eq!(service.effects().await.len(), 1);
    service.stop().await.unwrap();
}
