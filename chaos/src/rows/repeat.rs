//! The same again, and a lot at once.

use std::time::{Duration, Instant};

use anyhow::Result;
use async_nats::jetstream::message::PublishMessage;
use futures::StreamExt as _;
use jetway::EventData as _;

use super::Played;
use crate::account::promise;
use crate::contract::{Does, Parcel, Shape};
use crate::envelope::envelope;
use crate::load::{Wanted, id_of};
use crate::run::Run;
use crate::stage::{Setup, Stage};

const PATIENCE: Duration = Duration::from_secs(180);
/// The stream remembers ids for this long.
const WINDOW: Duration = Duration::from_secs(2);
pub(super) const BOUNDED: &str = "memory stays within the in-flight bound";
/// What a worker may take beside what it holds in flight: connections, caches, the allocator's reserve.
const SLACK_MIB: f64 = 24.0;

/// Row 10.
pub(super) async fn republished(run: &Run) -> Result<Played> {
    let setup = Setup {
        shape: Shape {
            duplicate_window_ms: u64::try_from(WINDOW.as_millis())?,
            ..Shape::default()
        },
        ..Setup::default()
    };
    let mut stage = Stage::set(run, setup).await?;
    let count = run.count(10_000);
    let _ = stage.begin_load(&Wanted::all(0));
    let numbers: Vec<i64> = (0..count).map(|_| stage.ledger.attempt(false)).collect();
    let mut dropped = 0;
    // In portions that fit into the window.
    for portion in numbers.chunks(500) {
        dropped += publish_all(&stage, portion).await?;
        dropped += publish_all(&stage, portion).await?;
    }
    // The window counts from when the stream stored the first copy. This only has to be longer, never exact.
    tokio::time::sleep(WINDOW + Duration::from_millis(700)).await;
    let mark = stage.fault();
    let again = publish_all(&stage, &numbers).await?;
    stage.load_ended();
    let label = format!("{count} ids again, beyond the window");
    stage
        .resumed(run, mark, Instant::now(), label, PATIENCE)
        .await;
    stage.settle(run, PATIENCE).await;
    let account = stage.account().await?;
    let mut promises = account.promises();
    promises.push(account.no_letters());
    promises.push(promise(
        "the stream stores what comes again beyond its window",
        again == 0,
        format!("it dropped {again} of {count}"),
    ));
    let notes = vec![format!(
        "of {count} ids the stream dropped {dropped} copies inside its window and stored {} beyond it",
        count - again
    )];
    Ok(Played {
        stage,
        account,
        promises,
        notes,
    })
}

/// Publishes these; how many of them the stream had already.
async fn publish_all(stage: &Stage, numbers: &[i64]) -> Result<u64> {
    let sending = futures::stream::iter(numbers.iter().map(|number| publish(stage, *number)));
    let answers: Vec<Result<bool>> = sending.buffer_unordered(256).collect().await;
    let mut known = 0;
    for answer in answers {
        known += u64::from(answer?);
    }
    Ok(known)
}

async fn publish(stage: &Stage, number: i64) -> Result<bool> {
    let id = id_of(number);
    let parcel = Parcel {
        key: format!("k{}", number % 200),
        number,
        does: Does::Arrive,
        text: String::new(),
    };
    let message = PublishMessage::build()
        .payload(envelope(&id, &parcel).into())
        .message_id(&id);
    let subject = parcel.subject()?.as_str().to_owned();
    let answer = stage.context.send_publish(subject, message).await?.await?;
    stage.ledger.acknowledge(number);
    Ok(answer.duplicate)
}

/// Row 14.
pub(super) async fn cold_start(run: &Run) -> Result<Played> {
    let boundless = run.is_control("credit");
    let shape = Shape {
        concurrency: if boundless { 20_000 } else { 32 },
        ack_wait_ms: 30_000,
        ..Shape::default()
    };
    let in_flight = 2 * Shape::default().concurrency;
    let setup = Setup {
        shape,
        ..Setup::default()
    };
    let mut stage = Stage::set(run, setup).await?;
    // What a worker with nothing to do has resident.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let idle = stage.record.resident() as f64 / 1_024.0;
    stage.depots[0].kill()?;
    let count = if run.short { 5_000 } else { 100_000 };
    let text = if run.short { 8_192 } else { 2_048 };
    let wanted = Wanted {
        text,
        ..Wanted::all(count)
    };
    let load = stage.begin_load(&wanted);
    load.ended().await;
    stage.load_ended();
    let mark = stage.fault();
    stage.record.reset_peak();
    stage.depots[0].start().await?;
    let label = format!("cold start with {count} waiting");
    let drained = stage
        .resumed(run, mark, Instant::now(), label, PATIENCE)
        .await;
    stage.settle(run, PATIENCE).await;
    let account = stage.account().await?;
    let mut promises = account.promises();
    promises.push(account.no_letters());
    // Each is there as bytes, as JSON and as a value.
    let held = (in_flight * 3 * (text + 600)) as f64 / 1_048_576.0;
    let bound = idle + held + SLACK_MIB;
    promises.push(promise(
        BOUNDED,
        account.peak_mib <= bound,
        format!(
            "{:.0} MiB at most; {idle:.0} idle + {held:.1} in flight + {SLACK_MIB:.0} = {bound:.0} are allowed",
            account.peak_mib
        ),
    ));
    let backlog = count as f64 * (text + 400) as f64 / 1_048_576.0;
    let notes = vec![format!(
        "a backlog of {backlog:.0} MiB, drained in {:.1} s",
        drained.unwrap_or_default()
    )];
    Ok(Played {
        stage,
        account,
        promises,
        notes,
    })
}
