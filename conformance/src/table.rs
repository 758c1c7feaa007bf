//! The outcomes as a table for people.

use std::fmt::Write as _;

use super::{Counts, Summary};

/// One line per keyword and one in total.
#[must_use]
pub fn table(summary: &Summary) -> String {
    let width = summary
        .keywords
        .iter()
        .map(|counts| counts.keyword.len())
        .max()
        .unwrap_or(0)
        .max("keyword".len());
    let mut text = format!(
        "{:width$}  {:>6}  {:>6}  {:>9}  {:>9}  {:>8}  {:>8}  {:>8}\n",
        "keyword", "tests", "right", "wrongly", "wrongly", "refused", "written", "written"
    );
    let _ = writeln!(
        text,
        "{:width$}  {:>6}  {:>6}  {:>9}  {:>9}  {:>8}  {:>8}  {:>8}",
        "", "", "", "accepted", "rejected", "", "less", "other"
    );
    for counts in &summary.keywords {
        line(&mut text, counts, width);
    }
    line(&mut text, &summary.total, width);
    text
}

fn line(text: &mut String, counts: &Counts, width: usize) {
    // Zeros are left out, so that what is wrong is seen.
    let shown = |count: usize| match count {
        0 => "-".to_owned(),
        count => count.to_string(),
    };
    let _ = writeln!(
        text,
        "{:width$}  {:>6}  {:>6}  {:>9}  {:>9}  {:>8}  {:>8}  {:>8}",
        counts.keyword,
        counts.tests(),
        counts.right,
        shown(counts.wrongly_accepted),
        shown(counts.wrongly_rejected),
        shown(counts.refused),
        shown(counts.written_less),
        shown(counts.written_otherwise),
    );
}
