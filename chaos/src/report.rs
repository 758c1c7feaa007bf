//! What a run has shown: a table for people, lines of JSON for scripts.

use serde::Serialize;

use crate::account::{Account, Promise};
use crate::run::Run;

/// The outcome of one run.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) row: u64,
    pub(crate) seed: u64,
    pub(crate) fault: &'static str,
    /// What was left out, in a control.
    pub(crate) without: Option<&'static str>,
    /// The promise that must break without it.
    pub(crate) must_break: Option<&'static str>,
    pub(crate) seconds: f64,
    #[serde(flatten)]
    pub(crate) account: Account,
    pub(crate) promises: Vec<Promise>,
    pub(crate) notes: Vec<String>,
    pub(crate) timeline: Option<String>,
    /// Where logs and journals are, of a run that broke a promise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kept: Option<String>,
}

impl Finding {
    pub(crate) fn new(run: &Run, account: Account, promises: Vec<Promise>, seconds: f64) -> Self {
        Self {
            row: run.row.number,
            seed: run.seed,
            fault: run.row.fault,
            without: run.control.map(|control| control.without),
            must_break: run.control.map(|control| control.breaks),
            seconds,
            account,
            promises,
            notes: Vec::new(),
            timeline: None,
            kept: None,
        }
    }

    pub(crate) fn broken(&self) -> impl Iterator<Item = &Promise> {
        self.promises.iter().filter(|promise| !promise.kept)
    }

    /// Whether all promises were kept.
    pub(crate) fn holds(&self) -> bool {
        self.broken().next().is_none()
    }

    /// Whether a control has broken what it must.
    pub(crate) fn control_broke(&self) -> bool {
        self.must_break
            .is_some_and(|must| self.broken().any(|promise| promise.promise == must))
    }

    /// What came of it, in a sentence.
    pub(crate) fn verdict(&self) -> String {
        let broken: Vec<String> = self
            .broken()
            .map(|promise| format!("\"{}\" is broken: {}", promise.promise, promise.seen))
            .collect();
        let row = format!("row {} (seed {})", self.row, self.seed);
        match (self.without, self.must_break) {
            (Some(without), Some(_)) if self.control_broke() => {
                format!(
                    "{row} without `{without}` fails, as it must: {}",
                    broken.join("; ")
                )
            }
            (Some(without), Some(must)) => format!(
                "{row} without `{without}` passes: this run could not have noticed that \"{must}\" is broken{}",
                if broken.is_empty() {
                    String::new()
                } else {
                    format!(" (but {})", broken.join("; "))
                }
            ),
            _ if self.holds() => format!("{row} holds"),
            _ => format!("{row} fails: {}", broken.join("; ")),
        }
    }
}

const HEAD: [&str; 13] = [
    "row",
    "seed",
    "attempted",
    "acked",
    "applied",
    "lost",
    "unexp.",
    "twice",
    "dead",
    "resume s",
    "gap s",
    "MiB",
    "acked/s",
];

/// All findings as a table.
pub(crate) fn table(findings: &[Finding]) -> String {
    let mut lines = vec![HEAD.map(ToOwned::to_owned).to_vec()];
    lines.extend(findings.iter().map(cells));
    let widths: Vec<usize> = (0..HEAD.len())
        .map(|column| {
            lines
                .iter()
                .map(|line| line[column].len())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for (nth, line) in lines.iter().enumerate() {
        let cells: Vec<String> = line
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:>width$}"))
            .collect();
        text.push_str(&cells.join("  "));
        if let Some(finding) = nth.checked_sub(1).map(|nth| &findings[nth]) {
            text.push_str("  ");
            text.push_str(mark(finding));
        }
        text.push('\n');
    }
    text
}

fn mark(finding: &Finding) -> &'static str {
    match (finding.must_break, finding.control_broke(), finding.holds()) {
        (Some(_), true, _) => "breaks, as it must",
        (Some(_), false, _) => "PASSES WITHOUT",
        (None, _, true) => "holds",
        (None, _, false) => "BROKEN",
    }
}

fn cells(finding: &Finding) -> Vec<String> {
    let account = &finding.account;
    let row = match finding.without {
        Some(without) => format!("{} -{without}", finding.row),
        None => finding.row.to_string(),
    };
    let rate = match account.wanted_rate {
        0 => account.achieved_rate.to_string(),
        wanted => format!("{} of {wanted}", account.achieved_rate),
    };
    vec![
        row,
        finding.seed.to_string(),
        account.attempted.to_string(),
        account.acknowledged.to_string(),
        account.applied.to_string(),
        account.lost.to_string(),
        account.unexpected.to_string(),
        account.duplicates.to_string(),
        account.dead_letters.to_string(),
        account
            .resume
            .map_or_else(|| "-".to_owned(), |seconds| format!("{seconds:.1}")),
        format!("{:.1}", account.longest_gap),
        format!("{:.0}", account.peak_mib),
        rate,
    ]
}
