//! A store without room.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use dev::BrokerOptions;
use tempfile::TempDir;

use super::Played;
use crate::account::promise;
use crate::contract::Shape;
use crate::effects::outbox;
use crate::load::Wanted;
use crate::run::Run;
use crate::stage::{Setup, Stage};

const PATIENCE: Duration = Duration::from_secs(90);
const DRAINED: Duration = Duration::from_secs(30);
pub(super) const DRAINS: &str = "everything is applied within 30 s after room is made";
pub(super) const WAITED: &str = "the store was full, and events waited in the outbox";

/// A file system of its own, of a size that can be changed: what is written there is written to memory.
pub(crate) struct Small {
    at: PathBuf,
    _folder: TempDir,
}

impl Small {
    /// Needs a system that knows tmpfs, and leave to mount.
    fn mount(size: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("jetway-full-").tempdir()?;
        let at = folder.path().to_path_buf();
        let options = format!("size={size},mode=0777");
        let mount = ["-t", "tmpfs", "-o", &options, "tmpfs"];
        let done = Command::new("mount").args(mount).arg(&at).output()?;
        if !done.status.success() {
            bail!(
                "row 6 fills a file system of 24 MiB, and mounting one was refused: {}; run it as root on Linux, or in `unshare -rm`",
                String::from_utf8_lossy(&done.stderr).trim()
            );
        }
        Ok(Self {
            at,
            _folder: folder,
        })
    }

    fn grow(&self, size: &str) -> Result<()> {
        let options = format!("remount,size={size}");
        let done = Command::new("mount")
            .args(["-o", &options])
            .arg(&self.at)
            .output()?;
        if !done.status.success() {
            bail!(
                "no room can be made: {}",
                String::from_utf8_lossy(&done.stderr).trim()
            );
        }
        Ok(())
    }

    fn path(&self) -> &Path {
        &self.at
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Lazily: who still holds a file there is about to end.
        let _ = Command::new("umount").arg("-l").arg(&self.at).output();
    }
}

/// Row 6.
pub(super) async fn up(run: &Run) -> Result<Played> {
    let small = Small::mount("24m")?;
    let setup = Setup {
        shape: Shape {
            ack_wait_ms: 5_000,
            ..Shape::default()
        },
        shippers: 1,
        broker: BrokerOptions {
            directory: Some(small.path().join("nats")),
            ..BrokerOptions::default()
        },
        ..Setup::default()
    };
    let mut stage = Stage::set(run, setup).await?;
    let wanted = Wanted {
        text: 16 * 1_024,
        behind: u64::MAX,
        ..Wanted::steady(run.per_second())
    };
    let load = stage.begin_load(&wanted);
    let mark = stage.fault();
    // The outbox only grows when the broker takes nothing any more.
    let few = i64::try_from(wanted.per_second / 2)?.max(20);
    let mut waiting = 0;
    let begun = Instant::now();
    let mut full = None;
    while full.is_none_or(|since: Instant| since.elapsed() < Duration::from_secs(3))
        && begun.elapsed() < PATIENCE
    {
        tokio::time::sleep(Duration::from_millis(200)).await;
        waiting = outbox(&stage.sent).await?;
        full = if waiting > few {
            full.or(Some(Instant::now()))
        } else {
            None
        };
        if run.control.is_some() && begun.elapsed() > Duration::from_secs(30) {
            break;
        }
    }
    stage.end_load(load).await;
    small.grow("1g")?;
    let made = Instant::now();
    let label = format!("the store was full, {waiting} events waited");
    let resumed = stage.resumed(run, mark, made, label, PATIENCE).await;
    stage.settle(run, PATIENCE).await;
    let took = made.elapsed();
    let account = stage.account().await?;
    let mut promises = account.promises();
    promises.push(account.no_letters());
    promises.push(promise(WAITED, waiting > few, format!("{waiting} waited")));
    promises.push(promise(
        DRAINS,
        resumed.is_some_and(|seconds| seconds <= DRAINED.as_secs_f64()) && account.unsettled == 0,
        match resumed {
            Some(seconds) => format!("after {seconds:.1} s"),
            None => format!("not within {:.0} s", took.as_secs_f64()),
        },
    ));
    stage.keep(Box::new(small));
    Ok(Played {
        stage,
        account,
        promises,
        notes: Vec::new(),
    })
}
