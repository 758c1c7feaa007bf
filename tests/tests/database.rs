//! The database of `orders` is gone for a while: 503 with `Retry-After`, and afterwards everything goes on.

#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use dev::Postgres;
use system_tests::{Basket, On, Order, Shop, wait};
use uuid::Uuid;

#[tokio::test]
async fn postgres_stops_and_comes_back() {
    let mut server = Postgres::start_own().await.unwrap();
    let database = server.fresh().await.unwrap();
    let mut shop = Shop::new(On::Sqlite).await;
    shop.use_database("orders", database.url());
    shop.start_all().await;
    let mut orders = vec![shop.place(&Basket::in_stock()).await];
    shop.audit(&orders).await;

    server.stop().await.unwrap();
    let key = Uuid::new_v4().to_string();
    let basket = Basket::in_stock();
    // Each is answered when no connection could be had for a while.
    let others = [Uuid::new_v4().to_string(), Uuid::new_v4().to_string()];
    let keys = [&key, &key, &others[0], &others[1]];
    for answer in futures::future::join_all(keys.map(|key| shop.request(key, &basket))).await {
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 503);
        let retry_after = answer.headers()["retry-after"]
            .to_str()
            .unwrap()
            .parse::<u32>()
            .unwrap();
        assert!((1..60).contains(&retry_after));
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
    wait("orders to say that it is not ready", || async {
        let answer = reqwest::get(format!("{}/readyz", shop.service("orders").url()))
            .await
            .unwrap();
        if answer.status() == 503 {
            Ok(())
        } else {
            Err(answer.status().to_string())
        }
    })
    .await;
    let health = reqwest::get(format!("{}/healthz", shop.service("orders").url()))
        .await
        .unwrap();
    assert_eq!(
        health.status(),
        200,
        "a restart would not bring the database back"
    );

    server.restart().await.unwrap();
    // The customer's browser sends the same request again.
    let order = wait("the order to be taken", || async {
        let answer = shop
            .request(&key, &basket)
            .await
            .map_err(|error| error.to_string())?;
        match answer.status().as_u16() {
            201 => Ok(Order::answered(&basket, &answer.json().await.unwrap())),
            status => Err(status.to_string()),
        }
    })
    .await;
    orders.push(order);
    shop.service("orders")
        .ready(Duration::from_secs(10))
        .await
        .unwrap();
    shop.audit(&orders).await;
}
