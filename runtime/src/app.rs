//! A service as it runs: what its parts share, how it starts, and how it ends.

pub(crate) mod broker;
mod launch;
mod provision;
mod running;

use std::marker::PhantomData;
use std::sync::Arc;

use async_nats::jetstream;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use launch::launch;
pub use running::Running;

use crate::consumer::{Consumers, Solo};
use crate::http::Health;
use crate::settings::Settings;
use crate::store::{Database, Migrations, StoreError};
use crate::telemetry::Metrics;
use crate::topology::{self, TopologyMode};
use crate::{Error, Operation, Service, Tx};

/// What all parts of a service share.
pub(crate) struct Core {
    pub(crate) settings: Settings,
    pub(crate) database: Database,
    pub(crate) client: async_nats::Client,
    pub(crate) jetstream: jetstream::Context,
    /// Counts connections to the broker: pulls of an earlier one are lost.
    pub(crate) connection: watch::Sender<u64>,
    /// What else is known of the connection.
    pub(crate) link: broker::Link,
    pub(crate) metrics: Metrics,
    pub(crate) health: Health,
    pub(crate) shutdown: CancellationToken,
    /// Something was committed to the outbox.
    pub(crate) relay_wake: Notify,
    pub(crate) solo: Solo,
}

impl Core {
    /// Makes a consumer anew that was deleted under a running service, where that is this service's business.
    pub(crate) async fn restore(&self, operation: &'static Operation) {
        let health = format!("consumer {}", operation.durable);
        let restored = if self.settings.topology == TopologyMode::Apply {
            let mode = TopologyMode::Apply;
            topology::ensure(&self.jetstream, mode, &[operation.stream], &[operation])
                .await
                .map_err(|error| error.to_string())
        } else {
            Err(format!(
                "{} does not answer on stream {}: it may have been deleted",
                operation.durable, operation.stream.name
            ))
        };
        self.health.ready(&health, restored);
    }
}

/// A service that has started: its database, its broker, and what is needed to answer requests. Cheap to clone.
pub struct App<S> {
    core: Arc<Core>,
    service: PhantomData<fn() -> S>,
}

impl<S> Clone for App<S> {
    fn clone(&self) -> Self {
        Self {
            core: self.core.clone(),
            service: PhantomData,
        }
    }
}

impl<S: Service> App<S> {
    /// Starts a service: opens its database and its connection to the broker. Neither needs to be there yet; until
    /// they are the service is not ready.
    ///
    /// # Errors
    ///
    /// Where the settings cannot be used at all.
    pub async fn start(settings: Settings) -> Result<Self, Error> {
        let database = Database::open(
            settings.database_url.expose(),
            settings.database_connections,
            settings.sqlite_synchronous.as_str(),
        )?;
        let (connection, _) = watch::channel(0);
        let health = Health::default();
        let patience = S::OPERATIONS
            .iter()
            .map(|operation| operation.ack_wait)
            .max();
        let link = broker::Link::new(
            connection.clone(),
            health.clone(),
            patience.unwrap_or_default(),
        );
        let client = broker::connect(S::NAME, &settings, &link).await?;
        let jetstream = broker::jetstream(&client);
        let core = Core {
            metrics: if settings.otel_sdk_disabled {
                Metrics::disabled()
            } else {
                Metrics::new(S::NAME)
            },
            settings,
            database,
            client,
            jetstream,
            connection,
            link,
            health,
            shutdown: CancellationToken::new(),
            relay_wake: Notify::new(),
            solo: Solo::default(),
        };
        Ok(Self {
            core: Arc::new(core),
            service: PhantomData,
        })
    }

    /// Brings the database up to date: the runtime's tables and the service's.
    ///
    /// # Errors
    ///
    /// Where the database does not come up within half a minute, or a migration cannot be applied.
    pub async fn migrate(&self, migrations: &Migrations) -> Result<(), Error> {
        let deadline = tokio::time::Instant::now() + running::PATIENCE;
        loop {
            match self.core.database.migrate(migrations).await {
                Err(StoreError::Unavailable(error)) if tokio::time::Instant::now() < deadline => {
                    tracing::warn!(%error, "waiting for the database");
                    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
                }
                result => return Ok(result?),
            }
        }
    }

    /// Begins a transaction outside of a handler, such as a request's: the first of a new correlation.
    #[must_use]
    pub fn begin(&self) -> Tx<'_, S> {
        self.begin_correlated(Uuid::now_v7().to_string())
    }

    /// Begins a transaction outside of a handler whose events carry this correlation id.
    #[must_use]
    pub fn begin_correlated(&self, correlation_id: String) -> Tx<'_, S> {
        Tx::new(&self.core, correlation_id, None)
    }

    /// The database, for reads.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.core.database
    }

    /// The settings that the service was started with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.core.settings
    }

    /// Cancelled when the service shuts down; cancel it to shut it down.
    #[must_use]
    pub fn shutdown(&self) -> &CancellationToken {
        &self.core.shutdown
    }

    /// The service with these consumers, to be run.
    #[must_use]
    pub fn consumers(self, consumers: Consumers<S>) -> Running<S> {
        Running::new(self.core, consumers)
    }
}
