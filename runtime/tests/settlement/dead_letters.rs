//! Where the dead-letter stream is not available, nothing is lost and nothing is acked.

use async_nats::jetstream::stream::{Config, DiscardPolicy};
use jetway::Failure;
use jetway::topology::TopologyMode;

use crate::support::contract::{HANDLE, Happened};
use crate::support::{Double, On, Rig, effect, header, wait};

#[derive(Clone, Copy, Debug)]
enum Broken {
    Deleted,
    Full,
    Sealed,
    /// Another stream has taken its subjects.
    Usurped,
}

fn config() -> Config {
    Config {
        name: "DEAD_LETTERS".to_owned(),
        subjects: vec!["dead.>".to_owned()],
        ..Config::default()
    }
}

async fn shatter(rig: &Rig, how: Broken) {
    rig.jetstream.delete_stream("DEAD_LETTERS").await.unwrap();
    let broken = match how {
        Broken::Deleted => return,
        Broken::Full => Config {
            max_messages: 1,
            discard: DiscardPolicy::New,
            ..config()
        },
        Broken::Sealed => config(),
        Broken::Usurped => Config {
            name: "EVERYTHING".to_owned(),
            ..config()
        },
    };
    rig.jetstream.create_stream(broken.clone()).await.unwrap();
    match how {
        Broken::Full => rig.publish("dead.filler", None, "full").await,
        Broken::Sealed => {
            let sealed = Config {
                sealed: true,
                ..broken
            };
            rig.jetstream.update_stream(sealed).await.unwrap();
        }
        _ => {}
    }
}

async fn mend(rig: &Rig, how: Broken) {
    match how {
        Broken::Deleted => {}
        Broken::Usurped => {
            let usurper = rig.jetstream.get_stream("EVERYTHING").await.unwrap();
            assert_eq!(usurper.get_info().await.unwrap().state.messages, 0);
            rig.jetstream.delete_stream("EVERYTHING").await.unwrap();
        }
        Broken::Full | Broken::Sealed => {
            rig.jetstream.delete_stream("DEAD_LETTERS").await.unwrap();
        }
    }
    rig.jetstream.create_stream(config()).await.unwrap();
}

async fn neither_acked_nor_lost(on: On, how: Broken, ordering: jetway::Ordering) {
    let mut rig = Rig::new(on).await;
    rig.provision(&[]).await;
    rig.settings.topology = TopologyMode::Bind;
    let metrics = rig.http("/metrics");
    let double = Double::new(|event, tx| {
        Box::pin(async move {
            effect(event, tx).await?;
            match event.data.key.as_str() {
                "permanent" => Err(Failure::permanent("no such customer")),
                "failing" => Err(std::io::Error::other("out of paper").into()),
                _ => Ok(()),
            }
        })
    });
    let operation = jetway::Operation { ordering, ..HANDLE };
    let service = rig.serve(operation, double.clone()).await;
    shatter(&rig, how).await;
    rig.publish("thing.happened.v1.poison", None, "poison")
        .await;
    rig.send(&Happened::new("permanent", 1)).await;
    rig.send(&Happened::new("failing", 1)).await;
    for number in 0..20 {
        rig.send(&Happened::new("good", number)).await;
    }
    wait("the good ones", || async {
        service.effects().await.len() == 20
    })
    .await;
    // Long enough for the failing one to have spent all its attempts, and for some vain tries to bury all three.
    let failures = || async {
        let page = reqwest::get(&metrics).await.unwrap().text().await.unwrap();
        let count: f64 = page
            .lines()
            .filter(|line| line.starts_with("jetway_dead_letters_failed"))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum();
        count >= 8.0
    };
    wait("vain tries", failures).await;
    assert_eq!(rig.consumer("tester-handle").await.num_ack_pending, 3);

    mend(&rig, how).await;
    let letters = rig.wait_for_dead_letters(3).await;
    rig.settled("tester-handle").await;
    assert_eq!(rig.dead_letters().await.len(), 3, "a dead letter too many");
    let mut reasons: Vec<(String, String)> = letters
        .iter()
        .map(|letter| (header(letter, "Dead-Reason"), header(letter, "Dead-Error")))
        .collect();
    reasons.sort();
    let expected = [
        ("attempts-exhausted", "out of paper"),
        ("permanent", "no such customer"),
        (
            "undecodable",
            "the body is not JSON: expected value at line 1 column 1; it begins with \"poison\"",
        ),
    ];
    assert_eq!(reasons, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    assert_eq!(service.effects().await.len(), 20);
    service.stop().await.unwrap();
}

on_both! {
    async fn deleted(on: On) {
        neither_acked_nor_lost(on, Broken::Deleted, jetway::Ordering::None).await;
    }
}

on_both! {
    async fn deleted_and_in_lanes(on: On) {
        neither_acked_nor_lost(on, Broken::Deleted, jetway::Ordering::Key).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn full() {
    neither_acked_nor_lost(On::Sqlite, Broken::Full, jetway::Ordering::None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sealed() {
    neither_acked_nor_lost(On::Sqlite, Broken::Sealed, jetway::Ordering::None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn usurped() {
    neither_acked_nor_lost(On::Sqlite, Broken::Usurped, jetway::Ordering::None).await;
}
