//! `cargo demo` and `cargo broker`.

mod broker;
mod demo;
mod stop;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The whole system on this machine, with nothing installed by hand.
#[derive(Parser)]
#[command(name = "jetway-dev", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts everything, places orders, waits until all has settled, and shows what became of them (`cargo demo`)
    Demo(demo::Options),
    /// Starts a broker that stays up until Ctrl-C (`cargo broker`)
    Broker(broker::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Demo(options) => demo::run(options).await,
        Command::Broker(options) => broker::run(options).await,
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("\n{error:#}");
        ExitCode::from(2)
    })
}
