//! From what is asked to what is written: nothing is touched before all of it is known and has been tried.

use std::path::Path;

use super::edit::Edits;
use super::event::{NewEvent, Party, is_word};
use super::outcome::{Change, Next, Plan};
use super::pattern::{Model, filter, model, relative};
use super::place::{Place, Unusual};
use super::refusal::Refusal;
use super::streams::{Keeping, keeping};
use super::texts::{self, Entry};
use super::verify;
use super::versions::{self, Aged, Golden};
use crate::check;
use crate::load::{Node, Workspace};
use crate::model::{Contract, Event, Service, names};

/// What the contract is to have more of.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) name: String,
    channel: Entry,
    message: Entry,
    /// Names, and what they are.
    pub(super) operations: Vec<(String, Entry)>,
    /// What is said of the version before.
    pub(super) aged: Option<Aged>,
    pub(super) stream: Keeping,
    /// The envelope's file as the contract refers to it.
    pub(super) envelope: String,
}

/// What is to be written for `event`. The contract has no errors.
///
/// # Errors
///
/// Where the event is none, is there already, or cannot be written safely.
pub fn plan(workspace: &Workspace, contract: &Contract, event: &NewEvent) -> Result<Plan, Refusal> {
    let name = event.name();
    fact(event)?;
    if !is_word(&event.key(), &['_']) {
        return Err(Refusal::Key(event.key()));
    }
    if contract.events.iter().any(|known| known.name == name) {
        return Err(Refusal::Exists(name));
    }
    let base = earlier(contract, event)?;
    let senders = senders(contract, event, base)?;
    let model = model(workspace, contract, event, base);
    let filter = filter(&model.address);
    let stream = keeping(contract, event, &filter)?;
    let mut files = files(workspace, event, &model)?;
    let golden = match base {
        Some(base) => versions::golden(workspace.root(), contract, base, &name)?,
        None => Golden::default(),
    };
    files.extend(golden.files.iter().cloned());
    let wanted = wanted(event, &senders, &model, stream);
    let operations = workspace.contract().and_then(|root| root.get("operations"));
    for (operation, _) in &wanted.operations {
        if operations.is_some_and(|operations| operations.get(operation).is_some()) {
            return Err(Refusal::Exists(operation.clone()));
        }
    }
    let source = workspace
        .files()
        .first()
        .ok_or_else(|| Refusal::Exists(name.clone()))?;
    let refuse = |why: String| Refusal::Layout {
        why,
        path: source.path.clone(),
        snippet: wanted.snippet(source.text.trim_start().starts_with('{')),
        schema: model.schema.clone(),
        text: files
            .first()
            .map(|(_, text)| text.clone())
            .unwrap_or_default(),
    };
    let after = written(workspace, &wanted).map_err(|Unusual(why)| refuse(why))?;
    let plan = Plan {
        name,
        root: workspace.root().to_path_buf(),
        contract: Change {
            path: source.path.clone(),
            before: source.text.clone(),
            after,
        },
        next: {
            let mut next = next(workspace.root(), event, &senders, &model.schema);
            if let Some(base) = base {
                let services: Vec<String> =
                    senders.iter().map(|party| party.service.clone()).collect();
                // Before its handlers and senders: without them nothing compiles.
                let more = versions::next(contract, event, base, &services, &golden);
                next.splice(1..1, more);
            }
            next
        },
        files: files.clone(),
        changed: golden.changes,
    };
    verify::verify(workspace, &plan, &wanted).map_err(|error| match error {
        verify::Error::Differs => refuse("the contract is laid out in an unusual way".to_owned()),
        verify::Error::Findings(text) => Refusal::Breaks(text),
        verify::Error::Io(error) => Refusal::Read("a copy of the contract".to_owned(), error),
    })?;
    Ok(plan)
}

fn fact(event: &NewEvent) -> Result<(), Refusal> {
    let two =
        || "two parts with a dot between them are expected; --version says the version".to_owned();
    let why = match event.fact.split('.').count() {
        2 => check::fact(&event.name()).err(),
        _ => Some(two()),
    };
    why.map_or(Ok(()), |why| {
        Err(Refusal::NotAFact {
            name: event.fact.clone(),
            why,
        })
    })
}

