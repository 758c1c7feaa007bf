//! What can be set from outside, by flag or environment variable.

use std::time::Duration;

use jetway::settings::{ValueError, duration};

use crate::payment::{Bounded, Simulated};

/// The settings of the service `orders`.
#[derive(clap::Args, Clone, Debug)]
pub struct Settings {
    /// How long the simulated payment provider thinks
    #[arg(long, env = "PAYMENT_LATENCY", value_name = "DURATION", default_value = "20ms", value_parser = duration)]
    pub payment_latency: Duration,

    /// Which part of all payments the simulated provider declines, from 0 to 1; the card token tok_declined always is
    #[arg(long, env = "PAYMENT_DECLINE_RATE", value_name = "RATIO", default_value = "0", value_parser = ratio)]
    pub payment_decline_rate: f64,

    /// How long a call to the payment provider may take
    #[arg(long, env = "PAYMENT_TIMEOUT", value_name = "DURATION", default_value = "5s", value_parser = duration)]
    pub payment_timeout: Duration,
}

impl Settings {
    /// The payment provider.
    #[must_use]
    pub fn gateway(&self) -> Bounded<Simulated> {
        let simulated = Simulated::new(self.payment_latency, self.payment_decline_rate);
        Bounded::new(simulated, self.payment_timeout)
    }
}

fn ratio(text: &str) -> Result<f64, ValueError> {
    match text.parse() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(ratio),
        _ => Err(ValueError::new(
            "is not a ratio: write a number from 0 to 1, as in 0.1",
        )),
    }
}
