//! The JSON Schema of `x-jetstream`, derived from the types that read it, agrees with them.

#![allow(clippy::unwrap_used, missing_docs)]

use codegen::model::jetstream::{DocumentExtension, OperationSettings};
use schemars::schema_for;
use serde_json::json;

#[test]
fn the_schema_takes_what_the_types_take() {
    let document = jsonschema::validator_for(&schema_for!(DocumentExtension).to_value()).unwrap();
    let operation = jsonschema::validator_for(&schema_for!(OperationSettings).to_value()).unwrap();
    assert!(document.is_valid(
        &json!({ "streams": { "ORDERS": { "subjects": ["order.>"], "max-age": "30d" } } })
    ));
    assert!(!document.is_valid(&json!({ "streams": { "ORDERS": { "subject": ["order.>"] } } })));
    assert!(
        !document.is_valid(
            &json!({ "streams": { "ORDERS": { "subjects": ["order.>"], "max-age": 30 } } })
        )
    );
    assert!(operation.is_valid(&json!({})));
    assert!(
        operation
            .is_valid(&json!({ "concurrency": 8, "retry": { "backoff": "linear", "cap": "2m" } }))
    );
    assert!(!operation.is_valid(&json!({ "concurency": 8 })));
    assert!(!operation.is_valid(&json!({ "retry": { "backoff": "quadratic" } })));
}
