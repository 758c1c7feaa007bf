//! Three servers, and faults of the one that leads.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use dev::{Broker, BrokerOptions, Signal};
use rand::Rng as _;

use super::Played;
use crate::account::promise;
use crate::contract::{STREAM, Shape};
use crate::load::Wanted;
use crate::run::Run;
use crate::stage::{Setup, Stage};

const PATIENCE: Duration = Duration::from_secs(60);
const GAP: Duration = Duration::from_secs(15);
pub(super) const SHORT_GAP: &str = "no 15 s pass without an effect";

/// Row 4.
pub(super) async fn leader(run: &Run) -> Result<Played> {
    let alone = run.is_control("replicas");
    let setup = Setup {
        shape: Shape {
            replicas: if alone { 1 } else { 3 },
            ..Shape::default()
        },
        shippers: 1,
        ..Setup::default()
    };
    let mut random = run.random();
    let mut stage = Stage::set_on(run, setup, three().await?).await?;
    let load = stage.begin_load(&Wanted::steady(run.per_second()));
    for nth in 0..run.times(2, 2) {
        tokio::time::sleep(run.pause(&mut random)).await;
        let leader = leading(&stage).await?;
        let most = if run.short { 4_000 } else { 12_000 };
        let away = Duration::from_millis(random.random_range(2_000..most));
        // Without replicas nobody else can take over: it is gone for longer than any gap that is allowed.
        let away = if alone { away + GAP } else { away };
        let mark = stage.fault();
        let what = if nth % 2 == 0 {
            stage.kill_broker(leader).await?;
            tokio::time::sleep(away).await;
            stage.brokers[leader].restart().await?;
            "killed"
        } else {
            stage.brokers[leader].signal(Signal::Stop)?;
            tokio::time::sleep(away).await;
            stage.brokers[leader].signal(Signal::Cont)?;
            "stopped"
        };
        let label = format!("the leader was {what} for {away:.1?}");
        stage
            .resumed(run, mark, Instant::now(), label, PATIENCE)
            .await;
        if alone {
            break;
        }
    }
    stage.end_load(load).await;
    stage.settle(run, PATIENCE).await;
    let account = stage.account().await?;
    let mut promises = account.promises();
    promises.push(account.no_letters());
    promises.push(promise(
        SHORT_GAP,
        account.longest_gap <= GAP.as_secs_f64(),
        format!("{:.1} s at most", account.longest_gap),
    ));
    Ok(Played {
        stage,
        account,
        promises,
        notes: Vec::new(),
    })
}

/// A cluster of three. None is ready before there are two, so all start at once.
async fn three() -> Result<Vec<Broker>> {
    let ports = [
        dev::ports::free()?,
        dev::ports::free()?,
        dev::ports::free()?,
    ];
    let routes: Vec<String> = ports
        .iter()
        .map(|port| format!("\"nats://127.0.0.1:{port}\""))
        .collect();
    let name = uuid::Uuid::new_v4().simple().to_string();
    let starting = ports.map(|port| {
        let extra = format!(
            "cluster {{ name: \"chaos-{name}\", listen: \"127.0.0.1:{port}\", routes: [{}] }}",
            routes.join(", ")
        );
        Broker::start_with(BrokerOptions {
            extra,
            ..BrokerOptions::default()
        })
    });
    Ok(futures::future::try_join_all(starting).await?)
}

/// Which server leads the stream.
async fn leading(stage: &Stage) -> Result<usize> {
    let found = dev::until(
        "a leader of the stream",
        Duration::from_secs(30),
        || async {
            let stream = stage.context.get_stream(STREAM).await;
            let stream = stream.map_err(|error| error.to_string())?;
            let cluster = stream.cached_info().cluster.as_ref();
            let leader = cluster.and_then(|cluster| cluster.leader.clone());
            leader.ok_or_else(|| "nobody leads".to_owned())
        },
    );
    let name = found.await?;
    let nth = stage
        .brokers
        .iter()
        .position(|broker| broker.name() == name);
    nth.with_context(|| {
        format!("{name} leads the stream, and is none of the three servers that were started")
    })
}
