//! An event as any publisher could write it.

use crate::contract::{EVENT, Parcel};

/// A structured CloudEvents envelope around a parcel.
pub(crate) fn envelope(id: &str, parcel: &Parcel) -> String {
    wrapped(id, &serde_json::json!(parcel))
}

/// The same around anything.
pub(crate) fn wrapped(id: &str, data: &serde_json::Value) -> String {
    serde_json::json!({
        "specversion": "1.0", "id": id, "type": EVENT, "source": "/chaos",
        "time": "2026-01-02T03:04:05Z", "datacontenttype": "application/json",
        "correlationid": "chaos", "data": data,
    })
    .to_string()
}
