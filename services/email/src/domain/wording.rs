//! How ids, amounts and names are written to a customer.

use events::shared::Money;
use uuid::Uuid;

/// The order as a customer quotes it: the last eight digits of its id. The first ones are a clock, and alike for all
/// orders of a minute.
pub(super) fn order_number(order_id: Uuid) -> String {
    let digits = order_id.simple().to_string().to_uppercase();
    digits[digits.len() - 8..].to_owned()
}

/// `49.90 EUR`.
pub(super) fn amount(money: &Money) -> String {
    let (units, cents) = (money.cents / 100, money.cents % 100);
    format!("{units}.{cents:02} {}", money.currency.as_str())
}

/// A name without line breaks and control characters: it stands in a mail header.
pub(super) fn one_line(name: &str) -> String {
    let visible = name.replace(|c: char| c.is_control(), " ");
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use events::shared::Currency;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_order_number_is_the_end_of_the_id() {
        let id = Uuid::from_u128(0x0198_c0de_0000_7000_8000_0000_dead_beef);
        assert_eq!(order_number(id), "DEADBEEF");
    }

    #[test]
    fn amounts_keep_their_cents() {
        let euros = |cents| {
            amount(&Money {
                cents,
                currency: Currency::Eur,
            })
        };
        assert_eq!(euros(0), "0.00 EUR");
        assert_eq!(euros(5), "0.05 EUR");
        assert_eq!(euros(4990), "49.90 EUR");
        assert_eq!(euros(100_000_000_000), "1000000000.00 EUR");
    }

    #[test]
    fn a_name_cannot_open_a_new_header() {
        assert_eq!(
            one_line("Ada\r\nBcc: all@example.com"),
            "Ada Bcc: all@example.com"
        );
    }

    proptest! {
        #[test]
        fn a_name_is_one_line(name in "\\PC*|[\\s\\S]{0,40}") {
            prop_assert!(!one_line(&name).chars().any(char::is_control));
        }
    }
}
