//! The sample services as processes of their own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use tokio::sync::OnceCell;

use crate::error::During;
use crate::leash::{Leash, Program, Signal};
use crate::{Error, Result, ports, target, until};

/// Everything that the sample system runs.
pub const NAMES: [&str; 4] = ["orders", "inventory", "email", "analytics"];

/// A service has to migrate its database and declare its topology before it is ready.
const READY: Duration = Duration::from_secs(30);

/// A whole workspace from nothing, on a slow machine.
const BUILD: Duration = Duration::from_secs(3600);

/// Builds all programs of the workspace, once per process, with the profile and into the target directory of the
/// program that asks. Cargo's own progress stays visible.
pub async fn build() -> Result<()> {
    static BUILT: OnceCell<std::result::Result<(), String>> = OnceCell::const_new();
    let built =
        BUILT.get_or_init(|| async { build_now().await.map_err(|error| error.to_string()) });
    built.await.clone().map_err(Error::Failed)
}

async fn build_now() -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let cargo = Program::new(cargo)
        .args(["build", "--workspace", "--bins"])
        .args(target::cargo_options())
        .clean_environment()
        .envs(std::env::vars_os().filter(|(name, _)| !target::is_told_by_cargo(name)))
        .directory(target::workspace())
        .last_signal(Signal::Term)
        .spawn_visibly()?;
    let done = cargo.ended(BUILD).await?;
    if done.success() {
        Ok(())
    } else {
        Err(Error::failed(format!(
            "`cargo build --workspace --bins` failed ({done})"
        )))
    }
}

/// The libraries of these crates that the programs of [`build`] are made of, by crate: for a test that calls the compiler
/// itself.
pub async fn libraries(crates: &[&str]) -> Result<BTreeMap<String, PathBuf>> {
    build().await?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // Everything is built: all that is left to do is to say where.
    let said = tokio::process::Command::new(cargo)
        .args(["build", "--workspace", "--bins", "--message-format=json"])
        .args(target::cargo_options())
        .current_dir(target::workspace())
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| !target::is_told_by_cargo(name)))
        .output()
        .await
        .during(|| "cannot run cargo".to_owned())?;
    let mut libraries = BTreeMap::new();
    for line in String::from_utf8_lossy(&said.stdout).lines() {
        let Ok(artifact) = serde_json::from_str::<Artifact>(line) else {
            continue;
        };
        let name = artifact.target.name;
        let library = artifact
            .filenames
            .into_iter()
            .find(|file| file.ends_with(".rlib"));
        if let Some(library) = library.filter(|_| crates.contains(&name.as_str())) {
            libraries.insert(name, library.into());
        }
    }
    Ok(libraries)
}

/// What cargo reports of something that it has built.
#[derive(serde::Deserialize)]
struct Artifact {
    target: Target,
    filenames: Vec<String>,
}

#[derive(serde::Deserialize)]
struct Target {
    name: String,
}

/// The program of this name next to the one that asks, such as `target/debug/orders`.
pub fn program(name: &str) -> Result<PathBuf> {
    let path = target::programs().join(name);
    if path.is_file() {
        Ok(path)
    } else {
        Err(Error::failed(format!(
            "{} has not been built",
            path.display()
        )))
    }
}

/// A running service.
#[derive(Debug)]
pub struct Service {
    name: String,
    program: PathBuf,
    port: u16,
    envs: Vec<(String, String)>,
    directory: PathBuf,
    leash: Option<Leash>,
}

impl Service {
    /// Builds what is needed and starts the service `name` in `directory`, where its log `<name>.log` is kept, on a free
    /// port, with these variables and none of the developer's own; waits until `/readyz` answers 200.
    pub async fn start(
        name: &str,
        envs: &[(&str, String)],
        directory: impl AsRef<Path>,
    ) -> Result<Self> {
        let mut service = Self::prepare(name, envs, directory).await?;
        // Another process may take the port between the look and the start.
        for _ in 0..3 {
            match service.restart().await {
                Err(Error::Failed(why))
                    if why.to_lowercase().contains("address already in use") =>
                {
                    service.port = ports::free()?
                }
                done => return done.map(|()| service),
            }
        }
        service.restart().await.map(|()| service)
    }

