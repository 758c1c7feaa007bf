//! SQLite's one writer, and how the transactions that queue for it share a commit.
//!
//! A commit costs SQLite nearly the same for one row as for fifty: each page that was touched goes to the log once.
//! So a transaction is a savepoint within one that it shares with those who queue behind it. Each can be rolled back
//! alone, and nobody is told that he has committed before the shared commit has succeeded.
//!
//! The first to come begins the shared transaction and queues its commit behind all who wait by then. That bounds a
//! group without a number to tune: who comes later is in the next one, and with nobody in the queue a transaction is
//! committed as soon as it ends.

use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AnyPool, Transaction};
use tokio::sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard, oneshot};
use tokio::time::Instant;

use super::database::{StoreError, is_unavailable};

/// How long everybody commits alone after the database refused a shared commit, as it does over a deferred foreign
/// key: the one whom it refused must not take the others with it again.
const ALONE: Duration = Duration::from_secs(60);

/// What stands before and after the last statements of a member. The savepoint of its own says no where SQLite has rolled
/// back by itself, as on a full disk: else they would be committed, and what came before them would not.
pub(super) const LAST: &str = "SAVEPOINT jetway_last;";
/// See [`LAST`].
pub(super) const NEXT: &str = "RELEASE jetway; SAVEPOINT jetway";

/// How a group begins. The outer savepoint is there for as long as the group's transaction is.
const BEGIN: &str = "BEGIN IMMEDIATE; SAVEPOINT jetway_group; SAVEPOINT jetway";

/// The next savepoint where the latest one may be gone; refused where SQLite has rolled back by itself, and all before it.
const ANEW: &str = "RELEASE jetway_group; SAVEPOINT jetway_group; SAVEPOINT jetway";

/// The queue of those who write. Fair: first come, first served.
#[derive(Clone)]
pub(super) struct Writer {
    pool: AnyPool,
    group: Arc<Mutex<Group>>,
}

/// Transactions that are committed together, and what the next ones have to know of them.
#[derive(Default)]
struct Group {
    open: Option<Open>,
    alone_until: Option<Instant>,
}

struct Open {
    transaction: Transaction<'static, Any>,
    latest: Latest,
    /// Those who have ended and wait for the commit.
    waiting: Vec<Waiting>,
}

type Waiting = oneshot::Sender<Result<(), StoreError>>;

/// What holds of the latest savepoint. A step from one state to the next can be cut off at any point, because futures
/// are dropped; so each state is one in which it does no harm whether the step was made or not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Latest {
    /// Nothing was written after it.
    Fresh,
    /// What was written after it is to be kept.
    Kept,
    /// It is to be kept too, and the savepoint may be gone already.
    Loose,
    /// What was written after it will be undone, unless its owner commits.
    Pending,
    /// Its owner was committing. Either it is still there, with some of what he wrote; or it was released, with all of it.
    Ending,
}

impl Writer {
    pub(super) fn new(pool: AnyPool) -> Self {
        Self {
            pool,
            group: Arc::default(),
        }
    }

    /// From now on nobody shares a commit.
    pub(super) async fn alone(&self) {
        self.group.lock().await.alone_until = Instant::now().checked_add(365 * 24 * 60 * ALONE);
    }

    /// Waits in the queue, for as long as it takes.
    pub(super) async fn turn(&self) -> Turn {
        Turn {
            pool: self.pool.clone(),
            group: self.group.clone().lock_owned().await,
        }
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Writer")
    }
}

/// The turn to write.
pub(super) struct Turn {
    pool: AnyPool,
    group: OwnedMutexGuard<Group>,
}

impl Turn {
    /// Begins a transaction: a savepoint in the shared one that is open, or in a new one.
    pub(super) async fn begin(mut self) -> Result<Member, StoreError> {
        if self.group.alone() {
            self.group.commit().await;
        }
        if self.group.open.is_none() {
            // A deferred transaction that reads first cannot become a writer once another has written.
            let transaction = self.pool.begin_with(BEGIN).await?;
            self.group.open = Some(Open {
                transaction,
                latest: Latest::Fresh,
                waiting: Vec::new(),
            });
            let queue = OwnedMutexGuard::mutex(&self.group).clone();
            tokio::spawn(async move { queue.lock_owned().await.commit().await });
        }
        if let Some(open) = &mut self.group.open
            && let Err(error) = open.savepoint().await
        {
            // Where not even this is possible, what came before it cannot be committed either.
            let refused = shared(&error);
            self.group.fail(error);
            return Err(refused);
        }
        OwnedMutexGuard::try_map(self.group, |group| group.open.as_mut())
            .map(|open| Member { open })
            .map_err(|_| lost())
    }
}

