//! Faults of consumers: killed, stopped, restarted.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;
use dev::Signal;
use rand::Rng as _;
use rand::seq::SliceRandom as _;

use super::Played;
use crate::account::promise;
use crate::contract::{OPERATION, Shape};
use crate::load::Wanted;
use crate::run::Run;
use crate::stage::{On, Setup, Stage};

/// Where a process can be stopped while it handles a message; `runtime/src/consumer/settle.rs` names them.
const POINTS: [&str; 3] = ["before-handler", "in-handler", "after-commit"];
/// How long a row waits for a resumption before it goes on without.
const PATIENCE: Duration = Duration::from_secs(30);
pub(super) const QUICK_RESUME: &str = "it resumes within ack-wait + 2 s";
pub(super) const RUN_ONCE: &str = "no handler runs in vain and once more";
pub(super) const QUICK_EXIT: &str = "each exits by itself within 10 s";

/// Row 1.
pub(super) async fn crash_points(run: &Run) -> Result<Played> {
    let shape = Shape {
        ack_wait_ms: if run.short { 2_000 } else { 3_000 },
        ..Shape::default()
    };
    let limit = shape.ack_wait() + Duration::from_secs(2);
    let setup = Setup {
        shape,
        ..Setup::default()
    };
    let mut random = run.random();
    let mut points = POINTS;
    points.shuffle(&mut random);
    let mut stage = Stage::set(run, setup).await?;
    let mut trap = set_trap(&mut stage, points[0]).await?;
    let load = stage.begin_load(&Wanted::steady(run.per_second()));
    let mut slow = Vec::new();
    let times = run.times(POINTS.len(), 6);
    for nth in 0..times {
        let point = points[nth % POINTS.len()];
        tokio::time::sleep(run.pause(&mut random)).await;
        arm(&trap, &stage).await?;
        tokio::time::sleep(Duration::from_millis(random.random_range(0..100))).await;
        let mark = stage.fault();
        stage.depots[0].kill()?;
        let killed = Instant::now();
        trap = set_trap(&mut stage, points[(nth + 1) % POINTS.len()]).await?;
        let label = format!("kill -9 at {point}");
        let resumed = stage.resumed(run, mark, killed, label, PATIENCE).await;
        if resumed.is_none_or(|seconds| seconds > limit.as_secs_f64()) {
            slow.push(resumed);
        }
    }
    stage.end_load(load).await;
    stage.settle(run, PATIENCE).await;
    let account = stage.account().await?;
    let mut promises = account.promises();
    promises.push(account.no_letters());
    let longest = account.resume.unwrap_or_default();
    promises.push(promise(
        QUICK_RESUME,
        slow.is_empty(),
        format!(
            "{longest:.1} s at most, {} of {times} took longer than {limit:?} or did not end",
            slow.len()
        ),
    ));
    Ok(Played {
        stage,
        account,
        promises,
        notes: Vec::new(),
    })
}

/// Starts the depot with a trap that is not armed yet.
async fn set_trap(stage: &mut Stage, point: &str) -> Result<PathBuf> {
    let trap = stage.depots[0].trap(OPERATION, point);
    stage.depots[0].start().await?;
    Ok(trap)
}

/// Arms a trap and waits until it has caught its process.
async fn arm(trap: &std::path::Path, stage: &Stage) -> Result<()> {
    if let Some(folder) = trap.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let what = format!("the depot to run into {}", trap.display());
    dev::until(what, Duration::from_secs(20), || async {
        if trap.exists() {
            Ok(())
        } else {
            Err(stage.depots[0].last_words())
        }
    })
    .await?;
    Ok(())
}

/// Row 3.
pub(super) async fn stopped(run: &Run) -> Result<Played> {
    let shape = Shape {
        ack_wait_ms: if run.short { 1_000 } else { 2_000 },
        ..Shape::default()
    };
    let ack_wait = shape.ack_wait();
    let setup = Setup {
        shape,
        on: On::Postgres,
        depots: 2,
        // Long enough for some to be under way at any moment.
        handler_ms: 10,
        ..Setup::default()
    };
    let mut random = run.random();
    let mut stage = Stage::set(run, setup).await?;
    let load = stage.begin_load(&Wanted::steady(run.per_second()));
    for _ in 0..run.times(2, 4) {
        tokio::time::sleep(run.pause(&mut random)).await;
        let victim = random.random_range(0..stage.depots.len());
        let beyond = ack_wait + Duration::from_millis(random.random_range(500..2_000));
        let mark = stage.fault();
        stage.depots[victim].signal(Signal::Stop)?;
        tokio::time::sleep(beyond).await;
        stage.depots[victim].signal(Signal::Cont)?;
        let label = format!(
            "SIGSTOP of {} for {beyond:.1?}",
            stage.depots[victim].name()
        );
        stage
            .resumed(run, mark, Instant::now(), label, PATIENCE)
            .await;
    }
    stage.end_load(load).await;
    stage.settle(run, PATIENCE).await;
    let account = stage.account().await?;
    let mut promises = account.promises();
    promises.push(account.no_letters());
    Ok(Played {
        stage,
        account,
        promises,
        notes: Vec::new(),
    })
}

/// Row 15.
pub(super) async fn rolling(run: &Run) -> Result<Played> {
    let endless = run.is_control("drain-bound");
    let setup = Setup {
        on: On::Postgres,
        depots: 2,
        shippers: 2,
        handler_ms: if endless { 12_000 } else { 50 },
        drain_timeout: if endless { "60s" } else { "8s" },
        ..Setup::default()
    };
    let mut random = run.random();
    let mut stage = Stage::set(run, setup).await?;
    let load = stage.begin_load(&Wanted::steady(run.per_second()));
    let mut exits = Vec::new();
    for _ in 0..run.times(1, 2) {
        for nth in 0..4 {
            tokio::time::sleep(run.pause(&mut random)).await;
            let mark = stage.fault();
            let worker = match nth {
                0 | 1 => &mut stage.depots[nth],
                _ => &mut stage.shippers[nth - 2],
            };
            let name = worker.name().to_owned();
            let (exit, took) = if run.is_control("drain") {
                worker.kill()?;
                ("killed".to_owned(), Duration::ZERO)
            } else {
                let (exit, took) = worker.terminate(Duration::from_secs(60)).await?;
                (exit.to_string(), took)
            };
            exits.push((name.clone(), exit.clone(), took));
            worker.start().await?;
            let label = format!("{name}: {exit} after {:.1} s", took.as_secs_f64());
            stage
                .resumed(run, mark, Instant::now(), label, PATIENCE)
                .await;
            if endless {
                break;
            }
        }
    }
    stage.end_load(load).await;
    stage.settle(run, PATIENCE).await;
    let account = stage.account().await?;
    let mut promises = account.promises();
    promises.push(account.no_letters());
    let longest = exits
        .iter()
        .map(|(_, _, took)| *took)
        .max()
        .unwrap_or_default();
    let unclean = exits
        .iter()
        .filter(|(_, exit, _)| exit != "exit status: 0")
        .count();
    promises.push(promise(
        RUN_ONCE,
        account.repeated_runs == 0,
        format!("{} runs too many", account.repeated_runs),
    ));
    promises.push(promise(
        QUICK_EXIT,
        unclean == 0 && longest <= Duration::from_secs(10),
        format!(
            "{} exits, the longest after {:.1} s, {unclean} not clean",
            exits.len(),
            longest.as_secs_f64()
        ),
    ));
    Ok(Played {
        stage,
        account,
        promises,
        notes: Vec::new(),
    })
}
