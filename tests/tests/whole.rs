//! The shop on a good day, and with mailboxes that bounce.

#![allow(clippy::unwrap_used, missing_docs)]

use futures::StreamExt;
use system_tests::{Basket, On, Order, Outcome, Shop};

const ORDERS: usize = 30;

#[tokio::test]
async fn thirty_orders_on_sqlite() {
    thirty_orders(On::Sqlite).await;
}

#[tokio::test]
async fn thirty_orders_on_postgres() {
    thirty_orders(On::Postgres).await;
}

/// Thirty orders at once, of which nine want the three vintage grinders, and three more than there ever was.
async fn thirty_orders(on: On) {
    let shop = Shop::open(on).await;
    let baskets: Vec<Basket> = (0..ORDERS).map(basket).collect();
    let placing = futures::stream::iter(&baskets).map(|basket| shop.place(basket));
    let mut orders: Vec<Order> = placing.buffer_unordered(8).collect().await;
    shop.settled().await;

    // Who got the last grinders is the shop's decision; how many is not.
    let (mut confirmed, mut vintage) = (0, 0);
    for order in &mut orders {
        match shop.order(order.id).await["status"].as_str().unwrap() {
            "confirmed" => order.outcome = Outcome::Confirmed,
            "cancelled" => order.outcome = Outcome::Cancelled,
            other => panic!("order {} is still {other}", order.id),
        }
        confirmed += usize::from(order.outcome == Outcome::Confirmed);
        vintage += usize::from(
            order.outcome == Outcome::Confirmed && order.basket.lines[0].0 == "GRINDER-VINTAGE",
        );
    }
    assert_eq!(vintage, 3, "vintage grinders sold");
    assert_eq!(confirmed, ORDERS - 3 - (9 - 3));
    assert_eq!(shop.stock().await["GRINDER-VINTAGE"], (3, 3));
    // Placed = confirmed + cancelled, one mail per outcome, stock as sold: `audit` compares all of it.
    shop.audit(&orders).await;
}

fn basket(number: usize) -> Basket {
    match number % 10 {
        0 => Basket::too_much(),
        1..=3 => Basket {
            lines: vec![("GRINDER-VINTAGE", 1), ("MUG-STONEWARE", 1)],
            ..Basket::in_stock()
        },
        _ => Basket::in_stock(),
    }
}

#[tokio::test]
async fn a_mailbox_that_bounces_with_mails_as_files() {
    let shop = Shop::open(On::Sqlite).await;
    bouncing(&shop, "ada@bounce.example").await;
    let files = std::fs::read_dir(shop.mail_dir()).unwrap().count();
    assert_eq!(files, 2, "mails that are not refused");
}

#[tokio::test]
async fn a_mailbox_that_bounces_with_a_mail_server() {
    let server = dev::SmtpServer::start().await.unwrap();
    let mut shop = Shop::new(On::Sqlite).await;
    shop.set("email", "SMTP_URL", server.url());
    shop.start_all().await;
    bouncing(&shop, "bounce@example.com").await;
    let mails = server.messages();
    assert_eq!(mails.len(), 2, "{mails:?}");
    for kind in ["confirmed", "sold out"] {
        let found = mails
            .iter()
            .filter(|mail| mail.to_lowercase().contains(kind))
            .count();
        assert_eq!(found, 1, "mails that say {kind:?}: {mails:#?}");
    }
}

/// Two orders of somebody whose mailbox bounces, and two of somebody who can be reached.
async fn bouncing(shop: &Shop, bounces: &str) {
    let mut refused = Vec::new();
    for basket in [Basket::in_stock(), Basket::too_much()] {
        refused.push(shop.place(&basket.clone().to(bounces)).await);
        shop.place(&basket).await;
    }
    shop.settled().await;
    for order in &refused {
        assert_eq!(
            shop.order(order.id).await["status"],
            order.outcome.status(),
            "mail or no mail"
        );
    }
    let letters = shop.dead_letters().await;
    assert_eq!(letters.len(), refused.len());
    for letter in letters {
        assert!(refused.iter().any(|order| order.id.to_string()
            == letter.header("Dead-Subject").rsplit('.').next().unwrap()));
        assert!(letter.header("Dead-Consumer").starts_with("email-"));
        assert_eq!(letter.header("Dead-Reason"), "permanent");
        assert_eq!(letter.header("Dead-Attempts"), "1");
        let error = letter.header("Dead-Error");
        assert!(
            error.contains(bounces) && error.contains("refused for good"),
            "{error}"
        );
    }
}
