//! What can happen to an order.

use serde::Serialize;

/// What has happened to an order, from the first to the last that can: the greatest one says how far it has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// It was placed.
    Placed,
    /// It was paid.
    Charged,
    /// Stock is set aside for it.
    Reserved,
    /// Stock was short for it.
    Short,
    /// It will be shipped.
    Confirmed,
    /// It will not be shipped.
    Cancelled,
    /// The payment was given back.
    Refunded,
}

impl Step {
    /// All of them, in order.
    pub const ALL: [Self; 7] = [
        Self::Placed,
        Self::Charged,
        Self::Reserved,
        Self::Short,
        Self::Confirmed,
        Self::Cancelled,
        Self::Refunded,
    ];

    /// The step as the database and the page know it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Charged => "charged",
            Self::Reserved => "reserved",
            Self::Short => "short",
            Self::Confirmed => "confirmed",
            Self::Cancelled => "cancelled",
            Self::Refunded => "refunded",
        }
    }

    /// The step of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_is_found_by_its_name() {
        for step in Step::ALL {
            assert_eq!(Step::of(step.as_str()), Some(step));
        }
        assert_eq!(Step::of("shipped"), None);
    }

    #[test]
    fn the_steps_are_in_the_order_in_which_an_order_takes_them() {
        assert!(Step::ALL.is_sorted());
        assert_eq!(
            [Step::Cancelled, Step::Placed, Step::Short]
                .into_iter()
                .max(),
            Some(Step::Cancelled)
        );
    }
}