fn wanted(event: &NewEvent, senders: &[Party], model: &Model<'_>, stream: Keeping) -> Wanted {
    let name = event.name();
    let schema = format!("{}{}", relative(&model.schema), model.schema);
    let description = description(event, model.base);
    let operation = |party: &Party, verb: &str, action: &str| {
        let operation = event.operation(party, verb);
        let entry = texts::operation(&operation, action, &name);
        (operation, entry)
    };
    let sends = senders
        .iter()
        .map(|party| operation(party, "publish", "send"));
    let receives = event
        .received_by
        .iter()
        .map(|party| operation(party, "on", "receive"));
    Wanted {
        channel: texts::channel(
            &name,
            &model.address,
            &description,
            model.base.map(|base| base.name.as_str()),
            &model.parameters,
        ),
        aged: model.base.map(|base| Aged::of(base, event)),
        message: texts::message(
            &name,
            model.correlation.as_deref(),
            &model.envelope,
            &schema,
        ),
        operations: sends.chain(receives).collect(),
        stream,
        envelope: model.envelope.clone(),
        name,
    }
}

/// What the channel says: as asked, as the version before says, or the name in words.
fn description(event: &NewEvent, base: Option<&Event>) -> String {
    match base {
        Some(base) if event.description.is_none() && !base.doc.is_empty() => base.doc.clone(),
        _ => event.description(),
    }
}

/// The version that a later one starts from.
fn earlier<'c>(contract: &'c Contract, event: &NewEvent) -> Result<Option<&'c Event>, Refusal> {
    if event.version <= 1 {
        return Ok(None);
    }
    let version = |known: &Event| -> Option<u32> {
        let (fact, version) = known.name.rsplit_once(".v")?;
        (fact == event.fact).then(|| version.parse().ok())?
    };
    contract
        .events
        .iter()
        .filter(|known| version(known).is_some_and(|version| version < event.version))
        .max_by_key(|known| version(known))
        .map(Some)
        .ok_or_else(|| Refusal::NoEarlier {
            fact: event.fact.clone(),
            version: event.version,
        })
}

/// Who sends it: as asked, or whoever sends the version before.
fn senders(
    contract: &Contract,
    event: &NewEvent,
    base: Option<&Event>,
) -> Result<Vec<Party>, Refusal> {
    if !event.sent_by.is_empty() {
        return Ok(event.sent_by.clone());
    }
    let sends = |service: &&Service| {
        let mut sent = service.sends.iter();
        sent.any(|send| base.is_some_and(|base| contract.event(send.event).name == base.name))
    };
    let senders: Vec<Party> = contract
        .services
        .iter()
        .filter(sends)
        .map(|service| Party {
            service: service.name.clone(),
            operation: None,
        })
        .collect();
    if senders.is_empty() {
        return Err(Refusal::NobodySends(event.name()));
    }
    Ok(senders)
}

/// The schema first, then the examples.
fn files(
    workspace: &Workspace,
    event: &NewEvent,
    model: &Model<'_>,
) -> Result<Vec<(String, String)>, Refusal> {
    let root = workspace.root();
    let name = event.name();
    let folder = format!("events/examples/{name}");
    for path in [&model.schema, &folder] {
        if root.join(path).exists() {
            return Err(Refusal::InTheWay(path.clone()));
        }
    }
    let Some(base) = model.base else {
        let examples = texts::examples(event);
        let examples = examples
            .into_iter()
            .map(|(path, text)| (format!("{folder}/{path}"), text));
        return Ok(
            std::iter::once((model.schema.clone(), texts::schema(event)))
                .chain(examples)
                .collect(),
        );
    };
    let earlier = workspace
        .find(&base.schema)
        .map(|file| workspace.file(file).text.as_str());
    let text = earlier
        .unwrap_or_default()
        .replace(
            &format!("\"{}\"", names::pascal(&base.name, "Event")),
            &format!("\"{}\"", names::pascal(&name, "Event")),
        )
        .replace(&format!("{}.json", base.name), &format!("{name}.json"));
    let mut files = vec![(model.schema.clone(), text)];
    for kind in ["valid", "invalid"] {
        let from = format!("events/examples/{}/{kind}", base.name);
        let mut found = copied(&root.join(&from)).map_err(|error| Refusal::Read(from, error))?;
        found.sort();
        files.extend(
            found
                .into_iter()
                .map(|(file, text)| (format!("{folder}/{kind}/{file}"), text)),
        );
    }
    Ok(files)
}

/// The files in a folder, which need not be there.
pub(super) fn copied(folder: &Path) -> std::io::Result<Vec<(String, String)>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_file() {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            files.push((name, std::fs::read_to_string(&path)?));
        }
    }
    Ok(files)
}

