//! A NATS server with JetStream, of our own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::error::During;
use crate::leash::{Leash, Program, Signal};
use crate::machines::{self, NatsServer};
use crate::{Error, Result, ports, raw_nats, until};

/// Long enough for a server that reads back a large store on a busy machine.
const START: Duration = Duration::from_secs(30);
const STOP: Duration = Duration::from_secs(20);
/// A server of a cluster that has no leader yet takes the question and never answers it: it is asked again.
const ANSWER: Duration = Duration::from_secs(2);

/// How the broker is to be.
#[derive(Clone, Debug)]
pub struct BrokerOptions {
    /// Exactly this server version; otherwise whatever [`machines::nats_server`] finds.
    pub version: Option<String>,
    /// The largest message, headers included, in bytes. By default a little over 8 MiB: a body of 8 MiB just passes.
    pub max_payload: usize,
    /// This port; otherwise a free one.
    pub port: Option<u16>,
    /// Whether to serve the monitoring endpoints (`/varz`, `/jsz`, …); see [`Broker::monitoring_url`].
    pub monitoring: bool,
    /// More lines for the server's configuration file, as they are.
    pub extra: String,
    /// Variables of the server's process, which its configuration may use.
    pub environment: Vec<(String, String)>,
    /// Name and password of somebody who may ask for JetStream, where `extra` says that clients have to log in.
    pub login: Option<(String, String)>,
    /// Ask the monitoring endpoints whether the server is up, and not as a client would: where clients need TLS or
    /// credentials. Implies `monitoring`.
    pub guarded: bool,
    /// Keep the store here; otherwise in a temporary directory that goes with the broker.
    pub directory: Option<PathBuf>,
    /// A directory to be removed when our process ends without having stopped the broker; see
    /// [`Program::remove_afterwards`]. The temporary one always is.
    pub remove_afterwards: Option<PathBuf>,
}

impl Default for BrokerOptions {
    fn default() -> Self {
        Self {
            version: None,
            max_payload: 8 * 1024 * 1024 + 64 * 1024,
            port: None,
            monitoring: false,
            extra: String::new(),
            environment: Vec::new(),
            login: None,
            guarded: false,
            directory: None,
            remove_afterwards: None,
        }
    }
}

/// A server that answers on 127.0.0.1 under a name that only we know, and that goes with this value.
#[derive(Debug)]
pub struct Broker {
    // The order matters: the process ends before its directory goes.
    leash: Option<Leash>,
    server: NatsServer,
    name: String,
    port: u16,
    monitoring: Option<u16>,
    directory: PathBuf,
    environment: Vec<(String, String)>,
    login: Option<(String, String)>,
    guarded: bool,
    remove_afterwards: Option<PathBuf>,
    _temporary: Option<TempDir>,
}

impl Broker {
    /// Starts one with the defaults.
    pub async fn start() -> Result<Self> {
        Self::start_with(BrokerOptions::default()).await
    }

    /// Starts one and waits until its JetStream answers.
    pub async fn start_with(options: BrokerOptions) -> Result<Self> {
        let version = options.version.clone();
        let find = move || {
            version.map_or_else(machines::nats_server, |v| machines::nats_server_version(&v))
        };
        // It may have to be installed first.
        let server = tokio::task::spawn_blocking(find)
            .await
            .map_err(Error::failed)??;
        // Another process may take the port between the look and the start.
        let mut attempt = 0;
        loop {
            attempt += 1;
            match Self::once(&server, &options).await {
                Err(Error::Failed(why))
                    if options.port.is_none()
                        && attempt < 5
                        && why.contains("address already in use") => {}
                done => return done,
            }
        }
    }

    async fn once(server: &NatsServer, options: &BrokerOptions) -> Result<Self> {
        let (directory, temporary) = match &options.directory {
            Some(directory) => (directory.clone(), None),
            None => {
                let made = tempfile::Builder::new().prefix("jetway-nats-").tempdir();
                let made = made.during(|| "cannot make a temporary directory".to_owned())?;
                (made.path().to_path_buf(), Some(made))
            }
        };
        std::fs::create_dir_all(&directory)
            .during(|| format!("cannot make {}", directory.display()))?;
        let mut broker = Self {
            leash: None,
            server: server.clone(),
            name: format!("jetway-{}", uuid::Uuid::new_v4().simple()),
            port: options.port.map_or_else(ports::free, Ok)?,
            monitoring: if options.monitoring || options.guarded {
                Some(ports::free()?)
            } else {
                None
            },
            environment: options.environment.clone(),
            login: options.login.clone(),
            guarded: options.guarded,
            remove_afterwards: options
                .remove_afterwards
                .clone()
                .or_else(|| temporary.as_ref().map(|dir| dir.path().into())),
            directory,
            _temporary: temporary,
        };
        broker.configure(options)?;
        broker.restart().await?;
        Ok(broker)
    }

    fn configure(&self, options: &BrokerOptions) -> Result<()> {
        let monitoring = self
            .monitoring
            .map(|port| format!("http: \"127.0.0.1:{port}\"\n"))
            .unwrap_or_default();
        let text = format!(
            "server_name: {name}\nlisten: \"127.0.0.1:{port}\"\n{monitoring}max_payload: {max}\n\
             max_pending: {pending}\njetstream {{ store_dir: {store:?} }}\n{extra}\n",
            name = self.name,
            port = self.port,
            max = options.max_payload,
            pending = (64 * 1024 * 1024).max(2 * options.max_payload),
            store = self.directory.join("store"),
            extra = options.extra,
        );
        let path = self.config_path();
        std::fs::write(&path, text).during(|| format!("cannot write {}", path.display()))
    }

