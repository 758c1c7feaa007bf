//! A worker process, and what can be done to it.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use dev::leash::Program;
use dev::{Leash, Signal};

use crate::worker::{ORDERS, Orders};

/// A worker has to migrate its database before it is ready.
const READY: Duration = Duration::from_secs(30);

/// The processes whose memory is watched, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watched(Arc<Mutex<Vec<(String, u32)>>>);

impl Watched {
    fn add(&self, name: &str, pid: u32) {
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.retain(|(known, _)| known != name);
        list.push((name.to_owned(), pid));
    }

    /// What each has resident, in KiB; nothing where the system does not tell.
    pub(crate) fn resident(&self) -> Vec<u64> {
        let list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.iter().filter_map(|(_, pid)| resident(*pid)).collect()
    }
}

/// The resident memory of a process in KiB, as Linux tells it.
fn resident(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// A worker: one name, one port and one directory over all of its lives.
pub(crate) struct Worker {
    name: String,
    role: &'static str,
    port: u16,
    orders: Orders,
    envs: Vec<(&'static str, String)>,
    directory: PathBuf,
    watched: Watched,
    leash: Option<Leash>,
    lives: usize,
}

impl Worker {
    /// One that has not been started.
    pub(crate) fn new(
        name: &str,
        role: &'static str,
        orders: Orders,
        envs: Vec<(&'static str, String)>,
        directory: &Path,
        watched: &Watched,
    ) -> Result<Self> {
        Ok(Self {
            name: name.to_owned(),
            role,
            port: dev::ports::free()?,
            orders,
            envs,
            directory: directory.to_path_buf(),
            watched: watched.clone(),
            leash: None,
            lives: 0,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Changes a variable from the next start on.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.envs.retain(|(known, _)| *known != name);
        self.envs.push((name, value.into()));
    }

    /// Lets the next life stop when it first reaches `point` of `operation`; the file that appears then. The trap is
    /// armed by making the file's folder: as long as that is missing, nothing can appear there.
    pub(crate) fn trap(&mut self, operation: &str, point: &str) -> PathBuf {
        let folder = format!("trap-{}-{}", self.name, self.lives + 1);
        let marker = self.directory.join(folder).join(point);
        let fault = format!("{operation}:{point}:{}", marker.display());
        self.set("JETWAY_FAULT", fault);
        marker
    }

    /// Starts it, killing it first where it runs, without waiting for it.
    pub(crate) fn spawn(&mut self) -> Result<()> {
        self.leash = None;
        self.lives += 1;
        let program = Program::new(std::env::current_exe()?)
            .args(["worker", self.role])
            .clean_environment()
            .envs([
                ("HTTP_ADDR", format!("127.0.0.1:{}", self.port)),
                (ORDERS, serde_json::to_string(&self.orders)?),
                ("TOPOLOGY", "bind".to_owned()),
                (
                    "LOG",
                    std::env::var("CHAOS_LOG").unwrap_or("warn".to_owned()),
                ),
            ])
            .envs(self.envs.iter().map(|(name, value)| (name, value)))
            .directory(&self.directory)
            .remove_afterwards(&self.directory);
        let leash = program.spawn(self.directory.join(format!("{}.log", self.name)))?;
        self.watched.add(&self.name, leash.pid());
        self.leash = Some(leash);
        Ok(())
    }

    /// Starts it and waits until it is ready.
    pub(crate) async fn start(&mut self) -> Result<()> {
        self.spawn()?;
        self.ready().await
    }

    /// Waits until `/readyz` answers 200.
    pub(crate) async fn ready(&self) -> Result<()> {
        let url = format!("{}/readyz", self.url());
        let what = format!("{} to be ready", self.name);
        let answer = dev::until(what, READY, || async {
            if let Some(exit) = self.leash.as_ref().and_then(Leash::exit_status) {
                return Ok(Err(exit));
            }
            match reqwest::get(&url).await {
                Ok(answer) if answer.status() == 200 => Ok(Ok(())),
                Ok(answer) => Err(answer.text().await.unwrap_or_default()),
                Err(error) => Err(error.to_string()),
            }
        });
        match answer.await.with_context(|| self.last_words())? {
            Ok(()) => Ok(()),
            Err(exit) => bail!("{} ended ({exit}); {}", self.name, self.last_words()),
        }
    }

    /// What `/readyz` says now: whether it is ready, and the whole text.
    pub(crate) async fn readiness(&self) -> Option<(bool, String)> {
        let url = format!("{}/readyz", self.url());
        let asked = tokio::time::timeout(Duration::from_secs(2), reqwest::get(url)).await;
        let answer = asked.ok()?.ok()?;
        let ready = answer.status() == 200;
        Some((ready, answer.text().await.unwrap_or_default()))
    }

    /// The end of its log, for an error.
    pub(crate) fn last_words(&self) -> String {
        let tail = self.leash.as_ref().map(|leash| leash.log_tail(12));
        format!("the log of {}:\n{}", self.name, tail.unwrap_or_default())
    }

    /// All that it has logged.
    pub(crate) fn log(&self) -> String {
        let path = self.directory.join(format!("{}.log", self.name));
        String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
    }

    fn leash(&self) -> Result<&Leash> {
        self.leash
            .as_ref()
            .with_context(|| format!("{} does not run", self.name))
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        Ok(self.leash()?.signal(signal)?)
    }

    /// Its process id while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.leash.as_ref().map(Leash::pid)
    }

    pub(crate) fn is_running(&self) -> bool {
        self.leash.as_ref().is_some_and(Leash::is_running)
    }

    /// `kill -9`, and waits until it is gone.
    pub(crate) fn kill(&mut self) -> Result<()> {
        if let Some(leash) = self.leash.take() {
            leash.kill()?;
        }
        Ok(())
    }

    /// SIGTERM, and waits for its end: how it ended, and how long that took.
    pub(crate) async fn terminate(&mut self, within: Duration) -> Result<(ExitStatus, Duration)> {
        let begun = Instant::now();
        let leash = self.leash()?;
        leash.signal(Signal::Term)?;
        let exit = leash.ended(within).await?;
        self.leash = None;
        Ok((exit, begun.elapsed()))
    }
}
