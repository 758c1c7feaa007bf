//! Orders as customers place them.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::Shop;

/// How an order ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Stock was there.
    Confirmed,
    /// Stock was short.
    Cancelled,
}

/// What a customer wants.
#[derive(Clone, Debug)]
pub struct Basket {
    /// Article and quantity.
    pub lines: Vec<(&'static str, i64)>,
    /// The customer's mailbox.
    pub email: String,
}

impl Basket {
    /// Two articles that are in stock.
    #[must_use]
    pub fn in_stock() -> Self {
        Self {
            lines: vec![("MUG-STONEWARE", 2), ("BEANS-DARK-500", 1)],
            email: "ada@example.com".to_owned(),
        }
    }

    /// An article that is in stock, and more of another than there will ever be: nothing of it may be reserved.
    #[must_use]
    pub fn too_much() -> Self {
        Self {
            lines: vec![("MUG-STONEWARE", 1), ("LEVER-MACHINE", 100)],
            ..Self::in_stock()
        }
    }

    /// The same, for another mailbox.
    #[must_use]
    pub fn to(self, email: &str) -> Self {
        Self {
            email: email.to_owned(),
            ..self
        }
    }

    /// The outcome that this basket has in a shop that still has what it had at first.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        if self
            .lines
            .iter()
            .any(|(sku, n)| *sku == "LEVER-MACHINE" && *n > 12)
        {
            Outcome::Cancelled
        } else {
            Outcome::Confirmed
        }
    }

    /// The body of `POST /orders`.
    #[must_use]
    pub fn body(&self) -> Value {
        let lines: Vec<Value> = self
            .lines
            .iter()
            .map(|(sku, quantity)| json!({ "sku": sku, "quantity": quantity }))
            .collect();
        json!({
            "customer": { "name": "Ada Lovelace", "email": self.email },
            "currency": "EUR",
            "lines": lines,
            "payment": { "method": "card", "token": "tok_visa" },
        })
    }
}

/// An order that was answered with 201.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its id.
    pub id: Uuid,
    /// What was ordered.
    pub basket: Basket,
    /// How it must end.
    pub outcome: Outcome,
    /// Its total in cents.
    pub cents: i64,
}

impl Order {
    /// From the body of a 201.
    #[must_use]
    pub fn answered(basket: &Basket, answer: &Value) -> Self {
        Self {
            id: answer["orderId"].as_str().unwrap().parse().unwrap(),
            basket: basket.clone(),
            outcome: basket.outcome(),
            cents: answer["total"]["cents"].as_i64().unwrap(),
        }
    }
}

/// Where customers come in. Stays valid while the shop's services are restarted.
#[derive(Clone, Debug)]
pub struct Door {
    http: reqwest::Client,
    url: String,
}

impl Door {
    /// One request to `POST /orders`. An error where nobody answers.
    ///
    /// # Errors
    ///
    /// Those of the connection.
    pub async fn request(
        &self,
        key: &str,
        basket: &Basket,
    ) -> Result<reqwest::Response, reqwest::Error> {
        self.http
            .post(&self.url)
            .header("Idempotency-Key", key)
            .timeout(Duration::from_secs(20))
            .json(&basket.body())
            .send()
            .await
    }

    /// Places an order as a careful client does: with the same key until it is answered with 201.
    pub async fn insist(&self, basket: &Basket) -> Order {
        let key = Uuid::new_v4().to_string();
        crate::wait("an order to be taken", || async {
            let answer = self
                .request(&key, basket)
                .await
                .map_err(|e| format!("{e:?}"))?;
            let status = answer.status();
            let body = answer.text().await.map_err(|e| format!("{e:?}"))?;
            match status.as_u16() {
                201 => Ok(Order::answered(
                    basket,
                    &serde_json::from_str(&body).unwrap(),
                )),
                503 => Err(body),
                _ => panic!("POST /orders answers {status}: {body}"),
            }
        })
        .await
    }
}

impl Shop {
    /// Where customers come in.
    #[must_use]
    pub fn door(&self) -> Door {
        Door {
            http: self.http().clone(),
            url: format!("{}/orders", self.service("orders").url()),
        }
    }

    /// One request to `POST /orders`; see [`Door::request`].
    ///
    /// # Errors
    ///
    /// Those of the connection.
    pub async fn request(
        &self,
        key: &str,
        basket: &Basket,
    ) -> Result<reqwest::Response, reqwest::Error> {
        self.door().request(key, basket).await
    }

    /// Places an order, which must be answered with 201 at once.
    pub async fn place(&self, basket: &Basket) -> Order {
        let key = Uuid::new_v4().to_string();
        let answer = self.request(&key, basket).await.unwrap();
        let status = answer.status();
        let body = answer.text().await.unwrap();
        assert_eq!(status, 201, "POST /orders: {body}");
        Order::answered(basket, &serde_json::from_str(&body).unwrap())
    }

    /// The order as `GET /orders/{id}` tells it.
    pub async fn order(&self, id: Uuid) -> Value {
        self.get("orders", &format!("/orders/{id}")).await
    }

    /// What a service answers to a GET, as JSON.
    pub async fn get(&self, service: &str, path: &str) -> Value {
        let url = format!("{}{path}", self.service(service).url());
        let answer = self.http().get(&url).send().await.unwrap();
        assert_eq!(answer.status(), 200, "GET {url}");
        answer.json().await.unwrap()
    }
}

/// The data of `order.placed.v1` for an order of one mug, as another program might publish it.
#[must_use]
pub fn placed(id: Uuid) -> Value {
    json!({
        "orderId": id,
        "placedAt": "2026-01-02T03:04:05Z",
        "customer": { "name": "Grace Hopper", "email": "grace@example.com" },
        "lines": [{ "sku": "MUG-STONEWARE", "quantity": 1, "unitPriceCents": 1290 }],
        "total": { "cents": 1290, "currency": "EUR" },
        "payment": { "method": "invoice", "dueDays": 14 },
    })
}
