//! What can be set from outside, by flag or environment variable.

/// The settings of the service `analytics`.
#[derive(clap::Args, Clone, Debug)]
pub struct Settings {
    /// Empties the read model, fills it again from the history that the streams keep, then goes on live
    #[arg(long)]
    pub rebuild: bool,
}
