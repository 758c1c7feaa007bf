//! What codegen writes for AsyncAPI documents that were not written for Jetway, compiled and tried.

#![allow(clippy::unwrap_used, missing_docs)]
#![deny(warnings)]

// In a crate of their own all of them are public, and so in use.
#[allow(dead_code, unreachable_pub, unused_imports)]
#[path = "../../codegen/tests/documents/generated/room/mod.rs"]
mod chat;
#[allow(dead_code, unreachable_pub, unused_imports)]
#[path = "../../codegen/tests/documents/generated/formats/mod.rs"]
mod formats;
#[allow(dead_code, unreachable_pub, unused_imports)]
#[path = "../../codegen/tests/documents/generated/lights/mod.rs"]
mod lights;
#[allow(dead_code, unreachable_pub, unused_imports)]
#[path = "../../codegen/tests/documents/generated/converted/mod.rs"]
mod older;
#[allow(dead_code, unreachable_pub, unused_imports)]
#[path = "../../codegen/tests/documents/generated/signup/mod.rs"]
mod signup;
#[allow(dead_code, unreachable_pub, unused_imports)]
#[path = "../../codegen/tests/documents/generated/split/mod.rs"]
mod split;
#[allow(dead_code, unreachable_pub, unused_imports)]
#[path = "../../codegen/tests/documents/generated/chat/mod.rs"]
mod talk;

use jetway::{Event, EventData, EventInfo, Handled, Service, Tx};
use serde_json::{Value, json};

fn read<T: EventData>(data: Value) -> T {
    let data: T = serde_json::from_value(data).unwrap();
    data.validate().unwrap();
    data
}

fn subject(data: &impl EventData) -> String {
    data.subject().unwrap().as_str().to_owned()
}

#[test]
fn subjects_and_keys_come_from_the_payload_itself() {
    let dimmed: lights::DimLight = read(json!({
        "id": "0198c0de-0000-7000-8000-000000000000", "place": { "zone": "north" }, "percentage": 30
    }));
    let key = "0198c0de-0000-7000-8000-000000000000.north";
    assert_eq!(subject(&dimmed), format!("light.{key}.dimmed"));
    assert_eq!(dimmed.key(), key);
}

#[test]
fn what_has_no_parameter_has_its_address_as_key() {
    let signed_up: signup::UserSignedUp = read(json!({ "email": "ann@example.com" }));
    assert_eq!(subject(&signed_up), "user.signedup");
    assert_eq!(signed_up.key(), "user.signedup");
}

#[test]
fn what_is_only_received_has_no_subject() {
    let measured: lights::LightMeasured = read(json!({ "lumens": 3 }));
    let error = measured.subject().unwrap_err();
    assert_eq!(error.parameter, "region");
}

#[test]
fn traits_are_in_the_settings_and_the_operation_itself_wins() {
    let operation = &lights::street_lights::ON_MEASURED;
    assert_eq!(operation.concurrency, 2);
    assert_eq!(operation.retry.max_attempts, 3);
    assert_eq!(operation.timeout.as_secs(), 30);
}

#[test]
fn consumers_have_names_that_jetstream_takes() {
    let operations = older::converted::Converted::OPERATIONS;
    let names: Vec<&str> = operations
        .iter()
        .map(|operation| operation.durable)
        .collect();
    assert_eq!(
        names,
        [
            "converted-user-signedup-publish",
            "converted-userRenamed-subscribe"
        ]
    );
}

#[test]
fn one_schema_of_two_events_is_two_types() {
    let _: chat::Typing = read(json!({ "roomId": "a" }));
    let closed: chat::RoomClosed = read(json!({ "roomId": "a" }));
    assert_eq!(chat::RoomClosed::TYPE, "org.example.room.events.RoomClosed");
    assert_eq!(subject(&closed), "room.said.a");
}

#[test]
fn the_compiled_schema_is_whole_also_where_it_is_a_part_of_the_document() {
    let refuses = |events: &[EventInfo], event_type: &str, data: Value| {
        let event = events.iter().find(|event| event.event_type == event_type);
        event.unwrap().round_trip(&data).is_err()
    };
    let events = chat::EVENTS;
    assert!(!refuses(
        events,
        "typing",
        json!({ "roomId": "a", "mood": "good" })
    ));
    assert!(refuses(
        events,
        "typing",
        json!({ "roomId": "a", "mood": 1 })
    ));
    assert!(refuses(
        events,
        "said.text",
        json!({ "roomId": "", "text": "" })
    ));
    assert!(refuses(
        formats::EVENTS,
        "fileStored",
        json!({ "name": "A" })
    ));
    let brings = |who: Value| json!({ "door": "1", "by": { "name": "a", "brings": [who] } });
    assert!(!refuses(
        split::EVENTS,
        "doorClosed",
        brings(json!({ "name": "b" }))
    ));
    assert!(refuses(split::EVENTS, "doorOpened", brings(json!({}))));
}

/// Who handles everything that the document's service receives.
struct Everything;

impl talk::chat::Log for Everything {
    async fn log(
        &self,
        event: &Event<talk::chat::LogEvent>,
        _: &mut Tx<'_, talk::chat::Chat>,
    ) -> Handled {
        // Forgetting one of them does not compile.
        match &event.data {
            talk::chat::LogEvent::Joined(data) => drop(data.who.clone()),
            talk::chat::LogEvent::Left(data) => drop(data.who.clone()),
            talk::chat::LogEvent::Said(data) => drop(data.text.clone()),
            talk::chat::LogEvent::Muted(data) => assert!(data.until.is_none()),
        }
        Ok(())
    }
}

impl talk::chat::Roster for Everything {
    async fn roster(
        &self,
        event: &Event<talk::chat::RosterEvent>,
        _: &mut Tx<'_, talk::chat::Chat>,
    ) -> Handled {
        match &event.data {
            talk::chat::RosterEvent::Joined(_) | talk::chat::RosterEvent::Left(_) => Ok(()),
        }
    }
}

impl talk::chat::Moderate for Everything {
    async fn moderate(&self, _: &Event<talk::Said>, _: &mut Tx<'_, talk::chat::Chat>) -> Handled {
        Ok(())
    }
}

impl talk::chat::Hear for Everything {
    async fn hear(&self, _: &Event<talk::Pinged>, _: &mut Tx<'_, talk::chat::Chat>) -> Handled {
        Ok(())
    }
}

#[test]
fn an_operation_with_several_messages_has_one_handler_of_their_enum() {
    let _consumers = talk::chat::consumers(Everything);
    assert_eq!(talk::chat::LOG.filters, ["talk.*"]);
    assert_eq!(talk::chat::LOG.event_type, "joined, left, said, muted");
    assert_eq!(talk::chat::ROSTER.event_type, "joined, left");
    assert_eq!(talk::chat::MODERATE.event_type, "said");
}

#[test]
fn what_draft_07_says_otherwise_is_enforced_as_it_says() {
    let pinged = EventInfo::of::<talk::Pinged>();
    let span = |span: Value| pinged.round_trip(&json!({ "span": span }));
    assert!(span(json!({ "ends": ["a", 1], "from": 1, "to": 2 })).is_ok());
    assert!(span(json!({ "ends": ["a", "b"] })).is_err());
    assert!(span(json!({ "ends": ["a", 1, 2] })).is_err());
    assert!(span(json!({ "to": 2 })).is_err());
}
