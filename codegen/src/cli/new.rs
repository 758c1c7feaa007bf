//! `codegen new`: what a new event needs, written into the contract.

use std::process::ExitCode;

use codegen::diagnostics::{Code, Diagnostic};
use codegen::scaffold::{self, NewEvent, Next, Party, Plan};

use super::Source;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Add an event to the contract: schema, examples, channel, message, operations and, where none keeps it, a stream
    ///
    /// Comments and order of asyncapi.yaml are kept, and all is written or nothing. A contract that is JSON, in flow
    /// style or in several files is not edited: what to paste is printed instead.
    #[command(after_help = EXAMPLES)]
    Event(Event),
}

const EXAMPLES: &str = "\
Examples:
  codegen new event shipment.created --sent-by shipping --received-by email
  codegen new event shipment.created --sent-by shipping.ship --key orderId
  codegen new event order.placed --version 2 --dry-run";

#[derive(Debug, clap::Args)]
struct Event {
    /// What happened: <entity>.<past-tense fact>, as in `shipment.created`
    #[arg(value_name = "FACT")]
    fact: String,
    /// Its version. One above 1 starts from the version before, which is upcast to it and deprecated
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    version: u32,
    /// Who sends it: services, with commas between them, or operations (`shipping.ship`). A later version needs none
    #[arg(long, value_name = "SERVICE", value_delimiter = ',')]
    sent_by: Vec<Party>,
    /// Who receives it: services, with commas between them, or operations (`email.sendTracking`)
    #[arg(long, value_name = "SERVICE", value_delimiter = ',')]
    received_by: Vec<Party>,
    /// The stream that is to keep it. Without it: the one that does already, or a new one
    #[arg(long, value_name = "NAME")]
    stream: Option<String>,
    /// The property that says what the event is about, by which it is ordered. Without it: <entity>Id
    #[arg(long, value_name = "PROPERTY")]
    key: Option<String>,
    /// One sentence on it. Without it: its name in words
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Until when the version before is sent, of a later version. Without it: it is said by hand, once it is known
    #[arg(long, value_name = "YYYY-MM-DD")]
    sunset: Option<String>,
    /// Write nothing; print what would be written as a diff
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    source: Source,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let What::Event(event) = &arguments.what;
    let read = event.source.read()?;
    // A schema that nothing refers to yet stands in nobody's way, or in that of this event, which is said then.
    let unused = |finding: &&Diagnostic| finding.code == Code::UnusedFile;
    if read.report.has_errors() && !read.report.findings().iter().all(unused) {
        read.show("; mend these first, nothing was written");
        return Ok(ExitCode::from(1));
    }
    let asked = NewEvent {
        fact: event.fact.clone(),
        version: event.version,
        sent_by: event.sent_by.clone(),
        received_by: event.received_by.clone(),
        stream: event.stream.clone(),
        key: event.key.clone(),
        description: event.description.clone(),
        sunset: event.sunset.clone(),
    };
    let plan = match scaffold::plan(&read.workspace, &read.contract, &asked) {
        Ok(plan) => plan,
        Err(refusal) => {
            eprintln!("error: {refusal}");
            return Ok(ExitCode::from(1));
        }
    };
    if event.dry_run {
        print!("{}", scaffold::diff(&plan));
        return Ok(ExitCode::SUCCESS);
    }
    scaffold::apply(&plan)?;
    show(&plan);
    Ok(ExitCode::SUCCESS)
}

fn show(plan: &Plan) {
    for (path, _) in &plan.files {
        println!("wrote {}", plan.root.join(path).display());
    }
    for change in std::iter::once(&plan.contract).chain(&plan.changed) {
        println!("changed {}", plan.root.join(&change.path).display());
    }
    println!("\nnext, for {}:", plan.name);
    let generate = "run `just codegen`".to_owned();
    let mut steps = Vec::new();
    for next in &plan.next {
        steps.push(step(next));
        if matches!(next, Next::Fill { .. }) {
            steps.push(generate.clone());
        }
    }
    for (number, step) in (1..).zip(&steps) {
        println!("  {number}. {step}");
    }
}

fn step(next: &Next) -> String {
    match next {
        Next::Fill { schema, examples } => {
            format!("say in {schema} what the event carries, and show it in {examples}")
        }
        Next::Handle {
            service,
            handler,
            method,
            file: (file, there),
        } => {
            let place = if *there {
                format!("in {file}")
            } else {
                format!(
                    "in {file}, which is not there yet{}",
                    a_new_service(service)
                )
            };
            format!("{service}: implement `{handler}` with `{method}` {place}")
        }
        Next::Upcast { new, old, both } => {
            let upcast = format!(
                "in events/src/upcasts.rs say how the newer version is made of the older one: `impl Upcast<{old}> for \
                 {new}` with `fn upcast(old: {old}) -> Self`"
            );
            match both {
                Some(service) => format!(
                    "{upcast}; and, since {service} sends both, `impl Downcast<{old}> for {new}` with `fn downcast(&self) \
                     -> {old}`"
                ),
                None => upcast,
            }
        }
        Next::Golden { event, files } => {
            format!("say in `read` of {} what `{event}` reads", files.join(", "))
        }
        Next::Move { receivers, event } => format!(
            "let {} receive `{event}` when they are ready for it (their `channel`): the older version is upcast for them",
            receivers.join(", ")
        ),
        Next::Sunset { event } => format!(
            "say on the channel `{event}` until when it is sent, once that is known: `x-sunset: YYYY-MM-DD`"
        ),
        Next::Send {
            service,
            data,
            folder: (folder, there),
        } => {
            let place = if *there {
                format!("somewhere in {folder}")
            } else {
                format!(
                    "in {folder}, which is not there yet{}",
                    a_new_service(service)
                )
            };
            format!("{service}: `tx.publish({data} {{ … }})` {place}")
        }
    }
}

fn a_new_service(service: &str) -> String {
    format!(" (`cargo generate --path . template/service --name {service}`)")
}
