//! What the server does not let the service do is logged with its subject, fails readiness, and is over when it may.

use std::path::PathBuf;

use dev::{Broker, BrokerOptions, Signal};
use jetway::settings::Secret;

use crate::support::contract::{HANDLE, Happened};
use crate::support::{Double, On, Rig, Serving, answers, wait};
use crate::{keep_log, lines, logged, publish};

/// A rig whose service is a user with permissions.
struct Guarded {
    rig: Rig,
    ready: String,
    users: PathBuf,
}

fn users(publish: &str, subscribe: &str) -> String {
    format!(
        "authorization {{ users: [\n  {{ user: all, password: all }}\n  {{ user: tester, password: tester, permissions: {{\n    \
         publish: {{ allow: \">\", deny: [{publish}] }}, subscribe: {{ allow: \">\", deny: [{subscribe}] }} }} }}\n] }}\n"
    )
}

impl Guarded {
    async fn new() -> Self {
        keep_log();
        let directory = tempfile::tempdir().unwrap().keep();
        let file = directory.join("users.conf");
        std::fs::write(&file, users("", "")).unwrap();
        let options = BrokerOptions {
            extra: "include \"users.conf\"".to_owned(),
            login: Some(("all".to_owned(), "all".to_owned())),
            directory: Some(directory.clone()),
            remove_afterwards: Some(directory),
            ..BrokerOptions::default()
        };
        let broker = Broker::start_with(options).await.unwrap();
        let mut rig = Rig::with_broker(On::Sqlite, broker).await;
        rig.settings.nats_user = Some("tester".to_owned());
        rig.settings.nats_password = Some(Secret::from("tester".to_owned()));
        Self {
            ready: rig.http("/readyz"),
            rig,
            users: file,
        }
    }

    async fn serve(&self) -> Serving {
        let service = self.rig.serve(HANDLE, Double::effect()).await;
        self.is_ready().await;
        self.rig.remember().await;
        service
    }

    /// The server reads its configuration anew.
    async fn deny(&self, publish: &str, subscribe: &str) {
        let reloads = || {
            let log = self.rig.broker.log();
            log.matches("Reloaded server configuration").count()
        };
        let before = reloads();
        std::fs::write(&self.users, users(publish, subscribe)).unwrap();
        self.rig.broker.signal(Signal::Hup).unwrap();
        wait("the server to reload", || async { reloads() > before }).await;
    }

    async fn is_ready(&self) {
        wait("readiness", || async {
            answers(&self.ready).await.0 == 200
        })
        .await;
    }

    /// Waits until readiness fails with this reason, which must be in the log, too.
    async fn is_told(&self, deed: &str, subject: &str) {
        let told = format!(
            "Permissions Violation: the broker does not allow this service's user to {deed} {subject}"
        );
        wait(&told, || async {
            let (status, body) = answers(&self.ready).await;
            let body: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
            let reason = body["checks"]["permissions"]["reason"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            status == 503 && reason.starts_with(&told)
        })
        .await;
        assert!(logged("the broker's permissions do not allow it"));
        assert!(
            logged(subject.trim_end_matches(['>', '.'])),
            "{subject} is not logged"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn to_publish_an_event() {
    let guarded = Guarded::new().await;
    let service = guarded.serve().await;
    guarded.deny("\"thing.happened.v1.denied\"", "").await;
    publish(&service.app, "denied").await;
    publish(&service.app, "free").await;
    guarded
        .is_told("publish to", "thing.happened.v1.denied")
        .await;
    wait("the other key", || async {
        service.effects().await == [("free".to_owned(), 1)]
    })
    .await;
    let (tries, error): (i64, String) =
        sqlx::query_as("SELECT attempts, last_error FROM jetway_outbox WHERE published_at IS NULL")
            .fetch_one(service.app.database().pool())
            .await
            .unwrap();
    assert!(
        tries > 0 && error.contains("Permissions Violation"),
        "{error}"
    );
    guarded.deny("", "").await;
    guarded.is_ready().await;
    wait("the event", || async { service.effects().await.len() == 2 }).await;
    assert_eq!(guarded.rig.depth().await, 2);
    service.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn to_listen_for_answers() {
    let guarded = Guarded::new().await;
    let service = guarded.serve().await;
    guarded.deny("", "\"_INBOX_tester.>\"").await;
    guarded.is_told("subscribe to", "_INBOX_tester.").await;
    publish(&service.app, "denied").await;
    guarded.deny("", "").await;
    guarded.is_ready().await;
    wait("the event", || async { service.effects().await.len() == 1 }).await;
    guarded.rig.settled("tester-handle").await;
    assert_eq!(guarded.rig.depth().await, 1);
    service.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn to_pull() {
    let guarded = Guarded::new().await;
    let service = guarded.serve().await;
    let subject = "$JS.API.CONSUMER.MSG.NEXT.THINGS.tester-handle";
    guarded.deny(&format!("{subject:?}"), "").await;
    guarded.is_told("publish to", subject).await;
    guarded.rig.send(&Happened::new("a", 1)).await;
    guarded.deny("", "").await;
    wait("the event", || async { service.effects().await.len() == 1 }).await;
    guarded.is_ready().await;
    service.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn to_acknowledge() {
    let guarded = Guarded::new().await;
    let service = guarded.serve().await;
    guarded.deny("\"$JS.ACK.THINGS.tester-handle.>\"", "").await;
    guarded.rig.send(&Happened::new("a", 1)).await;
    guarded
        .is_told("publish to", "$JS.ACK.THINGS.tester-handle.>")
        .await;
    guarded.deny("", "").await;
    guarded.rig.settled("tester-handle").await;
    guarded.is_ready().await;
    assert_eq!(service.effects().await.len(), 1);
    service.stop().await.unwrap();
}

/// More denials at once than the client keeps: what it drops is made up for, and the log is not flooded.
#[tokio::test(flavor = "multi_thread")]
async fn to_publish_anything_at_all() {
    const EVENTS: usize = 1_000;
    let guarded = Guarded::new().await;
    let service = guarded.serve().await;
    guarded.deny("\"thing.happened.v1.>\"", "").await;
    let mut tx = service.app.begin();
    for number in 0..EVENTS {
        tx.publish(Happened::new(&format!("flood-{number}"), 1))
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    guarded
        .is_told("publish to", "thing.happened.v1.flood-")
        .await;
    let tried = || async {
        sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM jetway_outbox WHERE attempts > 0")
            .fetch_one(service.app.database().pool())
            .await
            .unwrap()
    };
    wait("all to be tried", || async {
        tried().await == EVENTS as i64
    })
    .await;
    let denials = lines("subject=\"thing.happened.v1.flood-");
    assert!((1..=64).contains(&denials), "{denials} lines");
    guarded.deny("", "").await;
    wait("the events", || async {
        service.effects().await.len() == EVENTS
    })
    .await;
    guarded.is_ready().await;
    assert_eq!(guarded.rig.depth().await, EVENTS as u64);
    service.stop().await.unwrap();
}
