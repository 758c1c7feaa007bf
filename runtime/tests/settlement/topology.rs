//! The consumer is taken away under a running service.

use jetway::topology::TopologyMode;

use crate::support::contract::{HANDLE, Happened};
use crate::support::{Double, On, Rig, older, wait};

async fn readiness(url: &str) -> (u16, String) {
    // The service may not listen yet.
    let Ok(response) = reqwest::get(url).await else {
        return (0, String::new());
    };
    (
        response.status().as_u16(),
        response.text().await.unwrap_or_default(),
    )
}

on_both! {
    async fn apply_makes_it_anew_and_goes_on(on: On) {
        let mut rig = Rig::new(on).await;
        let ready = rig.http("/readyz");
        let service = rig.serve(HANDLE, Double::effect()).await;
        rig.send(&Happened::new("a", 1)).await;
        rig.settled("tester-handle").await;
        let stream = rig.jetstream.get_stream("THINGS").await.unwrap();
        for number in 2..4 {
            stream.delete_consumer("tester-handle").await.unwrap();
            rig.send(&Happened::new("a", number)).await;
            wait("the next effect", || async { service.effects().await.len() == number as usize }).await;
        }
        wait("readiness", || async { readiness(&ready).await.0 == 200 }).await;
        rig.settled("tester-handle").await;
        assert_eq!(service.effects().await.len(), 3);
        service.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_makes_stream_and_consumer_anew() {
    let mut rig = Rig::new(On::Sqlite).await;
    let ready = rig.http("/readyz");
    let service = rig.serve(HANDLE, Double::effect()).await;
    rig.send(&Happened::new("a", 1)).await;
    rig.settled("tester-handle").await;
    rig.jetstream.delete_stream("THINGS").await.unwrap();
    wait("the stream", || async {
        rig.jetstream.get_stream("THINGS").await.is_ok()
    })
    .await;
    rig.send(&Happened::new("a", 2)).await;
    wait("the next effect", || async {
        service.effects().await.len() == 2
    })
    .await;
    wait("readiness", || async { readiness(&ready).await.0 == 200 }).await;
    service.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bind_says_so_and_goes_on_when_somebody_has_made_it_anew() {
    let mut rig = Rig::new(On::Sqlite).await;
    static OPERATION: jetway::Operation = HANDLE;
    rig.provision(&[&OPERATION]).await;
    rig.settings.topology = TopologyMode::Bind;
    let ready = rig.http("/readyz");
    let service = rig.serve(HANDLE, Double::effect()).await;
    wait("readiness", || async { readiness(&ready).await.0 == 200 }).await;
    let stream = rig.jetstream.get_stream("THINGS").await.unwrap();
    stream.delete_consumer("tester-handle").await.unwrap();
    wait("the loss to be seen", || async {
        readiness(&ready).await.0 == 503
    })
    .await;
    let said = readiness(&ready).await.1;
    assert!(
        said.contains("tester-handle") && said.contains("may have been deleted"),
        "{said}"
    );
    rig.provision(&[&OPERATION]).await;
    // No message is needed to see that it is well.
    wait("readiness", || async { readiness(&ready).await.0 == 200 }).await;
    rig.send(&Happened::new("a", 1)).await;
    rig.settled("tester-handle").await;
    assert_eq!(service.effects().await.len(), 1);
    service.stop().await.unwrap();
}

/// What the runtime relies on came with 2.10: a service refuses to start on less, whatever it may touch.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_too_old_is_refused_at_start() {
    for mode in [TopologyMode::Apply, TopologyMode::Verify] {
        let mut rig = Rig::new(On::Sqlite).await;
        rig.settings.topology = mode;
        let (port, version) = (rig.broker.port(), rig.broker.version());
        let url = older::url(port, version, "2.9.25").await;
        rig.settings.nats_url = vec![url.as_str().into()];
        let service = rig.start(HANDLE, Double::effect()).await;
        wait("its end", || async { service.has_ended() }).await;
        let said = service.ended().await.unwrap_err().to_string();
        assert!(
            said.contains("nats-server 2.9.25 is too old: jetway needs 2.10 or later"),
            "{said}"
        );
    }
}
