//! Faults of the services' database.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::Played;
use crate::account::promise;
use crate::contract::Shape;
use crate::load::Wanted;
use crate::run::Run;
use crate::stage::{On, Setup, Stage};

const PATIENCE: Duration = Duration::from_secs(60);
pub(super) const READINESS: &str = "readiness tells that the database is gone, and that it is back";

/// Row 16.
pub(super) async fn gone(run: &Run) -> Result<Played> {
    let setup = Setup {
        on: On::Postgres,
        shape: Shape {
            // Whoever counts an outage as an attempt has none left.
            max_attempts: 1,
            ..Shape::default()
        },
        ..Setup::default()
    };
    let mut random = run.random();
    let mut stage = Stage::set(run, setup).await?;
    // With one attempt each is written down before it begins: a transaction more.
    let per_second = run.per_second().min(if run.short { 100 } else { u64::MAX });
    let load = stage.begin_load(&Wanted::steady(per_second));
    let away = Duration::from_secs(if run.short { 8 } else { 20 });
    let mut told = Vec::new();
    for _ in 0..run.times(1, 1) {
        tokio::time::sleep(run.pause(&mut random)).await;
        locked(run, &stage, away).await?;
        tokio::time::sleep(run.pause(&mut random)).await;
        told.push(without_server(run, &mut stage, away).await?);
    }
    stage.end_load(load).await;
    stage.settle(run, PATIENCE).await;
    let account = stage.account().await?;
    let mut promises = account.promises();
    promises.push(account.no_letters());
    promises.push(promise(
        READINESS,
        told.iter()
            .all(|(gone, back)| gone.is_some() && back.is_some()),
        told.iter()
            .map(|(gone, back)| {
                let text = |seconds: &Option<f64>| match seconds {
                    Some(seconds) => format!("after {seconds:.1} s"),
                    None => "never".to_owned(),
                };
                format!("not ready {}, ready again {}", text(gone), text(back))
            })
            .collect::<Vec<_>>()
            .join("; "),
    ));
    Ok(Played {
        stage,
        account,
        promises,
        notes: Vec::new(),
    })
}

/// Nobody but us may touch the table for a while.
async fn locked(run: &Run, stage: &Stage, away: Duration) -> Result<()> {
    let mark = stage.fault();
    let mut lock = stage.effects.pool().begin().await?;
    sqlx::query("LOCK TABLE effects IN ACCESS EXCLUSIVE MODE")
        .execute(&mut *lock)
        .await
        .context("the table cannot be locked")?;
    tokio::time::sleep(away).await;
    lock.rollback().await?;
    let label = format!("the table was locked for {away:?}");
    stage
        .resumed(run, mark, Instant::now(), label, PATIENCE)
        .await;
    Ok(())
}

/// Stops the server. Returns after how many seconds the depot said so, and after how many that it is back.
async fn without_server(
    run: &Run,
    stage: &mut Stage,
    away: Duration,
) -> Result<(Option<f64>, Option<f64>)> {
    let mark = stage.fault();
    let server = stage.postgres.as_mut().context("there is no Postgres")?;
    server.stop().await?;
    let stopped = Instant::now();
    let mut gone = None;
    while stopped.elapsed() < away {
        if gone.is_none() && says(stage, false).await {
            gone = Some(stopped.elapsed().as_secs_f64());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let server = stage.postgres.as_mut().context("there is no Postgres")?;
    server.restart().await?;
    let restarted = Instant::now();
    let mut back = None;
    while back.is_none() && restarted.elapsed() < Duration::from_secs(15) {
        if says(stage, true).await {
            back = Some(restarted.elapsed().as_secs_f64());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let label = format!("Postgres was gone for {away:?}");
    stage.resumed(run, mark, restarted, label, PATIENCE).await;
    Ok((gone, back))
}

/// Whether the depot says that it is ready, or that it is not because of the database.
async fn says(stage: &Stage, ready: bool) -> bool {
    match stage.depots[0].readiness().await {
        Some((true, _)) => ready,
        Some((false, text)) => !ready && text.contains("database"),
        None => false,
    }
}
