//! A shop whose broker is guarded by the users of `deploy/nats`, and clients that find out what these may do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event, ServerError};
use dev::{Broker, BrokerOptions};
use system_tests::{ALL, On, Shop};
use tokio::sync::mpsc;

/// Who makes streams and consumers.
pub(crate) const TOPOLOGY: &str = "topology";

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A shop whose broker knows the users of `deploy/nats` and one more, who looks on.
pub(crate) struct Guarded {
    pub(crate) shop: Shop,
    url: String,
    /// The users' seeds, by name.
    seeds: BTreeMap<&'static str, String>,
    _configuration: tempfile::TempDir,
}

impl Guarded {
    pub(crate) async fn shop() -> Self {
        Self::on(None).await
    }

    /// The same on this version of the server.
    pub(crate) async fn on(version: Option<&str>) -> Self {
        let directory = tempfile::Builder::new()
            .prefix("jetway-guarded-")
            .tempdir()
            .unwrap();
        let nats = directory.path().join("nats");
        copy(&repository().join("deploy/nats"), &nats);
        let users = nats.join("users.conf");
        let written = std::fs::read_to_string(&users).unwrap();
        let looker = "users: [\n  { user: looker, password: watching }\n";
        let mine = written.replacen("users: [\n", looker, 1);
        assert_ne!(mine, written, "users.conf has no list of users");
        std::fs::write(&users, mine).unwrap();
        let (mut seeds, mut environment) = (BTreeMap::new(), Vec::new());
        for name in ALL.into_iter().chain([TOPOLOGY]) {
            let pair = nkeys::KeyPair::new_user();
            let variable = format!("NATS_NKEY_{}", name.to_uppercase());
            environment.push((variable, pair.public_key()));
            seeds.insert(name, pair.seed().unwrap());
        }
        let broker = Broker::start_with(BrokerOptions {
            extra: "accounts { SHOP { jetstream: enabled, include \"nats/users.conf\" } }"
                .to_owned(),
            environment,
            version: version.map(str::to_owned),
            login: Some(("looker".to_owned(), "watching".to_owned())),
            directory: Some(directory.path().to_owned()),
            ..BrokerOptions::default()
        });
        let broker = broker.await.unwrap();
        let url = broker.url();
        Self {
            shop: Shop::with_broker(On::Sqlite, broker).await,
            url,
            seeds,
            _configuration: directory,
        }
    }

    /// Makes streams and consumers, under the user that may.
    pub(crate) async fn provision(&mut self) {
        let seed = &self.seeds[TOPOLOGY];
        for name in ALL {
            self.shop.set(name, "TOPOLOGY", "provision");
            self.shop.set(name, "NATS_INBOX_PREFIX", "_INBOX_topology");
            self.shop.set(name, "NATS_NKEY_SEED", seed);
            let (code, said) = self.shop.start_in_vain(name).await;
            assert_eq!(code, Some(0), "{name}: {said}");
            self.shop.set(name, "NATS_INBOX_PREFIX", "");
        }
    }

    /// Starts every service under its own user.
    pub(crate) async fn open(&mut self, topology: &str) {
        for name in ALL {
            self.shop.set(name, "NATS_NKEY_SEED", &self.seeds[name]);
        }
        self.shop.set_all("TOPOLOGY", topology);
        self.shop.start_all().await;
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A client of somebody's, and what the server refuses it.
pub(crate) struct Visitor {
    pub(crate) client: Client,
    refusals: mpsc::UnboundedReceiver<String>,
}

/// What nobody may publish: what the server says in answer to it comes after all that it says to what came before.
const LAST: &str = "nobody.may.publish.this";

impl Visitor {
    pub(crate) async fn named(guarded: &Guarded, name: &'static str) -> Self {
        let (sender, refusals) = mpsc::unbounded_channel();
        let client = ConnectOptions::with_nkey(guarded.seeds[name].clone())
            .custom_inbox_prefix(format!("_INBOX_{name}"))
            .event_callback(move |event| {
                if let Event::ServerError(ServerError::Other(text)) = event {
                    let _ = sender.send(text);
                }
                std::future::ready(())
            })
            .connect(&guarded.url)
            .await
            .unwrap();
        Self { client, refusals }
    }

    /// Publishes nothing of worth to each of these, and returns those that the server refuses.
    pub(crate) async fn refused_to_publish(
        &mut self,
        subjects: &BTreeSet<String>,
    ) -> BTreeSet<String> {
        let mut refused = BTreeSet::new();
        for subject in subjects {
            let empty = self.client.publish(subject.clone(), "".into());
            empty.await.unwrap();
            if self.is_refused("Publish", subject).await {
                refused.insert(subject.clone());
            }
        }
        refused
    }

    /// Subscribes to each of these, and returns those that the server refuses.
    pub(crate) async fn refused_to_subscribe(
        &mut self,
        subjects: &BTreeSet<String>,
    ) -> BTreeSet<String> {
        let mut refused = BTreeSet::new();
        for subject in subjects {
            let _kept = self.client.subscribe(subject.clone()).await.unwrap();
            if self.is_refused("Subscription", subject).await {
                refused.insert(subject.clone());
            }
        }
        refused
    }

    /// Whether the server has refused what was asked for last. One by one: a client drops what it is told too fast.
    async fn is_refused(&mut self, verb: &str, subject: &str) -> bool {
        self.client.publish(LAST, "".into()).await.unwrap();
        self.client.flush().await.unwrap();
        let mut refused = false;
        loop {
            let next = tokio::time::timeout(Duration::from_secs(30), self.refusals.recv()).await;
            let text = next.expect("the server refuses what nobody may").unwrap();
            if text.contains(LAST) {
                return refused;
            }
            let expected = format!("permissions violation for {verb} to \"{subject}\"");
            let (text, expected) = (text.to_lowercase(), expected.to_lowercase());
            assert!(text.contains(&expected), "{text} instead of {expected}");
            refused = true;
        }
    }
}
