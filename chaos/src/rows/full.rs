//! A store without room.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
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
        let done = privileged("mount", &mount, &at)?;
        if !done.status.success() {
            bail!(
                "row 6 fills a file system of 24 MiB, and mounting one was refused: {}; run it on Linux, as root or as somebody whom `sudo -n` lets mount",
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
        let done = privileged("mount", &["-o", &options], &self.at)?;
        if !done.status.success() {
            bail!(
                "no room can be made: {}",
                String::from_utf8_lossy(&done.stderr).trim()
            );
        }
        Ok(())
    }

    /// How many KiB are free.
    fn room(&self) -> Result<u64> {
        let done = Command::new("df").arg("-Pk").arg(&self.at).output()?;
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        let free = text
            .lines()
            .nth(1)
            .and_then(|line| line.split_whitespace().nth(3));
        free.and_then(|free| free.parse().ok())
            .ok_or_else(|| anyhow::anyhow!("`df -Pk` does not say how much room is left: {text}"))
    }

    fn path(&self) -> &Path {
        &self.at
    }
}

/// Runs a program that not everybody may run: as we are, else by `sudo` where that asks nothing.
fn privileged(program: &str, args: &[&str], at: &Path) -> Result<Output> {
    let done = Command::new(program).args(args).arg(at).output()?;
    if done.status.success() {
        return Ok(done);
    }
    let helped = Command::new("sudo")
        .args(["-n", program])
        .args(args)
        .arg(at)
        .output();
    Ok(helped
        .ok()
        .filter(|helped| helped.status.success())
        .unwrap_or(done))
}

impl Drop for Small {
    fn drop(&mut self) {
        // Lazily: who still holds a file there is about to end.
        let _ = privileged("umount", &["-l"], &self.at);
    }
}

/// Row 6.
pub(super) async fn up(run: &Run) -> Result<Played> {
    let small = Small::mount("24m")?;
    let nats = small.path().join("nats");
    let setup = Setup {
        shape: Shape {
            ack_wait_ms: 5_000,
            ..Shape::default()
        },
        shippers: 1,
        broker: BrokerOptions {
            // A limit of the server's own, which it sets by the room that it finds, would be hit first.
            extra: format!(
                "jetstream {{ store_dir: {:?}, max_file_store: 8GB }}",
                nats.join("store")
            ),
            directory: Some(nats),
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
    // Nothing fits in any more, and what comes after it waits in the outbox.
    let few = i64::try_from(wanted.per_second / 2)?.max(20);
    let mut waiting = 0;
    let begun = Instant::now();
    stage.pace.fault(true);
    while begun.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(200)).await;
        waiting = outbox(&stage.sent).await?;
        // A control has no outbox.
        let enough = waiting > few || run.control.is_some();
        if small.room()? < 256 && enough {
            break;
        }
    }
    tokio::time::sleep(run.span(3, 10).min(Duration::from_secs(20))).await;
    stage.end_load(load).await;
    waiting = outbox(&stage.sent).await?.max(waiting);
    let mark = stage.fault();
    small.grow("1g")?;
    // A server that has run out of room gives JetStream up, and takes it up again when it is started anew.
    stage.kill_broker(0).await?;
    stage.brokers[0].restart().await?;
    let made = Instant::now();
    let label = format!(
        "the store was full, {waiting} events waited; room was made and the server restarted"
    );
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
