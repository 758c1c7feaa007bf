//! A server that wants to know who somebody is.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jetway::settings::{Secret, Settings};
use nkeys::KeyPair;
use serde_json::{Value, json};

use crate::{House, keep_log};

fn secret(text: &str) -> Option<Secret> {
    Some(Secret::from(text.to_owned()))
}

fn nobody(house: &mut House) {
    house.settings.nats_user = None;
    house.settings.nats_password = None;
    house.settings.nats_token = None;
    house.settings.nats_nkey_seed = None;
    house.settings.nats_creds = None;
    house.url("nats://", "127.0.0.1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_demands_name_and_password() {
    keep_log();
    let extra = "authorization { users: [ { user: shop, password: \"p@ss/w:rd\" } ] }";
    let mut house = House::with(extra.to_owned()).await;
    house.settings.nats_user = Some("shop".to_owned());
    house.settings.nats_password = secret("p@ss/w:rd");
    house.works().await;
    nobody(&mut house);
    house.url("nats://shop:p%40ss%2Fw%3Ard@", "127.0.0.1");
    house.works().await;
    let mut said = String::new();
    nobody(&mut house);
    said.push_str(&format!("nobody\n  {}\n", house.says().await));
    house.settings.nats_user = Some("shop".to_owned());
    house.settings.nats_password = secret("hunter2");
    said.push_str(&format!("a wrong password\n  {}\n", house.says().await));
    nobody(&mut house);
    house.settings.nats_token = secret("hunter2");
    said.push_str(&format!("a token\n  {}\n", house.says().await));
    assert!(!said.contains("hunter2"), "{said}");
    insta::assert_snapshot!(said);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_demands_a_token() {
    keep_log();
    let mut house = House::with("authorization { token: \"t0ken\" }".to_owned()).await;
    house.settings.nats_token = secret("t0ken");
    house.works().await;
    nobody(&mut house);
    house.url("nats://t0ken@", "127.0.0.1");
    house.works().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_demands_an_nkey() {
    keep_log();
    let (known, unknown) = (KeyPair::new_user(), KeyPair::new_user());
    let extra = format!(
        "authorization {{ users: [ {{ nkey: {} }} ] }}",
        known.public_key()
    );
    let mut house = House::with(extra).await;
    house.settings.nats_nkey_seed = secret(&known.seed().unwrap());
    house.works().await;
    house.settings.nats_nkey_seed = secret(&unknown.seed().unwrap());
    let said = house.says().await.replace(&unknown.public_key(), "U…");
    insta::assert_snapshot!(said, @"not connected: 127.0.0.1:4222: it refuses the login as nkey U…: is that a user there?");
}

/// A JWT as the server reads it.
fn jwt(issuer: &KeyPair, subject: &KeyPair, expires: Option<i64>, nats: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    let mut claims = json!({
        "jti": uuid::Uuid::new_v4().simple().to_string(), "iat": now, "name": "test",
        "iss": issuer.public_key(), "sub": subject.public_key(), "nats": nats,
    });
    if let Some(expires) = expires {
        claims["exp"] = (now + expires).into();
    }
    let head = encode(&json!({ "typ": "JWT", "alg": "ed25519-nkey" }));
    let signed = format!("{head}.{}", encode(&claims));
    let signature = URL_SAFE_NO_PAD.encode(issuer.sign(signed.as_bytes()).unwrap());
    format!("{signed}.{signature}")
}

/// An operator with one account, on a server that knows both.
struct Operator {
    account: KeyPair,
    configuration: String,
}

impl Operator {
    fn new() -> Self {
        let (operator, account, system) = (
            KeyPair::new_operator(),
            KeyPair::new_account(),
            KeyPair::new_account(),
        );
        let limits = |storage: i64| {
            json!({ "type": "account", "version": 2, "limits": {
                "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1,
                "leaf": -1, "mem_storage": storage, "disk_storage": storage, "streams": storage, "consumer": storage,
            } })
        };
        let operator_jwt = jwt(
            &operator,
            &operator,
            None,
            &json!({ "type": "operator", "version": 2 }),
        );
        let configuration = format!(
            "operator: {operator_jwt}\nsystem_account: {system}\nresolver: MEMORY\n\
             resolver_preload {{ {account}: {account_jwt}, {system}: {system_jwt} }}",
            account = account.public_key(),
            account_jwt = jwt(&operator, &account, None, &limits(-1)),
            system = system.public_key(),
            system_jwt = jwt(&operator, &system, None, &limits(0)),
        );
        Self {
            account,
            configuration,
        }
    }

    /// A user's JWT and seed, in the form of a file of credentials.
    fn user(&self, expires: Option<i64>) -> String {
        let user = KeyPair::new_user();
        let claims = json!({
            "type": "user", "version": 2, "pub": {}, "sub": {}, "subs": -1, "data": -1, "payload": -1,
        });
        let jwt = jwt(&self.account, &user, expires, &claims);
        format!(
            "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n\
             -----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
            user.seed().unwrap()
        )
    }
}

fn write(house: &House, credentials: &str) -> PathBuf {
    let file = house.directory.path().join("tester.creds");
    std::fs::write(&file, credentials).unwrap();
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_demands_credentials() {
    keep_log();
    let (operator, other) = (Operator::new(), Operator::new());
    let mut house = House::with(operator.configuration.clone()).await;
    house.settings.nats_creds = Some(write(&house, &operator.user(None)));
    house.works().await;
    write(&house, &other.user(None));
    let said = house.says().await;
    let directory = format!("{}/", house.directory.path().display());
    insta::assert_snapshot!(
        said.replace(&directory, ""),
        @"not connected: 127.0.0.1:4222: it refuses the login as the user of NATS_CREDS=tester.creds: does the server know the account, and has the user been revoked?"
    );
}

/// Short-lived credentials are written anew by somebody else; the service takes what it finds when it connects.
#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_renewed_under_a_running_service() {
    keep_log();
    let operator = Operator::new();
    let mut house = House::with(operator.configuration.clone()).await;
    house.settings.nats_creds = Some(write(&house, &operator.user(Some(5))));
    let service = crate::Serving::alone(
        house.settings.clone(),
        crate::HANDLE,
        crate::Double::effect(),
    )
    .await;
    crate::wait("readiness", || async {
        crate::answers(&house.ready).await.0 == 200
    })
    .await;
    // The server ends the connection when the credentials expire.
    crate::wait("the end", || async {
        crate::answers(&house.ready).await.0 == 503
    })
    .await;
    write(&house, &operator.user(None));
    crate::wait("readiness", || async {
        crate::answers(&house.ready).await.0 == 200
    })
    .await;
    crate::publish(&service.app, "a").await;
    crate::wait("the effect", || async {
        service.effects().await.len() == 1
    })
    .await;
    service.stop().await.unwrap();
}

/// What is wrong with a file is said before anything connects.
#[test]
fn credentials_that_are_of_no_use() {
    let directory = tempfile::tempdir().unwrap();
    let (operator, file) = (Operator::new(), directory.path().join("tester.creds"));
    let good = operator.user(None);
    let (jwt, _) = good.split_once("-----BEGIN USER NKEY").unwrap();
    let (_, seed) = good.split_once("------END NATS USER JWT------\n").unwrap();
    let other = operator.user(None);
    let (_, others_seed) = other.split_once("------END NATS USER JWT------\n").unwrap();
    let mut mistaken = good.clone();
    let at = mistaken.find("\nSU").unwrap() + 20;
    let letter = if &mistaken[at..=at] == "A" { "B" } else { "A" };
    mistaken.replace_range(at..=at, letter);
    let mut said = String::new();
    for text in [
        "",
        jwt,
        seed,
        &mistaken,
        &format!("{jwt}{others_seed}"),
        &good.replace("eyJ", "..."),
        &operator.user(Some(-1_000_000_000)),
    ] {
        std::fs::write(&file, text).unwrap();
        let mut settings = Settings::defaults("tester");
        settings.nats_creds = Some(file.clone());
        let error = settings.nats_login().unwrap_err().to_string();
        said.push_str(&error.replace(&format!("{}/", directory.path().display()), ""));
        said.push('\n');
    }
    std::fs::write(&file, good).unwrap();
    let mut settings = Settings::defaults("tester");
    settings.nats_creds = Some(file);
    settings.nats_login().unwrap();
    insta::with_settings!({ filters => vec![(r"expired at \S+:", "expired at <then>:")] }, {
        insta::assert_snapshot!(said);
    });
}
