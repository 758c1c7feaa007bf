//! The rows of the experiment: load, fault, what must hold, and what is left out to see that the row would notice.

mod broker;
mod clock;
mod cluster;
mod consumer;
mod database;
mod full;
mod malformed;
mod outbox;
mod poison;
mod repeat;
mod way;

use std::time::Instant;

use anyhow::{Result, bail};

use crate::account::{Account, NO_LETTERS, NONE_LOST, NONE_TWICE, Promise};
use crate::report::Finding;
use crate::run::Run;
use crate::stage::Stage;

/// A way to make a row fail.
#[derive(Debug)]
pub(crate) struct Control {
    /// What is left out, in a word.
    pub(crate) without: &'static str,
    /// What that means.
    pub(crate) means: &'static str,
    /// The promise that must break.
    pub(crate) breaks: &'static str,
}

/// A row of the experiment.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) number: u64,
    pub(crate) load: &'static str,
    pub(crate) fault: &'static str,
    pub(crate) holds: &'static str,
    /// Parcels per second; 0 where the row says how many, as fast as they are taken.
    pub(crate) per_second: u64,
    pub(crate) controls: &'static [Control],
}

const INBOX: Control = Control {
    without: "inbox",
    means: "the runtime does not ask or write its inbox",
    breaks: NONE_TWICE,
};
const OUTBOX: Control = Control {
    without: "outbox",
    means: "the shipper publishes after its commit, without an outbox",
    breaks: NONE_LOST,
};

/// All rows that there are.
pub(crate) const ROWS: &[Row] = &[
    Row {
        number: 1,
        load: "2,000/s",
        fault: "kill -9 of a consumer at every named crash point",
        holds: "0 lost, 0 duplicate, resume <= ack-wait + 2 s",
        per_second: 2_000,
        controls: &[
            Control {
                without: "ack-last",
                means: "the runtime acks before the handler runs",
                breaks: NONE_LOST,
            },
            INBOX,
        ],
    },
    Row {
        number: 2,
        load: "2,000/s",
        fault: "kill -9 of nats-server five times",
        holds: "0 lost, resume <= 5 s",
        per_second: 2_000,
        controls: &[OUTBOX],
    },
    Row {
        number: 3,
        load: "2,000/s",
        fault: "SIGSTOP of a consumer beyond ack-wait",
        holds: "0 duplicate",
        per_second: 2_000,
        controls: &[INBOX],
    },
    Row {
        number: 4,
        load: "1,000/s, three servers, R3",
        fault: "leader killed, leader stopped",
        holds: "0 lost, gap <= 15 s",
        per_second: 1_000,
        controls: &[Control {
            without: "replicas",
            means: "the stream has one copy",
            breaks: cluster::SHORT_GAP,
        }],
    },
    Row {
        number: 5,
        load: "1,000/s",
        fault: "proxy between service and server cuts, half-opens, delays 100 +- 50 ms",
        holds: "0 lost, memory <= +64 MiB",
        per_second: 1_000,
        controls: &[OUTBOX],
    },
    Row {
        number: 6,
        load: "16 KiB events",
        fault: "store on a 24 MiB tmpfs fills up",
        holds: "outbox keeps everything, drains <= 30 s after room is made",
        per_second: 300,
        controls: &[OUTBOX],
    },
    Row {
        number: 7,
        load: "10,000, 5% poison",
        fault: "handler errors",
        holds: "input = effects + dead letters, exactly",
        per_second: 0,
        controls: &[Control {
            without: "ack-last",
            means: "the runtime acks before the handler runs",
            breaks: poison::EXACT,
        }],
    },
    Row {
        number: 8,
        load: "poison",
        fault: "dead-letter stream gone",
        holds: "none acked before it is stored",
        per_second: 0,
        controls: &[Control {
            without: "stored-letters",
            means: "the runtime takes a dead letter for stored that nobody has confirmed",
            breaks: poison::KEPT,
        }],
    },
    Row {
        number: 9,
        load: "10,000",
        fault: "malformed JSON, headers, sizes, depth, types, by proptest",
        holds: "no panic, all dead-lettered with a reason",
        per_second: 0,
        controls: &[Control {
            without: "schema",
            means: "the depot takes whatever an event's data says",
            breaks: malformed::ALL_BURIED,
        }],
    },
    Row {
        number: 10,
        load: "10,000 x 3",
        fault: "republished inside and beyond the window",
        holds: "0 duplicate",
        per_second: 0,
        controls: &[INBOX],
    },
    Row {
        number: 12,
        load: "10,000 outbox rows",
        fault: "kill between commit, publish and mark; 3 relays",
        holds: "no ghost, no zombie, order per key",
        per_second: 500,
        controls: &[Control {
            breaks: outbox::NO_ZOMBIE,
            ..OUTBOX
        }],
    },
    Row {
        number: 13,
        load: "1,000/s",
        fault: "service clock +- 1 h",
        holds: "0 lost, delays sane",
        per_second: 1_000,
        controls: &[Control {
            without: "near-due",
            means: "the relay believes a due time however far ahead it is",
            breaks: clock::SANE_DELAYS,
        }],
    },
    Row {
        number: 14,
        load: "backlog of 100,000",
        fault: "cold start",
        holds: "memory <= in-flight bound",
        per_second: 0,
        controls: &[Control {
            without: "credit",
            means: "the depot asks for as much as there is",
            breaks: repeat::BOUNDED,
        }],
    },
    Row {
        number: 15,
        load: "1,000/s",
        fault: "rolling restart by SIGTERM",
        holds: "each exit <= 10 s, 0 duplicate",
        per_second: 1_000,
        controls: &[
            Control {
                without: "drain",
                means: "kill -9 in the place of SIGTERM",
                breaks: consumer::RUN_ONCE,
            },
            Control {
                without: "drain-bound",
                means: "handlers of 12 s, and a drain that waits for them for a minute",
                breaks: consumer::QUICK_EXIT,
            },
        ],
    },
    Row {
        number: 16,
        load: "500/s",
        fault: "database locked, gone for 20 s, back",
        holds: "0 lost, readiness tells, no dead letters",
        per_second: 500,
        controls: &[Control {
            without: "cause",
            means: "the handler hides that the database is gone behind an error of its own",
            breaks: NO_LETTERS,
        }],
    },
];

