//! Counting with valgrind, and the numbers that are checked in.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use futures::StreamExt;

use super::{SCENARIOS, order, ours};

/// A change of more than this many percent fails, either way: who makes it cheaper writes that down.
const PERCENT: f64 = 5.0;

/// What one message takes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Counts {
    instructions: f64,
    allocations: f64,
}

/// Counts all scenarios and compares, or writes the numbers anew.
pub(crate) fn gate(update: bool) -> ExitCode {
    let version = Command::new("valgrind").arg("--version").output();
    if !version.is_ok_and(|output| output.status.success()) {
        eprintln!(
            "NOT RUN: valgrind is not on PATH, so nothing was counted and nothing has been held. Install valgrind to count."
        );
        // Where the machine must have it, that is a failure.
        let required = std::env::var_os("REQUIRE_VALGRIND").is_some_and(|value| !value.is_empty());
        return ExitCode::from(if required { 2 } else { 0 });
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let broker = runtime.block_on(dev::Broker::start()).unwrap();
    let url = broker.url().as_str().to_owned();
    let known = read();
    let mut found = BTreeMap::new();
    let mut changed = false;
    println!(
        "{:<26} {:>14} {:>14}",
        "per message", "instructions", "allocations"
    );
    for (scenario, few, many) in SCENARIOS {
        let take = |count| {
            if scenario == "whole" {
                runtime.block_on(fill(&url, count));
            }
            measure(scenario, count, &url)
        };
        let (few, many, messages) = (take(few), take(many), (many - few) as f64);
        let counts = Counts {
            instructions: ((many.instructions - few.instructions) / messages).round(),
            allocations: ((many.allocations - few.allocations) / messages * 10.0).round() / 10.0,
        };
        let verdict = compare(counts, known.get(scenario).copied());
        changed |= verdict.is_some();
        println!(
            "{scenario:<26} {:>14} {:>14}  {}",
            counts.instructions,
            counts.allocations,
            verdict.unwrap_or_default()
        );
        found.insert(scenario, counts);
    }
    if update {
        write(&found);
    } else if changed {
        eprintln!(
            "error: more than {PERCENT}% off runtime/benches/receive/counts.txt; where that is meant, `just bench-receive --update` and the reason in the commit"
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// What differs from the numbers that are checked in.
fn compare(found: Counts, known: Option<Counts>) -> Option<String> {
    let Some(known) = known else {
        return Some("not in counts.txt".to_owned());
    };
    let mut text = String::new();
    for (name, found, known) in [
        ("instructions", found.instructions, known.instructions),
        ("allocations", found.allocations, known.allocations),
    ] {
        // Less than one allocation is the growth of some buffer.
        let off = (found - known).abs();
        if off > known * PERCENT / 100.0 && off >= 1.0 {
            let _ = write!(
                text,
                " {name} {:+.1}% from {known}",
                (found / known - 1.0) * 100.0
            );
        }
    }
    (!text.is_empty()).then_some(text)
}

/// A stream with so many events, and no consumer yet.
async fn fill(url: &str, count: u64) {
    let client = async_nats::connect(url).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    ours::provision(&jetstream).await;
    let send = |number| {
        let event = order::Envelope::example(number);
        let body = serde_json::to_vec(&event).unwrap();
        let subject = format!("bench.order.v1.{}", event.data.order_id);
        let jetstream = jetstream.clone();
        async move {
            let sent = jetstream.publish(subject, body.into()).await.unwrap();
            sent.await.unwrap();
        }
    };
    futures::stream::iter((0..count).map(send))
        .buffer_unordered(256)
        .collect::<()>()
        .await;
}

fn measure(scenario: &str, count: u64, url: &str) -> Counts {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let text = under(
        "callgrind",
        "--callgrind-out-file",
        &out,
        scenario,
        count,
        url,
    );
    let instructions = number_after(&text, "Collected : ");
    if scenario == "whole" {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(fill(url, count));
    }
    let text = under("dhat", "--dhat-out-file", &out, scenario, count, url);
    let total = text.lines().find(|line| line.contains("Total:"));
    let allocations = number_after(total.unwrap_or_default(), " bytes in ");
    Counts {
        instructions,
        allocations,
    }
}

fn under(tool: &str, out: &str, file: &Path, scenario: &str, count: u64, url: &str) -> String {
    let output = Command::new("valgrind")
        .arg(format!("--tool={tool}"))
        .arg(format!("{out}={}", file.display()))
        .arg(std::env::current_exe().unwrap())
        .args(["once", scenario, &count.to_string(), url])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{scenario} under {tool}: {text}");
    text
}

fn number_after(text: &str, mark: &str) -> f64 {
    let after = text.split(mark).nth(1).unwrap_or_default();
    let digits: String = after
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == ',')
        .filter(char::is_ascii_digit)
        .collect();
    digits
        .parse()
        .unwrap_or_else(|_| panic!("no number after {mark:?} in {text}"))
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/receive/counts.txt")
}

fn read() -> BTreeMap<String, Counts> {
    let text = std::fs::read_to_string(file()).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let counts = lines.filter_map(|line| {
        let mut parts = line.split_whitespace();
        Some((
            parts.next()?.to_owned(),
            Counts {
                instructions: parts.next()?.parse().ok()?,
                allocations: parts.next()?.parse().ok()?,
            },
        ))
    });
    counts.collect()
}

fn write(found: &BTreeMap<&str, Counts>) {
    let mut text = String::from(
        "# Instructions and allocations per message, by scenario: `just bench-receive --update` writes them, with valgrind.\n",
    );
    for (scenario, counts) in found {
        let _ = writeln!(
            text,
            "{scenario} {} {}",
            counts.instructions, counts.allocations
        );
    }
    std::fs::write(file(), text).unwrap();
}
