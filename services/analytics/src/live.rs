//! The summary as a stream that follows the read model.

use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt, stream};
use jetway::Database;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tokio_stream::wrappers::WatchStream;
use tokio_util::sync::CancellationToken;

use crate::read_model::{self, Summary};

/// How often the read model is looked at while anybody watches.
const EVERY: Duration = Duration::from_millis(500);

/// Follows the read model.
///
/// It asks the database instead of its own handlers, because the events may be handled by another replica. All watchers
/// of a process share one question, and without watchers none is asked.
#[derive(Clone, Debug)]
pub struct Live {
    database: Database,
    latest: watch::Sender<Arc<Summary>>,
    shutdown: CancellationToken,
}

impl Live {
    /// Begins to follow the read model, until `shutdown`.
    #[must_use]
    pub fn start(database: Database, shutdown: CancellationToken) -> Self {
        let live = Self {
            database,
            latest: watch::Sender::default(),
            shutdown,
        };
        tokio::spawn(live.clone().follow());
        live
    }

    /// The summary as it is now.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn now(&self) -> Result<Arc<Summary>, sqlx::Error> {
        read_model::summary(self.database.pool())
            .await
            .map(Arc::new)
    }

    /// The summary as it is now, and whenever it has changed, until shutdown.
    ///
    /// # Errors
    ///
    /// Those of the database, at the first reading; later the stream waits until the database answers again.
    pub async fn watch(&self) -> Result<impl Stream<Item = Arc<Summary>> + use<>, sqlx::Error> {
        // Subscribed before the first reading, so that no change falls in between.
        let changes = WatchStream::from_changes(self.latest.subscribe());
        let now = self.now().await?;
        let shutdown = self.shutdown.clone().cancelled_owned();
        Ok(stream::iter([now]).chain(changes).take_until(shutdown))
    }

    async fn follow(self) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while let Some(_tick) = self.shutdown.run_until_cancelled(ticks.tick()).await {
            if self.latest.receiver_count() > 0 {
                self.look().await;
            }
        }
    }

    async fn look(&self) {
        match self.now().await {
            Ok(now) => {
                self.latest.send_if_modified(|latest| {
                    let changed = *latest != now;
                    *latest = now;
                    changed
                });
            }
            Err(error) => tracing::warn!(%error, "cannot read the read model for the live page"),
        }
    }
}
