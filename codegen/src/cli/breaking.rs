//! `codegen breaking`: whether the contract still understands, and is understood by, every version that was published.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use codegen::evolve::{self, Category, Options, output, waivers};

use super::Source;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
A waiver accepts one finding for a time; an unused or expired one fails:
  waivers:
    - { fingerprint: 605c7a41412286c5, reason: nobody reads notes, owner: orders, expires: 2026-12-31 }

Exit codes: 0 nothing breaks; 1 something does; 2 the command line is wrong, or a contract cannot be read; 3 nothing is \
known to break, but something could not be decided.")]
pub(super) struct Arguments {
    /// What to compare with: a commit, branch or tag, or a folder that holds a contract of the same file name. Without
    /// it: where this branch left main; on main, or where there is none, the last tag, or else the last commit
    #[arg(long, value_name = "GIT REF | FOLDER")]
    against: Option<String>,
    /// Which published versions count: all of the history up to --against and what main has since, or that one alone
    #[arg(long, value_enum, default_value_t = History::All)]
    history: History,
    /// The oldest commit, branch or tag that counts as published
    #[arg(long, value_name = "GIT REF")]
    since: Option<String>,
    /// Only these kinds of findings; without it all
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND")]
    only: Vec<Only>,
    /// Findings that are accepted for a time. Without it: events/waivers.yaml beside the contract
    #[arg(long, value_name = "FILE")]
    waivers: Option<PathBuf>,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    source: Source,
}

#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
enum History {
    /// Every published version
    All,
    /// The one version that --against names
    Base,
}

#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
enum Only {
    /// Events that cannot be read
    Wire,
    /// Code against the generated types that does not compile
    Source,
    /// Addresses, channels, operations and streams that others rely on
    Topology,
}

impl Only {
    fn category(self) -> Category {
        match self {
            Self::Wire => Category::Wire,
            Self::Source => Category::Source,
            Self::Topology => Category::Topology,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For scripts
    Json,
    /// Annotations of a GitHub workflow
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let options = Options {
        contract: arguments.source.path()?,
        against: arguments.against.clone(),
        history: arguments.history == History::All,
        since: arguments.since.clone(),
    };
    let mut outcome = evolve::check(&options).context("nothing was compared")?;
    let file = arguments
        .waivers
        .clone()
        .unwrap_or_else(|| outcome.workspace.root().join("events/waivers.yaml"));
    let waived = waivers::apply(&mut outcome, &file, waivers::today())?;
    if waived > 0 {
        outcome
            .notes
            .push(format!("{waived} waived in {}", file.display()));
    }
    // A waiver of something that is not asked for is still used, so this comes last.
    if !arguments.only.is_empty() {
        outcome.items.retain(|item| {
            item.category == Category::Waiver
                || arguments
                    .only
                    .iter()
                    .any(|only| only.category() == item.category)
        });
    }
    match arguments.format {
        Format::Text => print!("{}", output::text(&outcome)),
        Format::Json => print!("{}", output::json(&outcome)),
        Format::Github => print!("{}", output::github(&outcome)),
        Format::Sarif => print!("{}", output::sarif(&outcome)),
    }
    for note in &outcome.notes {
        eprintln!("note: {note}");
    }
    let summary = output::summary(&outcome);
    if arguments.format == Format::Text && outcome.items.is_empty() {
        println!("{summary}");
    } else {
        eprintln!("{summary}");
    }
    Ok(match (outcome.breaks(), outcome.items.is_empty()) {
        (true, _) => ExitCode::from(1),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::from(3),
    })
}
