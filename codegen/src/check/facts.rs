//! Names are facts: `<entity>.<past-tense fact>.v<N>`.

use crate::diagnostics::{Code, Diagnostic, Report};
use crate::model::Contract;

/// Past participles that do not end in `ed`.
const IRREGULAR: &[&str] = &[
    "beaten",
    "begun",
    "bent",
    "bid",
    "born",
    "bought",
    "bound",
    "broken",
    "brought",
    "built",
    "burnt",
    "cast",
    "caught",
    "chosen",
    "come",
    "cut",
    "dealt",
    "done",
    "drawn",
    "driven",
    "fallen",
    "fed",
    "felt",
    "forgotten",
    "fought",
    "found",
    "frozen",
    "given",
    "gone",
    "grown",
    "heard",
    "held",
    "hidden",
    "hit",
    "kept",
    "known",
    "laid",
    "learnt",
    "led",
    "left",
    "lent",
    "let",
    "lit",
    "lost",
    "made",
    "meant",
    "met",
    "overdrawn",
    "overridden",
    "paid",
    "put",
    "quit",
    "read",
    "rebuilt",
    "repaid",
    "resent",
    "reset",
    "resold",
    "rewritten",
    "risen",
    "run",
    "said",
    "seen",
    "sent",
    "set",
    "shown",
    "shut",
    "sold",
    "sought",
    "spent",
    "split",
    "spread",
    "stolen",
    "struck",
    "stuck",
    "sunk",
    "swept",
    "taken",
    "taught",
    "thrown",
    "told",
    "torn",
    "undone",
    "unpaid",
    "upset",
    "withdrawn",
    "withheld",
    "won",
    "worn",
    "written",
];

/// Words that end in `ed` and are no participles.
const NO_FACT: &[&str] = &[
    "bed", "bleed", "breed", "embed", "exceed", "feed", "need", "proceed", "red", "seed", "shed",
    "speed", "succeed", "weed",
];

pub(super) fn check(contract: &Contract, report: &mut Report) {
    for event in &contract.events {
        if let Err(why) = fact(&event.name) {
            // What is written for Jetway keeps its rules of style; what is not may not know them.
            let finding = if contract.native {
                let message = format!("`{}` is not the name of a fact", event.name);
                Diagnostic::error(Code::NotAFact, message).at(event.span, why)
            } else {
                Diagnostic::warning(Code::NotAFact, "an event's name is not the name of a fact")
                    .at(event.span, format!("`{}`: {why}", event.name))
                    .gathered()
            };
            report.push(finding.help(
                "an event says what has happened: `<entity>.<past-tense fact>.v<N>`, as in `order.placed.v1`",
            ));
        }
    }
}

pub(crate) fn fact(name: &str) -> Result<(), String> {
    let parts: Vec<&str> = name.split('.').collect();
    let version = parts.last().and_then(|last| last.strip_prefix('v'));
    let is_version = version.is_some_and(|digits| {
        !digits.is_empty() && !digits.starts_with('0') && digits.chars().all(|c| c.is_ascii_digit())
    });
    if !is_version {
        return Err("a version at the end, as in `.v1`, is missing".to_owned());
    }
    let [entity, fact, _] = parts[..] else {
        return Err("three parts with dots between them are expected".to_owned());
    };
    for part in [entity, fact] {
        let word = |word: &str| {
            !word.is_empty()
                && word
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        if !part.split('_').all(word) || part.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(format!(
                "`{part}` is expected to be lower-case words with `_` between them"
            ));
        }
    }
    if fact.split('_').any(is_past) {
        return Ok(());
    }
    Err(format!(
        "`{fact}` is not in the past tense: it asks for something"
    ))
}

fn is_past(word: &str) -> bool {
    (word.ends_with("ed") && !NO_FACT.contains(&word)) || IRREGULAR.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::fact;

    #[test]
    fn facts_pass_and_wishes_do_not() {
        for name in [
            "order.placed.v1",
            "inventory.reservation_failed.v12",
            "mail.sent.v1",
            "order.paid_late.v1",
        ] {
            assert_eq!(fact(name), Ok(()), "{name}");
        }
        for name in [
            "send.email",
            "email.send.v1",
            "order.placed",
            "order.placed.v0",
            "order.placed.v01",
            "order.placed.1",
            "Order.placed.v1",
            "order.place.d.v1",
            "order..v1",
            "order.need.v1",
            "placed.v1",
            "1order.placed.v1",
        ] {
            assert!(fact(name).is_err(), "{name}");
        }
    }
}
