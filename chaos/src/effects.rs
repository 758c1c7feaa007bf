//! The table of effects, as the driver reads it: straight from the database, past the service.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use anyhow::{Context as _, Result};
use jetway::Database;
use sqlx::Row as _;

/// How far back is read again: on Postgres a transaction can commit later than one that has drawn a higher number.
const MARGIN: i64 = 300;

/// A reader of the effects that have come since it last looked.
pub(crate) struct Reader {
    database: Database,
    last: i64,
    seen: HashSet<i64>,
}

impl Reader {
    pub(crate) fn new(database: Database) -> Self {
        Self {
            database,
            last: 0,
            seen: HashSet::new(),
        }
    }

    /// The numbers of the new ones. An error where the database does not answer, which is what a fault may want.
    pub(crate) async fn new_ones(&mut self) -> Result<Vec<i64>> {
        let rows = sqlx::query("SELECT id, number FROM effects WHERE id > $1 ORDER BY id")
            .bind(self.last - MARGIN)
            .fetch_all(self.database.pool())
            .await?;
        let mut numbers = Vec::new();
        for row in rows {
            let id: i64 = row.try_get(0)?;
            if self.seen.insert(id) {
                numbers.push(row.try_get(1)?);
            }
            self.last = self.last.max(id);
        }
        let oldest = self.last - 2 * MARGIN;
        if self.seen.len() > 20_000 {
            self.seen.retain(|id| *id > oldest);
        }
        Ok(numbers)
    }

    /// Those of `numbers` that have an effect: for what was committed long after it had drawn its place.
    pub(crate) async fn among(&self, numbers: &[i64]) -> Result<Vec<i64>> {
        let list: Vec<String> = numbers.iter().map(ToString::to_string).collect();
        let sql = format!(
            "SELECT DISTINCT number FROM effects WHERE number IN ({})",
            list.join(",")
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .persistent(false)
            .fetch_all(self.database.pool())
            .await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }
}

/// All effects, at the end.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// How often each number was applied.
    pub(crate) times: BTreeMap<i64, u64>,
    /// Keys whose numbers were applied in another order than they were sent in.
    pub(crate) inversions: u64,
}

/// Reads the whole table.
pub(crate) async fn all(database: &Database) -> Result<Effects> {
    let rows = sqlx::query("SELECT number, parcel FROM effects ORDER BY id")
        .fetch_all(database.pool())
        .await
        .context("the effects cannot be read")?;
    let mut effects = Effects::default();
    let mut newest = BTreeMap::<String, i64>::new();
    for row in rows {
        let number: i64 = row.try_get(0)?;
        let key: String = row.try_get(1)?;
        *effects.times.entry(number).or_default() += 1;
        effects.inversions += u64::from(inverts(&mut newest, key, number));
    }
    Ok(effects)
}

/// Whether this number of `key` comes after a higher one. Remembers the highest.
pub(crate) fn inverts(newest: &mut BTreeMap<String, i64>, key: String, number: i64) -> bool {
    let highest = newest.entry(key).or_insert(number);
    let inverted = number < *highest;
    *highest = number.max(*highest);
    inverted
}

/// The numbers that the shipper's database says were sent.
pub(crate) async fn sent(database: &Database) -> Result<BTreeSet<i64>> {
    let rows = sqlx::query("SELECT number FROM sent")
        .fetch_all(database.pool())
        .await
        .context("what was sent cannot be read")?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// How many rows wait in the outbox.
pub(crate) async fn outbox(database: &Database) -> Result<i64> {
    let row = sqlx::query("SELECT COUNT(*) FROM jetway_outbox WHERE published_at IS NULL")
        .fetch_one(database.pool())
        .await
        .context("the outbox cannot be read")?;
    Ok(row.try_get(0)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inversion_is_a_number_after_a_higher_one_of_its_key() {
        let mut newest = BTreeMap::new();
        let parcels = [("a", 1), ("b", 2), ("a", 3), ("b", 1), ("a", 3), ("a", 2)];
        let inverted = parcels.map(|(key, number)| inverts(&mut newest, key.to_owned(), number));
        assert_eq!(inverted, [false, false, false, true, false, true]);
    }
}
