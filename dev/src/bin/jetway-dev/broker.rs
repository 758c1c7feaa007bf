//! `cargo broker`: just the broker.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use dev::{Broker, BrokerOptions, ports};

use crate::stop::Asked;

/// Where everybody looks for a NATS server.
const USUAL_PORT: u16 = 4222;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The port to listen on; otherwise 4222 if nobody has it, else a free one
    #[arg(long)]
    port: Option<u16>,

    /// Keep streams and log in this directory, over restarts; otherwise in a temporary one
    #[arg(long, value_name = "DIRECTORY")]
    keep_in: Option<PathBuf>,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let mut asked = Asked::listen().context("cannot listen for signals")?;
    let usual = ports::is_free(USUAL_PORT).then_some(USUAL_PORT);
    let wanted = BrokerOptions {
        port: options.port.or(usual),
        directory: options.keep_in.map(std::path::absolute).transpose()?,
        monitoring: true,
        ..BrokerOptions::default()
    };
    let starting = Broker::start_with(wanted);
    let mut broker = tokio::select! {
        broker = starting => broker?,
        () = asked.stop() => return Ok(ExitCode::SUCCESS),
    };
    if options.port.is_none() && broker.port() != USUAL_PORT {
        println!("port {USUAL_PORT} is taken; this broker has another");
    }
    println!("{}", broker_lines(&broker));
    let ended = tokio::select! {
        () = asked.stop() => None,
        ended = broker.ended() => Some(ended),
    };
    if let Some(exit) = ended {
        bail!(
            "nats-server ended by itself ({exit}); its last words:\n{}",
            last_lines(&broker.log())
        );
    }
    broker.stop().await?;
    println!("stopped");
    Ok(ExitCode::SUCCESS)
}

fn broker_lines(broker: &Broker) -> String {
    let monitoring = broker.monitoring_url().unwrap_or_default();
    format!(
        "nats-server {} with JetStream, until Ctrl-C\n  \
         url         {}\n  \
         monitoring  {monitoring}\n  \
         directory   {}\n\n\
         for the services: export NATS_URL={}",
        broker.version(),
        broker.url(),
        broker.directory().display(),
        broker.url(),
    )
}

fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}
