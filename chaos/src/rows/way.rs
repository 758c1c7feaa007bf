//! Faults of the way between service and server.

use std::time::{Duration, Instant};

use anyhow::Result;
use dev::{Broker, BrokerOptions};
use rand::Rng as _;
use rand::seq::SliceRandom as _;

use super::Played;
use crate::account::promise;
use crate::load::Wanted;
use crate::proxy::{Proxy, Way};
use crate::run::Run;
use crate::stage::{Setup, Stage};

const PATIENCE: Duration = Duration::from_secs(60);
/// How much more memory a worker may take than before the first fault.
const MORE_MIB: f64 = 64.0;
pub(super) const BOUNDED: &str = "memory grows by 64 MiB at most";

/// Row 5.
pub(super) async fn faulty(run: &Run) -> Result<Played> {
    let broker = Broker::start_with(BrokerOptions::default()).await?;
    let proxy = Proxy::to(format!("127.0.0.1:{}", broker.port())).await?;
    let setup = Setup {
        shippers: 1,
        nats_url: Some(proxy.url()),
        ..Setup::default()
    };
    let mut random = run.random();
    let mut stage = Stage::set_on(run, setup, vec![broker]).await?;
    let load = stage.begin_load(&Wanted::steady(run.per_second()));
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = stage.record.peak() as f64 / 1_024.0;
    let mut ways = [Way::Cut, Way::HalfOpen, Way::Slow(50, 150)];
    ways.shuffle(&mut random);
    let times = run.times(ways.len(), 4);
    let most = if run.short { 3_000 } else { 12_000 };
    for nth in 0..times {
        tokio::time::sleep(run.pause(&mut random)).await;
        let way = ways[nth % ways.len()];
        let lasting = Duration::from_millis(random.random_range(1_000..most));
        let mark = stage.fault();
        proxy.is(way);
        tokio::time::sleep(lasting).await;
        proxy.is(Way::Open);
        let what = match way {
            Way::Open => "open".to_owned(),
            Way::Cut => "cut".to_owned(),
            Way::HalfOpen => "half open".to_owned(),
            Way::Slow(least, most) => format!("{least} to {most} ms slow"),
        };
        let label = format!("the way was {what} for {lasting:.1?}");
        stage
            .resumed(run, mark, Instant::now(), label, PATIENCE)
            .await;
    }
    stage.end_load(load).await;
    stage.settle(run, PATIENCE).await;
    let account = stage.account().await?;
    let mut promises = account.promises();
    promises.push(account.no_letters());
    let more = account.peak_mib - before;
    promises.push(promise(
        BOUNDED,
        more <= MORE_MIB,
        format!("{before:.0} MiB before, {more:.0} MiB more at most"),
    ));
    let notes = vec![format!("{} MiB through the proxy", proxy.carried() >> 20)];
    Ok(Played {
        stage,
        account,
        promises,
        notes,
    })
}
