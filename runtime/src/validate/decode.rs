//! Typed decoding with the place of a failure as a JSON Pointer.

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::{Validate, Violation, Violations};

/// Reads `value` as a `T` and checks it against the rest of its schema.
///
/// # Errors
///
/// Where the value is not a `T`, or breaks a rule of its schema: each with the JSON Pointer into `value`. A missing
/// property is reported at the object that lacks it, as JSON Schema validators do.
pub fn decode<T: DeserializeOwned + Validate>(value: &Value) -> Result<T, Violations> {
    let decoded: T = serde_path_to_error::deserialize(value).map_err(|error| {
        let pointer = pointer_of(error.path());
        let message = error.into_inner().to_string();
        let keyword = if message.starts_with("missing field") {
            "required"
        } else {
            "type"
        };
        Violations(vec![Violation {
            pointer,
            keyword,
            message,
        }])
    })?;
    decoded.validate()?;
    Ok(decoded)
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => {
                pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1")))
            }
            // A variant is a way of reading, not a place in the JSON.
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}
