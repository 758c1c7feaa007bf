//! Steps of the receive path one by one, for the bench that counts their instructions. No part of the API.

use async_nats::HeaderMap;
use bytes::Bytes;

use crate::{EventData, wire};

/// Reads a message as the event `T`: the envelope, the data, the schema's checks. The error is what a dead letter says.
///
/// # Errors
///
/// Where it is none.
pub fn decode<T: EventData>(headers: Option<&HeaderMap>, body: &Bytes) -> Result<T, String> {
    let event = wire::read(headers, body, usize::MAX).map_err(|error| error.to_string())?;
    event.read::<T>().map_err(|error| error.to_string())
}
