//! What no schema allows, made at random: text that is no JSON, envelopes that are none, data of every other shape, too
//! deep, too large, under headers that nobody expects.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use async_nats::HeaderMap;
use futures::StreamExt as _;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use super::Played;
use crate::account::promise;
use crate::contract::{Does, EVENT, LONGEST_TEXT, Parcel};
use crate::envelope::{envelope, wrapped};
use crate::load::Wanted;
use crate::run::Run;
use crate::stage::{Setup, Stage};

const PATIENCE: Duration = Duration::from_secs(120);
const SUBJECT: &str = "parcel.sent.v1.bad";
/// What the workers are told to accept at most.
const MOST: usize = 256 * 1_024;
pub(super) const ALL_BURIED: &str = "every malformed event becomes a dead letter with a reason";
pub(super) const NO_PANIC: &str = "no code panics over one, and no process ends";

/// A message as it is published.
#[derive(Clone, Debug)]
struct Malformed {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// Row 9.
pub(super) async fn events(run: &Run) -> Result<Played> {
    let setup = Setup {
        max_event_bytes: Some(MOST),
        ..Setup::default()
    };
    let mut stage = Stage::set(run, setup).await?;
    let pid = stage.depots[0].pid();
    let count = usize::try_from(run.count(10_000))?;
    let bad = make(run.seed, count)?;
    // Good ones among them, which must not suffer.
    let load = stage.begin_load(&Wanted::steady(100));
    let sending = futures::stream::iter(bad.iter().map(|one| publish(&stage, one)));
    let sequences: Vec<Result<u64>> = sending.buffer_unordered(64).collect().await;
    let sequences: BTreeSet<u64> = sequences.into_iter().collect::<Result<_>>()?;
    stage.end_load(load).await;
    stage.settle(run, PATIENCE).await;
    let mut account = stage.account().await?;
    let letters = stage.dead_letters().await?;
    let buried: BTreeSet<u64> = letters
        .iter()
        .filter(|letter| !letter.reason.is_empty() && !letter.error.is_empty())
        .filter_map(|letter| letter.sequence)
        .collect();
    // Their numbers, where they have any, are made up: the books are about the good ones.
    account.dead_letters = letters.len() as u64;
    let mut promises = account.promises();
    let missing = sequences.difference(&buried).count();
    let wrong = buried.difference(&sequences).count();
    promises.push(promise(
        ALL_BURIED,
        missing == 0 && wrong == 0 && letters.len() == sequences.len(),
        format!(
            "{} malformed, {} dead letters, {missing} without one, {wrong} that were good",
            sequences.len(),
            letters.len()
        ),
    ));
    let panics = stage.logs().matches("panicked").count();
    let lives = stage.depots[0].pid() == pid && stage.depots[0].is_running();
    promises.push(promise(
        NO_PANIC,
        panics == 0 && lives,
        format!(
            "{panics} panics, the process {}",
            if lives { "lives" } else { "has ended" }
        ),
    ));
    let mut reasons = std::collections::BTreeMap::<&str, usize>::new();
    for letter in &letters {
        *reasons.entry(&letter.reason).or_default() += 1;
    }
    let notes = vec![format!("reasons: {reasons:?}")];
    Ok(Played {
        stage,
        account,
        promises,
        notes,
    })
}

async fn publish(stage: &Stage, one: &Malformed) -> Result<u64> {
    let mut headers = HeaderMap::new();
    for (name, value) in &one.headers {
        // What the client cannot write it cannot send either.
        if let Ok(value) = value.parse::<async_nats::HeaderValue>() {
            headers.insert(name.as_str(), value);
        }
    }
    let answer = stage
        .context
        .publish_with_headers(SUBJECT, headers, one.body.clone().into())
        .await?;
    Ok(answer.await?.sequence)
}

/// The same ones for the same seed.
fn make(seed: u64, count: usize) -> Result<Vec<Malformed>> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    let strategy = malformed();
    (0..count)
        .map(|_| {
            let tree = strategy.new_tree(&mut runner);
            tree.map(|tree| tree.current())
                .map_err(|why| anyhow::anyhow!("no malformed event could be made: {why}"))
        })
        .collect()
}

fn malformed() -> impl Strategy<Value = Malformed> {
    let body = prop_oneof![
        4 => no_json(),
        4 => cut_off(),
        4 => no_envelope().prop_map(text),
        6 => no_parcel().prop_map(|data| wrapped("bad", &data).into_bytes()),
        2 => deep(),
        1 => large(),
    ];
    (headers(), body).prop_map(|(headers, body)| Malformed { headers, body })
}

fn text(value: Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// Headers of all sorts. The content type says that the body is the whole event, or nothing: a body under attributes in
/// headers would be data of its own, and may be good.
fn headers() -> impl Strategy<Value = Vec<(String, String)>> {
    let kind = prop_oneof![
        Just(Vec::new()),
        Just(vec![(
            "Content-Type".to_owned(),
            "application/cloudevents+json".to_owned()
        )]),
    ];
    let odd = proptest::collection::vec(("X-[A-Za-z0-9-]{1,40}", "[^\r\n]{0,200}"), 0..4);
    let trace = prop_oneof![
        Just(Vec::new()),
        "[^\r\n]{0,80}".prop_map(|value| vec![("traceparent".to_owned(), value)]),
        "[0-9a-f-]{0,60}".prop_map(|value| vec![("traceparent".to_owned(), value)]),
        "[^\r\n]{0,600}".prop_map(|value| vec![("tracestate".to_owned(), value)]),
    ];
    (kind, odd, trace).prop_map(|(kind, odd, trace)| [kind, odd, trace].concat())
}

/// Bytes that no JSON begins with, then anything.
fn no_json() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        Just(0xff),
        Just(0xc0),
        Just(b'}'),
        Just(b','),
        Just(0),
        Just(b'a')
    ];
    (first, proptest::collection::vec(any::<u8>(), 0..400)).prop_map(|(first, rest)| {
        let mut bytes = vec![first];
        bytes.extend(rest);
        bytes
    })
}

