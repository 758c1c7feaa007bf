//! Versions of one event side by side: an older one is upcast where it is read, and derived where both are sent.
//!
//! While both are sent, the older is the newer one's *twin*: the same fact, in a message of its own. It names the fact's
//! id in the CloudEvents extension attribute `twinof`, and that id is what the inbox knows either of them by.

use serde_json::Value;

use crate::tx::{Fact, PublishError, Tx};
use crate::validate::{self, Violations};
use crate::{EventData, Service};

/// Makes this version of an event of an older one, so that who handles this one handles that one too: those that are in
/// the log from before, and those of a service that has not moved on yet. A pure function, written by hand.
#[diagnostic::on_unimplemented(
    message = "`asyncapi.yaml` has `{Self}` upcast from `{Old}`, but nobody has written how",
    label = "the upcast from this version is missing",
    note = "in `events/src/upcasts.rs` write `impl jetway::Upcast<{Old}> for {Self}` with `fn upcast(old: {Old}) -> Self`, or take `x-upcasts` out of `asyncapi.yaml` and run `just codegen`"
)]
pub trait Upcast<Old> {
    /// The same fact in this version.
    fn upcast(old: Old) -> Self;
}

/// Makes an older version of this one, for as long as a service sends both. A pure function, written by hand; what it
/// makes must keep the older version's schema, or neither is published.
#[diagnostic::on_unimplemented(
    message = "`asyncapi.yaml` has `{Self}` sent together with `{Old}`, but nobody has written how the older is made of it",
    label = "the downcast is missing",
    note = "in `events/src/upcasts.rs` write `impl jetway::Downcast<{Old}> for {Self}` with `fn downcast(&self) -> {Old}`, or take the send operation of the older version out of `asyncapi.yaml` and run `just codegen`"
)]
pub trait Downcast<Old> {
    /// The same fact in the older version.
    fn downcast(&self) -> Old;
}

/// The version before a `T`, and how its data becomes a `T`. Made by generated code.
pub struct Older<T> {
    /// Its CloudEvents `type`.
    event_type: &'static str,
    read: fn(&str, &Value) -> Option<Result<T, Violations>>,
}

impl<T: EventData> Older<T> {
    /// The version `Old`, and those before it.
    #[must_use]
    pub const fn of<Old: EventData>() -> Self
    where
        T: Upcast<Old>,
    {
        Self {
            event_type: Old::TYPE,
            read: read_older::<Old, T>,
        }
    }

    pub(crate) const fn event_type(&self) -> &'static str {
        self.event_type
    }
}

/// Reads the data of an event as a `T`, through as many upcasts as it needs; `None` where no upcast leads from
/// `event_type` to `T`. What an upcast makes is checked like anything else: a handler sees nothing that its schema rejects.
pub(crate) fn read<T: EventData>(event_type: &str, data: &Value) -> Option<Result<T, Violations>> {
    if event_type == T::TYPE {
        return Some(read_exactly(data));
    }
    (T::OLDER?.read)(event_type, data)
}

fn read_exactly<T: EventData>(data: &Value) -> Result<T, Violations> {
    if let Some(fallback) = T::fallback() {
        validate::against(fallback, data)?;
    }
    validate::decode(data)
}

fn read_older<Old: EventData, T: EventData + Upcast<Old>>(
    event_type: &str,
    data: &Value,
) -> Option<Result<T, Violations>> {
    let old = match read::<Old>(event_type, data)? {
        Ok(old) => old,
        Err(violations) => return Some(Err(violations)),
    };
    let new = T::upcast(old);
    Some(match check(&new) {
        Ok(()) => Ok(new),
        Err(violations) => Err(of_upcast::<Old, T>(violations)),
    })
}

/// Holds a value against its schema.
pub(crate) fn check<T: EventData>(data: &T) -> Result<(), Violations> {
    data.validate()?;
    let Some(fallback) = T::fallback() else {
        return Ok(());
    };
    match serde_json::to_value(data) {
        Ok(value) => validate::against(fallback, &value),
        Err(error) => Err(Violations::whole("type", error.to_string())),
    }
}

/// The place is one in what the upcast made: its text says so.
fn of_upcast<Old: EventData, T: EventData>(Violations(mut all): Violations) -> Violations {
    for violation in &mut all {
        violation.message = format!(
            "{} (in the {} that the upcast made of a {})",
            violation.message,
            T::TYPE,
            Old::TYPE
        );
    }
    Violations(all)
}

/// The twins that go out with an event. Filled by generated code.
pub struct Twins<'t, 'a, S> {
    pub(crate) tx: &'t Tx<'a, S>,
    pub(crate) fact: Fact,
    pub(crate) rows: Vec<crate::store::Row>,
}

impl<S: Service> Twins<'_, '_, S> {
    /// Has `twin` published as the same fact in an older version.
    ///
    /// # Errors
    ///
    /// Where its schema rejects it, or it is too large.
    pub fn publish<Old: EventData>(&mut self, twin: &Old) -> Result<(), PublishError> {
        let row = self.tx.row(twin, &self.fact.twin(Old::TYPE))?;
        self.rows.push(row);
        Ok(())
    }
}
