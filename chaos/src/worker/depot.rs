//! The service that receives parcels: one row of effect each.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jetway::{App, Consumers, Error, Event, Failure, Handled, Handler, Settings, Tx};

use super::{Orders, Without};
use crate::contract::{Anything, Depot, Does, MIGRATIONS, Parcel};

pub(super) async fn run(settings: Settings, orders: Orders) -> Result<(), Error> {
    let operation = orders.shape.operation();
    let app = App::<Depot>::start(settings).await?;
    app.migrate(&MIGRATIONS).await?;
    let consumers = if orders.without == Some(Without::Schema) {
        Consumers::new().with(operation, Credulous)
    } else {
        Consumers::new().with(operation, Receiver::new(&orders))
    };
    app.consumers(consumers).run().await
}

struct Receiver {
    /// Written to by `write(2)`, a line each: it survives `kill -9`, and no rollback reaches it.
    journal: Option<File>,
    takes: Duration,
    hides_cause: bool,
    handled: AtomicU64,
}

impl Receiver {
    fn new(orders: &Orders) -> Self {
        let journal = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&orders.journal);
        Self {
            journal: journal.ok(),
            takes: Duration::from_millis(orders.handler_ms),
            hides_cause: orders.without == Some(Without::Cause),
            handled: AtomicU64::new(0),
        }
    }

    async fn arrive(event: &Event<Parcel>, tx: &mut Tx<'_, Depot>) -> Handled {
        sqlx::query("INSERT INTO effects (number, parcel, event_id) VALUES ($1, $2, $3)")
            .bind(event.data.number)
            .bind(event.data.key.as_str())
            .bind(event.id.as_str())
            .execute(tx.sql().await?)
            .await?;
        Ok(())
    }
}

impl Handler for Receiver {
    type Service = Depot;
    type Data = Parcel;

    async fn handle(&self, event: &Event<Parcel>, tx: &mut Tx<'_, Depot>) -> Handled {
        if let Some(mut journal) = self.journal.as_ref() {
            let line = format!("{} {}\n", event.data.number, event.delivery.attempt);
            journal.write_all(line.as_bytes())?;
        }
        self.handled.fetch_add(1, Ordering::Relaxed);
        if !self.takes.is_zero() {
            tokio::time::sleep(self.takes).await;
        }
        match event.data.does {
            Does::Fail => return Err(std::io::Error::other("this parcel always fails").into()),
            Does::FailOnce if event.delivery.attempt == 1 => {
                return Err(std::io::Error::other("this parcel fails once").into());
            }
            Does::Refuse => return Err(Failure::permanent("this parcel is refused")),
            Does::Panic => panic!("this parcel makes its handler panic"),
            Does::Arrive | Does::FailOnce => {}
        }
        match Self::arrive(event, tx).await {
            Err(failure) if self.hides_cause => {
                Err(std::io::Error::other(failure.to_string()).into())
            }
            handled => handled,
        }
    }
}

/// Believes what it is sent.
struct Credulous;

impl Handler for Credulous {
    type Service = Depot;
    type Data = Anything;

    async fn handle(&self, event: &Event<Anything>, tx: &mut Tx<'_, Depot>) -> Handled {
        let number = event.data.0["number"].as_i64().unwrap_or(-1);
        sqlx::query("INSERT INTO effects (number, parcel, event_id) VALUES ($1, $2, $3)")
            .bind(number)
            .bind("")
            .bind(event.id.as_str())
            .execute(tx.sql().await?)
            .await?;
        Ok(())
    }
}
