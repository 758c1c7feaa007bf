//! SQLite: transactions that queue for the one writer share a commit. Each stands or falls alone all the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use jetway::{App, StoreError, Tx};
use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::support::contract::{HANDLE, Happened, Tester};
use crate::support::{Double, On, Rig, wait};

async fn rows(app: &App<Tester>) -> Vec<String> {
    use sqlx::Row as _;
    let rows = sqlx::query("SELECT key FROM effects ORDER BY id");
    let rows = rows.fetch_all(app.database().pool()).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

async fn insert(tx: &mut Tx<'_, Tester>, key: &str) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO effects (key, number, event_id) VALUES ($1, 1, '')")
        .bind(key.to_owned())
        .execute(tx.sql().await?)
        .await?;
    Ok(())
}

/// Transactions that queue behind one that has the writer's turn: once it ends, they share a commit.
struct Group<'a> {
    app: &'a App<Tester>,
    turn: Tx<'a, Tester>,
    queued: Vec<Ending<'a>>,
}

type Ending<'a> = BoxFuture<'a, Result<(), StoreError>>;

impl<'a> Group<'a> {
    async fn new(app: &'a App<Tester>) -> Self {
        let mut turn = app.begin();
        turn.sql().await.unwrap();
        Self {
            app,
            turn,
            queued: Vec::new(),
        }
    }

    /// Puts a transaction into the queue.
    fn add(mut self, act: impl for<'t> FnOnce(Tx<'t, Tester>) -> Ending<'t>) -> Self {
        let mut ending = act(self.app.begin());
        assert!((&mut ending).now_or_never().is_none());
        self.queued.push(ending);
        self
    }

    /// Lets them go.
    async fn end(self) -> Vec<Result<(), StoreError>> {
        drop(self.turn);
        futures::future::join_all(self.queued).await
    }
}

