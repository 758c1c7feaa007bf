//! A receiver of traces: OTLP over HTTP, protobuf, as collectors and Jaeger take it.

mod collector;
mod span;

pub use collector::Collector;
pub use span::{Kind, Link, Span, Status};
