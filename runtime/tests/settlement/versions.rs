//! Two versions of one event side by side: one fact, one effect, whichever of them comes first and whoever handles it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering as Atomic};
use std::time::Duration;

use async_nats::HeaderMap;
use jetway::{Operation, Ordering, PublishError};
use serde_json::{Value, json};

use crate::support::contract::{HANDLE, HANDLE_BOTH, Happened, Told};
use crate::support::{Double, Rig, by_key, effect, envelope, header, wait};

/// Publishes `thing.happened.v0`, as a twin where `twin_of` names the newer version.
async fn send_old(rig: &Rig, id: &str, twin_of: Option<&str>, key: &str, count: &str) {
    let data = json!({ "key": key, "count": count });
    let mut event: Value = serde_json::from_str(&envelope(id, "thing.happened.v0", &data)).unwrap();
    if let Some(fact) = twin_of {
        event["twinof"] = json!(fact);
    }
    rig.publish(&format!("thing.happened.v0.{key}"), None, event.to_string())
        .await;
}

on_both! {
    async fn a_fact_in_two_versions_has_one_effect(on: On) {
        let rig = Rig::new(on).await;
        let double = Double::effect();
        let service = rig.serve(HANDLE_BOTH, double.clone()).await;
        for number in 0..20 {
            let (new, old) = (format!("new-{number}"), format!("old-{number}"));
            let key = format!("k{number}");
            rig.send_as(&new, &Happened::new(&key, number)).await;
            send_old(&rig, &old, Some(&new), &key, &number.to_string()).await;
        }
        rig.settled("tester-handle").await;
        assert_eq!(service.effects().await.len(), 20);
        // Else each effect outside of the database would have happened twice. Where a newer version was held up for long, the
        // older one went ahead.
        let calls = double.count();
        assert!(calls < 26, "{calls} calls for 20 facts");

        // The older one first, and each of them again.
        send_old(&rig, "old-a", Some("new-a"), "a", "1").await;
        rig.settled("tester-handle").await;
        assert_eq!(service.effects().await.len(), 21);
        rig.send_as("new-a", &Happened::new("a", 1)).await;
        send_old(&rig, "old-a", Some("new-a"), "a", "1").await;
        rig.settled("tester-handle").await;
        assert_eq!((service.effects().await.len(), double.count()), (21, calls + 1));

        // In binary mode too, where attributes are headers.
        let mut headers = HeaderMap::new();
        let attributes = [("specversion", "1.0"), ("id", "old-a-again"), ("type", "thing.happened.v0"), ("source", "/elsewhere"), ("twinof", "new-a")];
        for (name, value) in attributes {
            headers.insert(format!("ce-{name}").as_str(), value);
        }
        rig.publish("thing.happened.v0.a", Some(headers), r#"{"key":"a","count":"1"}"#).await;
        rig.settled("tester-handle").await;
        assert_eq!((service.effects().await.len(), double.count()), (21, calls + 1));

        // Another source may use the same ids.
        let data = json!({ "key": "b", "number": 1 });
        let other = envelope("new-a", "thing.happened.v1", &data).replace("/elsewhere", "/somewhere");
        rig.publish("thing.happened.v1.b", None, other).await;
        rig.settled("tester-handle").await;
        assert_eq!(service.effects().await.len(), 22);
        assert!(rig.dead_letters().await.is_empty());
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn versions_that_do_not_know_of_each_other_are_two_facts(on: On) {
        let rig = Rig::new(on).await;
        let service = rig.serve(HANDLE_BOTH, Double::effect()).await;
        rig.send_as("new", &Happened::new("a", 1)).await;
        send_old(&rig, "old", None, "a", "1").await;
        rig.settled("tester-handle").await;
        assert_eq!(service.effects().await.len(), 2);
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn a_twin_of_nothing_is_a_dead_letter(on: On) {
        let rig = Rig::new(on).await;
        let service = rig.serve(HANDLE_BOTH, Double::effect()).await;
        send_old(&rig, "old", Some(""), "a", "1").await;
        let letters = rig.wait_for_dead_letters(1).await;
        assert_eq!(header(&letters[0], "Dead-Reason"), "undecodable");
        let error = header(&letters[0], "Dead-Error");
        assert!(error.contains("twinof must not be empty"), "{error}");
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn on_two_replicas_too(on: On) {
        let rig = Rig::new(on).await;
        let double = Double::effect();
        let operation = Operation { concurrency: 8, ..HANDLE_BOTH };
        let one = rig.serve(operation.clone(), double.clone()).await;
        let two = rig.serve(operation, double.clone()).await;
        for number in 0..60 {
            let (new, key) = (format!("new-{number}"), format!("k{number}"));
            rig.send_as(&new, &Happened::new(&key, number)).await;
            send_old(&rig, &format!("old-{number}"), Some(&new), &key, &number.to_string()).await;
        }
        rig.settled("tester-handle").await;
        assert_eq!(one.effects().await.len(), 60);
        let calls = double.count();
        assert!(calls < 80, "{calls} calls for 60 facts");
        assert!(rig.dead_letters().await.is_empty());
        one.stop().await.unwrap();
        two.stop().await.unwrap();
    }
}

on_both! {
    async fn a_consumer_that_moves_on_handles_nothing_again_and_forgets_nothing(on: On) {
        let rig = Rig::new(on).await;
        // As it was: it knows nothing of the newer version, and fails on its last event.
        let before = Operation { filters: &["thing.happened.v0.*"], ..HANDLE };
        let double = Double::new(|event, tx| {
            Box::pin(async move {
                effect(event, tx).await?;
                match event.data.number {
                    3 => Err(std::io::Error::other("not yet").into()),
                    _ => Ok(()),
                }
            })
        });
        let mut patient = before.clone();
        patient.retry.initial = Duration::from_secs(1);
        patient.retry.max_attempts = 100;
        let service = rig.serve(patient, double.clone()).await;
        for number in 1..=3 {
            let new = format!("new-{number}");
            rig.send_as(&new, &Happened::new("a", number)).await;
            send_old(&rig, &format!("old-{number}"), Some(&new), "a", &number.to_string()).await;
        }
        wait("the third to fail", || async { double.count() >= 3 }).await;
        wait("two effects", || async { service.effects().await.len() == 2 }).await;
        service.stop().await.unwrap();

        let service = rig.serve(HANDLE_BOTH, Double::effect()).await;
        rig.settled("tester-handle").await;
        let mut effects = service.effects().await;
        effects.sort();
        assert_eq!(effects, [1, 2, 3].map(|n| ("a".to_owned(), n)));
        let filters = rig.consumer("tester-handle").await.config.filter_subjects;
        assert_eq!(filters, HANDLE_BOTH.filters);
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn what_an_upcast_makes_keeps_the_schema_or_is_a_dead_letter(on: On) {
        let rig = Rig::new(on).await;
        let double = Double::effect();
        let service = rig.serve(HANDLE_BOTH, double.clone()).await;
        send_old(&rig, "old-1", None, "a", "many").await;
        send_old(&rig, "old-2", None, "a", "too many").await;
        let letters = rig.wait_for_dead_letters(2).await;
        let mut said: Vec<String> = letters.iter().map(|letter| header(letter, "Dead-Error")).collect();
        said.sort();
        assert_eq!(said, [
            "the data breaks its schema at /count: 8 characters, at most 5 expected",
            "the data breaks its schema at /number: -1 is less than the minimum of 0 (in the thing.happened.v1 that the upcast made of a thing.happened.v0)",
        ]);
        assert!(letters.iter().all(|letter| header(letter, "Dead-Reason") == "invalid"));
        assert_eq!(double.count(), 0);
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn one_key_is_one_lane_in_all_versions(on: On) {
        let rig = Rig::new(on).await;
        let open = Arc::new(AtomicBool::new(false));
        let gate = open.clone();
        let double = Double::new(move |event, tx| {
            let gate = gate.clone();
            Box::pin(async move {
                effect(event, tx).await?;
                if event.data.number == 0 && event.data.key == "a" && !gate.load(Atomic::SeqCst) {
                    return Err(std::io::Error::other("not yet").into());
                }
                Ok(())
            })
        });
        let mut operation = Operation { ordering: Ordering::Key, ..HANDLE_BOTH };
        operation.retry.max_attempts = 10_000;
        let service = rig.serve(operation, double).await;
        for number in 0..6 {
            for key in ["a", "b"] {
                match number % 2 {
                    0 => { rig.send(&Happened::new(key, number)).await; }
                    _ => send_old(&rig, &format!("{key}-{number}"), None, key, &number.to_string()).await,
                }
            }
        }
        let of = |key: &'static str| {
            let service = &service;
            async move { by_key(&service.effects().await).remove(key).unwrap_or_default() }
        };
        wait("the other key", || async { of("b").await.len() == 6 }).await;
        assert_eq!(of("a").await, Vec::<i64>::new());
        open.store(true, Atomic::SeqCst);
        wait("the key that was held", || async { of("a").await.len() == 6 }).await;
        assert_eq!(of("a").await, [0, 1, 2, 3, 4, 5]);
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn both_versions_go_out_or_neither_does(on: On) {
        let rig = Rig::new(on).await;
        let service = rig.serve(HANDLE, Double::effect()).await;
        let told = |text: &str| Told::<3> { key: "a".to_owned(), text: text.to_owned() };
        let mut tx = service.app.begin();
        let id = tx.publish(told("once")).await.unwrap().to_string();
        // Ten characters with what the downcasts append, where the oldest version allows ten; and eleven.
        tx.publish(told("12345678")).await.unwrap();
        assert!(matches!(
            tx.publish(told("123456789")).await,
            Err(PublishError::Invalid { event_type: "thing.told.v1", .. })
        ));
        tx.commit().await.unwrap();
        let stream = rig.jetstream.get_stream("THINGS").await.unwrap();
        wait("the events", || async { rig.depth().await >= 4 }).await;
        let mut stored: Vec<Value> = Vec::new();
        for sequence in 1..=rig.depth().await {
            let message = stream.get_raw_message(sequence).await.unwrap();
            let event: Value = serde_json::from_slice(&message.payload).unwrap();
            assert_eq!(message.headers.get("Nats-Msg-Id").unwrap().as_str(), event["id"]);
            stored.push(event);
        }
        let said: Vec<_> = stored.iter().map(|e| (e["type"].as_str().unwrap(), e["data"]["text"].as_str().unwrap())).collect();
        assert_eq!(said, [
            ("thing.told.v3", "once"),
            ("thing.told.v1", "once21"),
            ("thing.told.v3", "12345678"),
            ("thing.told.v1", "1234567821"),
        ]);
        assert_eq!((&stored[0]["id"], stored[0].get("twinof")), (&json!(id), None));
        assert_eq!(stored[1]["twinof"], json!(id));
        assert_ne!(stored[1]["id"], json!(id));
        for attribute in ["source", "subject", "time", "correlationid"] {
            assert_eq!(stored[0][attribute], stored[1][attribute], "{attribute}");
        }
        service.stop().await.unwrap();
    }
}

#[test]
fn a_chain_of_upcasts_is_gone_through_in_order() {
    let info = jetway::EventInfo::of::<Told<3>>();
    assert_eq!(info.upcasts, Some("thing.told.v2"));
    let data = json!({ "key": "a", "text": "once" });
    let read = |version| info.read(version, &data);
    assert_eq!(read("thing.told.v1").unwrap().unwrap()["text"], "once23");
    assert_eq!(read("thing.told.v2").unwrap().unwrap()["text"], "once3");
    assert_eq!(read("thing.told.v3").unwrap().unwrap()["text"], "once");
    assert_eq!(read("thing.told.v4"), None);
    assert_eq!(read("thing.happened.v1"), None);
}