fn keeps(key: &'static str) -> impl for<'t> FnOnce(Tx<'t, Tester>) -> Ending<'t> {
    move |mut tx| {
        async move {
            insert(&mut tx, key).await?;
            tx.commit().await
        }
        .boxed()
    }
}

#[tokio::test]
async fn nobody_is_told_before_the_commit_and_each_is_undone_alone() {
    let rig = Rig::new(On::Sqlite).await;
    let app = rig.app(&HANDLE).await;
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let group = Group::new(&app)
        .await
        .add(keeps("first"))
        .add(|mut tx| {
            async move {
                insert(&mut tx, "dropped").await?;
                drop(tx);
                Ok(())
            }
            .boxed()
        })
        .add(|mut tx| {
            async move {
                insert(&mut tx, "rolled back").await?;
                tx.rollback().await
            }
            .boxed()
        })
        .add(keeps("second"))
        .add(|mut tx| {
            async move {
                insert(&mut tx, "last").await?;
                gone.await.unwrap();
                tx.commit().await
            }
            .boxed()
        });
    let Group { turn, queued, .. } = group;
    drop(turn);
    let mut ended: FuturesUnordered<_> = queued.into_iter().collect();
    // The one that was dropped waits for nothing; all others wait for the last.
    ended.next().await.unwrap().unwrap();
    let early = tokio::time::timeout(Duration::from_millis(300), ended.next()).await;
    assert!(early.is_err(), "told so while the group is open");
    assert!(rows(&app).await.is_empty());
    go.send(()).unwrap();
    while let Some(result) = ended.next().await {
        result.unwrap();
    }
    assert_eq!(rows(&app).await, ["first", "second", "last"]);
}

/// A foreign key that is looked at only at the commit.
const DEFERRED: &str = "CREATE TABLE parents (id BIGINT PRIMARY KEY);
    CREATE TABLE children (parent BIGINT NOT NULL REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED);";

async fn orphan(mut tx: Tx<'_, Tester>) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO children (parent) VALUES (1)")
        .execute(tx.sql().await?)
        .await?;
    tx.commit().await
}

#[tokio::test]
async fn one_that_the_commit_refuses_fails_its_group_once_and_then_alone() {
    let rig = Rig::new(On::Sqlite).await;
    let app = rig.app(&HANDLE).await;
    sqlx::raw_sql(DEFERRED)
        .execute(app.database().pool())
        .await
        .unwrap();

    let results = Group::new(&app)
        .await
        .add(keeps("innocent"))
        .add(|tx| orphan(tx).boxed())
        // It saw the innocent's row, and whoever answers from it must not do so when the row does not stay.
        .add(|mut tx| {
            async move {
                tx.sql().await?;
                tx.rollback().await
            }
            .boxed()
        })
        .end()
        .await;
    for result in results {
        // Worth another try: nothing of this transaction's own, and so no attempt at an event.
        assert!(
            matches!(result, Err(StoreError::Unavailable(_))),
            "{result:?}"
        );
    }
    assert!(rows(&app).await.is_empty());

    let results = Group::new(&app)
        .await
        .add(keeps("innocent"))
        .add(|tx| orphan(tx).boxed())
        .add(keeps("behind"))
        .end()
        .await;
    let [innocent, guilty, behind] = results.try_into().unwrap();
    innocent.unwrap();
    behind.unwrap();
    let guilty: StoreError = guilty.unwrap_err();
    assert!(matches!(guilty, StoreError::Statement(_)), "{guilty:?}");
    assert!(guilty.to_string().contains("FOREIGN KEY"), "{guilty}");
    assert_eq!(rows(&app).await, ["innocent", "behind"]);
}

#[tokio::test]
async fn a_full_disk_fails_what_it_must_and_nothing_after_it() {
    let mut rig = Rig::new(On::Sqlite).await;
    // The limit is the connection's.
    rig.settings.database_connections = 1;
    let app = rig.app(&HANDLE).await;
    let mut tx = app.begin();
    insert(&mut tx, "before").await.unwrap();
    sqlx::raw_sql("PRAGMA max_page_count = 64")
        .execute(tx.sql().await.unwrap())
        .await
        .unwrap();
    tx.commit().await.unwrap();

    let results = Group::new(&app)
        .await
        .add(keeps("ahead"))
        .add(|mut tx| {
            async move {
                sqlx::query("INSERT INTO effects (key, number, event_id) VALUES (printf('%.*c', 1000000, 'x'), 1, '')")
                    .execute(tx.sql().await?)
                    .await?;
                tx.commit().await
            }
            .boxed()
        })
        .add(keeps("behind"))
        .end()
        .await;
    assert!(
        matches!(results[1], Err(StoreError::Unavailable(_))),
        "{results:?}"
    );
    // Those who were told so have committed, whatever else SQLite rolled back with the one that found the disk full.
    let told = ["before", "ahead", "full", "behind"]
        .into_iter()
        .zip(std::iter::once(&Ok(())).chain(&results))
        .filter(|(_, result)| result.is_ok())
        .map(|(key, _)| key);
    assert_eq!(rows(&app).await, told.collect::<Vec<_>>(), "{results:?}");

    let mut tx = app.begin();
    insert(&mut tx, "after").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(rows(&app).await.last().unwrap(), "after");
}

/// Transactions that are dropped at any point, as when an HTTP client goes away, leave nothing and disturb nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cut_off_anywhere() {
    let rig = Rig::new(On::Sqlite).await;
    let app = rig.app(&HANDLE).await;
    let told = Arc::new(AtomicU64::new(0));
    let failed = Arc::new(AtomicU64::new(0));
    let mut seeds = StdRng::seed_from_u64(7);
    let tasks: Vec<_> = (0..16)
        .map(|n| {
            let (app, told, failed) = (app.clone(), told.clone(), failed.clone());
            let mut random = StdRng::seed_from_u64(seeds.random());
            tokio::spawn(async move {
                for number in 0..150 {
                    let key = format!("{n}-{number}");
                    let work = async {
                        let mut tx = app.begin();
                        insert(&mut tx, &key).await?;
                        tx.publish(Happened::new(&key, 1)).await.unwrap();
                        tx.commit().await
                    };
                    let patience = Duration::from_micros(random.random_range(0..4_000));
                    match tokio::time::timeout(patience, work).await {
                        Ok(Ok(())) => drop(told.fetch_add(1, Ordering::Relaxed)),
                        Ok(Err(_)) => drop(failed.fetch_add(1, Ordering::Relaxed)),
                        Err(_) => {}
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut tx = app.begin();
    insert(&mut tx, "last").await.unwrap();
    tx.commit().await.unwrap();
    let rows = rows(&app).await;
    let told = told.load(Ordering::Relaxed);
    assert!(told > 0, "every one of them was cut off");
    assert!(told < 2_400, "none of them was cut off");
    assert_eq!(
        failed.load(Ordering::Relaxed),
        0,
        "somebody paid for another's end"
    );
    assert!(rows.len() as u64 > told, "{} rows, {told} told", rows.len());
    let mut once = rows.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), rows.len());
    // Each has its event, and no event is without its row.
    use sqlx::Row as _;
    let events = sqlx::query(
        "SELECT COUNT(*) FROM jetway_outbox WHERE ordering_key IN (SELECT key FROM effects)",
    );
    let events: i64 = events
        .fetch_one(app.database().pool())
        .await
        .unwrap()
        .get(0);
    assert_eq!(events as usize, rows.len() - 1);
}

/// An effect that two deliveries of one event reach at the same time is there once.
#[tokio::test(flavor = "multi_thread")]
async fn two_deliveries_of_one_event_in_one_group() {
    let rig = Rig::new(On::Sqlite).await;
    let service = rig.serve(HANDLE, Double::effect()).await;
    for n in 0..50 {
        let id = uuid::Uuid::now_v7().to_string();
        rig.send_as(&id, &Happened::new(&format!("{n}"), 1)).await;
        rig.send_as(&id, &Happened::new(&format!("{n}"), 1)).await;
    }
    rig.settled("tester-handle").await;
    wait("one effect each", || async {
        rows(&service.app).await.len() == 50
    })
    .await;
    service.stop().await.unwrap();
}
