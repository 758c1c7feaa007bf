//! Connections and transactions.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::{Any, AnyConnection, AnyPool, Connection as _, Transaction};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::lookup::Lookups;
use super::writer::{Member, Turn, Writer};

/// How long a caller waits for a connection before the database counts as gone.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// What stands in `DATABASE_URL` where a service has none.
pub(crate) const NONE: &str = "none";

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No connection could be had: it is down, full, or its file cannot be opened. Worth another try.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// A statement failed.
    #[error("the database refused a statement: {0}")]
    Statement(#[source] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the migrations of `{owner}` cannot be applied: {source}")]
    Migrate {
        /// Whose migrations.
        owner: &'static str,
        /// Why.
        source: sqlx::migrate::MigrateError,
    },
    /// `DATABASE_URL` names no database that is supported.
    #[error("{0}")]
    Url(String),
    /// The service runs without a database and something needs one.
    #[error(
        "this needs a database, and DATABASE_URL=none gives the service none: write sqlite://path/to/file or postgres://user@host/name"
    )]
    None,
    /// A service without a database published an event, and the stream did not confirm it. Worth another try.
    #[error("the event was not published: {0}")]
    NotPublished(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        if is_unavailable(&error) {
            Self::Unavailable(error)
        } else {
            Self::Statement(error)
        }
    }
}

/// Whether this says that the database is not there, and nothing of the statement.
pub(crate) fn is_unavailable(error: &sqlx::Error) -> bool {
    use sqlx::Error::{Io, PoolClosed, PoolTimedOut, Protocol, Tls, WorkerCrashed};
    match error {
        Io(_) | PoolTimedOut | PoolClosed | WorkerCrashed | Tls(_) | Protocol(_) => true,
        sqlx::Error::Database(refusal) => refusal.code().is_some_and(|code| match code.len() {
            // Postgres. 57P: the server is shutting down or starting; 08: connection exceptions; 53: out of resources.
            5 => ["57P", "08", "53"]
                .iter()
                .any(|class| code.starts_with(class)),
            // SQLite, whose extended codes hold the plain one in their lowest byte: locked beyond the timeout (5), disk
            // I/O (10), full (13), cannot open (14).
            _ => code
                .parse::<u32>()
                .is_ok_and(|code| [5, 10, 13, 14].contains(&(code & 0xff))),
        }),
        _ => false,
    }
}

/// Which database this is: where the two differ at all, the code asks for this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
    /// There is no database: nothing is remembered, nothing is kept.
    None,
}

/// Those who want to write queue here, in order and without polling.
#[derive(Clone, Debug)]
enum Writers {
    /// One at a time.
    Sqlite(Writer),
    /// As many as there are connections.
    Postgres(Arc<Semaphore>),
    /// Nobody.
    None,
}

/// The service's database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Database {
    pool: AnyPool,
    kind: Kind,
    writers: Writers,
    lookups: Arc<Lookups>,
    file: Option<Arc<str>>,
}

