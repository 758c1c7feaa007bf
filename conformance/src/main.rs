//! `conformance`: how the generated types fare in the JSON Schema Test Suite.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use codegen::load::Formats;
use conformance::{Draft, Mistake, Options, Summary, Workplace};

/// Holds the types that codegen writes against a checkout of the official JSON-Schema-Test-Suite.
///
/// Every schema of the suite becomes a type, all types are compiled once, and every document goes the way of a received
/// event's data. Exit codes: 0 nothing is wrong; 1 something is; 2 it could not be found out.
#[derive(Debug, Parser)]
#[command(name = "conformance", version)]
struct Cli {
    /// The checkout, with its folders `tests` and `remotes`
    suite: PathBuf,
    /// Which draft
    #[arg(long, value_enum, default_value = "2020-12")]
    draft: DraftName,
    /// Only the files of this name, as in `anyOf`
    #[arg(long, value_name = "NAME")]
    keyword: Vec<String>,
    /// The optional tests instead of the required ones
    #[arg(long)]
    optional: bool,
    /// Write the generated crate here, to be read afterwards
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum DraftName {
    #[value(name = "2020-12")]
    Draft202012,
    #[value(name = "7")]
    Draft7,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(&cli) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("conformance: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<bool> {
    let draft = match cli.draft {
        DraftName::Draft202012 => Draft::Draft202012,
        DraftName::Draft7 => Draft::Draft7,
    };
    let mut groups = conformance::groups(&cli.suite, draft, cli.optional)?;
    if !cli.keyword.is_empty() {
        groups.retain(|group| cli.keyword.contains(&group.keyword));
    }
    anyhow::ensure!(!groups.is_empty(), "no tests of that name");
    let remotes = conformance::remotes(&cli.suite, draft)?;
    let options = Options {
        draft,
        // The required tests take `format` for an annotation, the optional ones assert it.
        formats: if cli.optional {
            Formats::Asserted
        } else {
            Formats::Annotated
        },
    };
    let workplace = Workplace::new(cli.keep.as_deref(), draft.folder())?;
    let bar = indicatif::ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(100));
    let summary = conformance::run(&groups, &remotes, options, &workplace, &|step| {
        bar.set_message(format!("{step} ({} schemas)", groups.len()));
    })?;
    bar.finish_and_clear();
    if cli.json {
        println!("{}", serde_json::to_string_pretty(&summary)?);
    } else {
        show(&summary, &workplace);
    }
    Ok(summary.all_right())
}

fn show(summary: &Summary, workplace: &Workplace) {
    for (what, mistakes) in [
        ("refused", &summary.refused),
        ("wrong", &summary.mistakes),
        ("written back as another value", &summary.rewritten),
    ] {
        for mistake in mistakes {
            println!("{what}: {}", shown(mistake));
        }
    }
    print!("{}", conformance::table(summary));
    println!(
        "refused: {:.1} %; {} of {} types need no compiled schema",
        summary.total.refused_percent(),
        summary.inline,
        summary.types
    );
    if std::io::stdout().is_terminal() {
        println!("the generated crate is in {}", workplace.folder().display());
    }
}

fn shown(mistake: &Mistake) -> String {
    let Mistake {
        module,
        group,
        test,
        said,
        ..
    } = mistake;
    format!(
        "{module}: {group}: {test}\n    {}",
        said.trim_end().replace('\n', "\n    ")
    )
}
