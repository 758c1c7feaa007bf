//! `codegen lint`: what is wrong with the contract.

use std::process::ExitCode;

use super::Source;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
    /// Exit 1 also where there are warnings only
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    source: Source,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let read = arguments.source.read()?;
    if arguments.json {
        println!("{}", read.report.to_json(&read.workspace));
    } else if read.report.is_empty() {
        println!("no findings");
    } else {
        read.show("");
    }
    let failed = read.report.has_errors() || (arguments.strict && !read.report.is_empty());
    Ok(ExitCode::from(u8::from(failed)))
}