/// The contract's text with everything put in.
fn written(workspace: &Workspace, wanted: &Wanted) -> Result<String, Unusual> {
    let unusual = |why: &str| Unusual(why.to_owned());
    let source = workspace
        .files()
        .first()
        .ok_or_else(|| unusual("the contract is empty"))?;
    let root = source
        .root
        .as_ref()
        .ok_or_else(|| unusual("the contract is empty"))?;
    if source.text.trim_start().starts_with('{') {
        return Err(unusual("the contract is JSON"));
    }
    let elsewhere = |section: &Node| {
        let mut entries = section.entries().iter();
        entries.any(|entry| entry.value.reference().is_some())
    };
    let messages = root
        .get("components")
        .and_then(|components| components.get("messages"));
    if [root.get("channels"), root.get("operations"), messages]
        .into_iter()
        .flatten()
        .any(elsewhere)
    {
        return Err(unusual(
            "the contract's parts stand in several places (`$ref`)",
        ));
    }
    let place = Place {
        text: &source.text,
        root,
    };
    let mut edits = Edits::new(&source.text);
    match &wanted.stream {
        Keeping::Kept => {}
        Keeping::New { stream, subject } => {
            let entry = texts::stream(stream, subject);
            place.add(&["x-jetstream", "streams"], None, entry, &mut edits)?;
        }
        Keeping::Widened { stream, subject } => {
            let subjects = root
                .get("x-jetstream")
                .and_then(|extension| extension.get("streams")?.get(stream)?.get("subjects"))
                .ok_or_else(|| unusual("the streams stand in another file"))?;
            place.add_item(subjects, subject, &mut edits)?;
        }
    }
    place.add(&["channels"], None, wanted.channel.clone(), &mut edits)?;
    for (group, entry) in groups(root, wanted) {
        place.add(&["operations"], Some(&group), entry, &mut edits)?;
    }
    place.add(
        &["components", "messages"],
        None,
        wanted.message.clone(),
        &mut edits,
    )?;
    if let Some(aged) = &wanted.aged {
        aged.write(&place, &mut edits)?;
    }
    Ok(edits.finish())
}

/// The operations by service, each as one entry: first of those that have some already, so that a new service's stand
/// after them.
fn groups(root: &Node, wanted: &Wanted) -> Vec<(String, Entry)> {
    let mut groups: Vec<(String, Entry)> = Vec::new();
    for (name, operation) in &wanted.operations {
        let service = name.split_once('.').map_or("", |(service, _)| service);
        let group = format!("{service}.");
        match groups.iter_mut().find(|(known, _)| *known == group) {
            Some((_, entry)) => entry.extend(operation),
            None => groups.push((group, operation.clone())),
        }
    }
    let operations = root
        .get("operations")
        .map(Node::entries)
        .unwrap_or_default();
    groups.sort_by_key(|(group, _)| !operations.iter().any(|known| known.key.starts_with(group)));
    groups
}

impl Wanted {
    /// What to paste, as YAML or JSON.
    fn snippet(&self, json: bool) -> String {
        let mut lines = vec!["channels:".to_owned()];
        lines.extend(self.channel.lines(2, 2));
        lines.push("operations:".to_owned());
        lines.extend(
            self.operations
                .iter()
                .flat_map(|(_, entry)| entry.lines(2, 2)),
        );
        lines.push("components:".to_owned());
        lines.extend(Entry::section("messages", self.message.clone()).lines(2, 2));
        let mut note = String::new();
        match &self.stream {
            Keeping::Kept => {}
            Keeping::New { stream, subject } => {
                lines.push("x-jetstream:".to_owned());
                lines.extend(Entry::section("streams", texts::stream(stream, subject)).lines(2, 2));
            }
            Keeping::Widened { stream, subject } => {
                note = format!("\nand `{subject}` into the subjects of the stream `{stream}`,\n");
            }
        }
        if let Some(aged) = &self.aged {
            note.push_str(&aged.by_hand());
        }
        let yaml = lines.join("\n") + "\n";
        let value = serde_saphyr::from_str::<serde_json::Value>(&yaml);
        match value {
            Ok(value) if json => format!("{value:#}\n{note}"),
            _ => format!("{yaml}{note}"),
        }
    }
}

fn next(root: &Path, event: &NewEvent, senders: &[Party], schema: &str) -> Vec<Next> {
    let mut next = vec![Next::Fill {
        schema: schema.to_owned(),
        examples: format!("events/examples/{}", event.name()),
    }];
    for party in &event.received_by {
        let operation = event.operation(party, "on");
        let local = operation.split_once('.').map_or("", |(_, local)| local);
        let module = names::identifier(&names::snake(&party.service, "service"));
        let file = format!("services/{}/src/handlers.rs", party.service);
        let there = root.join(&file).exists();
        next.push(Next::Handle {
            service: party.service.clone(),
            handler: format!("events::{module}::{}", names::pascal(local, "Operation")),
            method: names::identifier(&names::snake(local, "operation")),
            file: (file, there),
        });
    }
    for party in senders {
        let folder = format!("services/{}", party.service);
        let there = root.join(&folder).exists();
        next.push(Next::Send {
            service: party.service.clone(),
            data: names::pascal(&event.name(), "Event"),
            folder: (folder, there),
        });
    }
    next
}
