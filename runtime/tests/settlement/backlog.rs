//! An outbox that is full of events, because the broker was away or does not take one of them.
//!
//! A hundred thousand rows are for `cargo bench -p jetway --bench relay`, which makes the same checks and looks at the
//! memory of its process, too.

use std::time::Duration;

use dev::Signal;

use crate::support::backlog::{self, Backlog};
use crate::support::contract::{HANDLE, Happened};
use crate::support::{Double, On, Rig, Serving, answers, by_key, wait};

async fn open(service: &Serving) -> Vec<(i64, Option<String>, String)> {
    sqlx::query_as(
        "SELECT attempts, last_error, ordering_key FROM jetway_outbox WHERE published_at IS NULL ORDER BY position",
    )
    .fetch_all(service.app.database().pool())
    .await
    .unwrap()
}

async fn drained(on: On, relays: usize, backlog: Backlog) {
    let rig = Rig::new(on).await;
    let app = rig.app(Box::leak(Box::new(HANDLE))).await;
    backlog.insert(app.database().pool()).await;
    let mut services = Vec::new();
    for _ in 0..relays {
        let app = rig.app(Box::leak(Box::new(HANDLE))).await;
        services.push(Serving::relay(app));
    }
    while backlog::is_open(app.database().pool()).await {
        assert!(services.iter().all(|service| !service.has_ended()));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    backlog.check(&rig).await;
    for service in services {
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn a_backlog_of_many_keys_is_drained_in_order(on: On) {
        drained(on, 1, Backlog { rows: 20_000, keys: 3_000 }).await;
    }
}

on_both! {
    async fn a_backlog_of_few_keys_is_drained_in_order(on: On) {
        drained(on, 1, Backlog { rows: 10_000, keys: 7 }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_relays_drain_a_backlog_on_one_postgres_in_order() {
    drained(
        On::Postgres,
        3,
        Backlog {
            rows: 10_000,
            keys: 500,
        },
    )
    .await;
}

on_both! {
    /// Passes overlap, and one takes rows of a key whose earlier ones another has: none of them may overtake.
    async fn a_key_that_fails_amid_a_backlog_keeps_its_order(on: On) {
        let options = dev::BrokerOptions { max_payload: 16 * 1024, ..dev::BrokerOptions::default() };
        let mut rig = Rig::with_broker(on, dev::Broker::start_with(options).await.unwrap()).await;
        let app = rig.app(Box::leak(Box::new(HANDLE))).await;
        let backlog = Backlog { rows: 9_000, keys: 3 };
        backlog.insert(app.database().pool()).await;
        // Its second hundred in, and all the others of its key behind it.
        sqlx::query("UPDATE jetway_outbox SET body = $1 WHERE event_id = 'e-300'")
            .bind(backlog.event(300).2.replace("xxx", &"x".repeat(200)))
            .execute(app.database().pool())
            .await
            .unwrap();
        let service = Serving::relay(app);
        wait("the other keys", || async { rig.depth().await >= 6_000 + 100 }).await;
        wait("several tries", || async { open(&service).await[0].0 >= 4 }).await;
        let waiting = open(&service).await;
        assert_eq!(waiting.len(), 2_900);
        let error = waiting[0].1.clone().unwrap();
        assert!(error.contains("16384") && error.contains("max_payload"), "{error}");
        assert!(waiting[1..].iter().all(|row| row.0 == 0 && row.2 == "k0"), "what is behind it was tried");
        assert_eq!(rig.depth().await, 6_100);
        let conf = rig.broker.directory().join("nats.conf");
        let larger = std::fs::read_to_string(&conf).unwrap().replace("max_payload: 16384", "max_payload: 65536");
        std::fs::write(&conf, larger).unwrap();
        rig.broker.restart().await.unwrap();
        wait("all events", || async { rig.depth().await >= 9_000 }).await;
        backlog.check(&rig).await;
        service.stop().await.unwrap();
    }
}

on_both! {
    /// A broker that hangs gets no more than the window, and all the rest waits untouched.
    async fn no_more_than_the_window_is_on_its_way(on: On) {
        let mut rig = Rig::new(on).await;
        let ready = rig.http("/readyz");
        let app = rig.app(Box::leak(Box::new(HANDLE))).await;
        let service = Serving::relay(app);
        wait("the start", || async { answers(&ready).await.0 == 200 }).await;
        rig.remember().await;
        let backlog = Backlog { rows: 2_000, keys: 2_000 };
        backlog.insert_for_later(service.app.database().pool()).await;
        // All at once, before the client gives the connection up.
        rig.broker.signal(Signal::Stop).unwrap();
        backlog::release(service.app.database().pool()).await;
        let tried = || async { open(&service).await.iter().filter(|row| row.0 > 0).count() };
        wait("the first to fail", || async { tried().await > 0 }).await;
        assert!(tried().await <= 256, "{} were on their way", tried().await);
        let error = open(&service).await[0].1.clone().unwrap();
        assert!(error.contains("did not confirm within 2 s"), "{error}");
        rig.broker.signal(Signal::Cont).unwrap();
        wait("all events", || async { !backlog::is_open(service.app.database().pool()).await }).await;
        backlog.check(&rig).await;
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn published_rows_are_dropped_after_their_time(on: On) {
        let mut rig = Rig::new(on).await;
        rig.settings.outbox_retention = Duration::from_secs(3_600);
        let app = rig.app(Box::leak(Box::new(HANDLE))).await;
        Backlog { rows: 12_000, keys: 12_000 }.insert(app.database().pool()).await;
        let hour = 3_600 * 1_000_000;
        for (event, at) in [("%", 2 * hour), ("e-7", hour / 2)] {
            sqlx::query("UPDATE jetway_outbox SET published_at = $1 WHERE event_id LIKE $2")
                .bind(jetway::now_micros() - at)
                .bind(event)
                .execute(app.database().pool())
                .await
                .unwrap();
        }
        // An old one that was never published stays whatever its age.
        sqlx::query("UPDATE jetway_outbox SET published_at = NULL, created_at = 0, next_attempt_at = $1 WHERE event_id = 'e-8'")
            .bind(jetway::now_micros() + hour)
            .execute(app.database().pool())
            .await
            .unwrap();
        let service = Serving::relay(app);
        let left = || async {
            sqlx::query_scalar::<_, String>("SELECT event_id FROM jetway_outbox ORDER BY event_id")
                .fetch_all(service.app.database().pool())
                .await
                .unwrap()
        };
        wait("the others to go", || async { left().await.len() == 2 }).await;
        assert_eq!(left().await, ["e-7", "e-8"]);
        service.stop().await.unwrap();
    }
}

/// What was stored and not confirmed, because the broker was killed in between, is sent again under the same id.
#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_killed_under_a_backlog_stores_nothing_twice() {
    let mut rig = Rig::new(On::Sqlite).await;
    let ready = rig.http("/readyz");
    let app = rig.app(Box::leak(Box::new(HANDLE))).await;
    let service = Serving::relay(app);
    wait("the start", || async { answers(&ready).await.0 == 200 }).await;
    rig.remember().await;
    let backlog = Backlog {
        rows: 20_000,
        keys: 900,
    };
    backlog.insert(service.app.database().pool()).await;
    for least in [1_000, 5_000, 9_000] {
        wait("some events", || async { rig.depth().await > least }).await;
        rig.broker.kill().unwrap();
        rig.broker.restart().await.unwrap();
    }
    wait("all events", || async {
        !backlog::is_open(service.app.database().pool()).await
    })
    .await;
    backlog.check(&rig).await;
    service.stop().await.unwrap();
}

on_both! {
    /// An event too large for the broker never reaches it: else it would end the connection, for all.
    async fn an_event_over_max_payload_is_refused_before_it_is_sent(on: On) {
        let options = dev::BrokerOptions { max_payload: 16 * 1024, ..dev::BrokerOptions::default() };
        let rig = Rig::with_broker(on, dev::Broker::start_with(options).await.unwrap()).await;
        let service = rig.serve(HANDLE, Double::effect()).await;
        let mut large = Happened::new("large", 0);
        large.text = Some("x".repeat(20 * 1024));
        let mut tx = service.app.begin();
        tx.publish(large).await.unwrap();
        tx.commit().await.unwrap();
        wait("several tries", || async { open(&service).await.first().is_some_and(|row| row.0 >= 3) }).await;
        let error = open(&service).await[0].1.clone().unwrap();
        let sizes: Vec<usize> = error.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
        assert!(sizes.contains(&16_384) && sizes.iter().any(|size| *size > 20 * 1024), "{error}");
        let log = rig.broker.log();
        assert!(!log.to_lowercase().contains("payload"), "{log}");
        let mut tx = service.app.begin();
        tx.publish(Happened::new("small", 1)).await.unwrap();
        tx.commit().await.unwrap();
        wait("the small one", || async { rig.stored().await.len() == 1 }).await;
        assert_eq!(by_key(&rig.stored().await)["small"], [1]);
        service.stop().await.unwrap();
    }
}
