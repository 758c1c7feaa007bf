//! `codegen watch`: generates anew on every save.
//!
//! It looks at the time and size of each file of the contract, many times a second: that needs nothing of the system,
//! works in containers and on network file systems, and costs less than it sounds (a contract of a thousand files takes
//! two milliseconds to look at).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use codegen::diagnostics::Report;
use codegen::load::Workspace;

use super::{Source, generate};

/// How long to wait before looking again, at least.
const PAUSE: Duration = Duration::from_millis(10);

/// A look may take this part of the time: a large contract is looked at less often.
const SHARE: u32 = 10;

/// How much older than the clock the time of a save may be.
const GRAIN: Duration = Duration::from_millis(20);

const NOTES: &str = "\
Saves that come close together count as one. A file that is saved half-written
is an error like any other, shown until it is whole. Ctrl-C ends it, with exit
code 0.";

#[derive(Debug, clap::Args)]
#[command(after_help = NOTES)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Where to write the Rust code. Without it: events/src/generated beside the contract
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// When a file was changed and how long it is; `None` where it is not there.
type Mark = Option<(SystemTime, u64)>;

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let ended = Arc::new(AtomicBool::new(false));
    for signal in signal_hook::consts::TERM_SIGNALS {
        signal_hook::flag::register(*signal, Arc::clone(&ended))?;
    }
    let contract = arguments.source.path()?;
    let mut watched = marks(files(&contract));
    while !ended.load(Ordering::Relaxed) {
        clear();
        let began = SystemTime::now() - GRAIN;
        // What is saved while this runs differs from the marks, which are older, and makes it run again.
        if let Err(error) = generate::run(&arguments.generate(&contract)) {
            eprintln!("error: {error:#}");
        }
        println!("waiting for changes");
        std::io::stdout().flush()?;
        for (path, mark) in marks(files(&contract)) {
            // Of a file that is known only since this ran, what was saved after it was read has no older mark to differ from.
            let late = mark.is_some_and(|(saved, _)| saved >= began);
            watched.entry(path).or_insert(mark.filter(|_| !late));
        }
        watched = changed(watched, &ended);
    }
    println!("ended");
    Ok(ExitCode::SUCCESS)
}

impl Arguments {
    fn generate(&self, contract: &Path) -> generate::Arguments {
        generate::Arguments {
            check: false,
            json: false,
            source: Source {
                contract: Some(contract.to_path_buf()),
            },
            out: self.out.clone(),
        }
    }
}

/// Waits until something differs from `known` and has stayed as it is for a look, and returns the new marks.
fn changed(known: BTreeMap<PathBuf, Mark>, ended: &AtomicBool) -> BTreeMap<PathBuf, Mark> {
    let mut before = known.clone();
    while !ended.load(Ordering::Relaxed) {
        let began = Instant::now();
        let now = marks(before.keys().cloned());
        if now != known && now == before {
            return now;
        }
        before = now;
        std::thread::sleep(PAUSE.max(began.elapsed() * SHARE));
    }
    before
}

fn marks(paths: impl IntoIterator<Item = PathBuf>) -> BTreeMap<PathBuf, Mark> {
    let mark = |path: &Path| -> Mark {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    paths
        .into_iter()
        .map(|path| {
            let mark = mark(&path);
            (path, mark)
        })
        .collect()
}

/// The files of the contract, and their folders, in which others may come to be.
fn files(contract: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::from([contract.to_path_buf()]);
    if let Ok(workspace) = Workspace::load(contract, &mut Report::default()) {
        for file in workspace.files().iter().skip(1) {
            let path = workspace.root().join(&file.path);
            found.extend(path.parent().map(Path::to_path_buf));
            found.insert(path);
        }
        let examples = workspace.root().join("events/examples");
        found.extend([workspace.root().join("events/schemas"), examples]);
    }
    found
}

/// Empties the terminal, so that what is shown is what holds now.
fn clear() {
    if std::io::stdout().is_terminal() {
        print!("\x1b[2J\x1b[3J\x1b[H");
    }
}
