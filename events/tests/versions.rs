//! A golden event of every version that was ever published, replayed through the upcasts: what is in the log stays
//! readable, and means what it meant.
//!
//! `events/examples/<event>/golden/<name>.json` holds the data as it was published, and what each newer version reads. A
//! file that is there is not changed; a new version adds to the `read` of each version before it.

#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code, unreachable_pub)]
#[path = "../../codegen/tests/versions/events/src/generated/mod.rs"]
mod generated;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use events::{OrderPlacedV1, OrderPlacedV2};
use generated::{
    ThermostatTemperatureMeasuredV1, ThermostatTemperatureMeasuredV2,
    ThermostatTemperatureMeasuredV3,
};
use jetway::validate::decode;
use jetway::{Downcast, EventInfo, Upcast, Validate};
use serde_json::{Value, json};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    published: Value,
    read: BTreeMap<String, Value>,
}

/// The golden events of a version, by path.
fn golden(event: &str) -> Vec<(PathBuf, Golden)> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let Ok(entries) = std::fs::read_dir(examples.join(event).join("golden")) else {
        return Vec::new();
    };
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let golden = serde_json::from_str(&text);
            let golden = golden.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (path, golden)
        })
        .collect()
}

/// Whether an upcast leads to this version, or from it.
fn is_one_of_several(event: &EventInfo) -> bool {
    let upcast_from = |newer: &EventInfo| newer.upcasts == Some(event.event_type);
    event.upcasts.is_some() || events::EVENTS.iter().any(upcast_from)
}

#[test]
fn every_version_has_a_golden_event_and_every_newer_one_reads_it() {
    for event in events::EVENTS
        .iter()
        .filter(|event| is_one_of_several(event))
    {
        let name = event.event_type;
        let goldens = golden(name);
        assert!(
            !goldens.is_empty(),
            "{name} has no golden event: put one into events/examples/{name}/golden"
        );
        for (path, golden) in goldens {
            let path = path.display();
            let own = event.round_trip(&golden.published);
            let own = own.unwrap_or_else(|error| panic!("{path}: {error}"));
            assert_eq!(own, golden.published, "{path}");
            // All events are asked: one that reads this version and is not expected to is found as well.
            let newer = events::EVENTS
                .iter()
                .filter(|other| other.event_type != name);
            let read: BTreeMap<String, Value> = newer
                .filter_map(|newer| {
                    let read = newer.read(name, &golden.published)?;
                    let read = read
                        .unwrap_or_else(|error| panic!("{path} as {}: {error}", newer.event_type));
                    Some((newer.event_type.to_owned(), read))
                })
                .collect();
            assert_eq!(read, golden.read, "{path}: what newer versions read");
        }
    }
}

/// As both versions are published: what is made of the newer one keeps the older one's schema, and nothing is lost.
#[test]
fn the_first_version_of_an_order_comes_back_as_it_was() {
    for (path, golden) in golden("order.placed.v2") {
        let new: OrderPlacedV2 = decode(&golden.published).unwrap();
        let old: OrderPlacedV1 = new.downcast();
        old.validate()
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(OrderPlacedV2::upcast(old), new, "{}", path.display());
    }
    for (path, golden) in golden("order.placed.v1") {
        let old: OrderPlacedV1 = decode(&golden.published).unwrap();
        assert_eq!(
            OrderPlacedV2::upcast(old.clone()).downcast(),
            old,
            "{}",
            path.display()
        );
    }
}

impl Upcast<ThermostatTemperatureMeasuredV1> for ThermostatTemperatureMeasuredV2 {
    fn upcast(old: ThermostatTemperatureMeasuredV1) -> Self {
        Self {
            id: old.id,
            celsius: (old.fahrenheit as f64 - 32.0) / 1.8,
            sensor: None,
        }
    }
}

impl Upcast<ThermostatTemperatureMeasuredV2> for ThermostatTemperatureMeasuredV3 {
    fn upcast(old: ThermostatTemperatureMeasuredV2) -> Self {
        Self {
            id: old.id,
            kelvin: old.celsius + 273.0,
        }
    }
}

impl Downcast<ThermostatTemperatureMeasuredV2> for ThermostatTemperatureMeasuredV3 {
    fn downcast(&self) -> ThermostatTemperatureMeasuredV2 {
        ThermostatTemperatureMeasuredV2 {
            id: self.id,
            celsius: self.kelvin - 273.0,
            sensor: None,
        }
    }
}

impl Downcast<ThermostatTemperatureMeasuredV1> for ThermostatTemperatureMeasuredV2 {
    fn downcast(&self) -> ThermostatTemperatureMeasuredV1 {
        ThermostatTemperatureMeasuredV1 {
            id: self.id,
            fahrenheit: (self.celsius * 1.8 + 32.0) as i64,
        }
    }
}

/// Through two upcasts, each of whose results is held against its whole schema, the compiled part included.
#[test]
fn a_chain_is_gone_through_and_checked_at_every_step() {
    let newest = generated::EVENTS.last().unwrap();
    let read = |version: u8, value: &Value| {
        let mut data = value.clone();
        data["id"] = json!("0198c0de-7000-7000-8000-000000000001");
        let name = format!("thermostat.temperature_measured.v{version}");
        let read = newest.read(&name, &data).unwrap();
        read.map(|data| data["kelvin"].clone())
            .map_err(|error| error.to_string())
    };
    assert_eq!(read(3, &json!({ "kelvin": 293.0 })), Ok(json!(293)));
    assert_eq!(read(2, &json!({ "celsius": 20.0 })), Ok(json!(293)));
    assert_eq!(read(1, &json!({ "fahrenheit": 68 })), Ok(json!(293)));
    // The second version wants to know which sensor says that it is so cold; the third knows of no such cold at all.
    let error = read(1, &json!({ "fahrenheit": -148 })).unwrap_err();
    assert!(
        error.starts_with("/: ") && error.ends_with("(in the thermostat.temperature_measured.v2 that the upcast made of a thermostat.temperature_measured.v1)"),
        "{error}"
    );
    let error = read(2, &json!({ "celsius": -274.0, "sensor": "S" })).unwrap_err();
    assert!(
        error.starts_with("/kelvin: ") && error.ends_with("(in the thermostat.temperature_measured.v3 that the upcast made of a thermostat.temperature_measured.v2)"),
        "{error}"
    );
    assert!(
        read(2, &json!({ "celsius": -100.0 }))
            .unwrap_err()
            .contains("sensor")
    );
}