impl Open {
    async fn savepoint(&mut self) -> Result<(), sqlx::Error> {
        match self.latest {
            Latest::Fresh => {}
            Latest::Kept => {
                self.latest = Latest::Loose;
                self.execute(NEXT).await?;
            }
            Latest::Loose => self.execute(ANEW).await?,
            Latest::Pending => self.execute("ROLLBACK TO jetway").await?,
            Latest::Ending => self.resolve().await?,
        }
        self.latest = Latest::Pending;
        Ok(())
    }

    /// Somebody was cut off while he committed: either all of what he wrote is undone, or it was released.
    async fn resolve(&mut self) -> Result<(), sqlx::Error> {
        match self.execute("ROLLBACK TO jetway").await {
            Err(sqlx::Error::Database(error))
                if error.message().starts_with("no such savepoint") =>
            {
                self.execute(ANEW).await
            }
            result => result,
        }
    }

    async fn execute(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        let done = sqlx::query(sql).execute(&mut *self.transaction).await;
        done.map(drop)
    }

    async fn commit(mut self) -> (Vec<Waiting>, Result<(), sqlx::Error>) {
        let undone = match self.latest {
            Latest::Fresh | Latest::Kept | Latest::Loose => Ok(()),
            Latest::Pending => self.execute("ROLLBACK TO jetway").await,
            Latest::Ending => self.resolve().await,
        };
        if let Err(error) = undone {
            return (self.waiting, Err(error));
        }
        (self.waiting, self.transaction.commit().await)
    }
}

impl Group {
    fn alone(&self) -> bool {
        self.alone_until.is_some_and(|until| Instant::now() < until)
    }

    /// Commits what is open, if anything still is.
    async fn commit(&mut self) {
        if let Some(open) = self.open.take() {
            let (waiting, result) = open.commit().await;
            self.tell(waiting, result);
        }
    }

    /// Rolls back what is open.
    fn fail(&mut self, error: sqlx::Error) {
        if let Some(open) = self.open.take() {
            self.tell(open.waiting, Err(error));
        }
    }

    fn tell(&mut self, waiting: Vec<Waiting>, result: Result<(), sqlx::Error>) {
        match result {
            Ok(()) => waiting
                .into_iter()
                .for_each(|member| drop(member.send(Ok(())))),
            Err(error) if waiting.len() > 1 => {
                if !is_unavailable(&error) {
                    self.alone_until = Some(Instant::now() + ALONE);
                    tracing::warn!(%error, for_the_next = ?ALONE,
                        "the database refused transactions that shared a commit; each commits alone");
                }
                for member in waiting {
                    drop(member.send(Err(shared(&error))));
                }
            }
            // Whoever is alone is told what the database said to him.
            Err(error) => {
                if let Some(member) = waiting.into_iter().next() {
                    drop(member.send(Err(error.into())));
                }
            }
        }
    }
}

/// A transaction that shares its commit. Rolled back when dropped.
pub(crate) struct Member {
    open: OwnedMappedMutexGuard<Group, Open>,
}

impl Member {
    pub(super) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.open.transaction
    }

    /// Executes statements that end this transaction and make way for the next one, all in one hand-over to SQLite: they
    /// must stand between [`LAST`] and [`NEXT`]. Where one fails the transaction can only be undone.
    pub(super) async fn write_last<'q>(
        &mut self,
        query: Query<'q, Any, AnyArguments>,
    ) -> Result<(), sqlx::Error> {
        self.open.latest = Latest::Ending;
        let written = query.execute(&mut *self.open.transaction).await;
        self.open.latest = if written.is_ok() {
            Latest::Fresh
        } else {
            Latest::Pending
        };
        written.map(drop)
    }

    /// Commits what was [written last](Self::write_last): waits until all who share the commit have ended and it is made.
    pub(super) async fn commit_written(self) -> Result<(), StoreError> {
        self.ended().await
    }

    /// Commits: waits until all who share the commit have ended and it is made.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        self.open.latest = Latest::Kept;
        self.ended().await
    }

    /// Undoes this transaction and waits like a commit does: it may have read what others of the group wrote, and that
    /// is true only once they have committed.
    pub(super) async fn rollback(self) -> Result<(), StoreError> {
        self.ended().await
    }

    async fn ended(mut self) -> Result<(), StoreError> {
        let (told, result) = oneshot::channel();
        self.open.waiting.push(told);
        drop(self);
        result.await.unwrap_or_else(|_| Err(lost()))
    }
}

/// What a failure in common says to each: nothing of its own transaction, which is worth another try.
fn shared(error: &sqlx::Error) -> StoreError {
    let text = format!("transactions that shared a commit were rolled back: {error}");
    StoreError::Unavailable(sqlx::Error::Io(io::Error::other(text)))
}

/// The commit was cut off: the process ends.
fn lost() -> StoreError {
    StoreError::Unavailable(sqlx::Error::WorkerCrashed)
}
