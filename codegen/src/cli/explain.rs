//! `codegen explain`: what a code means.

use std::io::Write as _;
use std::process::ExitCode;

use codegen::diagnostics::Code;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A code as findings show it, as in JW013. Without it: all codes
    code: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let text = match &arguments.code {
        Some(text) => match Code::find(text) {
            Some(code) => code.page().to_owned(),
            None => {
                anyhow::bail!("there is no code `{text}`; `codegen explain` alone lists them all")
            }
        },
        None => Code::all()
            .iter()
            .map(|code| format!("{code}  {}\n", code.title()))
            .collect(),
    };
    match std::io::stdout().write_all(text.as_bytes()) {
        // A pager that was closed has seen enough.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}
