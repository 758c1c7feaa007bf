//! Looking into the inbox, for many at once: while one look is on its way, those who come wait and share the next.

use std::io;
use std::sync::{Mutex, OnceLock, PoisonError};

use sqlx::{AnyPool, Row as _};
use tokio::sync::oneshot;

use super::database::{StoreError, is_unavailable};
use super::inbox::Source;

/// The most that one statement looks up.
const MOST: usize = 64;

/// Those who want to know whether an event has been handled.
#[derive(Debug, Default)]
pub(super) struct Lookups {
    asked: Mutex<Vec<Ask>>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Ask {
    durable: &'static str,
    event: Source,
    answer: oneshot::Sender<Result<bool, StoreError>>,
}

impl Lookups {
    pub(super) async fn contains(
        &self,
        pool: &AnyPool,
        durable: &'static str,
        event: &Source,
    ) -> Result<bool, StoreError> {
        let (answer, mut answered) = oneshot::channel();
        self.asked().push(Ask {
            durable,
            event: event.clone(),
            answer,
        });
        loop {
            tokio::select! {
                biased;
                answer = &mut answered => match answer {
                    Ok(answer) => return answer,
                    // Whoever looked for us was cut off.
                    Err(_) => return Box::pin(self.contains(pool, durable, event)).await,
                },
                _turn = self.turn.lock() => self.look(pool).await,
            }
        }
    }

    /// Looks for all who have asked so far, up to the most that one statement takes.
    async fn look(&self, pool: &AnyPool) {
        let asks: Vec<Ask> = {
            let mut asked = self.asked();
            let most = asked.len().min(MOST);
            asked.drain(..most).collect()
        };
        if asks.is_empty() {
            return;
        }
        match found(pool, &asks).await {
            Ok(found) => {
                for (ask, found) in asks.into_iter().zip(found) {
                    let _ = ask.answer.send(Ok(found));
                }
            }
            Err(error) => {
                for ask in asks {
                    let _ = ask.answer.send(Err(shared(&error)));
                }
            }
        }
    }

    fn asked(&self) -> std::sync::MutexGuard<'_, Vec<Ask>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn found(pool: &AnyPool, asks: &[Ask]) -> Result<Vec<bool>, sqlx::Error> {
    let mut found = vec![false; asks.len()];
    let Some(last) = asks.last() else {
        return Ok(found);
    };
    let places = asks.len().next_power_of_two();
    let mut query = sqlx::query(statement(places));
    for n in 0..places {
        // What there are too many places for is looked up twice.
        let ask = asks.get(n).unwrap_or(last);
        query = query
            .bind(ask.durable)
            .bind(ask.event.source.clone())
            .bind(ask.event.id.clone());
    }
    for row in query.fetch_all(pool).await? {
        let n = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or(usize::MAX);
        if let Some(found) = found.get_mut(n) {
            *found = true;
        }
    }
    Ok(found)
}

/// The statement for so many events: a power of two, so that there are few to prepare.
fn statement(places: usize) -> &'static str {
    static STATEMENTS: [OnceLock<String>; MOST.ilog2() as usize + 1] =
        [const { OnceLock::new() }; MOST.ilog2() as usize + 1];
    let which = (places.ilog2() as usize).min(STATEMENTS.len() - 1);
    STATEMENTS[which].get_or_init(|| {
        let one = |n: usize| {
            let first = 3 * n + 1;
            format!(
                "SELECT {n} WHERE EXISTS (SELECT 1 FROM jetway_inbox WHERE durable = ${first} AND source = ${} AND event_id = ${})",
                first + 1,
                first + 2
            )
        };
        let all: Vec<String> = (0..1 << which).map(one).collect();
        all.join(" UNION ALL ")
    })
}

/// What a failure in common says to each.
fn shared(error: &sqlx::Error) -> StoreError {
    let cause = if is_unavailable(error) {
        "the inbox cannot be looked into"
    } else {
        "the database refused a look into the inbox"
    };
    StoreError::Unavailable(sqlx::Error::Io(io::Error::other(format!(
        "{cause}: {error}"
    ))))
}
