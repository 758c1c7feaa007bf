//! The events of `asyncapi.yaml`: their types, what each service handles and may send, and the streams.
//!
//! All of `generated` is written by `just codegen`; what is written by hand stands beside it.

mod generated;
mod upcasts;

pub use generated::*;
