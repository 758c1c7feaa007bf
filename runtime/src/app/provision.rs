//! Streams and consumers, and nothing else: what a user does who may make them, before the services run without that
//! permission.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::{broker, running};
use crate::http::Health;
use crate::settings::Settings;
use crate::topology::{self, TopologyMode};
use crate::{Error, Service};

/// How long to wait before asking again where the broker did not answer.
const PAUSE: Duration = Duration::from_millis(500);

/// Brings the service's streams and consumers to what the contract says.
///
/// # Errors
///
/// Where the broker does not come up within half a minute, or does not do it.
pub(super) async fn provision<S: Service>(settings: &Settings) -> Result<(), Error> {
    let health = Health::default();
    let link = broker::Link::new(watch::channel(0).0, health.clone(), Duration::ZERO);
    let client = broker::connect(S::NAME, settings, &link).await?;
    let jetstream = broker::jetstream(&client);
    let deadline = Instant::now() + running::PATIENCE;
    loop {
        let mode = TopologyMode::Provision;
        match topology::ensure(&jetstream, mode, S::STREAMS, S::OPERATIONS).await {
            Err(error) if error.is_transient() && Instant::now() < deadline => {
                tracing::warn!(%error, "waiting for the broker");
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) if error.is_transient() => {
                // What hangs at the connection or at a permission is seen there only.
                let why = ["broker", "permissions"]
                    .into_iter()
                    .find_map(|part| health.problem(part));
                return Err(why.map_or_else(|| error.into(), Error::Broker));
            }
            Err(error) => return Err(error.into()),
            Ok(()) => {
                tracing::info!("streams and consumers are as the contract says");
                return Ok(());
            }
        }
    }
}
