//! The command line.

mod breaking;
mod completions;
mod explain;
mod generate;
mod lint;
mod new;
mod watch;

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use codegen::check;
use codegen::diagnostics::Report;
use codegen::load::Workspace;
use codegen::model::{self, Contract};

const EXAMPLES: &str = "\
Examples:
  codegen                      after a change of the contract or a schema
  codegen --check              in CI: fails, and names the files, on any drift
  codegen watch                while you edit
  codegen new event shipment.created --sent-by shipping --received-by email";

/// Writes the events crate, its catalogue and the broker's permissions from asyncapi.yaml.
///
/// Without a command: reads the contract, says what is wrong with it, and brings the generated files in line.
///
/// Exit codes: 0 all well; 1 the contract has errors, --check found drift, or what was asked for was refused; 2 the
/// command line is wrong, or a file cannot be read or written.
#[derive(Debug, Parser)]
#[command(name = "codegen", version, args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    generate: generate::Arguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say what is wrong with the contract, and write nothing
    Lint(lint::Arguments),
    /// Say what a code of a finding means, with an example of it and how to mend that
    Explain(explain::Arguments),
    /// Add an event to the contract
    New(new::Arguments),
    /// Generate anew on every save, and show what is wrong, until Ctrl-C
    Watch(watch::Arguments),
    /// Print what a shell needs to complete this command line
    Completions(completions::Arguments),
    /// Say what the contract's changes would break
    Breaking(breaking::Arguments),
}

/// Which contract.
#[derive(Debug, clap::Args)]
struct Source {
    /// The contract. Without it: the nearest asyncapi.yaml from here upwards
    #[arg(long, value_name = "FILE")]
    contract: Option<PathBuf>,
}

impl Cli {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        match &self.command {
            None => generate::run(&self.generate),
            Some(Command::Lint(arguments)) => lint::run(arguments),
            Some(Command::Explain(arguments)) => explain::run(arguments),
            Some(Command::New(arguments)) => new::run(arguments),
            Some(Command::Watch(arguments)) => watch::run(arguments),
            Some(Command::Completions(arguments)) => completions::run(arguments),
            Some(Command::Breaking(arguments)) => breaking::run(arguments),
        }
    }
}

/// A contract that has been read and checked.
struct Read {
    workspace: Workspace,
    contract: Contract,
    report: Report,
}

impl Source {
    /// Reads and checks the contract.
    fn read(&self) -> anyhow::Result<Read> {
        let path = self.path()?;
        let mut report = Report::default();
        let workspace = Workspace::load(&path, &mut report)
            .with_context(|| format!("cannot read the contract {}", path.display()))?;
        let contract = model::read(&workspace, &mut report);
        check::check(&contract, &workspace, &mut report);
        Ok(Read {
            workspace,
            contract,
            report,
        })
    }

    fn path(&self) -> anyhow::Result<PathBuf> {
        match &self.contract {
            Some(path) => Ok(path.clone()),
            None => nearest(&std::env::current_dir()?),
        }
    }
}

impl Read {
    /// Shows what was found on the terminal; `outcome` is what became of it.
    fn show(&self, outcome: &str) {
        let color = std::io::stderr().is_terminal();
        eprint!("{}", self.report.render(&self.workspace, color));
        eprintln!("{}{outcome}", self.report.summary());
        if let Some(hint) = self.report.hint() {
            eprintln!("{hint}");
        }
    }
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
