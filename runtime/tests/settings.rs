//! Settings as a process meets them: from its environment and its arguments.
//!
//! The environment of a running test must not be changed, so each case runs this very program again: as `child`.
#![allow(clippy::unwrap_used, missing_docs)]

use std::ffi::OsString;
use std::process::Command;
use std::time::Duration;

use jetway::settings::{Settings, duration, parse};
use jetway::{Operation, Service, Stream};

enum Inventory {}

impl Service for Inventory {
    const NAME: &'static str = "inventory";
    const STREAMS: &'static [&'static Stream] = &[];
    const OPERATIONS: &'static [&'static Operation] = &[];
}

/// What a service adds.
#[derive(clap::Args, Debug)]
struct Own {
    /// How many pieces of a new article there are at first
    #[arg(
        long,
        env = "INITIAL_STOCK",
        value_name = "NUMBER",
        default_value = "500"
    )]
    initial_stock: u32,

    /// How long stock is counted
    #[arg(long, env = "COUNTING", value_name = "DURATION", default_value = "0ms", value_parser = duration)]
    counting: Duration,

    /// Key of the warehouse
    #[arg(long, env = "WAREHOUSE_KEY", value_name = "KEY", hide_env_values = true, value_parser = warehouse_key)]
    warehouse_key: Option<String>,
}

fn warehouse_key(text: &str) -> Result<String, String> {
    Err(format!("{} letters are too few", text.len()))
}

#[test]
#[ignore = "the other tests run it as a process of its own"]
fn child() {
    let args: Vec<String> =
        serde_json::from_str(&std::env::var("CHILD_ARGS").unwrap_or_default()).unwrap_or_default();
    let args = std::iter::once("inventory".to_owned())
        .chain(args)
        .map(OsString::from);
    match parse::<Inventory, Own>(args) {
        Ok((settings, own)) => eprintln!("{settings:#?}\n{own:?}"),
        Err(refusal) => eprintln!("{refusal}\n[exit code {}]", refusal.exit_code()),
    }
}

/// What the process says to these variables and arguments.
fn run(env: &[(&str, &str)], args: &[&str]) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env_clear()
        .env("CHILD_ARGS", serde_json::to_string(args).unwrap())
        .envs(env.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        !said.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    said
}

#[test]
fn the_help_lists_every_setting() {
    insta::assert_snapshot!(run(
        &[("DATABASE_URL", "postgres://shop:hunter2@db/x")],
        &["--help"]
    ));
}

