//! What an event changes in the read model. Pure: no database, no clock.

mod change;
mod projection;
mod step;

pub use change::{Change, Projection};
pub use projection::Project;
pub use step::Step;
