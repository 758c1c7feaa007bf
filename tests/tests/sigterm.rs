//! SIGTERM: out within ten seconds with exit code 0, nothing done twice, and what was in hand is somebody else's at once.

#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use system_tests::{ALL, Basket, On, Order, Shop, wait};

const EXIT: Duration = Duration::from_secs(10);
/// The operations' ack-wait: what is not given back is delivered again after this long.
const ACK_WAIT: Duration = Duration::from_secs(10);

#[tokio::test]
async fn one_after_the_other_under_load() {
    let mut shop = Shop::open(On::Sqlite).await;
    // `orders` keeps its address over restarts, and nobody else starts services: customers need no more of the shop.
    let customers = Customers::new(&shop);
    let ordering = tokio::spawn(customers.clone().order());
    for name in ALL {
        customers.reached(20).await;
        let begun = Instant::now();
        let exit = shop.service_mut(name).terminate(EXIT).await.unwrap();
        println!("{name} ended after {:?}", begun.elapsed());
        assert_eq!(exit.code(), Some(0), "{name}: {}", shop.service(name).log());
        shop.service_mut(name).restart().await.unwrap();
    }
    customers.reached(10).await;
    let orders = customers.stop(ordering).await;
    shop.audit(&orders).await;
}

#[tokio::test]
async fn all_at_once_under_load() {
    let mut shop = Shop::open(On::Postgres).await;
    let customers = Customers::new(&shop);
    let ordering = tokio::spawn(customers.clone().order());
    customers.reached(40).await;
    for service in shop.services() {
        service.signal(dev::Signal::Term).unwrap();
    }
    for name in ALL {
        let exit = shop.service_mut(name).ended(EXIT).await.unwrap();
        assert_eq!(exit.code(), Some(0), "{name}: {}", shop.service(name).log());
    }
    for name in ALL {
        shop.service_mut(name).restart().await.unwrap();
    }
    let back = Instant::now();
    customers.reached(10).await;
    let orders = customers.stop(ordering).await;
    shop.settled_within(Duration::from_secs(30)).await;
    let settled = back.elapsed();
    shop.audit(&orders).await;
    assert!(
        settled < ACK_WAIT,
        "settled only {settled:?} after the start: something waited for its ack-wait"
    );
}

/// A handler that never ends: the drain has a bound, and the message is given back and not left to its ack-wait.
#[tokio::test]
async fn with_a_handler_that_never_ends() {
    let cases = [
        ("inventory", "inventory.reserveStock"),
        ("orders", "orders.confirmReserved"),
        ("email", "email.sendConfirmation"),
        ("analytics", "analytics.recordPlaced"),
    ];
    futures::future::join_all(cases.map(|(service, operation)| stuck(service, operation))).await;
}

async fn stuck(service: &'static str, operation: &str) {
    let mut shop = Shop::new(On::Sqlite).await;
    let trap = shop.trap(service, operation, "in-handler");
    shop.start_all().await;
    let order = shop.place(&Basket::in_stock()).await;
    shop.trapped(service, &trap).await;

    let begun = Instant::now();
    let exit = shop.service_mut(service).terminate(EXIT).await.unwrap();
    let ended = begun.elapsed();
    assert_eq!(
        exit.code(),
        Some(0),
        "{service}: {}",
        shop.service(service).log()
    );
    let given_back = shop
        .consumers()
        .await
        .into_iter()
        .find(|info| info.name == operation.replace('.', "-"))
        .unwrap();
    let held = given_back.num_ack_pending;
    // Of two versions of an event the older one gives way to the newer, and waits as well, here or on the stream.
    let versions = given_back.config.filter_subjects.len().max(1);
    assert_eq!(
        (held > 0, held + given_back.num_pending as usize),
        (true, versions),
        "{service} has neither done nor lost what it held"
    );

    shop.set(service, "JETWAY_FAULT", "");
    shop.start(service).await;
    let again = Instant::now();
    wait(
        &format!("{service} to handle what it gave back"),
        || async {
            let consumers = shop.consumers().await;
            let info = consumers
                .iter()
                .find(|info| info.name == operation.replace('.', "-"))
                .unwrap();
            if info.num_ack_pending == 0 && info.num_pending == 0 {
                Ok(())
            } else {
                Err(format!("{info:?}"))
            }
        },
    )
    .await;
    let redelivered = again.elapsed();
    println!("{service} ended after {ended:?}; redelivered {redelivered:?} after its start");
    // The last sign of life was sent right before the end, so an ack-wait would not have passed yet.
    assert!(
        redelivered < ACK_WAIT / 2,
        "{service} waited {redelivered:?} for what it had given back"
    );
    shop.audit(&[order]).await;
}

/// Customers who order one thing after the other, and insist.
#[derive(Clone)]
struct Customers {
    door: system_tests::Door,
    answered: std::sync::Arc<AtomicUsize>,
    closed: std::sync::Arc<AtomicBool>,
}

impl Customers {
    fn new(shop: &Shop) -> Self {
        Self {
            door: shop.door(),
            answered: Default::default(),
            closed: Default::default(),
        }
    }

    async fn order(self) -> Vec<Order> {
        let baskets = (0..3).map(|_| self.one_customer());
        futures::future::join_all(baskets)
            .await
            .into_iter()
            .flatten()
            .collect()
    }

    async fn one_customer(&self) -> Vec<Order> {
        let mut orders = Vec::new();
        while !self.closed.load(Ordering::SeqCst) && orders.len() < 300 {
            let basket = if orders.len() % 5 == 4 {
                Basket::too_much()
            } else {
                Basket::in_stock()
            };
            orders.push(self.door.insist(&basket).await);
            self.answered.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
        orders
    }

    /// Waits until so many more orders are placed.
    async fn reached(&self, more: usize) {
        let goal = self.answered.load(Ordering::SeqCst) + more;
        wait("orders to be placed", || async {
            let so_far = self.answered.load(Ordering::SeqCst);
            if so_far >= goal {
                Ok(())
            } else {
                Err(format!("{so_far} of {goal}"))
            }
        })
        .await;
    }

    async fn stop(&self, ordering: tokio::task::JoinHandle<Vec<Order>>) -> Vec<Order> {
        self.closed.store(true, Ordering::SeqCst);
        ordering.await.unwrap()
    }
}
