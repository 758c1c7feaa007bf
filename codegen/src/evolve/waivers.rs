//! Findings that are known and accepted for a time: `events/waivers.yaml`.

use std::collections::HashSet;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::json;
use serde_saphyr::Spanned;

use super::gate::Outcome;
use super::item::{Category, Item};

/// Why the waivers could not be read.
#[derive(Debug, thiserror::Error)]
pub enum WaiverError {
    /// The file is there and cannot be read.
    #[error("cannot read {path}: {error}")]
    Io {
        /// Which file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// The file is no list of waivers.
    #[error(
        "{path} cannot be read: {message}; each of `waivers` has `fingerprint`, `reason`, `owner` and `expires: YYYY-MM-DD`"
    )]
    Malformed {
        /// Which file.
        path: String,
        /// What is wrong with it.
        message: String,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    waivers: Vec<Waiver>,
}

/// One accepted finding.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Waiver {
    /// The finding's.
    fingerprint: Spanned<String>,
    /// Why it is accepted.
    reason: String,
    /// Who answers for it.
    owner: String,
    /// The last day on which it holds.
    expires: String,
}

/// A day as it is written: its order is that of time.
pub type Day = (i64, u32, u32);

/// Takes waived findings out of `outcome`; a waiver that is expired, or waives nothing, becomes a finding. Returns how
/// many were waived. A file that is not there waives nothing.
///
/// # Errors
///
/// Where the file cannot be read.
pub fn apply(outcome: &mut Outcome, path: &Path, today: Day) -> Result<usize, WaiverError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
        Err(error) => {
            let path = path.display().to_string();
            return Err(WaiverError::Io { path, error });
        }
    };
    let root = outcome.workspace.root();
    let shown = path
        .strip_prefix(root)
        .unwrap_or(path)
        .display()
        .to_string();
    let malformed = |message: String| WaiverError::Malformed {
        path: shown.clone(),
        message,
    };
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    let file: File = serde_saphyr::from_str_with_options(&text, options).map_err(|error| {
        malformed(
            error
                .to_string()
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned(),
        )
    })?;
    let mut waived = 0;
    let mut used: HashSet<String> = HashSet::new();
    let mut found = Vec::new();
    for waiver in file.waivers {
        let fingerprint = waiver.fingerprint.value.as_str();
        let line = waiver.fingerprint.defined.line();
        let end = day(&waiver.expires)
            .ok_or_else(|| malformed(format!("line {line}: `{}` is no day", waiver.expires)))?;
        for (what, text) in [("reason", &waiver.reason), ("owner", &waiver.owner)] {
            if text.trim().is_empty() {
                return Err(malformed(format!("line {line}: the {what} is empty")));
            }
        }
        let known = outcome
            .items
            .iter()
            .any(|item| item.fingerprint == fingerprint);
        let (rule, message, mend) = if used.contains(fingerprint) {
            (
                "waiver-duplicated",
                format!(
                    "the waiver {fingerprint} of {} is there twice",
                    waiver.owner
                ),
                "delete one of them",
            )
        } else if !known {
            (
                "waiver-unused",
                format!(
                    "the waiver {fingerprint} of {} waives nothing",
                    waiver.owner
                ),
                "delete it",
            )
        } else if today > end {
            (
                "waiver-expired",
                format!(
                    "the waiver {fingerprint} of {} expired on {} ({})",
                    waiver.owner, waiver.expires, waiver.reason
                ),
                "mend what it waived, or decide anew until when it holds",
            )
        } else {
            outcome.items.retain(|item| item.fingerprint != fingerprint);
            used.insert(fingerprint.to_owned());
            waived += 1;
            continue;
        };
        let item = Item {
            category: Category::Waiver,
            rule: rule.to_owned(),
            direction: None,
            breaks: true,
            subject: fingerprint.to_owned(),
            file: shown.clone(),
            line: usize::try_from(line).unwrap_or(1),
            column: usize::try_from(waiver.fingerprint.defined.column()).unwrap_or(1),
            path: String::new(),
            message,
            mend: mend.to_owned(),
            counterexample: None,
            against: outcome.base.clone(),
            fingerprint: String::new(),
        };
        found.push(item.sealed(&json!(fingerprint)));
    }
    outcome.items.extend(found);
    Ok(waived)
}

/// `YYYY-MM-DD`.
fn day(text: &str) -> Option<Day> {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return None;
    };
    let (month, day): (u32, u32) = (month.parse().ok()?, day.parse().ok()?);
    let number: i64 = year.parse().ok()?;
    let leap = number % 4 == 0 && (number % 100 != 0 || number % 400 == 0);
    let last = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let valid = year.len() == 4 && (1..=12).contains(&month) && (1..=last).contains(&day);
    valid.then_some((number, month, day))
}

/// This day, in UTC.
#[must_use]
pub fn today() -> Day {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let days = since.map_or(0, |since| since.as_secs() / 86_400);
    civil(i64::try_from(days).unwrap_or(0))
}

/// The day that is so many days after 1970-01-01, of the Gregorian calendar counted in eras of 400 years from March.
fn civil(days: i64) -> Day {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (
        year,
        u32::try_from(month).unwrap_or(1),
        u32::try_from(day).unwrap_or(1),
    )
}

#[cfg(test)]
mod tests {
    use super::{civil, day};

    #[test]
    fn days_are_counted_through_leap_years() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(20_454), (2026, 1, 1));
        assert!(day("2026-01-31") < day("2026-02-01"));
        assert_eq!(day("soon"), None);
        assert_eq!(day("2026-13-01"), None);
        assert_eq!(day("2026-02-29"), None);
        assert_eq!(day("2028-02-29"), Some((2028, 2, 29)));
    }
}
