//! The connection to a broker that demands something of its clients, or falls silent, or does not let them.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../support/mod.rs"]
mod support;

mod certificates;
mod half_open;
mod login;
mod permissions;
mod tls;

use std::io::Write;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use dev::{Broker, BrokerOptions};
use jetway::{App, Settings};
use support::contract::{HANDLE, Happened, Tester};
use support::{Double, Serving, answers, wait};
use tempfile::TempDir;

/// A broker that only its own kind of client gets into, and a service that is to be one.
struct House {
    broker: Broker,
    directory: TempDir,
    settings: Settings,
    ready: String,
}

impl House {
    /// `extra` is configuration of the server's.
    async fn with(extra: String) -> Self {
        let options = BrokerOptions {
            guarded: true,
            extra,
            ..BrokerOptions::default()
        };
        let broker = Broker::start_with(options).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let mut settings = Settings::defaults("tester");
        settings.nats_url = vec![broker.url().as_str().into()];
        settings.database_url =
            format!("sqlite://{}/tester.sqlite3", directory.path().display()).into();
        let port = dev::ports::free().unwrap();
        settings.http_addr = ([127, 0, 0, 1], port).into();
        let ready = format!("http://127.0.0.1:{port}/readyz");
        Self {
            broker,
            directory,
            settings,
            ready,
        }
    }

    /// The URL with another scheme or a login in it.
    fn url(&mut self, prefix: &str, host: &str) {
        self.settings.nats_url = vec![
            format!("{prefix}{host}:{}", self.broker.port())
                .as_str()
                .into(),
        ];
    }

    /// The service gets in, and what it publishes is confirmed.
    async fn works(&self) {
        let service = Serving::alone(self.settings.clone(), HANDLE, Double::effect()).await;
        let ready = || async { answers(&self.ready).await };
        wait("readiness", || async { ready().await.0 == 200 }).await;
        publish(&service.app, "a").await;
        wait("the effect", || async {
            service.effects().await.len() == 1
        })
        .await;
        service.stop().await.unwrap();
    }

    /// The service does not get in; what it says of that, without what differs from run to run.
    async fn says(&self) -> String {
        let app = App::<Tester>::start(self.settings.clone()).await.unwrap();
        let service = Serving::relay(app);
        let reason = || async {
            let body: serde_json::Value =
                serde_json::from_str(&answers(&self.ready).await.1).ok()?;
            let reason = body["checks"]["broker"]["reason"].as_str()?.to_owned();
            reason.contains(": ").then_some(reason)
        };
        wait("a reason", || async { reason().await.is_some() }).await;
        // Later tries end in other ways now and then; what was told stays.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let reason = reason().await.unwrap();
        let told = reason.trim_start_matches("not connected: ");
        assert!(logged(told), "{told} is not logged");
        service.stop().await.unwrap();
        let server = format!(":{}", self.broker.port());
        reason.replace(&server, ":4222")
    }
}

async fn publish(app: &App<Tester>, key: &str) {
    let mut tx = app.begin();
    tx.publish(Happened::new(key, 1)).await.unwrap();
    tx.commit().await.unwrap();
}

/// What the tests of this process have logged.
static LOG: LazyLock<&'static Mutex<Vec<u8>>> = LazyLock::new(|| {
    let log: &'static Mutex<Vec<u8>> = Box::leak(Box::default());
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_ansi(false)
        .with_writer(move || Writer(log))
        .init();
    log
});

struct Writer(&'static Mutex<Vec<u8>>);

impl Write for Writer {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Begins to keep the log.
fn keep_log() {
    LazyLock::force(&LOG);
}

fn logged(text: &str) -> bool {
    lines(text) > 0
}

/// How many lines of the log hold this.
fn lines(text: &str) -> usize {
    let log = LOG.lock().unwrap();
    // Within a value quotation marks are escaped.
    let escaped = text.replace('"', "\\\"");
    String::from_utf8_lossy(&log)
        .lines()
        .filter(|line| line.contains(text) || line.contains(&escaped))
        .count()
}
