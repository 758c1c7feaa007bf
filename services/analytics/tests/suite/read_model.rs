//! The read model on both databases: its answers, and that they do not depend on the order of arrival.

use analytics::domain::{Projection, Step};
use analytics::read_model::{self, MinuteRevenue, Product, Revenue};
use jetway::Database;
use proptest::prelude::*;
use sqlx::Row;

use crate::support::{Tables, at, on_postgres, on_sqlite, order, placed, refunded, short, step};

/// Two orders that end well and badly, and one that is under way.
fn story() -> Vec<Projection> {
    vec![
        placed(1, 10, &["CUP", "MUG"], 2),
        step(1, Step::Charged, 11),
        step(1, Step::Reserved, 12),
        step(1, Step::Confirmed, 13),
        placed(2, 20, &["MUG"], 5),
        step(2, Step::Charged, 21),
        short(2, "MUG", 22),
        step(2, Step::Cancelled, 23),
        refunded(2, 500, 70),
        placed(3, 80, &["CUP"], 1),
        step(3, Step::Charged, 81),
    ]
}

async fn answers<K>(tables: Tables<K>) {
    tables.apply(&story()).await;
    let summary = read_model::summary(tables.database.pool()).await.unwrap();
    let outcomes = (
        summary.placed,
        summary.confirmed,
        summary.cancelled,
        summary.open,
    );
    assert_eq!(outcomes, (3, 1, 1, 1));
    let steps = (
        summary.charged,
        summary.reserved,
        summary.short,
        summary.refunded,
    );
    assert_eq!(steps, (3, 1, 1, 1));
    let euros = |cents| Revenue {
        currency: "EUR".to_owned(),
        cents,
    };
    assert_eq!(summary.revenue, [euros(500)]);
    let minute = |second, cents| MinuteRevenue {
        minute: at(second),
        currency: "EUR".to_owned(),
        cents,
    };
    assert_eq!(summary.per_minute, [minute(0, 900), minute(60, -400)]);
    let product = |sku: &str, pieces, shortages| Product {
        sku: sku.to_owned(),
        pieces,
        shortages,
    };
    assert_eq!(
        summary.top_products,
        [product("MUG", 7, 1), product("CUP", 3, 0)]
    );
    let recent: Vec<_> = summary
        .recent_orders
        .iter()
        .map(|order| {
            (
                order.order_id.clone(),
                order.step,
                order.pieces,
                order.cents,
            )
        })
        .collect();
    let id = |number| order(number).to_string();
    assert_eq!(
        recent,
        [
            (id(3), Step::Charged, 1, 100),
            (id(2), Step::Refunded, 5, 500),
            (id(1), Step::Confirmed, 4, 400),
        ]
    );
    tables.database.close().await;
}

#[tokio::test]
async fn the_answers_on_sqlite() {
    answers(on_sqlite().await).await;
}

#[tokio::test]
async fn the_answers_on_postgres() {
    answers(on_postgres().await).await;
}

async fn an_empty_model<K>(tables: Tables<K>) {
    let summary = read_model::summary(tables.database.pool()).await.unwrap();
    assert_eq!(summary, read_model::Summary::default());
    tables.database.close().await;
}

#[tokio::test]
async fn an_empty_model_on_sqlite() {
    an_empty_model(on_sqlite().await).await;
}

#[tokio::test]
async fn an_empty_model_on_postgres() {
    an_empty_model(on_postgres().await).await;
}

#[tokio::test]
async fn an_outcome_before_its_order_leaves_nothing_open() {
    let tables = on_sqlite().await;
    tables.apply(&[step(1, Step::Confirmed, 1)]).await;
    let summary = read_model::summary(tables.database.pool()).await.unwrap();
    assert_eq!((summary.placed, summary.open), (0, 0));
    assert!(summary.recent_orders.is_empty());
}

#[tokio::test]
async fn a_fact_told_twice_counts_once() {
    let tables = on_sqlite().await;
    tables.apply(&story()).await;
    let once = dump(&tables.database).await;
    tables.apply(&story()).await;
    assert_eq!(dump(&tables.database).await, once);
}

