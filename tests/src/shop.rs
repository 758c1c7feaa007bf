//! A sample shop: its broker, its databases and its services, all its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use async_nats::{ConnectOptions, jetstream};
use dev::{Broker, Service};
use sqlx::AnyPool;
use tempfile::TempDir;

use crate::tables;

/// The services of the sample shop.
pub const ALL: [&str; 4] = ["orders", "inventory", "email", "analytics"];

/// Which database the services use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// A file each.
    Sqlite,
    /// A database each on the server that the tests of this process share.
    Postgres,
}

/// The value of `JETWAY_FAULT` that stops a process when it first reaches `point` of `operation`.
#[must_use]
pub fn fault(operation: &str, point: &str, marker: &Path) -> String {
    format!("{operation}:{point}:{}", marker.display())
}

/// A shop.
pub struct Shop {
    // Dropped in this order: the services go before what they need.
    services: BTreeMap<&'static str, Service>,
    pools: BTreeMap<&'static str, AnyPool>,
    urls: BTreeMap<&'static str, String>,
    settings: BTreeMap<&'static str, Vec<(&'static str, String)>>,
    http: reqwest::Client,
    /// A client of the broker.
    pub client: async_nats::Client,
    /// The same for JetStream.
    pub jetstream: jetstream::Context,
    broker: Option<Broker>,
    nats_url: String,
    _databases: Vec<dev::Database>,
    directory: TempDir,
}

impl Shop {
    /// A shop with a broker and empty databases, whose services do not run yet.
    pub async fn new(on: On) -> Self {
        Self::with_broker(on, Broker::start().await.unwrap()).await
    }

    /// The same with this broker.
    pub async fn with_broker(on: On, broker: Broker) -> Self {
        let directory = tempfile::Builder::new()
            .prefix("jetway-shop-")
            .tempdir()
            .unwrap();
        let (mut urls, mut databases, mut pools) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        for name in ALL {
            let url = match on {
                On::Sqlite => format!(
                    "sqlite://{}/{name}/{name}.sqlite3",
                    directory.path().display()
                ),
                On::Postgres => {
                    let database = dev::Postgres::database().await.unwrap();
                    let url = database.url().to_owned();
                    databases.push(database);
                    url
                }
            };
            pools.insert(name, tables::pool(&url));
            urls.insert(name, url);
        }
        let options = match broker.login().cloned() {
            Some((name, password)) => ConnectOptions::with_user_and_password(name, password),
            None => ConnectOptions::new(),
        };
        let client = options.connect(broker.url()).await.unwrap();
        Self {
            services: BTreeMap::new(),
            pools,
            urls,
            settings: BTreeMap::new(),
            http: reqwest::Client::new(),
            jetstream: jetstream::new(client.clone()),
            client,
            nats_url: broker.url(),
            broker: Some(broker),
            _databases: databases,
            directory,
        }
    }

    /// A shop that is open: all of its services run.
    pub async fn open(on: On) -> Self {
        let mut shop = Self::new(on).await;
        shop.start_all().await;
        shop
    }

    /// Gives a service this database instead of its own, from its next start.
    pub fn use_database(&mut self, service: &'static str, url: &str) {
        self.pools.insert(service, tables::pool(url));
        self.urls.insert(service, url.to_owned());
    }

    /// Sets a variable for a service, for its next start.
    pub fn set(&mut self, service: &'static str, name: &'static str, value: impl Into<String>) {
        let settings = self.settings.entry(service).or_default();
        settings.retain(|(known, _)| *known != name);
        settings.push((name, value.into()));
    }

    /// Sets a variable for all services.
    pub fn set_all(&mut self, name: &'static str, value: &str) {
        for service in ALL {
            self.set(service, name, value);
        }
    }

    /// The variables that a service is started with.
    #[must_use]
    pub fn variables(&self, name: &'static str) -> Vec<(&'static str, String)> {
        let mut all = vec![
            ("NATS_URL", self.nats_url.clone()),
            ("DATABASE_URL", self.urls[name].clone()),
            ("LOG_FORMAT", "json".to_owned()),
            ("PAYMENT_LATENCY", "1ms".to_owned()),
            ("MAIL_DIR", self.mail_dir().display().to_string()),
        ];
        for (key, value) in self.settings.get(name).into_iter().flatten() {
            all.retain(|(known, _)| known != key);
            all.push((key, value.clone()));
        }
        all
    }

    /// Starts a service, or starts it anew (`kill -9` first), and waits until it is ready.
    pub async fn start(&mut self, name: &'static str) {
        self.services.remove(name);
        let started = Service::start(name, &self.variables(name), self.directory_of(name)).await;
        self.services.insert(name, started.unwrap());
    }

    /// Starts all services at once, and waits until they are ready.
    pub async fn start_all(&mut self) {
        let starting = ALL.map(|name| {
            let (variables, directory) = (self.variables(name), self.directory_of(name));
            async move {
                (
                    name,
                    Service::start(name, &variables, directory).await.unwrap(),
                )
            }
        });
        let started = futures::future::join_all(starting).await;
        self.services.extend(started);
    }

    /// Starts a service that is expected to refuse; returns its exit code and what it said.
    pub async fn start_in_vain(&mut self, name: &'static str) -> (Option<i32>, String) {
        self.services.remove(name);
        let directory = self.directory_of(name).join("in-vain");
        let started = Service::start_unready(name, &self.variables(name), directory).await;
        let started = started.unwrap();
        let exit = started.ended(crate::PATIENCE).await.unwrap();
        (exit.code(), started.log())
    }

    /// The broker, to be killed while the shop is at work.
    pub fn take_broker(&mut self) -> Broker {
        self.broker.take().unwrap()
    }

    /// A running service.
    #[must_use]
    pub fn service(&self, name: &str) -> &Service {
        &self.services[name]
    }

    /// Whether a service has been started.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.services.contains_key(name)
    }

    /// The same, to be stopped or killed.
    pub fn service_mut(&mut self, name: &str) -> &mut Service {
        self.services.get_mut(name).unwrap()
    }

    /// All running services.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.values()
    }

    /// A service's database.
    #[must_use]
    pub fn pool(&self, service: &str) -> &AnyPool {
        &self.pools[service]
    }

    /// Where mails go that no mail server takes.
    #[must_use]
    pub fn mail_dir(&self) -> PathBuf {
        self.directory.path().join("mail")
    }

    /// A path of its own below the shop's directory.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn directory_of(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Sets a trap in a service's next start: it stops when it first reaches `point` of `operation`. Returns the file
    /// that appears then.
    pub fn trap(&mut self, service: &'static str, operation: &str, point: &str) -> PathBuf {
        let marker = self.path(&format!("{service}-{operation}-{point}.marker"));
        self.set(service, "JETWAY_FAULT", fault(operation, point, &marker));
        marker
    }

    /// Waits until a trap has caught its service, kills the service there (`kill -9`) and starts it without the trap.
    pub async fn kill_in_trap(&mut self, service: &'static str, marker: &Path) {
        self.trapped(service, marker).await;
        self.service_mut(service).kill().unwrap();
        self.set(service, "JETWAY_FAULT", "");
        self.start(service).await;
    }

    /// Waits until a trap has caught its service.
    pub async fn trapped(&self, service: &str, marker: &Path) {
        crate::wait(&format!("{service} to run into its trap"), || async {
            if marker.exists() {
                return Ok(());
            }
            let log = self.service(service).log();
            let tail: Vec<&str> = log.lines().rev().take(8).collect();
            Err(format!(
                "no {}; newest lines of its log:\n{}",
                marker.display(),
                tail.join("\n")
            ))
        })
        .await;
    }
}
