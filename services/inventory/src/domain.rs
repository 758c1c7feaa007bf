//! What an order needs, and what came of asking for it. No I/O.

use std::collections::BTreeMap;

use events::order_placed_v2::OrderLine;

/// How many pieces of each article an order needs.
///
/// Sorted by SKU: whoever takes articles in this order cannot deadlock with another who does the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand(BTreeMap<String, i64>);

impl Demand {
    /// The demand of these lines. An article that stands on several lines is needed once, in their sum.
    #[must_use]
    pub fn of(lines: &[OrderLine]) -> Self {
        let mut pieces = BTreeMap::<String, i64>::new();
        for line in lines {
            let sum = pieces.entry(line.sku.clone()).or_default();
            // The contract's bounds keep this far from i64's; beyond them it is short of stock, not of bits.
            *sum = sum.saturating_add(line.quantity);
        }
        Self(pieces)
    }

    /// Each article once with its number of pieces, sorted by SKU.
    pub fn iter(&self) -> impl Iterator<Item = (&str, i64)> {
        self.0.iter().map(|(sku, pieces)| (sku.as_str(), *pieces))
    }
}

/// What came of asking for stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reservation {
    /// All of it is set aside.
    Made,
    /// Nothing is set aside: there is too little of one article.
    Short(Shortage),
}

/// Too little of an article.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// The article.
    pub sku: String,
    /// How many pieces were asked for.
    pub requested: i64,
    /// How many were free; none of an article that the shop does not have.
    pub available: i64,
}

#[cfg(test)]
mod tests {
    use events::order_placed_v2::UnitPrice;
    use events::shared::Currency;
    use proptest::prelude::*;

    use super::*;

    fn line(sku: &str, quantity: i64) -> OrderLine {
        OrderLine {
            sku: sku.to_owned(),
            quantity,
            unit_price: UnitPrice {
                cents: 100,
                currency: Currency::Eur,
            },
        }
    }

    #[test]
    fn lines_of_one_article_are_summed_and_sorted() {
        let demand = Demand::of(&[line("MUG", 2), line("CUP", 1), line("MUG", 3)]);
        assert_eq!(demand.iter().collect::<Vec<_>>(), [("CUP", 1), ("MUG", 5)]);
    }

    #[test]
    fn a_sum_beyond_all_bounds_is_a_large_demand_and_no_overflow() {
        let demand = Demand::of(&[line("MUG", i64::MAX), line("MUG", 1)]);
        assert_eq!(demand.iter().collect::<Vec<_>>(), [("MUG", i64::MAX)]);
    }

    proptest! {
        #[test]
        fn no_piece_is_lost_or_invented(
            lines in prop::collection::vec(("[A-C]{2}", 1..=10_000_i64), 0..100)
        ) {
            let lines: Vec<_> = lines.iter().map(|(sku, quantity)| line(sku, *quantity)).collect();
            let demand = Demand::of(&lines);

            let needed: i64 = demand.iter().map(|(_, pieces)| pieces).sum();
            prop_assert_eq!(needed, lines.iter().map(|line| line.quantity).sum::<i64>());

            let skus: Vec<_> = demand.iter().map(|(sku, _)| sku).collect();
            prop_assert!(skus.is_sorted_by(|a, b| a < b), "each article once, in order: {:?}", skus);
        }
    }
}
