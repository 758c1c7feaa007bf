//! A connection that stands, and over which nothing comes any more: a firewall that forgot it, a host that froze.

use std::time::{Duration, Instant};

use crate::support::contract::{HANDLE, Happened};
use crate::support::gate::Gate;
use crate::support::{Double, On, Rig, answers, wait};
use crate::{keep_log, publish};

/// How soon it is to be noticed.
const NOTICED: Duration = Duration::from_secs(15);

fn host(rig: &Rig) -> String {
    format!("127.0.0.1:{}", rig.broker.port())
}

fn through(gates: &[&Gate]) -> Vec<jetway::settings::SecretUrl> {
    gates
        .iter()
        .map(|gate| format!("nats://{}", gate.address()).as_str().into())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_noticed_and_the_service_resumes_when_it_ends() {
    keep_log();
    let mut rig = Rig::new(On::Sqlite).await;
    let gate = Gate::to(&host(&rig)).await;
    let ready = rig.http("/readyz");
    rig.settings.nats_url = through(&[&gate]);
    let service = rig.serve(HANDLE, Double::effect()).await;
    wait("readiness", || async { answers(&ready).await.0 == 200 }).await;
    publish(&service.app, "before").await;
    wait("an effect", || async { service.effects().await.len() == 1 }).await;
    gate.fall_silent();
    let silent = Instant::now();
    publish(&service.app, "meanwhile").await;
    rig.send(&Happened::new("from-elsewhere", 1)).await;
    wait("the silence to be noticed", || async {
        answers(&ready).await.0 == 503
    })
    .await;
    assert!(
        silent.elapsed() < NOTICED,
        "noticed after {:?}",
        silent.elapsed()
    );
    // A try to connect meets the same silence, and is given up.
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(service.effects().await.len(), 1);
    gate.speak();
    let over = Instant::now();
    wait("all effects", || async {
        service.effects().await.len() == 3
    })
    .await;
    assert!(
        over.elapsed() < NOTICED,
        "resumed after {:?}",
        over.elapsed()
    );
    wait("readiness", || async { answers(&ready).await.0 == 200 }).await;
    rig.settled("tester-handle").await;
    assert_eq!(rig.depth().await, 3);
    service.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_way_is_taken_while_the_silence_lasts() {
    keep_log();
    let mut rig = Rig::new(On::Sqlite).await;
    let (one, other) = (Gate::to(&host(&rig)).await, Gate::to(&host(&rig)).await);
    other.shut().await;
    let ready = rig.http("/readyz");
    rig.settings.nats_url = through(&[&one, &other]);
    let service = rig.serve(HANDLE, Double::effect()).await;
    wait("readiness", || async { answers(&ready).await.0 == 200 }).await;
    other.open().await;
    one.fall_silent();
    let silent = Instant::now();
    publish(&service.app, "meanwhile").await;
    rig.send(&Happened::new("from-elsewhere", 1)).await;
    wait("the effects", || async {
        service.effects().await.len() == 2
    })
    .await;
    assert!(
        silent.elapsed() < NOTICED,
        "resumed after {:?}",
        silent.elapsed()
    );
    rig.settled("tester-handle").await;
    service.stop().await.unwrap();
}
