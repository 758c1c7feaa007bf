//! The service that sends parcels: what it has answered for is committed, and its events with it.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use futures::future::join_all;
use jetway::{App, Consumers, Error, EventData as _, Settings};
use serde::{Deserialize, Serialize};

use super::{Orders, Without};
use crate::contract::{MIGRATIONS, Parcel, Shipper};
use crate::envelope::envelope;

/// `POST /parcels`
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Consignment {
    pub(crate) parcels: Vec<Parcel>,
    /// The numbers of those whose transaction is rolled back: nobody may ever see them.
    pub(crate) withdrawn: Vec<i64>,
}

/// Its answer: the numbers of those that are committed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Receipt {
    pub(crate) committed: Vec<i64>,
}

struct Desk {
    app: App<Shipper>,
    /// Where there is no outbox.
    bare: Option<async_nats::Client>,
}

pub(super) async fn run(settings: Settings, orders: Orders) -> Result<(), Error> {
    let bare = if orders.without == Some(Without::Outbox) {
        let urls: Vec<String> = settings
            .nats_url
            .iter()
            .map(|url| url.expose().to_owned())
            .collect();
        let client = async_nats::ConnectOptions::new()
            .retry_on_initial_connect()
            .connect(urls)
            .await
            .map_err(|error| Error::Broker(error.to_string()))?;
        Some(client)
    } else {
        None
    };
    let app = App::<Shipper>::start(settings).await?;
    app.migrate(&MIGRATIONS).await?;
    let desk = Desk {
        app: app.clone(),
        bare,
    };
    let routes = Router::new()
        .route("/parcels", post(take))
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(Arc::new(desk));
    app.consumers(Consumers::new()).routes(routes).run().await
}

/// The parcels of one key one after the other, the keys side by side.
async fn take(
    State(desk): State<Arc<Desk>>,
    Json(consignment): Json<Consignment>,
) -> Json<Receipt> {
    let mut keys = std::collections::BTreeMap::<String, Vec<Parcel>>::new();
    for parcel in consignment.parcels {
        keys.entry(parcel.key.clone()).or_default().push(parcel);
    }
    let withdrawn = &consignment.withdrawn;
    let sending = keys.into_values().map(|parcels| {
        let desk = desk.clone();
        async move {
            let mut committed = Vec::new();
            for parcel in parcels {
                let number = parcel.number;
                match send(&desk, parcel, withdrawn.contains(&number)).await {
                    Ok(true) => committed.push(number),
                    Ok(false) => {}
                    Err(error) => tracing::debug!(number, %error, "not sent"),
                }
            }
            committed
        }
    });
    let committed = join_all(sending).await.concat();
    Json(Receipt { committed })
}

/// Whether it is committed.
async fn send(
    desk: &Desk,
    parcel: Parcel,
    withdrawn: bool,
) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
    let mut tx = desk.app.begin();
    sqlx::query("INSERT INTO sent (number, parcel) VALUES ($1, $2)")
        .bind(parcel.number)
        .bind(parcel.key.as_str())
        .execute(tx.sql().await?)
        .await?;
    if let Some(client) = &desk.bare {
        // As it is done everywhere: first the database, then the broker, and who is in between has bad luck.
        if withdrawn {
            tx.rollback().await?;
            return Ok(false);
        }
        tx.commit().await?;
        // The gap that is always there, wide enough to be hit.
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        let body = envelope(&uuid::Uuid::now_v7().to_string(), &parcel);
        let subject = parcel.subject()?.as_str().to_owned();
        // What the broker does not take at once is an error that nobody can do anything about any more.
        if client.connection_state() == async_nats::connection::State::Connected {
            client.publish(subject, body.into()).await?;
        }
        return Ok(true);
    }
    tx.publish(parcel).await?;
    if withdrawn {
        tx.rollback().await?;
        return Ok(false);
    }
    tx.commit().await?;
    Ok(true)
}