/// The rows that are wanted and not there, with the reason.
pub(crate) const MISSING: &[(u64, &str)] = &[(
    11,
    "it needs partitions across replicas, which the runtime does not have yet",
)];

/// What a row hands over: its stage, still standing, and what it has to say.
pub(crate) struct Played {
    stage: Stage,
    account: Account,
    promises: Vec<Promise>,
    notes: Vec<String>,
}

/// Plays one run.
pub(crate) async fn play(run: &Run) -> Result<Finding> {
    let begun = Instant::now();
    let played = match run.row.number {
        1 => consumer::crash_points(run).await?,
        2 => broker::killed(run).await?,
        3 => consumer::stopped(run).await?,
        4 => cluster::leader(run).await?,
        5 => way::faulty(run).await?,
        6 => full::up(run).await?,
        7 => poison::errors(run).await?,
        8 => poison::no_stream(run).await?,
        9 => malformed::events(run).await?,
        10 => repeat::republished(run).await?,
        12 => outbox::killed(run).await?,
        13 => clock::wrong(run).await?,
        14 => repeat::cold_start(run).await?,
        15 => consumer::rolling(run).await?,
        16 => database::gone(run).await?,
        other => bail!("row {other} cannot be played"),
    };
    let seconds = begun.elapsed().as_secs_f64();
    let Played {
        stage,
        account,
        promises,
        notes,
    } = played;
    let mut finding = Finding::new(run, account, promises, seconds);
    finding.notes = notes;
    finding.timeline = Some(draw(run, &finding, &stage)?);
    // Where it is not what it must be, somebody will want to read what the services said.
    let keep = run.control.is_none() && !finding.holds();
    finding.kept = stage.strike(keep).map(|path| path.display().to_string());
    Ok(finding)
}

/// Draws the timeline into `target/chaos`, and says where.
fn draw(run: &Run, finding: &Finding, stage: &Stage) -> Result<String> {
    let control = run
        .control
        .map(|control| format!("-without-{}", control.without))
        .unwrap_or_default();
    let title = format!(
        "Row {}{}: {}, {} (seed {})",
        run.row.number,
        run.control
            .map(|control| format!(" without {}", control.without))
            .unwrap_or_default(),
        run.row.load,
        run.row.fault,
        run.seed
    );
    let svg = crate::timeline::draw(&title, &finding.verdict(), &stage.record);
    let folder = dev::target::directory().join("chaos");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("row-{}{control}.svg", run.row.number));
    std::fs::write(&path, svg)?;
    Ok(path.display().to_string())
}
