//! The experiment: services under fire, and an account of what became of what they had promised.
//!
//! One driver starts real servers and real service processes, puts a load on them, breaks something according to a
//! schedule that follows from a seed, and adds up at the end. What it adds up lies outside of what it breaks.

mod account;
mod contract;
mod effects;
mod envelope;
mod ledger;
mod letter;
mod load;
mod process;
mod proxy;
mod report;
mod rows;
mod run;
mod stage;
mod timeline;
mod watch;
mod worker;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

use crate::report::Finding;
use crate::rows::{Control, MISSING, ROWS, Row};
use crate::run::Run;

/// Breaks a running system in every way that it promises to stand, and counts what was lost.
///
/// Exit codes: 0 where every promise was kept, 1 where one broke, 2 where the experiment could not be made. With --control
/// each row runs without the mechanism that it is about and must break its promise: 1 says that all of them did, 0
/// that at least one did not, and so would not have noticed.
#[derive(Debug, Parser)]
#[command(name = "chaos", max_term_width = 100)]
pub(crate) struct Options {
    /// Which rows; all where none is given
    #[arg(long, value_name = "NUMBER", value_delimiter = ',')]
    row: Vec<u64>,

    /// What the fault schedule follows from
    #[arg(long, default_value_t = 1)]
    seed: u64,

    /// How many seeds, from --seed on
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,

    /// How long the load is on, in rows that do not say how many parcels there are; a fraction is fine
    #[arg(long, value_parser = minutes)]
    minutes: Option<f64>,

    /// Parcels per second, in the place of the row's own number
    #[arg(long, value_name = "PER_SECOND")]
    load: Option<u64>,

    /// Leave out the mechanism that the row is about: it must fail then
    #[arg(long)]
    control: bool,

    /// Seconds each, with few parcels and one control: the form for every commit
    #[arg(long)]
    short: bool,

    /// A line of JSON for each run in the place of the table
    #[arg(long)]
    json: bool,

    /// Say what the rows are, and end
    #[arg(long)]
    list: bool,
}

fn minutes(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(minutes) if minutes > 0.0 && minutes <= 1_440.0 => Ok(minutes),
        _ => Err("write a number of minutes above 0 and up to 1440, as in 0.5".to_owned()),
    }
}

fn main() -> ExitCode {
    // The workers are this program too: not for the command line.
    let mut args = std::env::args().skip(1);
    if args.next().as_deref() == Some("worker") {
        return worker::main(&args.next().unwrap_or_default());
    }
    let options = Options::parse();
    if options.list {
        list();
        return ExitCode::SUCCESS;
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&format!("no threads can be started: {error}")),
    };
    match runtime.block_on(drive(&options)) {
        Ok(findings) => conclude(&options, &findings),
        Err(error) => refuse(&format!("{error:#}")),
    }
}

fn refuse(why: &str) -> ExitCode {
    eprintln!("chaos: {why}");
    ExitCode::from(2)
}

/// The rows that were asked for.
fn wanted(options: &Options) -> Result<Vec<&'static Row>> {
    if options.row.is_empty() {
        return Ok(ROWS.iter().collect());
    }
    let find = |number: &u64| {
        let row = ROWS.iter().find(|row| row.number == *number);
        row.ok_or_else(|| match MISSING.iter().find(|(known, _)| known == number) {
            Some((_, why)) => anyhow::anyhow!("row {number} cannot be run yet: {why}"),
            None => {
                anyhow::anyhow!("there is no row {number}; `--list` shows those that there are")
            }
        })
    };
    options.row.iter().map(find).collect()
}

async fn drive(options: &Options) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for row in wanted(options)? {
        let controls: Vec<Option<&'static Control>> = if options.control {
            let most = if options.short { 1 } else { usize::MAX };
            row.controls.iter().take(most).map(Some).collect()
        } else {
            vec![None]
        };
        for seed in options.seed..options.seed + options.seeds {
            for control in &controls {
                let finding = one(options, row, seed, *control).await?;
                if options.json {
                    println!("{}", serde_json::to_string(&finding)?);
                }
                findings.push(finding);
            }
        }
    }
    Ok(findings)
}

async fn one(
    options: &Options,
    row: &'static Row,
    seed: u64,
    control: Option<&'static Control>,
) -> Result<Finding> {
    let progress = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("    {spinner} {wide_msg}") {
        progress.set_style(style);
    }
    let run = Run::new(row, seed, control, options, progress);
    eprintln!(
        "row {}, seed {seed}: {}; {}{}",
        row.number,
        row.load,
        row.fault,
        control
            .map(|control| format!("; without `{}`: {}", control.without, control.means))
            .unwrap_or_default()
    );
    let finding = rows::play(&run).await;
    run.progress.finish_and_clear();
    let finding = finding?;
    for note in &finding.notes {
        run.say(note);
    }
    for promise in &finding.promises {
        let mark = if promise.kept { "kept  " } else { "BROKEN" };
        run.say(format!("{mark} {} ({})", promise.promise, promise.seen));
    }
    eprintln!("    -> {} ({:.0} s)", finding.verdict(), finding.seconds);
    if let Some(path) = &finding.kept {
        eprintln!("    what the services have said is in {path}");
    }
    Ok(finding)
}

fn conclude(options: &Options, findings: &[Finding]) -> ExitCode {
    if !options.json {
        println!("\n{}", report::table(findings));
        if options.row.is_empty() {
            for (number, why) in MISSING {
                println!("row {number} was not run: {why}");
            }
        }
        for finding in findings {
            if let Some(path) = &finding.timeline {
                println!("timeline: {path}");
            }
        }
    }
    if options.control {
        let passed: Vec<String> = findings
            .iter()
            .filter(|finding| !finding.control_broke())
            .map(Finding::verdict)
            .collect();
        return if passed.is_empty() {
            eprintln!("every control broke its promise, as it must");
            ExitCode::FAILURE
        } else {
            eprintln!("{}", passed.join("\n"));
            ExitCode::SUCCESS
        };
    }
    let broken: Vec<String> = findings
        .iter()
        .filter(|finding| !finding.holds())
        .map(Finding::verdict)
        .collect();
    if broken.is_empty() {
        eprintln!("every promise was kept");
        ExitCode::SUCCESS
    } else {
        eprintln!("{}", broken.join("\n"));
        ExitCode::FAILURE
    }
}

fn list() {
    for row in ROWS {
        println!(
            "{:>2}  {}: {}. Must hold: {}",
            row.number, row.load, row.fault, row.holds
        );
        for control in row.controls {
            println!(
                "      without `{}` ({}): \"{}\" breaks",
                control.without, control.means, control.breaks
            );
        }
    }
    for (number, why) in MISSING {
        println!("{number:>2}  not yet: {why}");
    }
}
