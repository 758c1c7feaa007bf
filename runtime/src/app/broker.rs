//! The connection to NATS.

use std::time::Duration;

use async_nats::jetstream::{self, context::ContextBuilder};
use async_nats::{Client, ConnectOptions, Event};
use rand::Rng;
use tokio::sync::watch;

use crate::Error;
use crate::http::Health;
use crate::settings::{NatsLogin, Settings};

/// A half-open connection is noticed after about two of these.
const PING: Duration = Duration::from_secs(2);
/// The longest pause between two tries to connect.
const RECONNECT: Duration = Duration::from_millis(1_000);

/// Connects in the background, for as long as it takes.
pub(super) async fn connect(
    service: &str,
    settings: &Settings,
    connection: watch::Sender<u64>,
    health: Health,
) -> Result<Client, Error> {
    health.ready("broker", Err("not connected yet".to_owned()));
    let urls: Vec<String> = settings
        .nats_url
        .iter()
        .map(|url| url.expose().to_owned())
        .collect();
    let mut options = ConnectOptions::new()
        .name(service)
        .custom_inbox_prefix(settings.nats_inbox_prefix.clone())
        .ping_interval(PING)
        .retry_on_initial_connect()
        .max_reconnects(None)
        .reconnect_delay_callback(reconnect_delay)
        .event_callback(move |event| {
            notice(&event, &connection, &health);
            std::future::ready(())
        });
    options = match settings.nats_login() {
        Some(NatsLogin::User { name, password }) => {
            options.user_and_password(name, password.expose().to_owned())
        }
        Some(NatsLogin::Token(token)) => options.token(token.expose().to_owned()),
        None => options,
    };
    if let Some(file) = &settings.nats_creds {
        options = options.credentials_file(file).await.map_err(|error| {
            Error::Broker(format!(
                "NATS_CREDS={} cannot be read: {error}",
                file.display()
            ))
        })?;
    }
    if let Some(seed) = &settings.nats_nkey_seed {
        options = options.nkey(seed.expose().to_owned());
    }
    options
        .connect(urls)
        .await
        .map_err(|error| Error::Broker(error.to_string()))
}

pub(super) fn jetstream(client: &Client) -> jetstream::Context {
    ContextBuilder::new()
        .timeout(Duration::from_secs(5))
        .max_ack_inflight(1_024)
        .build(client.clone())
}

/// Quick at first, then about once a second, never all clients at once.
fn reconnect_delay(attempts: usize) -> Duration {
    let exponent = u32::try_from(attempts.min(6)).unwrap_or(6);
    let delay = Duration::from_millis(20 * 2_u64.pow(exponent)).min(RECONNECT);
    delay.mul_f64(rand::rng().random_range(0.5..1.0))
}

fn notice(event: &Event, connection: &watch::Sender<u64>, health: &Health) {
    match event {
        Event::Connected => {
            tracing::info!("connected to the broker");
            health.ready("broker", Ok(()));
            connection.send_modify(|count| *count += 1);
        }
        Event::Disconnected => {
            tracing::warn!("the connection to the broker is lost; trying again");
            health.ready("broker", Err("not connected".to_owned()));
        }
        // Denied publishes and subscriptions surface as time-outs elsewhere; the reason is told only here.
        Event::ServerError(error) => {
            tracing::error!(%error, "the broker refuses");
            if error
                .to_string()
                .to_ascii_lowercase()
                .contains("permissions violation")
            {
                health.ready("permissions", Err(error.to_string()));
            }
        }
        Event::ClientError(error) => {
            tracing::warn!(%error, "the connection to the broker has a problem")
        }
        Event::SlowConsumer(_) => {
            tracing::warn!("the client drops messages that are not read in time")
        }
        other => tracing::debug!(event = %other, "broker"),
    }
}
