//! A payment provider for a shop that sells nothing.

use std::time::Duration;

use events::order_placed_v2::{Card, Invoice, PaymentMethod};
use events::shared::Money;
use uuid::Uuid;

use super::{Charged, PaymentError, PaymentGateway};
use crate::domain::Payment;

/// Takes its time, declines some, and moves no money.
///
/// Its answer is a function of the order and the card alone. So it is idempotent without any memory: also a restart
/// between two calls changes nothing.
#[derive(Clone, Copy, Debug)]
pub struct Simulated {
    latency: Duration,
    decline_rate: f64,
}

impl Simulated {
    /// A provider that thinks for `latency` and declines this part of all orders, from 0 to 1.
    #[must_use]
    pub fn new(latency: Duration, decline_rate: f64) -> Self {
        Self {
            latency,
            decline_rate,
        }
    }

    fn declines(&self, order_id: Uuid) -> bool {
        // The last four bytes of a UUID are random.
        let [.., a, b, c, d] = order_id.into_bytes();
        let luck = f64::from(u32::from_be_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0);
        luck < self.decline_rate
    }
}

impl PaymentGateway for Simulated {
    async fn charge(
        &self,
        order_id: Uuid,
        _amount: &Money,
        payment: &Payment,
    ) -> Result<Charged, PaymentError> {
        tokio::time::sleep(self.latency).await;
        if self.declines(order_id) {
            return Err(PaymentError::Declined("insufficient funds".to_owned()));
        }
        let method = match payment {
            Payment::Card { token } if token.expose() == "tok_declined" => {
                return Err(PaymentError::Declined("the card is blocked".to_owned()));
            }
            Payment::Card { .. } => PaymentMethod::Card(Card {
                last4: "4242".to_owned(),
            }),
            Payment::Invoice { due_days } => PaymentMethod::Invoice(Invoice {
                due_days: *due_days,
            }),
        };
        Ok(Charged {
            payment_id: format!("pay_{}", order_id.simple()),
            method,
        })
    }

    async fn refund(&self, _payment_id: &str) -> Result<(), PaymentError> {
        tokio::time::sleep(self.latency).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use events::shared::Currency;

    use super::*;

    const AMOUNT: Money = Money {
        cents: 100,
        currency: Currency::Eur,
    };

    fn card(token: &str) -> Payment {
        Payment::Card {
            token: token.to_owned().into(),
        }
    }

    #[tokio::test]
    async fn charging_twice_for_one_order_is_one_payment() {
        let gateway = Simulated::new(Duration::ZERO, 0.0);
        let order_id = Uuid::now_v7();
        let once = gateway.charge(order_id, &AMOUNT, &card("tok_visa")).await;
        let again = gateway.charge(order_id, &AMOUNT, &card("tok_visa")).await;
        assert_eq!(once, again);
        assert!(once.unwrap().payment_id.len() <= 64);

        let other = gateway
            .charge(Uuid::now_v7(), &AMOUNT, &card("tok_visa"))
            .await;
        assert_ne!(other, again);
    }

    #[tokio::test]
    async fn one_card_is_always_declined() {
        let gateway = Simulated::new(Duration::ZERO, 0.0);
        let declined = gateway
            .charge(Uuid::now_v7(), &AMOUNT, &card("tok_declined"))
            .await;
        assert!(matches!(declined, Err(PaymentError::Declined(_))));
    }

    #[tokio::test]
    async fn the_rest_is_declined_at_the_rate_that_is_set() {
        let invoice = Payment::Invoice { due_days: 14 };
        for (rate, expected) in [(0.0, 0..=0), (0.25, 180..=320), (1.0, 1_000..=1_000)] {
            let gateway = Simulated::new(Duration::ZERO, rate);
            let mut declined = 0;
            for _ in 0..1_000 {
                let outcome = gateway.charge(Uuid::now_v7(), &AMOUNT, &invoice).await;
                declined += i32::from(outcome.is_err());
            }
            assert!(expected.contains(&declined), "{declined} of 1000 at {rate}");
        }
    }
}
