//! A server that speaks TLS, or demands it of both sides; and what is said where the two do not come together.

use std::path::Path;

use tempfile::TempDir;

use crate::certificates::{Authority, Identity};
use crate::{House, keep_log};

/// Who is who in a test.
struct Cast {
    directory: TempDir,
    authority: Authority,
    stranger: Authority,
}

impl Cast {
    fn new() -> Self {
        keep_log();
        let directory = tempfile::tempdir().unwrap();
        Self {
            authority: Authority::new(directory.path(), "authority"),
            stranger: Authority::new(directory.path(), "stranger"),
            directory,
        }
    }

    /// A house whose server shows this certificate; the service trusts the authority.
    async fn house(&self, server: &Identity, more: &str) -> House {
        let extra = format!(
            "tls {{ cert_file: {:?}, key_file: {:?}, ca_file: {:?}, timeout: 10, {more} }}",
            server.certificate,
            server.key,
            self.authority.file()
        );
        let mut house = House::with(extra).await;
        house.settings.nats_tls_ca = Some(self.authority.file());
        house
    }

    fn without_paths(&self, text: &str) -> String {
        let path = |path: &Path| format!("{}/", path.display());
        text.replace(&path(self.directory.path()), "")
    }
}

fn show(house: &mut House, client: &Identity) {
    house.settings.nats_tls_cert = Some(client.certificate.clone());
    house.settings.nats_tls_key = Some(client.key.clone());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_demands_tls() {
    let cast = Cast::new();
    let server = cast.authority.vouch("127.0.0.1");
    let mut house = cast.house(&server, "").await;
    house.works().await;
    house.url("tls://", "127.0.0.1");
    house.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_demands_a_certificate() {
    let cast = Cast::new();
    let server = cast.authority.vouch("127.0.0.1");
    let mut house = cast.house(&server, "verify: true").await;
    show(&mut house, &cast.authority.vouch("tester"));
    house.works().await;
    // Renewed under the same names: the files are read again.
    show(&mut house, &cast.authority.vouch("tester"));
    house.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_begins_with_tls() {
    let cast = Cast::new();
    let server = cast.authority.vouch("127.0.0.1");
    let mut house = cast
        .house(&server, "verify: true, handshake_first: true")
        .await;
    show(&mut house, &cast.authority.vouch("tester"));
    house.settings.nats_tls_first = true;
    house.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_of_the_servers_certificate() {
    let cast = Cast::new();
    let mut said = String::new();
    let mut add = |case: &str, text: &str| {
        said.push_str(&format!("{case}\n  {}\n", cast.without_paths(text)));
    };
    let server = cast.stranger.vouch("127.0.0.1");
    let mut house = cast.house(&server, "").await;
    add("another authority", &house.says().await);
    house.settings.nats_tls_ca = None;
    house.url("tls://", "127.0.0.1");
    add("the system's authorities", &house.says().await);
    let house = cast
        .house(&cast.authority.vouch_until("127.0.0.1", 2020), "")
        .await;
    add("expired", &house.says().await);
    let mut house = cast
        .house(&cast.authority.vouch("nats.example.com"), "")
        .await;
    house.url("nats://", "localhost");
    add("another name", &house.says().await);
    insta::with_settings!({ filters => vec![
        (r"verified at time \d+ \(UNIX\)", "verified at time <now> (UNIX)"),
        (r"\(\d+ seconds ago\)", "(<long> ago)"),
        (r"time \d{10}", "time <now>"),
    ] }, {
        insta::assert_snapshot!(said);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_of_the_services_certificate() {
    let cast = Cast::new();
    let mut said = String::new();
    let mut add = |case: &str, text: &str| {
        said.push_str(&format!("{case}\n  {}\n", cast.without_paths(text)));
    };
    let server = cast.authority.vouch("127.0.0.1");
    let mut house = cast.house(&server, "verify: true").await;
    add("none", &house.says().await);
    show(&mut house, &cast.stranger.vouch("tester"));
    add("another authority", &house.says().await);
    show(&mut house, &cast.authority.vouch_until("tester", 2020));
    add("expired", &house.says().await);
    insta::assert_snapshot!(said);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_where_the_two_begin_differently() {
    let cast = Cast::new();
    let mut said = String::new();
    let mut add = |case: &str, text: &str| {
        said.push_str(&format!("{case}\n  {}\n", cast.without_paths(text)));
    };
    let mut house = House::with(String::new()).await;
    house.url("tls://", "127.0.0.1");
    add("a server without TLS", &house.says().await);
    // Whoever stands in between could say that TLS is not needed.
    house.url("nats://", "127.0.0.1");
    house.settings.nats_tls_ca = Some(cast.authority.file());
    add(
        "the same, and nats:// with an authority",
        &house.says().await,
    );
    let server = cast.authority.vouch("127.0.0.1");
    let mut house = cast.house(&server, "").await;
    house.settings.nats_tls_first = true;
    add("only the service begins with TLS", &house.says().await);
    let house = cast.house(&server, "handshake_first: true").await;
    add("only the server begins with TLS", &house.says().await);
    insta::assert_snapshot!(said);
}
