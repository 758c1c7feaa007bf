//! What the shop sells and at which price. Prices never come from a client.

use events::shared::Currency;

struct Prices {
    eur: i64,
    usd: i64,
    gbp: i64,
    chf: i64,
}

/// The price of one piece in cents, or `None` where the shop has no such article.
#[must_use]
pub fn price(sku: &str, currency: Currency) -> Option<i64> {
    let prices = prices(sku)?;
    Some(match currency {
        Currency::Eur => prices.eur,
        Currency::Usd => prices.usd,
        Currency::Gbp => prices.gbp,
        Currency::Chf => prices.chf,
    })
}

#[rustfmt::skip]
fn prices(sku: &str) -> Option<Prices> {
    Some(match sku {
        "BEANS-DARK-500"   => Prices { eur:  1_390, usd:  1_490, gbp:  1_190, chf:  1_590 },
        "BEANS-DECAF-500"  => Prices { eur:  1_490, usd:  1_590, gbp:  1_290, chf:  1_690 },
        "BEANS-LIGHT-500"  => Prices { eur:  1_590, usd:  1_690, gbp:  1_390, chf:  1_790 },
        "CUP-ESPRESSO"     => Prices { eur:    890, usd:    990, gbp:    790, chf:    990 },
        "FILTER-PAPER-100" => Prices { eur:    590, usd:    650, gbp:    490, chf:    690 },
        "FRENCH-PRESS-1L"  => Prices { eur:  3_900, usd:  4_200, gbp:  3_400, chf:  4_400 },
        "GRINDER-HAND"     => Prices { eur:  8_900, usd:  9_900, gbp:  7_900, chf:  9_900 },
        "GRINDER-VINTAGE"  => Prices { eur: 34_900, usd: 37_900, gbp: 29_900, chf: 37_900 },
        "KETTLE-GOOSE"     => Prices { eur:  6_900, usd:  7_500, gbp:  5_900, chf:  7_900 },
        "LEVER-MACHINE"    => Prices { eur: 129_900, usd: 139_900, gbp: 109_900, chf: 139_900 },
        "MUG-STONEWARE"    => Prices { eur:  1_290, usd:  1_390, gbp:  1_090, chf:  1_490 },
        "SCALE-01G"        => Prices { eur:  4_900, usd:  5_300, gbp:  4_300, chf:  5_500 },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_depend_on_the_currency() {
        assert_eq!(price("MUG-STONEWARE", Currency::Eur), Some(1_290));
        assert_eq!(price("MUG-STONEWARE", Currency::Usd), Some(1_390));
        assert_eq!(price("MUG-STONEWARE", Currency::Gbp), Some(1_090));
        assert_eq!(price("MUG-STONEWARE", Currency::Chf), Some(1_490));
    }

    #[test]
    fn what_the_shop_does_not_sell_has_no_price() {
        assert_eq!(price("MUG", Currency::Eur), None);
        assert_eq!(price("mug-stoneware", Currency::Eur), None);
    }
}