#[tokio::test]
async fn no_more_than_an_hour_and_ten_orders_are_shown() {
    let tables = on_sqlite().await;
    let orders: Vec<_> = (0..90)
        .map(|n| placed(n, i64::from(n) * 60, &["MUG"], 1))
        .collect();
    tables.apply(&orders).await;
    let summary = read_model::summary(tables.database.pool()).await.unwrap();
    assert_eq!(summary.per_minute.len(), 60);
    assert_eq!(summary.per_minute[59].minute, at(89 * 60));
    assert_eq!(summary.recent_orders.len(), 10);
    assert_eq!(summary.recent_orders[0].order_id, order(89).to_string());
    assert_eq!(summary.revenue[0].cents, 9000);
}

#[tokio::test]
async fn orders_of_the_same_articles_do_not_wait_for_each_other_forever() {
    let tables = on_postgres().await;
    let busy = (0..40).map(|number| {
        let pool = tables.database.pool().clone();
        tokio::spawn(async move {
            let mut transaction = pool.begin().await?;
            let event = placed(number, 0, &["A", "B", "C", "D"], 1);
            read_model::apply(&mut transaction, &event).await?;
            transaction.commit().await
        })
    });
    for done in futures::future::join_all(busy).await {
        done.unwrap().unwrap();
    }
    let summary = read_model::summary(tables.database.pool()).await.unwrap();
    assert_eq!(summary.placed, 40);
    assert!(
        summary
            .top_products
            .iter()
            .all(|product| product.pieces == 40)
    );
    tables.database.close().await;
}

/// Every row of every table.
async fn dump(database: &Database) -> Vec<String> {
    let rows = sqlx::query(
        "SELECT 'step ' || order_id || ' ' || step || ' ' || CAST(at AS TEXT) AS line FROM order_step
         UNION ALL SELECT 'count ' || step || ' ' || CAST(orders AS TEXT) FROM step_count
         UNION ALL SELECT 'order ' || order_id || ' ' || CAST(cents AS TEXT) FROM placed_order
         UNION ALL SELECT 'minute ' || CAST(minute AS TEXT) || ' ' || CAST(cents AS TEXT) FROM revenue_minute
         UNION ALL SELECT 'product ' || sku || ' ' || CAST(pieces AS TEXT) || ' ' || CAST(shortages AS TEXT) FROM product
         ORDER BY line",
    )
    .fetch_all(database.pool())
    .await
    .unwrap();
    rows.iter().map(|row| row.get("line")).collect()
}

/// What may happen to an order: a prefix of one of its two ways.
fn way(number: u32) -> impl Strategy<Value = Vec<Projection>> {
    let skus = prop::sample::subsequence(vec!["A", "B", "C"], 1..=3);
    (skus, 1..5_i64, 0..300_i64, any::<bool>(), 1..=5_usize).prop_map(
        move |(skus, pieces, second, good, length)| {
            let first = [
                placed(number, second, &skus, pieces),
                step(number, Step::Charged, second + 1),
            ];
            let rest = if good {
                vec![
                    step(number, Step::Reserved, second + 2),
                    step(number, Step::Confirmed, second + 3),
                ]
            } else {
                vec![
                    short(number, skus[0], second + 2),
                    step(number, Step::Cancelled, second + 3),
                    refunded(number, pieces * 100, second + 90),
                ]
            };
            first.into_iter().chain(rest).take(length).collect()
        },
    )
}

/// The events of some orders as they happened, and as they arrived.
fn history() -> impl Strategy<Value = (Vec<Projection>, Vec<Projection>)> {
    (way(1), way(2), way(3), way(4))
        .prop_map(|(a, b, c, d)| [a, b, c, d].concat())
        .prop_flat_map(|happened| {
            let arrived = Just(happened.clone()).prop_shuffle();
            (Just(happened), arrived)
        })
}

#[test]
fn any_order_of_arrival_gives_the_same_read_model() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let tables = runtime.block_on(on_sqlite());
    let config = ProptestConfig::with_cases(64);
    proptest!(config, |((happened, arrived) in history())| {
        let (expected, found) = runtime.block_on(async {
            tables.clear().await;
            tables.apply(&happened).await;
            let expected = dump(&tables.database).await;
            tables.clear().await;
            tables.apply(&arrived).await;
            (expected, dump(&tables.database).await)
        });
        prop_assert_eq!(expected, found);
    });
}
