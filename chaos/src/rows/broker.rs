//! Faults of the broker and of the way to it.

use std::time::{Duration, Instant};

use anyhow::Result;
use rand::Rng as _;

use super::Played;
use crate::account::promise;
use crate::load::Wanted;
use crate::run::Run;
use crate::stage::{Setup, Stage};

const PATIENCE: Duration = Duration::from_secs(60);
pub(super) const QUICK_RESUME: &str = "it resumes within 5 s";

/// Row 2.
pub(super) async fn killed(run: &Run) -> Result<Played> {
    let setup = Setup {
        shippers: 1,
        ..Setup::default()
    };
    let mut random = run.random();
    let mut stage = Stage::set(run, setup).await?;
    let load = stage.begin_load(&Wanted::steady(run.per_second()));
    let times = run.times(if run.short { 2 } else { 5 }, 5);
    let mut slow = 0;
    for nth in 1..=times {
        tokio::time::sleep(run.pause(&mut random)).await;
        let away = Duration::from_millis(random.random_range(100..1_500));
        let mark = stage.fault();
        stage.kill_broker(0).await?;
        tokio::time::sleep(away).await;
        stage.brokers[0].restart().await?;
        let label = format!("kill -9 of nats-server ({nth}), away for {away:.1?}");
        let resumed = stage
            .resumed(run, mark, Instant::now(), label, PATIENCE)
            .await;
        slow += usize::from(resumed.is_none_or(|seconds| seconds > 5.0));
    }
    stage.end_load(load).await;
    stage.settle(run, PATIENCE).await;
    let account = stage.account().await?;
    let mut promises = account.promises();
    promises.push(account.no_letters());
    promises.push(promise(
        QUICK_RESUME,
        slow == 0,
        format!(
            "{:.1} s at most, {slow} of {times} took longer or did not end",
            account.resume.unwrap_or_default()
        ),
    ));
    Ok(Played {
        stage,
        account,
        promises,
        notes: Vec::new(),
    })
}
