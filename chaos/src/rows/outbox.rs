//! The outbox between its commit, its publish and its mark.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::Result;
use futures::StreamExt as _;
use rand::Rng as _;
use rand::seq::SliceRandom as _;

use super::Played;
use crate::account::promise;
use crate::contract::STREAM;
use crate::effects::{inverts, sent};
use crate::load::Wanted;
use crate::run::Run;
use crate::stage::{On, Setup, Stage};

const PATIENCE: Duration = Duration::from_secs(60);
/// Where a process can be stopped while its relay works; `runtime/src/relay.rs` names them.
const POINTS: [Option<&str>; 3] = [Some("before-publish"), Some("after-publish"), None];
pub(super) const NO_GHOST: &str = "no event is published that was not committed (no ghost)";
pub(super) const NO_ZOMBIE: &str = "every committed event is published (no zombie)";
pub(super) const IN_ORDER: &str = "the events of a key are published in the order of their commits";

/// Row 12.
pub(super) async fn killed(run: &Run) -> Result<Played> {
    let setup = Setup {
        on: On::Postgres,
        shippers: 3,
        ..Setup::default()
    };
    let mut random = run.random();
    let mut stage = Stage::set(run, setup).await?;
    let wanted = Wanted {
        count: Some(run.count(10_000)),
        withdrawn_percent: 5,
        // The rows wait in the outbox: that is what is killed here.
        behind: u64::MAX,
        ..Wanted::steady(if run.short { 100 } else { run.per_second() })
    };
    let load = stage.begin_load(&wanted);
    let mut points = POINTS;
    points.shuffle(&mut random);
    let most = if run.short { 250 } else { 1_000 };
    for nth in 0..if run.short { 3 } else { 9 } {
        tokio::time::sleep(Duration::from_millis(random.random_range(50..most))).await;
        let victim = random.random_range(0..stage.shippers.len());
        let point = points[nth % POINTS.len()];
        let shipper = &mut stage.shippers[victim];
        let name = shipper.name().to_owned();
        if let Some(point) = point {
            // The next life runs into the trap as soon as it has something to publish.
            let trap = shipper.trap("relay", point);
            if let Some(folder) = trap.parent() {
                std::fs::create_dir_all(folder)?;
            }
            shipper.start().await?;
            let trapped = dev::until(
                "the relay to run into its trap",
                Duration::from_secs(5),
                || {
                    let there = trap.exists();
                    async move {
                        if there {
                            Ok(())
                        } else {
                            Err("not yet".to_owned())
                        }
                    }
                },
            );
            // Another replica may have taken all there was.
            let _ = trapped.await;
        }
        let mark = stage.fault();
        let shipper = &mut stage.shippers[victim];
        shipper.kill()?;
        let killed = Instant::now();
        shipper.set("JETWAY_FAULT", "");
        shipper.start().await?;
        let label = format!("kill -9 of {name}, {}", point.unwrap_or("anywhere"));
        let within = Duration::from_secs(10);
        stage.resumed(run, mark, killed, label, within).await;
        if !run.short {
            // Beyond the pace of the load there would be nothing left to kill.
            stage.pace.fault(true);
        }
    }
    load.ended().await;
    stage.load_ended();
    stage.pace.fault(false);
    stage.settle(run, PATIENCE).await;
    let account = stage.account().await?;
    let mut promises = account.promises();
    promises.push(account.no_letters());
    let committed = sent(&stage.sent).await?;
    let stored = stored(&stage).await?;
    let published: BTreeSet<i64> = stored.iter().map(|(_, number)| *number).collect();
    let ghosts = published.difference(&committed).count();
    let zombies = committed.difference(&published).count();
    promises.push(promise(NO_GHOST, ghosts == 0, format!("{ghosts} ghosts")));
    promises.push(promise(
        NO_ZOMBIE,
        zombies == 0,
        format!("{zombies} of {} are not published", committed.len()),
    ));
    let mut newest = BTreeMap::new();
    let mut first = BTreeSet::new();
    let firsts = stored.iter().filter(|(_, number)| first.insert(*number));
    let inversions = firsts
        .filter(|(key, number)| inverts(&mut newest, key.clone(), *number))
        .count();
    promises.push(promise(
        IN_ORDER,
        inversions == 0,
        format!("{inversions} of {} out of order", published.len()),
    ));
    let notes = vec![format!(
        "{} committed, {} rolled back, {} on the stream, {} copies",
        committed.len(),
        stage.withdrawn().len(),
        published.len(),
        stored.len() - published.len()
    )];
    Ok(Played {
        stage,
        account,
        promises,
        notes,
    })
}

/// What the stream has stored, oldest first: key and number.
async fn stored(stage: &Stage) -> Result<Vec<(String, i64)>> {
    let stream = stage.context.get_stream(STREAM).await?;
    let state = stream.get_info().await?.state;
    let range = state.first_sequence.max(1)..=state.last_sequence;
    let reading = range.map(|sequence| stream.get_raw_message(sequence));
    let messages: Vec<_> = futures::stream::iter(reading).buffered(64).collect().await;
    let mut stored = Vec::new();
    for message in messages {
        let event: serde_json::Value = serde_json::from_slice(&message?.payload)?;
        let data = &event["data"];
        let key = data["key"].as_str().unwrap_or_default().to_owned();
        stored.push((key, data["number"].as_i64().unwrap_or(-1)));
    }
    Ok(stored)
}
