use dev::machines::{NATS_OLDEST, NATS_PINNED};
use dev::{Broker, BrokerOptions};
use futures::StreamExt;

async fn keep_one(url: &str) -> async_nats::jetstream::Context {
    let context = async_nats::jetstream::new(async_nats::connect(url).await.unwrap());
    let config = async_nats::jetstream::stream::Config {
        name: "KEPT".into(),
        subjects: vec!["kept".into()],
        ..Default::default()
    };
    context.get_or_create_stream(config).await.unwrap();
    context
        .publish("kept", "x".into())
        .await
        .unwrap()
        .await
        .unwrap();
    context
}

async fn kept(url: &str) -> u64 {
    let context = async_nats::jetstream::new(async_nats::connect(url).await.unwrap());
    context
        .get_stream("KEPT")
        .await
        .unwrap()
        .cached_info()
        .state
        .messages
}

#[tokio::test]
async fn keeps_port_name_and_messages_over_a_kill() {
    let mut broker = Broker::start().await.unwrap();
    let (url, name, directory) = (
        broker.url(),
        broker.name().to_owned(),
        broker.directory().to_path_buf(),
    );
    keep_one(&url).await;
    assert_eq!(
        async_nats::connect(&url)
            .await
            .unwrap()
            .server_info()
            .server_name,
        name
    );

    broker.kill().unwrap();
    assert!(!broker.is_running());
    assert!(async_nats::connect(&url).await.is_err());

    broker.restart().await.unwrap();
    assert_eq!(broker.url(), url);
    assert_eq!(
        async_nats::connect(&url)
            .await
            .unwrap()
            .server_info()
            .server_name,
        name
    );
    assert_eq!(kept(&url).await, 1);

    broker.stop().await.unwrap();
    broker.restart().await.unwrap();
    assert_eq!(kept(&url).await, 1);

    drop(broker);
    assert!(!directory.exists());
    assert!(async_nats::connect(&url).await.is_err());
}

#[tokio::test]
async fn many_brokers_do_not_meet() {
    let brokers: Vec<Broker> = futures::stream::iter(0..6)
        .map(|_| async { Broker::start().await.unwrap() })
        .buffer_unordered(6)
        .collect()
        .await;
    let mut ports: Vec<u16> = brokers.iter().map(Broker::port).collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 6);
}

#[tokio::test]
async fn is_as_it_was_asked_to_be() {
    for version in [NATS_OLDEST, NATS_PINNED] {
        let options = BrokerOptions {
            version: Some(version.to_owned()),
            max_payload: 1234,
            monitoring: true,
            extra: "max_connections: 77".to_owned(),
            ..BrokerOptions::default()
        };
        let broker = Broker::start_with(options).await.unwrap();
        let client = async_nats::connect(broker.url()).await.unwrap();
        let info = client.server_info();
        assert_eq!((info.version.as_str(), info.max_payload), (version, 1234));
        let varz = reqwest::get(format!("{}/varz", broker.monitoring_url().unwrap()))
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        let varz: serde_json::Value = serde_json::from_str(&varz).unwrap();
        assert_eq!(varz["max_connections"], 77);
    }
}

#[tokio::test]
async fn a_body_of_8_mib_passes() {
    let broker = Broker::start().await.unwrap();
    let context = keep_one(&broker.url()).await;
    context
        .publish("kept", vec![b'x'; 8 * 1024 * 1024].into())
        .await
        .unwrap()
        .await
        .unwrap();
}

#[tokio::test]
async fn a_server_that_will_not_start_says_why() {
    let options = BrokerOptions {
        extra: "no_such_setting_at_all {".to_owned(),
        ..BrokerOptions::default()
    };
    let error = Broker::start_with(options).await.unwrap_err().to_string();
    assert!(
        error.contains("nats-server ended") && error.contains("Parse error on line 7"),
        "{error}"
    );
}

#[tokio::test]
async fn somebody_elses_server_on_the_port_is_not_taken_for_ours() {
    let first = Broker::start().await.unwrap();
    let options = BrokerOptions {
        port: Some(first.port()),
        ..BrokerOptions::default()
    };
    let error = Broker::start_with(options).await.unwrap_err().to_string();
    assert!(error.contains("in use"), "{error}");
}
