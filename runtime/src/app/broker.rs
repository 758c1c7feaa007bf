//! The connection to NATS: made in the background for as long as it takes, and watched.

mod denials;
mod reason;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::{self, context::ContextBuilder};
use async_nats::{Auth, AuthError, Client, ConnectOptions, Event, ServerError};
use rand::Rng;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(crate) use denials::Denials;
use reason::Reason;

use crate::Error;
use crate::http::Health;
use crate::settings::{Credentials, NatsLogin, NatsTls, Settings};

/// How long the connection may be silent before the server is asked for a sign of life. The client gives up after two of
/// these without one, so a half-open connection is noticed after about three.
const PING: Duration = Duration::from_secs(2);
/// The shortest and the longest pause between two tries to connect.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(40), Duration::from_secs(1));
/// How long one try may take.
const CONNECT: Duration = Duration::from_secs(4);
/// How often the state of the connection is looked at, should an event of it have been lost.
const LOOK: Duration = Duration::from_secs(1);

/// What the parts of a service know of the connection. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Link {
    /// Counts connections: what was asked for over an earlier one is lost.
    connection: watch::Sender<u64>,
    /// How many connections have been counted.
    seen: Arc<AtomicU64>,
    health: Health,
    reason: Reason,
    /// What the server does not let this service do.
    pub(crate) denials: Denials,
}

impl Link {
    pub(super) fn new(connection: watch::Sender<u64>, health: Health, patience: Duration) -> Self {
        Self {
            connection,
            seen: Arc::default(),
            denials: Denials::new(health.clone(), patience),
            health,
            reason: Reason::default(),
        }
    }

    fn connected(&self) {
        tracing::info!("connected to the broker");
        self.reason.forget();
        self.health.ready("broker", Ok(()));
        self.denials.connected();
        self.connection.send_modify(|count| *count += 1);
    }

    fn disconnected(&self) {
        tracing::warn!("the connection to the broker is lost; trying again");
        self.health.ready("broker", Err("not connected".to_owned()));
    }

    fn notice(&self, event: &Event) {
        match event {
            Event::Connected => {
                self.seen.fetch_add(1, Ordering::Relaxed);
                self.connected();
            }
            Event::Disconnected => self.disconnected(),
            Event::ServerError(error) => self.refused(error),
            // Why it could not be made is told by `Reason`; this is the error's kind alone.
            Event::ClientError(error) => tracing::debug!(%error, "the client"),
            Event::SlowConsumer(_) => {
                tracing::warn!("the client drops messages that are not read in time");
            }
            other => tracing::debug!(event = %other, "broker"),
        }
    }

    fn refused(&self, error: &ServerError) {
        let text = match error {
            ServerError::Other(text) => text.clone(),
            other => other.to_string(),
        };
        if !self.denials.note(&text) {
            tracing::error!(error = text, "the broker refuses");
        }
    }

    /// What the tries to connect came to: `errors` by server.
    fn tried(&self, errors: &[(String, String)], access: &reason::Access) {
        if let Some(text) = self.reason.update(errors, access) {
            tracing::error!(
                reason = text,
                "the broker cannot be connected to; trying again"
            );
            self.health
                .ready("broker", Err(format!("not connected: {text}")));
        }
    }
}

/// Connects in the background, for as long as it takes.
pub(super) async fn connect(
    service: &str,
    settings: &Settings,
    link: &Link,
) -> Result<Client, Error> {
    let wrong = |sentence: crate::settings::ValueError| Error::Broker(sentence.to_string());
    let login = settings.nats_login().map_err(wrong)?;
    let tls = settings.nats_tls().map_err(wrong)?;
    let access = Arc::new(reason::Access::new(settings, login.as_ref(), tls.as_ref()));
    link.health
        .ready("broker", Err("not connected yet".to_owned()));
    let urls: Vec<String> = settings
        .nats_url
        .iter()
        .map(|url| url.expose().to_owned())
        .collect();
    let (events, tries) = (link.clone(), link.clone());
    let mut options = logged_in(login)
        .name(service)
        .custom_inbox_prefix(settings.nats_inbox_prefix.clone())
        .ping_interval(PING)
        .connection_timeout(CONNECT)
        .retry_on_initial_connect()
        .max_reconnects(None)
        .reconnect_delay_callback(|attempts| {
            reconnect_delay(attempts, rand::rng().random_range(0.0..1.0))
        })
        // The client says only which kind of error it was; what it was it tells only who chooses the next server.
        .reconnect_to_server_callback(move |servers, _| {
            let errors: Vec<(String, String)> = servers
                .iter()
                .filter_map(|server| {
                    let (host, port) = (server.addr.host(), server.addr.port());
                    Some((format!("{host}:{port}"), server.last_error.clone()?))
                })
                .collect();
            tries.tried(&errors, &access);
            std::future::ready(None)
        })
        .event_callback(move |event| {
            events.notice(&event);
            std::future::ready(())
        });
    if let Some(tls) = tls {
        options = secured(options, tls);
    }
    options
        .connect(urls)
        .await
        .map_err(|error| Error::Broker(error.to_string()))
}