    fn config_path(&self) -> PathBuf {
        self.directory.join("nats.conf")
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Name and password of somebody who may log in, where clients have to.
    pub fn login(&self) -> Option<&(String, String)> {
        self.login.as_ref()
    }

    /// The port that [`Broker::url`] names. It stays the same over restarts.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The name of the server, for a comparison with what a client was told.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version of the server.
    pub fn version(&self) -> &str {
        &self.server.version
    }

    /// Configuration, store and log are here.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The monitoring endpoints, if they were asked for.
    pub fn monitoring_url(&self) -> Option<String> {
        self.monitoring
            .map(|port| format!("http://127.0.0.1:{port}"))
    }

    /// The process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.leash
            .as_ref()
            .filter(|leash| leash.is_running())
            .map(Leash::pid)
    }

    /// Whether the process runs.
    pub fn is_running(&self) -> bool {
        self.pid().is_some()
    }

    /// What the server has printed, over all restarts.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.directory.join("nats.log")
    }

    /// Sends the process a signal, such as [`Signal::Stop`] for a server that hangs.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        self.leash
            .as_ref()
            .ok_or_else(|| Error::failed("the broker does not run"))?
            .signal(signal)
    }

    /// Waits until the process ends by itself, however long that takes, and says how.
    pub async fn ended(&self) -> String {
        let Some(leash) = &self.leash else {
            return "it does not run".to_owned();
        };
        loop {
            match leash.ended(Duration::from_secs(3600)).await {
                Ok(exit) => return exit.to_string(),
                Err(Error::Late { .. }) => {}
                Err(error) => return error.to_string(),
            }
        }
    }

    /// `kill -9`, and waits until it is gone. The store stays.
    pub fn kill(&mut self) -> Result<()> {
        self.leash
            .take()
            .map_or(Ok(()), |leash| leash.kill().map(drop))
    }

    /// Asks it to end, and waits. The store stays.
    pub async fn stop(&mut self) -> Result<()> {
        if let Some(leash) = self.leash.take()
            && leash.is_running()
        {
            leash.signal(Signal::Term)?;
            leash.ended(STOP).await?;
        }
        Ok(())
    }

    /// Starts it again on the same directory, port and name, and waits until its JetStream answers; kills it first if it
    /// still runs.
    pub async fn restart(&mut self) -> Result<()> {
        self.kill()?;
        let mut program = Program::new(&self.server.path)
            .args(["--config".as_ref(), self.config_path().as_os_str()])
            .envs(self.environment.iter().cloned());
        if let Some(directory) = &self.remove_afterwards {
            program = program.remove_afterwards(directory);
        }
        let leash = program.spawn(self.log_path())?;
        self.ready(&leash).await?;
        self.leash = Some(leash);
        Ok(())
    }

    async fn ready(&self, leash: &Leash) -> Result<()> {
        let address = format!("127.0.0.1:{}", self.port);
        let name = self.name.as_str();
        let answer = until(
            format!("nats-server {} on {address}", self.server.version),
            START,
            || async {
                if let Some(exit) = leash.exit_status() {
                    return Ok(Err(format!(
                        "nats-server ended ({exit}); its last words:\n{}",
                        leash.log_tail(12)
                    )));
                }
                let asked = async {
                    match self.monitoring_url().filter(|_| self.guarded) {
                        Some(url) => healthy(&url).await,
                        None => raw_nats::jetstream_answers(&address, self.login.as_ref())
                            .await
                            .map(|info| info.server_name),
                    }
                };
                let answer = tokio::time::timeout(ANSWER, asked).await;
                match answer.unwrap_or_else(|_| Err("JetStream does not answer".to_owned())) {
                    Ok(other) if other == name => Ok(Ok(())),
                    Ok(other) => Ok(Err(format!(
                        "{address}: address already in use by server {other}"
                    ))),
                    Err(seen) => Err(seen),
                }
            },
        );
        answer.await?.map_err(Error::Failed)
    }
}

/// The name of a server that says of itself that it is well, JetStream included.
async fn healthy(monitoring: &str) -> std::result::Result<String, String> {
    let get = |path: &str| reqwest::get(format!("{monitoring}{path}"));
    let health = get("/healthz").await.map_err(|e| e.to_string())?;
    if !health.status().is_success() {
        return Err(format!("/healthz answers {}", health.status()));
    }
    let varz = get("/varz").await.map_err(|e| e.to_string())?;
    let varz: serde_json::Value = varz.json().await.map_err(|e| e.to_string())?;
    let name = varz.get("server_name").and_then(|name| name.as_str());
    name.map(str::to_owned)
        .ok_or_else(|| "/varz names no server".to_owned())
}

/// Who answers at this URL (`nats://host:port`, one of several separated by commas): name and version. An error when
/// nobody does within five seconds.
pub async fn server_at(url: &str) -> Result<(String, String)> {
    let first = url.split(',').next().unwrap_or(url).trim();
    let address = first.rsplit_once("://").map_or(first, |(_, rest)| rest);
    let address = address
        .rsplit_once('@')
        .map_or(address, |(_, host)| host)
        .trim_end_matches('/');
    let address = if address.contains(':') {
        address.to_owned()
    } else {
        format!("{address}:4222")
    };
    let info = until(
        format!("a NATS server at {address}"),
        Duration::from_secs(5),
        || raw_nats::info(&address),
    )
    .await?;
    Ok((info.server_name, info.version))
}
