//! Databases on a real Postgres.

use std::net::Ipv4Addr;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::error::During;
use crate::leash::{Leash, Program, Signal};
use crate::machines::{self, PostgresPrograms};
use crate::{Error, Result, ports, until};

const START: Duration = Duration::from_secs(60);

/// Postgres refuses to run as root; this is `nobody` nearly everywhere, and needs no entry in a password file.
const UNPRIVILEGED: u32 = 65_534;

/// One server per process. Values in statics are never dropped: its end is the watcher's work.
static SHARED: OnceCell<Postgres> = OnceCell::const_new();

/// A database server for tests.
#[derive(Debug)]
pub struct Postgres {
    /// Nothing when the server is somebody else's (`TEST_DATABASE_URL`).
    leash: Option<Leash>,
    /// How to start it again.
    program: Option<(Program, PathBuf)>,
    _directory: Option<TempDir>,
    admin: PgConnectOptions,
}

/// A database of its own, empty, dropped with this value.
#[derive(Debug)]
pub struct Database {
    url: String,
    name: String,
    admin: PgConnectOptions,
}

impl Postgres {
    /// A fresh database on the server of this process, which is started at the first call: the one that
    /// `TEST_DATABASE_URL` names, else one of our own, in memory-like mode (`fsync=off`), open to this machine only.
    pub async fn database() -> Result<Database> {
        SHARED.get_or_try_init(Self::start).await?.fresh().await
    }

    /// Starts a server or takes the one that `TEST_DATABASE_URL` names.
    pub async fn start() -> Result<Self> {
        match std::env::var("TEST_DATABASE_URL") {
            Ok(url) if !url.is_empty() => {
                let admin = PgConnectOptions::from_str(&url).map_err(|e| {
                    Error::failed(format!(
                        "TEST_DATABASE_URL={url} is no postgres:// address: {e}"
                    ))
                })?;
                Ok(Self {
                    leash: None,
                    program: None,
                    _directory: None,
                    admin,
                })
            }
            _ => Self::start_own().await,
        }
    }

    /// Starts a server of our own, which may be stopped, whatever `TEST_DATABASE_URL` says.
    pub async fn start_own() -> Result<Self> {
        let programs = tokio::task::spawn_blocking(machines::postgres_programs)
            .await
            .map_err(Error::failed)??;
        Self::start_with(&programs).await
    }

    /// Starts a server from these programs.
    pub async fn start_with(programs: &PostgresPrograms) -> Result<Self> {
        // Not below the target directory: an unprivileged user may have no way there, and socket paths are short.
        let directory = tempfile::Builder::new().prefix("jetway-pg-").tempdir();
        let directory = directory.during(|| "cannot make a temporary directory".to_owned())?;
        let home = directory.path().to_path_buf();
        let programs = programs.clone();
        let user = is_root().then_some(UNPRIVILEGED);
        let log = home.join("postgres.log");
        let (port, program) = tokio::task::spawn_blocking(move || make(programs, &home, user))
            .await
            .map_err(Error::failed)??;
        let admin = PgConnectOptions::new_without_pgpass()
            .host(&Ipv4Addr::LOCALHOST.to_string())
            .port(port)
            .username("postgres")
            .database("postgres");
        let server = Self {
            leash: Some(program.clone().spawn(&log)?),
            program: Some((program, log)),
            _directory: Some(directory),
            admin,
        };
        server.ready().await?;
        Ok(server)
    }

    async fn ready(&self) -> Result<()> {
        let answer = until("the Postgres server to take connections", START, || async {
            if let Some(exit) = self.leash.as_ref().and_then(Leash::exit_status) {
                let log = self
                    .leash
                    .as_ref()
                    .map(|leash| leash.log_tail(12))
                    .unwrap_or_default();
                return Ok(Err(Error::failed(format!(
                    "postgres ended ({exit}); its last words:\n{log}"
                ))));
            }
            let connection = self.admin.connect().await.map_err(|e| e.to_string())?;
            connection.close().await.map_err(|e| e.to_string())?;
            Ok(Ok(()))
        });
        answer.await?
    }

    /// Ends the server as an administrator does: connections are cut, what was committed stays.
    pub async fn stop(&mut self) -> Result<()> {
        let leash = self
            .leash
            .take()
            .ok_or_else(|| Error::failed("this Postgres server is not ours to stop"))?;
        leash.signal(Signal::Int)?;
        leash.ended(START).await.map(drop)
    }

