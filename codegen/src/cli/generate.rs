//! `codegen`: brings the generated files in line with the contract, or says how the two differ.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context as _;
use codegen::model::Contract;
use codegen::render;
use codegen::write::{self, Drift};

use super::Source;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Write nothing; name every file that differs from what the contract generates, and exit 1 if one does
    #[arg(long)]
    pub(super) check: bool,
    /// With --check: print the result as JSON
    #[arg(long, requires = "check")]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) source: Source,
    /// Where to write the Rust code. Without it: events/src/generated beside the contract, as all other files are
    #[arg(long, value_name = "FOLDER")]
    pub(super) out: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let began = Instant::now();
    let read = arguments.source.read()?;
    if !read.report.is_empty() {
        let errors = read.report.has_errors();
        read.show(if errors { "; nothing was written" } else { "" });
        if errors {
            return Ok(ExitCode::from(1));
        }
    }
    let contract = &read.contract;
    let root = read.workspace.root();
    let mut trees = render::trees(contract, &read.workspace)?;
    for tree in &mut trees {
        tree.folder = match &arguments.out {
            Some(out) if tree.is_code() => out.clone(),
            _ => root.join(&tree.folder),
        };
    }
    if arguments.check {
        let drift = write::compare_all(&trees).context("cannot read what was generated")?;
        return Ok(show_drift(&drift, arguments.json));
    }
    let written = write::apply_all(&trees).context("cannot write what is generated")?;
    show_written(&written, contract, began);
    Ok(ExitCode::SUCCESS)
}

fn show_drift(drift: &[Drift], json: bool) -> ExitCode {
    if json {
        let items: Vec<_> = drift
            .iter()
            .map(|item| serde_json::json!({ "path": item.path, "drift": item.kind }))
            .collect();
        println!(
            "{}",
            serde_json::json!({ "upToDate": drift.is_empty(), "files": items })
        );
    } else if drift.is_empty() {
        println!("up to date");
    } else {
        for item in drift {
            eprintln!("{}: {}", item.path, item.kind);
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

fn show_written(written: &[Drift], contract: &Contract, began: Instant) {
    for item in written {
        let done = match item.kind {
            write::DriftKind::Changed | write::DriftKind::Missing => "wrote",
            write::DriftKind::Stale => "removed",
            write::DriftKind::Unexpected => "left alone, was not generated:",
        };
        println!("{done} {}", item.path);
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
