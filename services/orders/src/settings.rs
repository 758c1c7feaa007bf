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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use events::orders::Orders;
    use jetway::settings::{Refusal, parse};

    use super::*;

    fn read(flags: &[&str]) -> Result<Settings, Refusal> {
        let args = ["orders"].iter().chain(flags).map(Into::into);
        parse::<Orders, Settings>(args).map(|(_, own)| own)
    }

    #[test]
    fn settings_are_read_beside_those_of_the_runtime() {
        let flags = [
            "--payment-latency=1s",
            "--payment-decline-rate=0.5",
            "--http-addr=127.0.0.1:0",
        ];
        let settings = read(&flags).unwrap();
        assert_eq!(settings.payment_latency, Duration::from_secs(1));
        assert_eq!(settings.payment_timeout, Duration::from_secs(5));
    }

    #[test]
    fn a_rate_beyond_one_is_refused() {
        let refused = read(&["--payment-decline-rate=2"])
            .err()
            .unwrap()
            .to_string();
        assert!(refused.contains("PAYMENT_DECLINE_RATE=2"), "{refused}");
        assert!(refused.contains("from 0 to 1"), "{refused}");
    }
}