    /// Starts the server again after [`Postgres::stop`], on the same port with the same databases.
    pub async fn restart(&mut self) -> Result<()> {
        let (program, log) = self
            .program
            .clone()
            .ok_or_else(|| Error::failed("this Postgres server is not ours to start"))?;
        self.leash = Some(program.spawn(log)?);
        self.ready().await
    }

    /// Makes an empty database on this server.
    pub async fn fresh(&self) -> Result<Database> {
        let name = format!("jetway_{}", uuid::Uuid::new_v4().simple());
        execute(&self.admin, &format!("CREATE DATABASE {name}")).await?;
        let mut url = self.admin.clone().database(&name).to_url_lossy();
        // Written for readers and other clients: what is not set needs no mention.
        url.set_query(None);
        Ok(Database {
            url: url.to_string(),
            name,
            admin: self.admin.clone(),
        })
    }
}

impl Database {
    /// `postgres://…`
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Database {
    /// Best effort: on a server of our own everything goes anyway, on a foreign one a leftover has a telling name.
    fn drop(&mut self) {
        let (admin, name) = (self.admin.clone(), self.name.clone());
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .ok()?;
            runtime
                .block_on(execute(
                    &admin,
                    &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
                ))
                .ok()
        });
        let _ = dropping.join();
    }
}

async fn execute(admin: &PgConnectOptions, sql: &str) -> Result<()> {
    let failed = |e: sqlx::Error| Error::failed(format!("{sql}: {e}"));
    let mut connection: PgConnection = admin.connect().await.map_err(failed)?;
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(&mut connection)
        .await
        .map_err(failed)?;
    connection.close().await.map_err(failed)
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// `initdb` in `home`, and how the server is started there.
fn make(programs: PostgresPrograms, home: &Path, user: Option<u32>) -> Result<(u16, Program)> {
    let programs = reachable(programs, home, user)?;
    if let Some(id) = user {
        chown(home, Some(id), Some(id))
            .during(|| format!("cannot give {} to user {id}", home.display()))?;
    }
    let data = home.join("data");
    let mut initdb = Command::new(&programs.initdb);
    initdb
        .args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            "--pgdata",
        ])
        .arg(&data);
    initdb.current_dir(home);
    if let Some(id) = user {
        initdb.uid(id).gid(id);
    }
    let done = initdb
        .output()
        .during(|| format!("cannot run {}", programs.initdb.display()))?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        return Err(Error::failed(format!(
            "{} failed ({}):\n{said}",
            programs.initdb.display(),
            done.status
        )));
    }
    let port = ports::free()?;
    let settings = [
        format!("port={port}"),
        "listen_addresses=127.0.0.1".to_owned(),
        format!("unix_socket_directories={}", home.display()),
        "fsync=off".to_owned(),
        "synchronous_commit=off".to_owned(),
        "full_page_writes=off".to_owned(),
        "max_connections=200".to_owned(),
    ];
    let mut program = Program::new(&programs.postgres)
        .args(["-D".as_ref(), data.as_os_str()])
        .args(settings.iter().flat_map(|setting| ["-c", setting]))
        .directory(home)
        .last_signal(Signal::Quit)
        .remove_afterwards(home);
    if let Some(id) = user {
        program = program.user(id);
    }
    Ok((port, program))
}

/// An unprivileged user cannot run what lies below another's home: then the programs are copied next to their data.
fn reachable(
    programs: PostgresPrograms,
    home: &Path,
    user: Option<u32>,
) -> Result<PostgresPrograms> {
    let (Some(id), Some(root)) = (user, &programs.root) else {
        return Ok(programs);
    };
    let test = Command::new(&programs.postgres)
        .arg("--version")
        .current_dir("/")
        .uid(id)
        .gid(id)
        .output();
    if test.is_ok_and(|done| done.status.success()) {
        return Ok(programs);
    }
    let copy: PathBuf = home.join("programs");
    let done = Command::new("cp")
        .arg("-R")
        .arg(root)
        .arg(&copy)
        .status()
        .during(|| "cannot run cp".to_owned())?;
    if !done.success() {
        return Err(Error::failed(format!(
            "cannot copy {} to {}",
            root.display(),
            copy.display()
        )));
    }
    let bin = copy.join("bin");
    Ok(PostgresPrograms {
        initdb: bin.join("initdb"),
        postgres: bin.join("postgres"),
        root: Some(copy),
    })
}
