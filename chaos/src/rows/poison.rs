//! Events that no handler can handle.

use std::time::{Duration, Instant};

use anyhow::Result;
use jetway::topology::DEAD_LETTERS;

use super::Played;
use crate::account::promise;
use crate::contract::Shape;
use crate::load::Wanted;
use crate::run::Run;
use crate::stage::{Setup, Stage};

const PATIENCE: Duration = Duration::from_secs(120);
pub(super) const EXACT: &str = "input = effects + dead letters, exactly";
pub(super) const ONLY_POISON: &str = "only poison becomes a dead letter, and all of it";
pub(super) const KEPT: &str = "no poison is settled before its dead letter is stored";

fn impatient() -> Shape {
    Shape {
        max_attempts: 3,
        retry_ms: 50,
        ..Shape::default()
    }
}

/// Row 7.
pub(super) async fn errors(run: &Run) -> Result<Played> {
    let setup = Setup {
        shape: impatient(),
        ..Setup::default()
    };
    let mut stage = Stage::set(run, setup).await?;
    let wanted = Wanted {
        poison_percent: 5,
        ..Wanted::all(run.count(10_000))
    };
    let load = stage.begin_load(&wanted);
    load.ended().await;
    stage.load_ended();
    stage.settle(run, PATIENCE).await;
    let account = stage.account().await?;
    let mut promises = account.promises();
    let sum = account.applied + account.dead_letters;
    promises.push(promise(
        EXACT,
        sum == account.attempted && account.both == 0,
        format!(
            "{} = {} + {} + {} missing, {} with both",
            account.attempted,
            account.applied,
            account.dead_letters,
            account.attempted.saturating_sub(sum),
            account.both
        ),
    ));
    let poison = stage.ledger.excused();
    promises.push(promise(
        ONLY_POISON,
        poison == account.dead_letters,
        format!("{poison} poison, {} dead letters", account.dead_letters),
    ));
    Ok(Played {
        stage,
        account,
        promises,
        notes: Vec::new(),
    })
}

/// Row 8.
pub(super) async fn no_stream(run: &Run) -> Result<Played> {
    let setup = Setup {
        shape: impatient(),
        ..Setup::default()
    };
    let mut stage = Stage::set(run, setup).await?;
    let mark = stage.fault();
    stage.context.delete_stream(DEAD_LETTERS.name).await?;
    let wanted = Wanted {
        poison_percent: 20,
        ..Wanted::all(run.count(2_000))
    };
    let load = stage.begin_load(&wanted);
    load.ended().await;
    stage.load_ended();
    // What is no poison goes through, whatever becomes of the rest.
    let poison = stage.ledger.excused();
    let healthy = Instant::now();
    while stage.ledger.totals().applied + poison < stage.ledger.totals().attempted
        && healthy.elapsed() < Duration::from_secs(30)
    {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Long enough for every poison to come to its end, if it had one.
    tokio::time::sleep(run.span(3, 15)).await;
    let (waiting, unsettled) = stage.pending().await?;
    stage.provision().await?;
    let label = "the dead-letter stream was gone".to_owned();
    stage
        .resumed(run, mark, Instant::now(), label, PATIENCE)
        .await;
    stage.settle(run, PATIENCE).await;
    let account = stage.account().await?;
    let mut promises = account.promises();
    let kept = waiting + unsettled;
    promises.push(promise(
        KEPT,
        kept == poison,
        format!("{poison} poison, {kept} of them unsettled while the stream was gone"),
    ));
    promises.push(promise(
        EXACT,
        account.applied + account.dead_letters == account.attempted && account.both == 0,
        format!(
            "{} attempted, {} effects, {} dead letters",
            account.attempted, account.applied, account.dead_letters
        ),
    ));
    Ok(Played {
        stage,
        account,
        promises,
        notes: Vec::new(),
    })
}