/// A good event without its end.
fn cut_off() -> impl Strategy<Value = Vec<u8>> {
    (1..100_usize).prop_map(|percent| {
        let whole = good();
        let kept = (whole.len() * percent / 100).max(1);
        whole[..kept].to_vec()
    })
}

fn good() -> Vec<u8> {
    let parcel = Parcel {
        key: "bad".to_owned(),
        number: 1,
        does: Does::Arrive,
        text: "good".to_owned(),
    };
    envelope("bad", &parcel).into_bytes()
}

/// Any JSON value, of some depth.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,60}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            proptest::collection::vec((".{0,12}", inner), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// An envelope with one attribute missing or of another type, or of another event, or no envelope at all.
fn no_envelope() -> impl Strategy<Value = Value> {
    let attribute = prop_oneof![
        Just("specversion"),
        Just("id"),
        Just("type"),
        Just("source"),
        Just("data")
    ];
    let changed = (
        attribute,
        prop_oneof![Just(Value::Null), Just(json!(7)), Just(json!([]))],
    )
        .prop_map(|(attribute, value)| {
            let mut event: Value = serde_json::from_slice(&good()).unwrap_or_default();
            event[attribute] = value;
            event
        });
    let other = "[a-z.]{1,40}"
        .prop_filter("another event", |name| name != EVENT)
        .prop_map(|name| {
            let mut event: Value = serde_json::from_slice(&good()).unwrap_or_default();
            event["type"] = name.into();
            event
        });
    // An envelope has four attributes that chance does not hit.
    prop_oneof![any_json(), changed, other]
}

/// Data that is no parcel.
fn no_parcel() -> impl Strategy<Value = Value> {
    let wrong = (
        any_json(),
        prop_oneof![Just("key"), Just("number"), Just("does"), Just("text")],
    )
        .prop_map(|(value, field)| {
            let mut data = json!({ "key": "bad", "number": 1, "does": "arrive", "text": "" });
            data[field] = value;
            data
        });
    let long = (LONGEST_TEXT + 1..LONGEST_TEXT + 400).prop_map(
        |length| json!({ "key": "bad", "number": 1, "does": "arrive", "text": "ä".repeat(length) }),
    );
    let negative = (i64::MIN..0)
        .prop_map(|number| json!({ "key": "bad", "number": number, "does": "arrive" }));
    prop_oneof![
        any_json().prop_filter("no parcel", |data| !is_parcel(data)),
        wrong.prop_filter("no parcel", |data| !is_parcel(data)),
        long,
        negative,
    ]
}

/// What the schema says, in other words than the code under test has.
fn is_parcel(data: &Value) -> bool {
    let whole = |number: &Value| {
        number.as_i64().is_some_and(|number| number >= 0)
            || number
                .as_f64()
                .is_some_and(|number| number >= 0.0 && number.fract() == 0.0)
    };
    let text = data.get("text");
    data["key"].is_string()
        && whole(&data["number"])
        && ["arrive", "fail", "fail-once", "refuse", "panic"]
            .iter()
            .any(|does| data["does"] == *does)
        && text.is_none_or(|text| {
            text.as_str()
                .is_some_and(|text| text.chars().count() <= LONGEST_TEXT)
        })
}

/// Brackets within brackets.
fn deep() -> impl Strategy<Value = Vec<u8>> {
    (200..60_000_usize, prop_oneof![Just(("[", "]")), Just(("{\"a\":", "}"))], any::<bool>()).prop_map(
        |(depth, (open, close), ends)| {
            let end = if ends { close.repeat(depth) } else { String::new() };
            let inner = format!("{}1{end}", open.repeat(depth.min(20_000)));
            if depth % 2 == 0 {
                return inner.into_bytes();
            }
            format!("{{\"specversion\":\"1.0\",\"id\":\"bad\",\"source\":\"/chaos\",\"type\":\"{EVENT}\",\"data\":{inner}}}")
                .into_bytes()
        },
    )
}

/// A good event but for its size.
fn large() -> impl Strategy<Value = Vec<u8>> {
    (MOST + 1..MOST + 50_000).prop_map(|size| {
        let mut body = good();
        body.resize(size, b' ');
        body
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_seed_makes_the_same_events_again_and_none_of_them_is_good() {
        let (once, again, other) = (
            make(7, 300).unwrap(),
            make(7, 300).unwrap(),
            make(8, 300).unwrap(),
        );
        let bodies = |all: &[Malformed]| all.iter().map(|one| one.body.clone()).collect::<Vec<_>>();
        assert_eq!(bodies(&once), bodies(&again));
        assert_ne!(bodies(&once), bodies(&other));
        assert!(once.iter().all(|one| one.body != good()));
        assert!(is_parcel(
            &serde_json::from_slice::<Value>(&good()).unwrap()["data"]
        ));
    }
}
