//! How long codegen takes for large contracts, and how many instructions.
//!
//! `just bench-codegen`, or `cargo bench -p codegen --bench contract -- [instructions | time | once FOLDER | fresh FOLDER |
//! write FOLDER EVENTS | standalone FOLDER EVENTS]`; the last four are for scripts. What is done is what the program does:
//! every folder that it writes is written, or compared. Times are printed for people, for all of that and for the Rust
//! alone; what is gated is the number of instructions that valgrind counts, which is nearly the same on every machine and
//! in every run.

#![allow(clippy::unwrap_used, missing_docs)]

mod instructions;
mod synthetic;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use codegen::diagnostics::Report;
use codegen::load::Workspace;
use codegen::render::Tree;
use codegen::{check, model, render, write};

/// The one of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Where the Rust code goes.
const CODE: &str = "events/src/generated";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => {
            times();
            if instructions::can_be_counted() {
                return instructions::gate();
            }
            println!("valgrind is not on PATH: instructions were not counted");
            ExitCode::SUCCESS
        }
        ["time"] => {
            times();
            ExitCode::SUCCESS
        }
        ["instructions"] => instructions::gate(),
        ["once", folder] => {
            run(Path::new(folder), Output::All);
            ExitCode::SUCCESS
        }
        ["fresh", folder] => {
            clear(Path::new(folder));
            let run = run(Path::new(folder), Output::Code);
            println!("{} {}", run.total().as_millis(), run.lines);
            ExitCode::SUCCESS
        }
        ["standalone", folder, events] => {
            synthetic::standalone(Path::new(folder), events.parse().unwrap()).unwrap();
            ExitCode::SUCCESS
        }
        ["write", folder, events] => {
            synthetic::write(Path::new(folder), events.parse().unwrap()).unwrap();
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("unknown: {arguments:?}; see the head of codegen/benches/contract/main.rs");
            ExitCode::from(2)
        }
    }
}

/// What one run took, part by part.
#[derive(Clone, Copy)]
struct Run {
    load: Duration,
    check: Duration,
    render: Duration,
    write: Duration,
    written: usize,
    lines: usize,
}

impl Run {
    fn total(&self) -> Duration {
        self.load + self.check + self.render + self.write
    }
}

/// How much of what the program writes.
#[derive(Clone, Copy, PartialEq)]
enum Output {
    /// Every folder: the Rust code, the catalogue, the services' documents, the schema for editors, the permissions.
    All,
    /// The Rust code alone, which is what other generators write.
    Code,
}

/// Load, check, render and write, as the program does.
fn run(folder: &Path, output: Output) -> Run {
    let began = Instant::now();
    let mut report = Report::default();
    let workspace = Workspace::load(&folder.join("asyncapi.yaml"), &mut report).unwrap();
    let loaded = Instant::now();
    let contract = model::read(&workspace, &mut report);
    check::check(&contract, &workspace, &mut report);
    assert!(!report.has_errors(), "{}", report.render(&workspace, false));
    let checked = Instant::now();
    let mut trees = match output {
        Output::All => render::trees(&contract, &workspace).unwrap(),
        Output::Code => vec![Tree {
            folder: CODE.into(),
            files: render::render(&contract).unwrap(),
        }],
    };
    for tree in &mut trees {
        tree.folder = workspace.root().join(&tree.folder);
    }
    let rendered = Instant::now();
    let written = write::apply_all(&trees).unwrap();
    let done = Instant::now();
    let mut files = trees.iter().flat_map(|tree| &tree.files);
    let event_file = files.find(|file| file.path.starts_with("order_0"));
    Run {
        load: loaded - began,
        check: checked - loaded,
        render: rendered - checked,
        write: done - rendered,
        written: written.len(),
        lines: event_file.map_or(0, |file| file.text.lines().count()),
    }
}

/// Takes away all that was generated.
fn clear(folder: &Path) {
    for generated in ["events/src", "docs", "deploy"] {
        let _ = std::fs::remove_dir_all(folder.join(generated));
    }
}

/// The fastest of some runs: the others were disturbed.
fn fastest(runs: usize, mut run: impl FnMut() -> Run) -> Run {
    let mut runs: Vec<Run> = (0..runs).map(|_| run()).collect();
    runs.sort_by_key(Run::total);
    runs[0]
}

fn times() {
    println!(
        "{:>7} events {:>10} {:>9} {:>9} {:>9} {:>9} {:>9}   written",
        "", "", "load", "check", "render", "write", "total"
    );
    for (events, runs) in [(100, 5), (1_000, 10), (10_000, 3)] {
        let folder = tempfile::tempdir().unwrap();
        synthetic::write(folder.path(), events).unwrap();
        let mut lines = 0;
        for (output, what) in [(Output::Code, "Rust alone"), (Output::All, "all")] {
            let fresh = fastest(runs, || {
                clear(folder.path());
                run(folder.path(), output)
            });
            show(events, what, &fresh);
            let again = fastest(runs, || run(folder.path(), output));
            assert_eq!(again.written, 0, "nothing has changed");
            show(events, what, &again);
            lines = fresh.lines;
        }
        println!("{lines:>7} lines of Rust per event");
    }
}

fn show(events: usize, what: &str, run: &Run) {
    let millis = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    println!(
        "{events:>7}        {what:>10} {:>9} {:>9} {:>9} {:>9} {:>9}   {}",
        millis(run.load),
        millis(run.check),
        millis(run.render),
        millis(run.write),
        millis(run.total()),
        run.written
    );
}
