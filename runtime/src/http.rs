//! HTTP: a service's own routes with a span per request, and `/healthz`, `/readyz` and `/metrics` beside them.

mod health;
mod serve;
mod trace;

pub use health::Health;
pub use serve::{HttpError, bind, serve};
pub use trace::trace;
