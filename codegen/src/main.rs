//! `codegen`: writes the events crate from the contract, or says what is wrong with either.

mod cli;

use std::process::ExitCode;

use clap::Parser as _;

/// Code is put together of many small texts, on several threads: with the system's allocator that takes a quarter more time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Room for contracts as deeply nested as their parser allows; what is not used of it costs nothing.
const STACK_BYTES: usize = 256 << 20;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let work = std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || cli.run());
    // A panic has been printed where it happened.
    let done = match work.map(std::thread::JoinHandle::join) {
        Ok(Ok(done)) => done,
        Ok(Err(_)) => return ExitCode::from(101),
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
