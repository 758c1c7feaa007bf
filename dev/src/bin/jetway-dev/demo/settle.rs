//! Waiting until everything that was set in motion has come to rest.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use async_nats::jetstream;
use futures::StreamExt;

use super::broker_state::{self, Consumer};
use super::figures::{Counts, DeadLetter, Status};
use super::http::Http;
use super::progress::Step;

const DEADLINE: Duration = Duration::from_secs(120);
/// How long between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// Where to look.
pub(super) struct Places<'a> {
    pub(super) http: &'a Http,
    pub(super) jetstream: &'a jetstream::Context,
    pub(super) orders_url: String,
    pub(super) analytics_url: String,
    pub(super) mail_directory: &'a Path,
    /// Dead letters up to this one were there before.
    pub(super) dead_letters_after: u64,
    /// Whether analytics has seen nothing but this run.
    pub(super) fresh: bool,
}

/// What was seen at the last look.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) statuses: BTreeMap<String, Status>,
    pub(super) mails: BTreeMap<String, Vec<Status>>,
    pub(super) dead_letters: Vec<DeadLetter>,
    pub(super) consumers: Vec<Consumer>,
    pub(super) counts: Option<Counts>,
}

/// Looks until nothing is open any more.
pub(super) async fn settled(
    places: &Places<'_>,
    ids: &[String],
    step: &Step,
) -> anyhow::Result<Seen> {
    let deadline = Instant::now() + DEADLINE;
    let mut seen = Seen {
        statuses: ids.iter().map(|id| (id.clone(), Status::Placed)).collect(),
        ..Seen::default()
    };
    loop {
        let open = match tokio::time::timeout_at(deadline.into(), seen.look(places)).await {
            Ok(Ok(())) => seen.open(),
            Ok(Err(error)) => vec![format!("{error:#}")],
            Err(_) => vec!["no answer to a question".to_owned()],
        };
        if open.is_empty() {
            return Ok(seen);
        }
        step.now(&open.join("; "));
        if Instant::now() >= deadline {
            bail!(
                "not everything has settled within {} s:\n  - {}",
                DEADLINE.as_secs(),
                open.join("\n  - ")
            );
        }
        tokio::time::sleep(PAUSE).await;
    }
}

impl Seen {
    async fn look(&mut self, places: &Places<'_>) -> anyhow::Result<()> {
        let open: Vec<String> = self
            .statuses
            .iter()
            .filter(|(_, status)| **status == Status::Placed)
            .map(|(id, _)| id.clone())
            .collect();
        let asked = futures::stream::iter(open).map(|id| async {
            let status = places.http.status(&places.orders_url, &id).await?;
            anyhow::Ok((id, status))
        });
        let mut answers = asked.buffer_unordered(8);
        while let Some(answer) = answers.next().await {
            let (id, status) = answer?;
            self.statuses.insert(id, status);
        }
        self.mails = mails(places.mail_directory)?;
        self.dead_letters =
            broker_state::dead_letters(places.jetstream, places.dead_letters_after).await?;
        self.consumers = broker_state::consumers(places.jetstream).await?;
        self.counts = if places.fresh {
            Some(places.http.summary(&places.analytics_url).await?)
        } else {
            None
        };
        Ok(())
    }

    /// What has not come to rest, in words.
    fn open(&self) -> Vec<String> {
        let mut open = Vec::new();
        let placed = self
            .statuses
            .values()
            .filter(|status| **status == Status::Placed)
            .count();
        if placed > 0 {
            open.push(format!(
                "{placed} of {} orders are neither confirmed nor cancelled",
                self.statuses.len()
            ));
        }
        let outcomes = self.statuses.len() - placed;
        let written: usize = self
            .statuses
            .keys()
            .map(|id| self.mails.get(id).map_or(0, Vec::len))
            .sum();
        let bounced = self
            .dead_letters
            .iter()
            .filter(|letter| letter.consumer.starts_with("email-"))
            .count();
        if written + bounced < outcomes {
            open.push(format!(
                "{} of {outcomes} mails are neither written nor refused",
                outcomes - written - bounced
            ));
        }
        for consumer in self
            .consumers
            .iter()
            .filter(|consumer| consumer.pending > 0 || consumer.unacknowledged > 0)
        {
            open.push(format!(
                "{} on {} has {} messages pending and {} unacknowledged",
                consumer.name, consumer.stream, consumer.pending, consumer.unacknowledged
            ));
        }
        if let Some(counts) = self.counts {
            let seen = counts.confirmed + counts.cancelled;
            if counts.placed < self.statuses.len() || seen < outcomes {
                open.push(format!(
                    "analytics has counted {seen} of {outcomes} outcomes and {} orders",
                    counts.placed
                ));
            }
        }
        open
    }
}

/// The mails that were written: of each order, the outcomes they are about. `<order id>-<outcome>.eml`.
fn mails(directory: &Path) -> anyhow::Result<BTreeMap<String, Vec<Status>>> {
    let mut mails: BTreeMap<String, Vec<Status>> = BTreeMap::new();
    let entries = std::fs::read_dir(directory)
        .with_context(|| format!("cannot read {}", directory.display()))?;
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        // What is still being written has another ending.
        let Some(stem) = name.strip_suffix(".eml") else {
            continue;
        };
        let parts = stem
            .rsplit_once('-')
            .and_then(|(id, word)| Some((id, Status::parse(word)?)));
        let (id, status) =
            parts.with_context(|| format!("a mail has the unexpected name {name}"))?;
        mails.entry(id.to_owned()).or_default().push(status);
    }
    Ok(mails)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rest() -> Seen {
        Seen {
            statuses: [("a", Status::Confirmed), ("b", Status::Cancelled)]
                .map(|(id, s)| (id.to_owned(), s))
                .into(),
            mails: [("a".to_owned(), vec![Status::Confirmed])].into(),
            dead_letters: vec![DeadLetter {
                consumer: "email-sendCancellation".to_owned(),
                ..DeadLetter::default()
            }],
            counts: Some(Counts {
                placed: 2,
                confirmed: 1,
                cancelled: 1,
            }),
            ..Seen::default()
        }
    }

    #[test]
    fn each_thing_that_is_open_is_named() {
        assert_eq!(rest().open(), Vec::<String>::new());
        let mut seen = rest();
        seen.dead_letters.clear();
        assert_eq!(
            seen.open(),
            ["1 of 2 mails are neither written nor refused"]
        );
        let mut seen = rest();
        seen.statuses.insert("c".to_owned(), Status::Placed);
        let open = seen.open();
        assert_eq!(open[0], "1 of 3 orders are neither confirmed nor cancelled");
        assert_eq!(
            open[1],
            "analytics has counted 2 of 2 outcomes and 2 orders"
        );
    }

    #[test]
    fn mails_are_known_by_their_names() {
        let dir = tempfile::tempdir().unwrap();
        for name in [
            "0198-ab-confirmed.eml",
            "0198-cd-cancelled.eml",
            "0198-ef-cancelled.eml.x.tmp",
        ] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let mails = mails(dir.path()).unwrap();
        assert_eq!(mails.keys().collect::<Vec<_>>(), ["0198-ab", "0198-cd"]);
        assert_eq!(mails["0198-cd"], [Status::Cancelled]);
        std::fs::write(dir.path().join("stray.eml"), "").unwrap();
        assert!(
            super::mails(dir.path())
                .unwrap_err()
                .to_string()
                .contains("stray.eml")
        );
    }
}