#[test]
fn the_version_is_told() {
    insta::assert_snapshot!(run(&[], &["--version"]), @r"
    inventory on jetway 0.1.0

    [exit code 0]
    ");
}

#[test]
fn defaults_work_and_know_the_service() {
    insta::assert_snapshot!(run(&[], &[]));
    assert_eq!(
        Settings::defaults("email").database_url.expose(),
        "sqlite://data/email.sqlite3"
    );
}

#[test]
fn a_flag_wins_over_the_environment_and_nothing_counts_as_not_set() {
    let said = run(
        &[
            ("HTTP_ADDR", "127.0.0.1:1"),
            ("NATS_CREDS", ""),
            ("LOG", ""),
            ("DRAIN_TIMEOUT", "3s"),
            ("COUNTING", "2m"),
        ],
        &[
            "--http-addr",
            "127.0.0.1:2",
            "--nats-url=nats://a:1,nats://b:2",
        ],
    );
    for expected in [
        "http_addr: 127.0.0.1:2,",
        "nats_creds: None",
        "log: \"info\"",
        "drain_timeout: 3s",
        "counting: 120s",
    ] {
        assert!(said.contains(expected), "{expected} is missing in {said}");
    }
    assert!(
        said.contains("nats://a:1,") && said.contains("nats://b:2,"),
        "{said}"
    );
}

#[test]
fn every_kind_of_wrong_value_is_refused_with_its_name_value_origin_and_what_is_allowed() {
    let wrong = [
        ("NATS_URL", "nats://127.0.0.1:4222,http:// x"),
        ("NATS_CREDS", "/nowhere/creds"),
        ("NATS_CREDS", "/"),
        ("NATS_URL", "ws://127.0.0.1:4222"),
        ("NATS_NKEY_SEED", "SUhunter2"),
        (
            "NATS_NKEY_SEED",
            "SUAIO3FHUX5PNV2LQIIP7TZ3N4L7TX3W53MQGEIVYFIGA635OZCKEYHFLA",
        ),
        ("NATS_TLS_CA", "/nowhere/ca.pem"),
        ("NATS_TLS_CERT", "/nowhere/cert.pem"),
        ("NATS_TLS_KEY", "/nowhere/key.pem"),
        ("NATS_TLS_FIRST", "yes"),
        ("DATABASE_URL", "mysql://shop:hunter2@db/x"),
        ("DATABASE_CONNECTIONS", "0"),
        ("SQLITE_SYNCHRONOUS", "off"),
        ("HTTP_ADDR", ":8080"),
        ("TOPOLOGY", "create"),
        ("LOG", "verbose"),
        ("LOG", "jetway=loud"),
        ("LOG_FORMAT", "xml"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector:4318"),
        ("OTEL_TRACES_SAMPLER_ARG", "2"),
        ("DRAIN_TIMEOUT", "soon"),
        ("MAX_EVENT_BYTES", "1GiB"),
        ("INBOX_RETENTION", "35"),
        ("OUTBOX_RETENTION", "36501d"),
        ("INITIAL_STOCK", "many"),
        ("COUNTING", "-1s"),
        ("WAREHOUSE_KEY", "hunter2"),
    ];
    let mut said = String::new();
    for (name, value) in wrong {
        let refusal = run(&[(name, value)], &[]);
        assert!(
            refusal.contains("[exit code 2]"),
            "{name}={value} was taken: {refusal}"
        );
        assert!(!refusal.contains("hunter2"), "{refusal}");
        let first = refusal.lines().next().unwrap();
        assert!(first.starts_with(&format!("error: {name}=")), "{first}");
        said.push_str(first);
        said.push('\n');
    }
    insta::assert_snapshot!(said);
}

#[test]
fn a_wrong_flag_is_named_as_the_origin() {
    insta::assert_snapshot!(run(&[("DRAIN_TIMEOUT", "8s")], &["--drain-timeout", "soon"]), @r"
    error: DRAIN_TIMEOUT=soon (from the flag --drain-timeout) is not a duration: write a number with ms, s, m, h or d, as in 8s
    Every setting is listed by --help.
    [exit code 2]
    ");
    insta::assert_snapshot!(run(&[], &["--drain-tiemout=1s"]), @r"
    error: unexpected argument '--drain-tiemout' found
    Every setting is listed by --help.
    [exit code 2]
    ");
}

#[test]
fn settings_that_do_not_fit_each_other_are_refused_together() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let file = directory.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let signed = || rcgen::generate_simple_self_signed(vec!["tester".to_owned()]).unwrap();
    let (mine, other) = (signed(), signed());
    let certificate = file("cert.pem", &mine.cert.pem());
    let key = file("key.pem", &mine.signing_key.serialize_pem());
    let others_key = file("others-key.pem", &other.signing_key.serialize_pem());
    let encrypted = file(
        "encrypted.pem",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    let nothing = file("nothing.pem", "hello\n");
    let broken = file(
        "broken.pem",
        "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n",
    );
    let seed = "SUAIO3FHUX5PNV2LQIIP7TZ3N4L7TX3W53MQGEIVYFIGA635OZCKEYHFLM";
    let wrong: &[&[(&str, &str)]] = &[
        &[("NATS_TLS_CERT", &certificate)],
        &[("NATS_TLS_KEY", &key)],
        &[
            ("NATS_TLS_CERT", &certificate),
            ("NATS_TLS_KEY", &others_key),
        ],
        &[
            ("NATS_TLS_CERT", &certificate),
            ("NATS_TLS_KEY", &encrypted),
        ],
        &[
            ("NATS_TLS_CERT", &certificate),
            ("NATS_TLS_KEY", &certificate),
        ],
        &[("NATS_TLS_CERT", &key), ("NATS_TLS_KEY", &key)],
        &[("NATS_TLS_CA", &nothing)],
        &[("NATS_TLS_CA", &broken)],
        &[("NATS_CREDS", &nothing)],
        &[("NATS_USER", "shop")],
        &[("NATS_PASSWORD", "hunter2")],
        &[
            ("NATS_USER", "shop"),
            ("NATS_PASSWORD", "hunter2"),
            ("NATS_TOKEN", "hunter2"),
        ],
        &[
            ("NATS_NKEY_SEED", seed),
            ("NATS_URL", "nats://shop:hunter2@host"),
        ],
        &[(
            "NATS_URL",
            "nats://shop:hunter2@one,nats://shop:hunter3@two",
        )],
    ];
    let mut said = String::new();
    for settings in wrong {
        let refusal = run(settings, &[]);
        assert!(
            refusal.contains("[exit code 2]"),
            "{settings:?} were taken: {refusal}"
        );
        assert!(!refusal.contains("hunter"), "{refusal}");
        let first = refusal.lines().next().unwrap();
        said.push_str(&first.replace(&format!("{}/", directory.path().display()), ""));
        said.push('\n');
    }
    insta::assert_snapshot!(said);
    let right: &[&[(&str, &str)]] = &[
        &[
            ("NATS_TLS_CERT", &certificate),
            ("NATS_TLS_KEY", &key),
            ("NATS_TLS_CA", &certificate),
        ],
        &[("NATS_NKEY_SEED", seed)],
        &[
            ("NATS_URL", "tls://shop:hunter2@one,tls://shop:hunter2@two"),
            ("NATS_TLS_FIRST", "true"),
        ],
    ];
    for settings in right {
        let said = run(settings, &[]);
        assert!(said.starts_with("Settings {"), "{said}");
    }
}