impl Database {
    /// Opens `url` (`sqlite://path`, `postgres://…`, or `none`) with up to `connections` connections. No connection is made
    /// yet: a database that is down is found by its first use. `synchronous` is SQLite's setting of that name.
    ///
    /// # Errors
    ///
    /// Where the URL cannot be read, or the directory of a SQLite file cannot be made.
    pub fn open(url: &str, connections: u32, synchronous: &str) -> Result<Self, StoreError> {
        install_default_drivers();
        if url == NONE {
            return Self::none();
        }
        let kind = kind_of(url)?;
        let mut options = AnyPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT);
        let mut url = url.to_owned();
        if kind == Kind::Sqlite {
            make_directory(file_of(&url))?;
            if !url.contains("mode=") {
                url.push_str(if url.contains('?') {
                    "&mode=rwc"
                } else {
                    "?mode=rwc"
                });
            }
            // A checkpoint syncs to disk while the writer waits: every 40 MiB of log instead of every 4.
            let pragmas = format!(
                "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; PRAGMA wal_autocheckpoint = 10000; PRAGMA foreign_keys = ON;"
            );
            // There is no network to test. But where SQLite has rolled back by itself, as on a full disk, sqlx counts
            // the transaction as open for ever.
            options = options
                .test_before_acquire(false)
                .before_acquire(|connection, _| {
                    let usable = !connection.is_in_transaction();
                    Box::pin(async move { Ok(usable) })
                });
            options = options.after_connect(move |connection, _| {
                let pragmas = pragmas.clone();
                Box::pin(async move {
                    sqlx::raw_sql(sqlx::AssertSqlSafe(pragmas))
                        .execute(connection)
                        .await
                        .map(drop)
                })
            });
        }
        let pool = options
            .connect_lazy(&url)
            .map_err(|error| StoreError::Url(format!("DATABASE_URL: {error}")))?;
        let writers = match kind {
            Kind::Sqlite => Writers::Sqlite(Writer::new(pool.clone())),
            Kind::Postgres => Writers::Postgres(Arc::new(Semaphore::new(connections as usize))),
            Kind::None => Writers::None,
        };
        Ok(Self {
            file: (kind == Kind::Sqlite).then(|| Arc::from(file_of(&url))),
            pool,
            kind,
            writers,
            lookups: Arc::default(),
        })
    }

    /// A service without a database: whoever asks for a connection is told that there is none.
    fn none() -> Result<Self, StoreError> {
        let pool = AnyPoolOptions::new()
            .connect_lazy("sqlite::memory:")
            .map_err(|error| StoreError::Url(error.to_string()))?;
        drop(pool.close());
        Ok(Self {
            pool,
            kind: Kind::None,
            writers: Writers::None,
            lookups: Arc::default(),
            file: None,
        })
    }

    /// Whether there is one at all.
    pub(crate) fn is_there(&self) -> bool {
        self.kind != Kind::None
    }

    /// The connections, for reads outside of a transaction. Closed, where the service runs without a database.
    #[must_use]
    pub fn pool(&self) -> &AnyPool {
        &self.pool
    }

    pub(super) fn lookups(&self) -> &Lookups {
        &self.lookups
    }

    /// From now on each transaction commits alone, as a database without shared commits would: to measure what they are
    /// worth.
    #[doc(hidden)]
    pub async fn commit_alone(&self) {
        if let Writers::Sqlite(writer) = &self.writers {
            writer.alone().await;
        }
    }

    /// The file of a SQLite database.
    pub(crate) fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether the database answers, where there is one.
    ///
    /// # Errors
    ///
    /// Where it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        if !self.is_there() {
            return Ok(());
        }
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Begins a transaction that may write.
    pub(crate) async fn begin(&self) -> Result<Write, StoreError> {
        match tokio::time::timeout(ACQUIRE_TIMEOUT, self.turn()).await {
            Ok(turn) => self.begin_in(turn?).await,
            Err(_) => Err(StoreError::Unavailable(sqlx::Error::PoolTimedOut)),
        }
    }

    /// The same for a caller who sets a bound himself: waits in the queue of writers for as long as it takes.
    pub(crate) async fn begin_patiently(&self) -> Result<Write, StoreError> {
        self.begin_in(self.turn().await?).await
    }

    async fn turn(&self) -> Result<WriteTurn, StoreError> {
        match &self.writers {
            Writers::Sqlite(writer) => Ok(WriteTurn::Sqlite(writer.turn().await)),
            Writers::Postgres(permits) => match permits.clone().acquire_owned().await {
                Ok(permit) => Ok(WriteTurn::Postgres(permit)),
                Err(_) => Err(StoreError::Unavailable(sqlx::Error::PoolClosed)),
            },
            Writers::None => Err(StoreError::None),
        }
    }

    async fn begin_in(&self, turn: WriteTurn) -> Result<Write, StoreError> {
        match turn {
            WriteTurn::Sqlite(turn) => Ok(Write::Shared(turn.begin().await?)),
            WriteTurn::Postgres(permit) => Ok(Write::Own {
                transaction: self.pool.begin().await?,
                _permit: permit,
            }),
        }
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

enum WriteTurn {
    Sqlite(Turn),
    Postgres(OwnedSemaphorePermit),
}

/// A transaction that may write. Rolled back when dropped.
pub(crate) enum Write {
    /// With a connection of its own.
    Own {
        transaction: Transaction<'static, Any>,
        _permit: OwnedSemaphorePermit,
    },
    /// SQLite: one of several that are committed together.
    Shared(Member),
}

impl Write {
    pub(crate) fn connection(&mut self) -> &mut AnyConnection {
        match self {
            Self::Own { transaction, .. } => transaction,
            Self::Shared(member) => member.connection(),
        }
    }

    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Own { transaction, .. } => Ok(transaction.commit().await?),
            Self::Shared(member) => member.commit().await,
        }
    }

    /// Undoes the transaction. An error says that what it has read cannot be relied upon either.
    pub(crate) async fn rollback(self) -> Result<(), StoreError> {
        match self {
            // It has read nothing but what was committed.
            Self::Own { .. } => Ok(()),
            Self::Shared(member) => member.rollback().await,
        }
    }
}

fn kind_of(url: &str) -> Result<Kind, StoreError> {
    match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("sqlite") => Ok(Kind::Sqlite),
        Some("postgres" | "postgresql") => Ok(Kind::Postgres),
        _ => Err(StoreError::Url(
            "DATABASE_URL names neither SQLite nor Postgres: write sqlite://path/to/file or postgres://user@host/name, or none for a service without a database"
                .to_owned(),
        )),
    }
}

fn file_of(url: &str) -> &str {
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    path.split_once('?').map_or(path, |(path, _)| path)
}

fn make_directory(file: &str) -> Result<(), StoreError> {
    let Some(parent) = Path::new(file).parent() else {
        return Ok(());
    };
    std::fs::create_dir_all(parent).map_err(|error| {
        StoreError::Url(format!(
            "DATABASE_URL: the directory {} cannot be made: {error}",
            parent.display()
        ))
    })
}