/// Never without TLS: a server, or somebody in between, that offers none gets no word of the login.
fn secured(options: ConnectOptions, tls: NatsTls) -> ConnectOptions {
    let mut options = options.require_tls(true);
    if let Some(ca) = tls.ca {
        options = options.add_root_certificates(ca);
    }
    if let Some((certificate, key)) = tls.identity {
        options = options.add_client_certificate(certificate, key);
    }
    if tls.first {
        options = options.tls_first();
    }
    options
}

fn logged_in(login: Option<NatsLogin>) -> ConnectOptions {
    let options = ConnectOptions::new();
    match login {
        None => options,
        Some(NatsLogin::User { name, password }) => {
            options.user_and_password(name, password.expose().to_owned())
        }
        Some(NatsLogin::Token(token)) => options.token(token.expose().to_owned()),
        Some(NatsLogin::Nkey(seed)) => options.nkey(seed.expose().to_owned()),
        Some(NatsLogin::Creds(file)) => ConnectOptions::with_auth_callback(move |nonce| {
            let auth = signed(&file, &nonce);
            async move { auth }
        }),
    }
}

/// The answer to the server's challenge, from the credentials as they are by now.
fn signed(file: &Path, nonce: &[u8]) -> Result<Auth, AuthError> {
    let credentials = Credentials::read(file).map_err(AuthError::new)?;
    let mut auth = Auth::new();
    auth.signature = Some(credentials.key.sign(nonce).map_err(AuthError::new)?);
    auth.jwt = Some(credentials.jwt);
    Ok(auth)
}

pub(super) fn jetstream(client: &Client) -> jetstream::Context {
    ContextBuilder::new()
        .timeout(Duration::from_secs(5))
        .max_ack_inflight(1_024)
        .build(client.clone())
}

/// Looks after what the client may have failed to tell: it drops events that come faster than they are read, a
/// connection among them where denials come in bulk. And recovers where permissions have come back.
pub(super) async fn watch(client: Client, link: Link, shutdown: CancellationToken) {
    let mut tick = tokio::time::interval(LOOK);
    let mut missed = false;
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = shutdown.cancelled() => return,
        }
        let connects = client.statistics().connects.load(Ordering::Relaxed);
        let connected = client.connection_state() == State::Connected;
        let behind = connected && connects > link.seen.load(Ordering::Relaxed);
        // Twice in a row: the event may be on its way.
        if behind && missed {
            link.seen.store(connects, Ordering::Relaxed);
            link.connected();
        }
        missed = behind;
        if connected && link.denials.look() {
            // A subscription that the server refused is made anew with the connection, and not before.
            let _ = client.force_reconnect().await;
        }
    }
}

/// How long to wait before the `attempts`th try to connect: quick at first, then about once a second. Of that at least
/// half; the rest is `chance` (from 0 to 1), so that the clients of a server that comes back do not come all at once.
fn reconnect_delay(attempts: usize, chance: f64) -> Duration {
    let exponent = u32::try_from(attempts.saturating_sub(1).min(16)).unwrap_or(16);
    let (shortest, longest) = RECONNECT;
    let delay = shortest.saturating_mul(2_u32.pow(exponent)).min(longest);
    delay.mul_f64(0.5 + 0.5 * chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_to_connect_become_rarer_up_to_one_a_second() {
        let longest: Vec<u128> = (0..9)
            .map(|attempt| reconnect_delay(attempt, 1.0).as_millis())
            .collect();
        assert_eq!(longest, [40, 40, 80, 160, 320, 640, 1000, 1000, 1000]);
        for attempt in [0, 1, 5, 6, 100, usize::MAX] {
            let (least, most) = (reconnect_delay(attempt, 0.0), reconnect_delay(attempt, 1.0));
            assert_eq!(least * 2, most, "attempt {attempt}");
            assert!(
                most <= Duration::from_secs(1),
                "attempt {attempt}: {most:?}"
            );
        }
    }

    /// A thousand clients that lost their server at the same time spread over half a second.
    #[test]
    fn clients_do_not_come_all_at_once() {
        let mut tenths = [0_usize; 10];
        for _ in 0..1_000 {
            let delay = reconnect_delay(20, rand::rng().random_range(0.0..1.0));
            tenths[(delay.as_millis() as usize - 500).min(499) / 50] += 1;
        }
        assert!(
            tenths.iter().all(|count| (50..200).contains(count)),
            "{tenths:?}"
        );
    }

    #[test]
    fn a_half_open_connection_is_noticed_within_fifteen_seconds() {
        // The client's limit of unanswered pings is 2; then one try may run into the same silence.
        assert!(PING * 3 + CONNECT + RECONNECT.1 < Duration::from_secs(15));
    }
}