    /// As [`Service::start`], but does not wait: for a service that is expected to refuse, or to die.
    pub async fn start_unready(
        name: &str,
        envs: &[(&str, String)],
        directory: impl AsRef<Path>,
    ) -> Result<Self> {
        let mut service = Self::prepare(name, envs, directory).await?;
        service.spawn()?;
        Ok(service)
    }

    async fn prepare(
        name: &str,
        envs: &[(&str, String)],
        directory: impl AsRef<Path>,
    ) -> Result<Self> {
        build().await?;
        let directory = directory.as_ref().to_path_buf();
        std::fs::create_dir_all(&directory)
            .during(|| format!("cannot make {}", directory.display()))?;
        Ok(Self {
            name: name.to_owned(),
            program: program(name)?,
            port: ports::free()?,
            envs: envs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), value.clone()))
                .collect(),
            directory,
            leash: None,
        })
    }

    fn spawn(&mut self) -> Result<()> {
        self.kill()?;
        let program = Program::new(&self.program)
            .clean_environment()
            .envs([("HTTP_ADDR", self.address())])
            .envs(self.envs.iter().map(|(key, value)| (key, value)))
            .directory(&self.directory);
        self.leash = Some(program.spawn(self.log_path())?);
        Ok(())
    }

    /// Waits until `/readyz` answers 200, at most for `within`.
    pub async fn ready(&self, within: Duration) -> Result<()> {
        let url = format!("{}/readyz", self.url());
        let answer = until(
            format!("{} to be ready ({url})", self.name),
            within,
            || async {
                if let Some(exit) = self.exit_status() {
                    return Ok(Err(Error::failed(format!(
                        "{} ended ({exit}):\n{}",
                        self.name,
                        self.log_tail(15)
                    ))));
                }
                let answer = reqwest::get(&url)
                    .await
                    .map_err(|e| format!("{e}; log:\n{}", self.log_tail(15)))?;
                match answer.status() {
                    status if status == 200 => Ok(Ok(())),
                    status => {
                        let body = answer.text().await.unwrap_or_default();
                        Err(format!("{status} {body}; log:\n{}", self.log_tail(15)))
                    }
                }
            },
        );
        answer.await?
    }

    /// The service's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `http://127.0.0.1:<port>`; the same over restarts.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.leash
            .as_ref()
            .filter(|leash| leash.is_running())
            .map(Leash::pid)
    }

    /// How it ended, if it has and nobody has taken notice through [`Service::kill`] or [`Service::terminate`].
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.leash.as_ref().and_then(Leash::exit_status)
    }

    /// What it has logged, over all restarts.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.log_path()).unwrap_or_default()).into_owned()
    }

    fn log_tail(&self, lines: usize) -> String {
        self.leash
            .as_ref()
            .map(|leash| leash.log_tail(lines))
            .unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.directory.join(format!("{}.log", self.name))
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        self.leash
            .as_ref()
            .ok_or_else(|| Error::failed(format!("{} does not run", self.name)))?
            .signal(signal)
    }

    /// `kill -9`, and waits until it is gone.
    pub fn kill(&mut self) -> Result<()> {
        self.leash
            .take()
            .map_or(Ok(()), |leash| leash.kill().map(drop))
    }

    /// Waits until it ends by itself.
    pub async fn ended(&self, within: Duration) -> Result<ExitStatus> {
        self.leash
            .as_ref()
            .ok_or_else(|| Error::failed(format!("{} does not run", self.name)))?
            .ended(within)
            .await
    }

    /// SIGTERM, and waits until it has drained and ended; an error if that takes longer than `within`.
    pub async fn terminate(&mut self, within: Duration) -> Result<ExitStatus> {
        let leash = self
            .leash
            .take()
            .ok_or_else(|| Error::failed(format!("{} does not run", self.name)))?;
        // It may have ended already: then its status is the answer.
        let _ = leash.signal(Signal::Term);
        leash.ended(within).await
    }

    /// Starts it again on the same port with the same variables and waits until it is ready; kills it first if it still
    /// runs.
    pub async fn restart(&mut self) -> Result<()> {
        self.spawn()?;
        self.ready(READY).await
    }

    /// [`Service::restart`] with one variable set or replaced, for this and all later starts.
    pub async fn restart_with(&mut self, key: &str, value: &str) -> Result<()> {
        self.envs.retain(|(name, _)| name != key);
        self.envs.push((key.to_owned(), value.to_owned()));
        self.restart().await
    }
}
