//! Several events on one address: one consumer is given all, the type tells them apart, and what the operation does not
//! name is acknowledged unread.

use jetway::{Consumers, Event, Handled, HandlerOfSeveral, Operation, Reader, Several, Tx};
use serde_json::json;

use crate::support::contract::{Answered, HANDLE, Happened, Tester};
use crate::support::{Rig, Serving, envelope, header};

/// What is sent to one address: new and old versions of what happened, and answers.
#[derive(Clone, Debug, PartialEq)]
enum Either {
    Happened(Happened),
    Answered(Answered),
}

impl Several for Either {
    const EXPECTED: &'static str = "thing.happened.v1 or thing.answered.v1";
    const READERS: &'static [Reader<Self>] = &[
        |event| event.read_as(Self::Happened),
        |event| event.read_as(Self::Answered),
    ];
}

struct Both;

impl HandlerOfSeveral for Both {
    type Service = Tester;
    type Data = Either;
    const SKIPS: &'static [&'static str] = &["thing.ignored.v1"];

    async fn handle(&self, event: &Event<Either>, tx: &mut Tx<'_, Tester>) -> Handled {
        let (key, number) = match &event.data {
            Either::Happened(data) => (format!("happened {}", data.key), data.number),
            Either::Answered(data) => (format!("answered {}", data.key), data.number),
        };
        sqlx::query("INSERT INTO effects (key, number, event_id) VALUES ($1, $2, $3)")
            .bind(key)
            .bind(number)
            .bind(event.id.as_str())
            .execute(tx.sql().await?)
            .await?;
        Ok(())
    }
}

async fn serve(rig: &Rig) -> Serving {
    let operation: &'static Operation = Box::leak(Box::new(HANDLE));
    let app = rig.app(operation).await;
    Serving::of(app, Consumers::new().with_several(operation, Both))
}

async fn send(rig: &Rig, id: &str, event_type: &str, data: &serde_json::Value) {
    let event = envelope(id, event_type, data);
    rig.publish("thing.happened.v1.k", None, event).await;
}

on_both! {
    async fn each_is_read_as_what_its_type_says(on: On) {
        let rig = Rig::new(on).await;
        let service = serve(&rig).await;
        send(&rig, "1", "thing.happened.v1", &json!({ "key": "a", "number": 1 })).await;
        send(&rig, "2", "thing.answered.v1", &json!({ "key": "b", "number": 2 })).await;
        send(&rig, "3", "thing.answered.v1", &json!({ "key": "b", "number": 2 })).await;
        send(&rig, "3", "thing.answered.v1", &json!({ "key": "b", "number": 2 })).await;
        // An older version, through its upcast.
        send(&rig, "4", "thing.happened.v0", &json!({ "key": "c", "count": "3" })).await;
        rig.settled("tester-handle").await;
        let mut effects = service.effects().await;
        effects.sort();
        let effect = |key: &str, number| (key.to_owned(), number);
        assert_eq!(effects, [effect("answered b", 2), effect("answered b", 2), effect("happened a", 1), effect("happened c", 3)]);
        assert!(rig.dead_letters().await.is_empty());
        service.stop().await.unwrap();
    }
}

on_both! {
    async fn what_the_operation_does_not_name_is_acknowledged_and_others_are_dead_letters(on: On) {
        let rig = Rig::new(on).await;
        let service = serve(&rig).await;
        // Not even read: this would be no event of any kind.
        send(&rig, "1", "thing.ignored.v1", &json!(17)).await;
        send(&rig, "2", "thing.unheard.v1", &json!({ "key": "a", "number": 1 })).await;
        send(&rig, "3", "thing.happened.v1", &json!({ "key": "a", "number": -1 })).await;
        let letters = rig.wait_for_dead_letters(2).await;
        rig.settled("tester-handle").await;
        let mut reasons: Vec<String> = letters.iter().map(|letter| header(letter, "Dead-Reason")).collect();
        reasons.sort();
        assert_eq!(reasons, ["invalid", "unexpected-type"]);
        let other = letters.iter().find(|letter| header(letter, "Dead-Reason") == "unexpected-type").unwrap();
        let error = header(other, "Dead-Error");
        assert!(error.contains("thing.happened.v1 or thing.answered.v1"), "{error}");
        assert!(service.effects().await.is_empty());
        service.stop().await.unwrap();
    }
}
