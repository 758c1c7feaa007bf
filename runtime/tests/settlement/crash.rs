//! The process dies: by a message that kills it, and by `kill -9` wherever it hurts.

use std::path::Path;
use std::time::Duration;

use dev::Leash;
use jetway::{Operation, Settings};

use crate::support::contract::{HANDLE, Happened};
use crate::support::{Double, On, Rig, Serving, by_key, effect, header, wait};

const CONSUME: Operation = Operation {
    ack_wait: Duration::from_secs(1),
    concurrency: 4,
    ..HANDLE
};

/// The service as a process of its own, which the tests here start from this very program.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "the tests beside it start it as a process of its own"]
async fn service() {
    let broker = std::env::var("CRASH_NATS_URL").expect("only the tests beside this one start it");
    let mut settings = Settings::defaults("tester");
    settings.nats_url = vec![broker.as_str().into()];
    settings.database_url = std::env::var("CRASH_DATABASE_URL").unwrap().into();
    settings.http_addr = "127.0.0.1:0".parse().unwrap();
    let double = Double::new(|event, tx| {
        Box::pin(async move {
            // The slow ones are still at work when the process dies, and come back together with what kills it.
            let pause = match event.data.key.as_str() {
                "abort" => 100,
                "slow" => 400,
                _ => 20,
            };
            tokio::time::sleep(Duration::from_millis(pause)).await;
            if event.data.key == "abort" {
                std::process::abort();
            }
            effect(event, tx).await?;
            tx.publish(crate::support::contract::Answered {
                key: event.data.key.clone(),
                number: event.data.number,
            })
            .await?;
            Ok(())
        })
    });
    let service = Serving::alone(settings, CONSUME, double).await;
    service.ended().await.unwrap();
}

fn start(rig: &Rig, fault: &str) -> Leash {
    let settings = &rig.settings;
    Leash::spawn(
        std::env::current_exe().unwrap(),
        ["--exact", "crash::service", "--ignored", "--nocapture"],
        [
            ("CRASH_NATS_URL", settings.nats_url[0].expose()),
            ("CRASH_DATABASE_URL", settings.database_url.expose()),
            ("JETWAY_FAULT", fault),
        ],
        rig.directory.path().join("service.log"),
    )
    .unwrap()
}

on_both! {
    async fn a_message_that_kills_the_process_ends_as_a_dead_letter_and_takes_no_other_along(on: On) {
        let rig = Rig::new(on).await;
        static OPERATION: Operation = CONSUME;
        let reader = rig.app(&OPERATION).await;
        let reader = Serving::idle(reader);
        let flow = async {
            for number in 0..150 {
                if number == 10 {
                    for slow in 0..3 {
                        rig.send(&Happened::new("slow", slow)).await;
                    }
                    rig.send(&Happened::new("abort", 0)).await;
                }
                rig.send(&Happened::new("good", number)).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let restarts = async {
            let mut restarts = 0;
            let mut service = start(&rig, "");
            loop {
                let letters = rig.dead_letters().await;
                let dead: Vec<_> = letters.iter().map(|letter| header(letter, "Dead-Subject")).collect();
                assert!(dead.iter().all(|subject| subject.ends_with(".abort")), "neighbours died: {dead:?}");
                let done = !dead.is_empty()
                    && rig.consumer("tester-handle").await.num_ack_pending == 0
                    && reader.effects().await.len() >= 153;
                if done {
                    return (restarts, service);
                }
                if !service.is_running() {
                    restarts += 1;
                    assert!(restarts < 12, "it dies for ever:\n{}", service.log_tail(30));
                    service = start(&rig, "");
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let both = async { tokio::join!(flow, restarts).1 };
        let (restarts, service) = tokio::time::timeout(Duration::from_secs(60), both).await.expect("no end");
        let letters = rig.dead_letters().await;
        assert_eq!(letters.len(), 1);
        assert_eq!(header(&letters[0], "Dead-Subject"), "thing.happened.v1.abort");
        assert_eq!(header(&letters[0], "Dead-Reason"), "attempts-exhausted");
        assert_eq!(
            header(&letters[0], "Dead-Error"),
            "the process died while it handled this message, or was killed"
        );
        assert_eq!(header(&letters[0], "Dead-Attempts"), "4");
        assert!((3..=5).contains(&restarts), "{restarts} restarts for four attempts");
        let mut numbers = by_key(&reader.effects().await)["good"].clone();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..150).collect::<Vec<_>>());
        assert_eq!(by_key(&reader.effects().await)["slow"].len(), 3);
        service.kill().unwrap();
    }
}

async fn killed_at(on: On, point: &str) {
    let rig = Rig::new(on).await;
    static OPERATION: Operation = CONSUME;
    let reader = Serving::idle(rig.app(&OPERATION).await);
    for number in 0..10 {
        rig.send(&Happened::new("a", number)).await;
    }
    let reached = rig.directory.path().join("reached");
    let service = start(&rig, &format!("{point}:{}", reached.display()));
    wait(point, || async { Path::new(&reached).exists() }).await;
    service.kill().unwrap();
    let service = start(&rig, "");
    let answers = || async {
        let stored = rig.stored().await.len();
        let consumer = rig.consumer("tester-handle").await;
        stored == 20 && consumer.num_pending + consumer.num_ack_pending as u64 == 0
    };
    wait("everything to be handled and answered", answers).await;
    let mut effects = reader.effects().await;
    effects.sort();
    let expected: Vec<_> = (0..10).map(|number| ("a".to_owned(), number)).collect();
    assert_eq!(effects, expected);
    assert_eq!(rig.stored().await.len(), 20, "an answer was stored twice");
    assert!(rig.dead_letters().await.is_empty());
    service.kill().unwrap();
}

on_both! {
    async fn killed_before_the_handler(on: On) {
        killed_at(on, "tester.handle:before-handler").await;
    }
}

on_both! {
    async fn killed_in_the_handler(on: On) {
        killed_at(on, "tester.handle:in-handler").await;
    }
}

on_both! {
    async fn killed_after_the_commit_and_before_the_ack(on: On) {
        killed_at(on, "tester.handle:after-commit").await;
    }
}

on_both! {
    async fn killed_between_commit_and_publish(on: On) {
        killed_at(on, "relay:before-publish").await;
    }
}

on_both! {
    async fn killed_between_publish_and_the_mark_in_the_outbox(on: On) {
        killed_at(on, "relay:after-publish").await;
    }
}
