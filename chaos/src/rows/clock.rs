//! Clocks that are wrong, and that jump.

use std::time::{Duration, Instant};

use anyhow::Result;
use dev::Signal;
use rand::Rng as _;

use super::Played;
use crate::account::promise;
use crate::load::Wanted;
use crate::run::Run;
use crate::stage::{Setup, Stage};

const PATIENCE: Duration = Duration::from_secs(60);
/// The relay puts nothing off for longer than 25 s. An hour is far beyond.
const SANE: f64 = 30.0;
const HOUR: i64 = 3_600;
pub(super) const SANE_DELAYS: &str = "no delay grows with the clock: it resumes within 30 s";

/// Row 13. The clocks of the services jump while the broker hangs: then there is something whose time was written down by
/// one clock and is read by another.
pub(super) async fn wrong(run: &Run) -> Result<Played> {
    let setup = Setup {
        shippers: 1,
        ..Setup::default()
    };
    let mut random = run.random();
    let mut stage = Stage::set(run, setup).await?;
    stage.set_clock(HOUR)?;
    let load = stage.begin_load(&Wanted::steady(run.per_second()));
    let hours = [0, -HOUR, HOUR];
    let mut late = 0;
    let times = run.times(2, 3);
    for nth in 0..times {
        tokio::time::sleep(run.pause(&mut random)).await;
        let mark = stage.fault();
        stage.brokers[0].signal(Signal::Stop)?;
        // What was on its way is given up meanwhile, and put off.
        tokio::time::sleep(Duration::from_millis(random.random_range(7_000..9_000))).await;
        let to = hours[nth % hours.len()];
        stage.set_clock(to)?;
        stage.brokers[0].signal(Signal::Cont)?;
        let label = format!(
            "the clock jumped to {:+} h while the broker hung",
            to / HOUR
        );
        let resumed = stage
            .resumed(run, mark, Instant::now(), label, PATIENCE)
            .await;
        late += usize::from(resumed.is_none_or(|seconds| seconds > SANE));
    }
    stage.end_load(load).await;
    stage.settle(run, PATIENCE).await;
    let account = stage.account().await?;
    let mut promises = account.promises();
    promises.push(account.no_letters());
    promises.push(promise(
        SANE_DELAYS,
        late == 0,
        format!(
            "{:.1} s at most, {late} of {times} took longer or did not end",
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
