//! Stock answers for an order that is not known yet: the event waits, which is no attempt, and is handled in the end.

#![allow(clippy::unwrap_used, missing_docs)]

use serde_json::json;
use system_tests::{On, Shop, wait};
use uuid::Uuid;

#[tokio::test]
async fn reserved_before_placed_is_known_on_sqlite() {
    reserved_first(On::Sqlite).await;
}

#[tokio::test]
async fn reserved_before_placed_is_known_on_postgres() {
    reserved_first(On::Postgres).await;
}

async fn reserved_first(on: On) {
    let shop = Shop::open(on).await;
    let id = Uuid::new_v4();
    let reserved = json!({
        "specversion": "1.0",
        "id": Uuid::new_v4().to_string(),
        "type": "inventory.reserved.v1",
        "source": "/inventory",
        "time": "2026-01-02T03:04:05Z",
        "data": { "orderId": id, "reservedAt": "2026-01-02T03:04:05Z" },
    });
    let subject = format!("inventory.reserved.v1.{id}");
    let sent = shop
        .jetstream
        .publish(subject, reserved.to_string().into())
        .await
        .unwrap();
    sent.await.unwrap();

    // Deferred three times, and no attempt is spent.
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let (attempts, touched) = wait("another deferral", || async {
            let standing = standing(&shop).await.ok_or("nothing is written down yet")?;
            if seen.contains(&standing.1) {
                Err(format!("still {standing:?}"))
            } else {
                Ok(standing)
            }
        })
        .await;
        assert_eq!(attempts, 0, "an attempt was spent");
        seen.push(touched);
    }
    assert_eq!(shop.dead_letters().await.len(), 0);

    // The order turns up, as after a restore of the database.
    shop.insert_order(id, &system_tests::placed(id)).await;
    wait("the order to be confirmed", || async {
        let order = shop.order(id).await;
        if order["status"] == "confirmed" {
            Ok(())
        } else {
            Err(order.to_string())
        }
    })
    .await;
    shop.settled().await;
    assert_eq!(
        standing(&shop).await,
        None,
        "the deferrals are forgotten with the effect"
    );
    let confirmed = shop.events_of(id).await;
    let count = confirmed
        .iter()
        .filter(|event| event.attribute("type") == "order.confirmed.v1")
        .count();
    assert_eq!(count, 1, "order.confirmed.v1");
    assert_eq!(shop.dead_letters().await.len(), 0);
}

/// What `orders` has written down about the waiting event, between two looks at it: attempts spent, and when it was last
/// looked at.
async fn standing(shop: &Shop) -> Option<(i64, i64)> {
    let sql = "SELECT attempts, touched_at FROM jetway_attempts WHERE durable = 'orders-confirmReserved' AND running = 0";
    sqlx::query_as(sql)
        .fetch_optional(shop.pool("orders"))
        .await
        .unwrap()
}
