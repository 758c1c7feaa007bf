//! Topology that somebody edited by hand: `verify` refuses it and says what differs, `bind` leaves it, `apply` mends it.

#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use async_nats::jetstream::consumer::pull::Config;
use system_tests::{Basket, On, Shop};

const CONSUMER: &str = "inventory-reserveStock";

#[tokio::test]
async fn a_consumer_edited_by_hand() {
    let mut shop = Shop::open(On::Sqlite).await;
    shop.set("inventory", "TOPOLOGY", "verify");
    shop.start("inventory").await;
    assert_eq!(ack_wait(&shop).await, Duration::from_secs(10));

    edit(&shop).await;
    let (code, said) = shop.start_in_vain("inventory").await;
    assert_eq!(code, Some(1), "{said}");
    let expected = "consumer inventory-reserveStock on stream ORDERS: ack_wait: expected 10s (asyncapi.yaml), found 30s";
    assert!(said.contains(expected), "{said}");
    assert!(
        said.contains("TOPOLOGY=apply"),
        "it does not say how to mend it: {said}"
    );

    shop.set("inventory", "TOPOLOGY", "bind");
    shop.start("inventory").await;
    assert_eq!(
        ack_wait(&shop).await,
        Duration::from_secs(30),
        "bind changed it"
    );

    shop.set("inventory", "TOPOLOGY", "apply");
    shop.start("inventory").await;
    assert_eq!(
        ack_wait(&shop).await,
        Duration::from_secs(10),
        "apply did not mend it"
    );

    shop.set("inventory", "TOPOLOGY", "verify");
    shop.start("inventory").await;
    let order = shop.place(&Basket::in_stock()).await;
    shop.audit(&[order]).await;
}

async fn edit(shop: &Shop) {
    let stream = shop.jetstream.get_stream("ORDERS").await.unwrap();
    let mut config = stream
        .get_consumer::<Config>(CONSUMER)
        .await
        .unwrap()
        .cached_info()
        .config
        .clone();
    config.ack_wait = Duration::from_secs(30);
    let config = async_nats::jetstream::consumer::Config { ..config };
    let pull = async_nats::jetstream::consumer::FromConsumer::try_from_consumer_config(config);
    let pull: Config = pull.unwrap();
    stream.create_consumer(pull).await.unwrap();
}

async fn ack_wait(shop: &Shop) -> Duration {
    let stream = shop.jetstream.get_stream("ORDERS").await.unwrap();
    stream
        .consumer_info(CONSUMER)
        .await
        .unwrap()
        .config
        .ack_wait
}
