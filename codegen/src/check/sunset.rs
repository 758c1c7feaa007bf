//! Versions that should be gone: `x-sunset: YYYY-MM-DD` on a channel or a message.
//!
//! It never is an error: a build of unchanged sources must not fail because a day has passed.

use std::time::{Duration, SystemTime};

use crate::diagnostics::{Code, Diagnostic, Report};
use crate::model::Contract;

pub(super) fn check(contract: &Contract, today: &str, report: &mut Report) {
    for event in &contract.events {
        let Some((date, span)) = &event.versioning.sunset else {
            continue;
        };
        // Dates of this form are ordered like their texts.
        let date = date.to_string();
        if date.as_str() >= today {
            continue;
        }
        let involved: Vec<String> =
            contract
                .services
                .iter()
                .flat_map(|service| {
                    let sends = service.sends.iter().map(|send| (&send.name, send.event));
                    let receives = service.receives.iter();
                    sends.chain(receives.flat_map(|receive| {
                        receive.events().map(move |event| (&receive.name, event))
                    }))
                })
                .filter(|(_, id)| contract.event(*id).name == event.name)
                .map(|(name, _)| format!("`{name}`"))
                .collect();
        let finding = Diagnostic::warning(
            Code::Sunset,
            format!("`{}` should have been gone since {date}", event.name),
        )
        .at(*span, "this day has passed");
        report.push(if involved.is_empty() {
            finding.help("no operation has it any more: take it out of the contract")
        } else {
            finding.help(format!(
                "still there: {}; move them to a newer version, or set a later date",
                involved.join(", ")
            ))
        });
    }
}

/// Today in UTC, as `YYYY-MM-DD`; `SOURCE_DATE_EPOCH` (seconds since 1970) says another day, as for other builds that
/// are to be repeated.
pub(super) fn today() -> String {
    let fixed = std::env::var("SOURCE_DATE_EPOCH").ok();
    let seconds = fixed.and_then(|text| text.parse().ok()).unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        now.unwrap_or(Duration::ZERO).as_secs()
    });
    civil(seconds / 86_400)
}

/// The date so many days after 1970-01-01, in the proleptic Gregorian calendar.
fn civil(days: u64) -> String {
    // Eras of 400 years, each from a 1st of March, so that the leap day is the last of its year.
    let days = days.saturating_add(719_468);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_calendars_do() {
        for (days, date) in [
            (0, "1970-01-01"),
            (59, "1970-03-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (20_088, "2024-12-31"),
            (20_454, "2026-01-01"),
        ] {
            assert_eq!(civil(days), date);
        }
    }
}
