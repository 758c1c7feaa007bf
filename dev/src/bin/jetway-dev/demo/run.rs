//! The demo from its first step to its exit code.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use async_nats::jetstream;
use dev::services;

use super::figures::{Figures, Order, Poison, Status};
use super::http::Http;
use super::orders::{Placed, percentile, place_all, plan};
use super::paint::Paint;
use super::progress::Progress;
use super::report::Report;
use super::settle::{Places, Seen, settled};
use super::system::{System, shown};
use super::{broker_state, poison, trace};
use crate::stop::Asked;

/// Services hand over their spans about once per second.
const SPANS: Duration = Duration::from_secs(15);

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Exit after the report, also on a terminal
    #[arg(long)]
    once: bool,

    /// How many orders to place; from 10 on every kind of order is among them
    #[arg(long, default_value_t = 200, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(10..=10_000))]
    orders: u16,

    /// Print the report as JSON
    #[arg(long)]
    json: bool,

    /// Keep databases, mails and logs
    #[arg(long)]
    keep: bool,
}

/// Exit code 0 when every figure adds up, 1 when one does not, 2 (an error) when the demo could not be run to its end, 130
/// when it was stopped before.
pub(crate) async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let mut asked = Asked::listen().context("cannot listen for signals")?;
    let mut system = System::new(options.keep)?;
    let shown = tokio::select! {
        shown = show(&mut system, &options) => Some(shown),
        () = asked.stop() => None,
    };
    let stays = !options.once && std::io::stdout().is_terminal();
    if stays && let Some(Ok(_)) = &shown {
        eprintln!("\nEverything stays up until Ctrl-C.");
        asked.stop().await;
    }
    if stays || shown.is_none() {
        eprintln!("\nstopping the services, then the broker (Ctrl-C again to kill them)");
    }
    let complaints = tokio::select! {
        complaints = system.shut_down() => complaints,
        () = asked.stop() => vec!["killed what had not stopped yet".to_owned()],
    };
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    if options.keep {
        eprintln!("kept: {}", system.root.display());
    }
    let Some(report) = shown else {
        return Ok(ExitCode::from(130));
    };
    let sound = report?.complaints.is_empty() && complaints.is_empty();
    Ok(if sound {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Everything up to the printed report.
async fn show(system: &mut System, options: &Options) -> anyhow::Result<Report> {
    let progress = Progress::new();
    system.start(progress).await?;
    let report = play(system, usize::from(options.orders), progress).await?;
    let mut out = std::io::stdout().lock();
    let text = if options.json {
        serde_json::to_string_pretty(&report)? + "\n"
    } else {
        format!(
            "\n{}",
            report.text(Paint {
                on: std::io::stdout().is_terminal()
            })
        )
    };
    // A reader that has seen enough, such as `head`, is no failure of the demo.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    Ok(report)
}

async fn play(system: &System, count: usize, progress: Progress) -> anyhow::Result<Report> {
    let http = Http::new()?;
    let jetstream = connect(&system.nats_url).await?;
    let mail_directory = system.mail_directory();
    let places = Places {
        http: &http,
        jetstream: &jetstream,
        orders_url: system.url("orders")?,
        analytics_url: system.url("analytics")?,
        mail_directory: &mail_directory,
        dead_letters_after: broker_state::last_dead_letter(&jetstream).await?,
        fresh: system.owns_broker(),
    };
    let plans = plan(count, &http.stock(&system.url("inventory")?).await?)?;

    let step = progress.counted("orders", count);
    let begin = Instant::now();
    // Among the others, so that it is seen to hold nobody up.
    let (placed, poison) = tokio::join!(
        place_all(&http, &places.orders_url, plans, || step.advance()),
        poison::publish(&jetstream)
    );
    let (placing, mut poison) = (begin.elapsed(), poison?);
    step.done(&format!(
        "{} placed",
        placed.iter().filter(|order| order.answer.is_ok()).count()
    ));

    let step = progress.step("settling");
    let begin = Instant::now();
    let ids: Vec<String> = placed
        .iter()
        .filter_map(|order| order.answer.clone().ok())
        .collect();
    let seen = settled(&places, &ids, &step).await?;
    let settling = begin.elapsed();
    let receivers = seen
        .consumers
        .iter()
        .filter(|c| c.stream == poison.stream && c.receives("order.placed.v1.{orderId}"));
    poison.consumers = receivers.map(|consumer| consumer.name.clone()).collect();
    step.now("waiting for the spans of one order");
    let (shown_order, spans, missing) = one_trace(system, &placed, &seen).await?;
    step.done("everything has come to rest");

    let latencies: Vec<Duration> = placed.iter().map(|order| order.latency).collect();
    let stock = http.stock(&system.url("inventory")?).await?;
    let mut figures = counted(count, &placed, seen, poison);
    figures.stock = stock;
    figures.missing_in_trace = missing;
    Ok(Report {
        places: where_things_run(system)?,
        placing,
        settling,
        p50: percentile(&latencies, 0.50),
        p99: percentile(&latencies, 0.99),
        complaints: figures.complaints(),
        figures,
        shown_order,
        trace: spans,
        analytics_page: format!("{}/", places.analytics_url),
    })
}

async fn connect(url: &str) -> anyhow::Result<jetstream::Context> {
    let mut options = async_nats::ConnectOptions::new().name("jetway demo");
    if let Ok(file) = std::env::var("NATS_CREDS") {
        options = options.credentials_file(file).await.context("NATS_CREDS")?;
    }
    let servers: Vec<&str> = url.split(',').map(str::trim).collect();
    let client = options
        .connect(servers)
        .await
        .with_context(|| format!("cannot connect to {}", shown(url)))?;
    Ok(jetstream::new(client))
}

fn counted(wanted: usize, placed: &[Placed], seen: Seen, poison: Poison) -> Figures {
    let taken = placed
        .iter()
        .filter_map(|order| Some((order.answer.as_ref().ok()?, &order.plan)));
    let orders = taken.map(|(id, plan)| Order {
        id: id.clone(),
        status: seen.statuses.get(id).copied().unwrap_or_default(),
        lines: plan.lines.clone(),
        too_large: plan.too_large,
        bounces: plan.bounces,
        mails: seen.mails.get(id).cloned().unwrap_or_default(),
    });
    Figures {
        wanted,
        refused: placed
            .iter()
            .filter_map(|order| order.answer.clone().err())
            .collect(),
        orders: orders.collect(),
        stock: Vec::new(),
        analytics: seen.counts,
        dead_letters: seen.dead_letters,
        poison,
        missing_in_trace: Vec::new(),
    }
}

/// The trace of one order that went well: its id, its spans, and what is missing of it.
async fn one_trace(
    system: &System,
    placed: &[Placed],
    seen: &Seen,
) -> anyhow::Result<(String, Vec<dev::otlp::Span>, Vec<String>)> {
    let went_well = |order: &&Placed| {
        let id = order.answer.as_ref().ok();
        !order.plan.bounces
            && id.is_some_and(|id| seen.statuses.get(id) == Some(&Status::Confirmed))
    };
    // The first ones met services that were still warming up.
    let candidates: Vec<&Placed> = placed.iter().filter(went_well).collect();
    let order = candidates
        .get(candidates.len() / 2)
        .context("no order was confirmed, so there is no trace to show")?;
    let collector = system.collector.as_ref().context("no collector")?;
    let receivers = |address: &str| {
        seen.consumers
            .iter()
            .filter(|consumer| consumer.receives(address))
            .map(|consumer| consumer.name.clone())
            .collect()
    };
    let whole = |all: &[dev::otlp::Span]| {
        let mut spans: Vec<_> = all
            .iter()
            .filter(|span| span.trace_id == order.span.trace_id)
            .cloned()
            .collect();
        spans.push(order.span.clone());
        (trace::missing(&spans, &services::NAMES, receivers), spans)
    };
    // In vain is an answer, too: the report then says what is missing.
    let _ = collector
        .wait_for(|all| whole(all).0.is_empty(), SPANS)
        .await;
    let (missing, spans) = whole(&collector.spans());
    Ok((order.answer.clone().unwrap_or_default(), spans, missing))
}

fn where_things_run(system: &System) -> anyhow::Result<Vec<(String, String, String)>> {
    let about = |name: &str| match name {
        "orders" => "POST /orders, GET /orders/{id}, /orders/{id}/events",
        "inventory" => "GET /stock",
        "email" => "writes .eml files",
        "analytics" => "a page with live charts",
        _ => "",
    };
    let mut places = vec![(
        "broker".to_owned(),
        shown(&system.nats_url),
        system.broker_is.clone(),
    )];
    for name in services::NAMES {
        places.push((name.to_owned(), system.url(name)?, about(name).to_owned()));
    }
    places.push((
        "files".to_owned(),
        system.root.display().to_string(),
        "logs, databases, mail/*.eml".to_owned(),
    ));
    Ok(places)
}
