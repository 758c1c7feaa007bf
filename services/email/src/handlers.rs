//! What the service does when an event arrives.

use events::email::{Email, SendCancellation, SendConfirmation};
use events::{OrderCancelledV1, OrderConfirmedV1};
use jetway::{Event, Failure, Handled, Tx};
use lettre::message::Mailbox;

use crate::domain::{Letter, Mail, cancellation, confirmation};
use crate::postbox::{Postbox, SendError};
use crate::sent;

/// Writes letters and posts them.
#[derive(Debug)]
pub struct Mailroom {
    from: Mailbox,
    postbox: Postbox,
}

impl Mailroom {
    /// A mailroom that writes as `from`.
    #[must_use]
    pub fn new(from: Mailbox, postbox: Postbox) -> Self {
        Self { from, postbox }
    }

    /// Sends first and records afterwards: nothing in the database is locked while the mail server thinks.
    async fn post(&self, letter: &Letter, tx: &mut Tx<'_, Email>) -> Handled {
        let mail = Mail::new(letter, &self.from).map_err(Failure::permanent)?;
        self.postbox
            .send(&mail)
            .await
            .map_err(SendError::into_failure)?;
        sent::record(tx.sql().await?, &mail).await?;
        tracing::info!(order_id = %letter.order_id, kind = letter.kind.as_str(), "mail sent");
        Ok(())
    }
}

impl SendConfirmation for Mailroom {
    async fn send_confirmation(
        &self,
        event: &Event<OrderConfirmedV1>,
        tx: &mut Tx<'_, Email>,
    ) -> Handled {
        let letter = confirmation(&event.id, &event.data)?;
        self.post(&letter, tx).await
    }
}

impl SendCancellation for Mailroom {
    async fn send_cancellation(
        &self,
        event: &Event<OrderCancelledV1>,
        tx: &mut Tx<'_, Email>,
    ) -> Handled {
        let letter = cancellation(&event.id, &event.data)?;
        self.post(&letter, tx).await
    }
}
