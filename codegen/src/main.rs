//! `codegen`: writes the events crate from the contract, or says how the two differ.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use clap::Parser;
use codegen::diagnostics::Report;
use codegen::load::Workspace;
use codegen::model::{self, Contract};
use codegen::write::{self, Drift};
use codegen::{check, render};

/// Writes the events crate from asyncapi.yaml and its JSON Schemas.
///
/// Exit codes: 0 all well; 1 the contract has errors, or --check found drift; 2 the command line is wrong, or a file
/// cannot be read or written.
#[derive(Debug, Parser)]
#[command(name = "codegen", version)]
struct Cli {
    /// Write nothing; name every file that differs from what the contract generates, and exit 1 if one does.
    #[arg(long)]
    check: bool,
    /// With --check: print the result as JSON.
    #[arg(long, requires = "check")]
    json: bool,
    /// The contract. Without it: the nearest asyncapi.yaml from here upwards.
    #[arg(long, value_name = "FILE")]
    contract: Option<PathBuf>,
    /// Where to write. Without it: events/src/generated beside the contract.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    let contract_path = match &cli.contract {
        Some(path) => path.clone(),
        None => nearest(&std::env::current_dir()?)?,
    };
    let mut report = Report::default();
    let workspace = Workspace::load(&contract_path, &mut report)
        .with_context(|| format!("cannot read the contract {}", contract_path.display()))?;
    let contract = model::read(&workspace, &mut report);
    check::check(&contract, &workspace, &mut report);
    if !report.is_empty() {
        eprint!(
            "{}",
            report.render(&workspace, std::io::stderr().is_terminal())
        );
        return Ok(ExitCode::from(1));
    }
    let files = render::render(&contract)?;
    let out = cli
        .out
        .clone()
        .unwrap_or_else(|| workspace.root().join("events/src/generated"));
    if cli.check {
        let drift = write::compare(&out, &files)
            .with_context(|| format!("cannot read {}", out.display()))?;
        return Ok(show_drift(&drift, &out, cli.json));
    }
    let written =
        write::apply(&out, &files).with_context(|| format!("cannot write {}", out.display()))?;
    show_written(&written, &out, &contract, began);
    Ok(ExitCode::SUCCESS)
}

fn nearest(from: &Path) -> anyhow::Result<PathBuf> {
    from.ancestors()
        .map(|folder| folder.join("asyncapi.yaml"))
        .find(|path| path.is_file())
        .with_context(|| {
            format!(
                "no asyncapi.yaml in {} or above it; name the contract with --contract",
                from.display()
            )
        })
}

fn show_drift(drift: &[Drift], out: &Path, json: bool) -> ExitCode {
    if json {
        let items: Vec<_> = drift
            .iter()
            .map(|item| serde_json::json!({ "path": out.join(&item.path), "drift": item.kind }))
            .collect();
        println!(
            "{}",
            serde_json::json!({ "upToDate": drift.is_empty(), "files": items })
        );
    } else if drift.is_empty() {
        println!("up to date");
    } else {
        for item in drift {
            eprintln!("{}: {}", out.join(&item.path).display(), item.kind);
        }
        let count = drift.len();
        let (files, differ) = if count == 1 {
            ("file", "differs")
        } else {
            ("files", "differ")
        };
        eprintln!("{count} {files} {differ} from the contract; run `just codegen`");
    }
    ExitCode::from(u8::from(!drift.is_empty()))
}

fn show_written(written: &[Drift], out: &Path, contract: &Contract, began: Instant) {
    for item in written {
        let done = match item.kind {
            write::DriftKind::Changed | write::DriftKind::Missing => "wrote",
            write::DriftKind::Stale => "removed",
            write::DriftKind::Unexpected => "left alone, was not generated:",
        };
        println!("{done} {}", out.join(&item.path).display());
    }
    let outcome = match written.len() {
        0 => "up to date".to_owned(),
        1 => "1 file written".to_owned(),
        count => format!("{count} files written"),
    };
    if std::io::stdout().is_terminal() {
        let millis = began.elapsed().as_millis();
        println!(
            "{} events, {} services, {} streams in {millis} ms; {outcome}",
            contract.events.len(),
            contract.services.len(),
            contract.streams.len()
        );
    } else {
        println!("{outcome}");
    }
}
