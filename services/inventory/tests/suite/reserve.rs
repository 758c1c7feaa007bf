//! Stock is never sold twice, on either database.

use events::inventory::Inventory;
use events::order_placed_v2::OrderLine;
use futures::future::join_all;
use inventory::domain::{Demand, Reservation, Shortage};
use inventory::stock;
use jetway::App;
use uuid::Uuid;

use crate::support::{article, line, on_each_database};

/// Reserves for a new order in a transaction of its own.
async fn reserve(app: &App<Inventory>, lines: &[OrderLine]) -> Reservation {
    let mut tx = app.begin();
    let demand = Demand::of(lines);
    let reservation = stock::reserve(tx.sql().await.unwrap(), Uuid::now_v7(), &demand).await;
    tx.commit().await.unwrap();
    reservation.unwrap()
}

async fn reservations(app: &App<Inventory>) -> i64 {
    sqlx::query_scalar("SELECT COUNT(*) FROM reservations")
        .fetch_one(app.database().pool())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_orders_at_once_get_no_more_than_there_is() {
    on_each_database(async |app| {
        // Twelve machines for fifty orders; each also wants a mug, and half of them name it first.
        let mut orders = Vec::new();
        for n in 0..50 {
            let mut lines = vec![line("LEVER-MACHINE", 1), line("MUG-STONEWARE", 2)];
            lines.rotate_left(n % 2);
            let app = app.clone();
            orders.push(tokio::spawn(async move { reserve(&app, &lines).await }));
        }
        let outcomes = join_all(orders).await.into_iter().map(Result::unwrap);
        let made = outcomes
            .filter(|outcome| *outcome == Reservation::Made)
            .count();

        assert_eq!(made, 12);
        assert_eq!(article(&app, "LEVER-MACHINE").await.available, 0);
        // What an order took before its other line was short is there again.
        assert_eq!(article(&app, "MUG-STONEWARE").await.reserved, 24);
        assert_eq!(reservations(&app).await, 24);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_line_undoes_the_others_and_the_transaction_goes_on() {
    on_each_database(async |app| {
        let demand = Demand::of(&[line("CUP-ESPRESSO", 5), line("GRINDER-VINTAGE", 4)]);
        let mut tx = app.begin();
        let connection = tx.sql().await.unwrap();
        let reservation = stock::reserve(connection, Uuid::now_v7(), &demand).await;
        // Stands for the inbox and the outbox, which are written afterwards.
        sqlx::query("UPDATE stock SET name = 'still here' WHERE sku = 'SCALE-01G'")
            .execute(tx.sql().await.unwrap())
            .await
            .unwrap();
        tx.commit().await.unwrap();

        let short = Shortage {
            sku: "GRINDER-VINTAGE".to_owned(),
            requested: 4,
            available: 3,
        };
        assert_eq!(reservation.unwrap(), Reservation::Short(short));
        assert_eq!(article(&app, "CUP-ESPRESSO").await.reserved, 0);
        assert_eq!(reservations(&app).await, 0);
        assert_eq!(article(&app, "SCALE-01G").await.name, "still here");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_one_article_count_together() {
    on_each_database(async |app| {
        let twice_two = [line("GRINDER-VINTAGE", 2), line("GRINDER-VINTAGE", 2)];
        let short = reserve(&app, &twice_two).await;
        assert!(matches!(
            short,
            Reservation::Short(Shortage {
                requested: 4,
                available: 3,
                ..
            })
        ));

        let two_and_one = [line("GRINDER-VINTAGE", 2), line("GRINDER-VINTAGE", 1)];
        assert_eq!(reserve(&app, &two_and_one).await, Reservation::Made);
        assert_eq!(article(&app, "GRINDER-VINTAGE").await.available, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_unknown_article_there_is_none() {
    on_each_database(async |app| {
        let short = Shortage {
            sku: "UNKNOWN".to_owned(),
            requested: 1,
            available: 0,
        };
        let reservation = reserve(&app, &[line("UNKNOWN", 1)]).await;
        assert_eq!(reservation, Reservation::Short(short));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_itself_keeps_stock_above_zero() {
    on_each_database(async |app| {
        let oversold = sqlx::query("UPDATE stock SET reserved = on_hand + 1")
            .execute(app.database().pool())
            .await;
        assert!(oversold.is_err());
    })
    .await;
}
