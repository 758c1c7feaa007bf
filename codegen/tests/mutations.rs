//! Contracts with random mistakes in them: each is refused with errors, or generates files. None makes codegen panic.
//!
//! `MUTATIONS=2000 cargo test -p codegen --test mutations` tries more of them per document.

#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code)]
mod support;

use std::path::{Path, PathBuf};

use codegen::diagnostics::Report;
use codegen::load::Workspace;
use codegen::{check, model, render};
use serde_json::{Value, json};

/// Random numbers that are the same in every run (xorshift64*, Vigna 2016).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        usize::try_from(number).unwrap() % bound.max(1)
    }
}

/// The pointers to every value of a document.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let key = key.replace('~', "~0").replace('/', "~1");
                pointers(inner, &format!("{at}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (i, inner) in items.iter().enumerate() {
                pointers(inner, &format!("{at}/{i}"), found);
            }
        }
        _ => {}
    }
}

/// Something else than what stands there, of another kind more often than not.
fn other(random: &mut Random, all: &[String]) -> Value {
    let somewhere = || json!({ "$ref": format!("#{}", all[all.len() / 2]) });
    let pool = [
        Value::Null,
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(1e300),
        json!(18_446_744_073_709_551_615_u64),
        json!(""),
        json!("x"),
        json!("2026-13-45"),
        json!("$message.payload#/data/x"),
        json!("é\u{0}\u{202e} {a}.*.>"),
        json!([]),
        json!([[], {}, null]),
        json!({}),
        json!({ "": {} }),
        json!({ "$ref": "#" }),
        json!({ "$ref": "#/nowhere" }),
        json!({ "$ref": "nowhere.json" }),
        json!({ "$ref": 1 }),
        json!({ "type": "object", "properties": { "a": { "$ref": "#" } } }),
        json!({ "schemaFormat": "x", "schema": {} }),
        somewhere(),
    ];
    let at = random.below(pool.len() + 6);
    match pool.get(at) {
        Some(value) => value.clone(),
        None => json!({ "$ref": format!("#{}", all[random.below(all.len())]) }),
    }
}

/// One mistake in a document.
fn mutate(document: &mut Value, random: &mut Random) {
    let mut all = Vec::new();
    pointers(document, "", &mut all);
    let at = all[random.below(all.len())].clone();
    let other_place = all[random.below(all.len())].clone();
    let elsewhere = document.pointer(&other_place).cloned().unwrap();
    let replacement = other(random, &all);
    let parent = at.rsplit_once('/').map_or("", |(parent, _)| parent);
    match random.below(5) {
        0 => {
            let key = at.rsplit('/').next().unwrap_or_default();
            let key = key.replace("~1", "/").replace("~0", "~");
            match document.pointer_mut(parent).unwrap() {
                Value::Object(map) => drop(map.remove(&key)),
                Value::Array(items) => drop(items.pop()),
                _ => {}
            }
        }
        1 => *document.pointer_mut(&at).unwrap() = replacement,
        2 => *document.pointer_mut(&at).unwrap() = elsewhere,
        3 => match document.pointer_mut(&at).unwrap() {
            Value::Object(map) => drop(map.insert("x y/z~.{}".to_owned(), elsewhere)),
            Value::Array(items) => items.push(elsewhere),
            Value::String(text) => text.push_str(".{a}"),
            value => *value = json!([value.clone()]),
        },
        _ => match document.pointer_mut(&at).unwrap() {
            Value::Object(map) => {
                if let Some(key) = map.keys().nth(random.below(map.len())).cloned() {
                    let value = map.remove(&key).unwrap();
                    map.insert(format!("{key}{key}"), value);
                }
            }
            value => *value = json!({ "traits": [value.clone(), { "a": null }] }),
        },
    }
}

/// One mistake in a text.
fn scratch(text: &str, random: &mut Random) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = random.below(lines.len());
    let to = random.below(lines.len());
    match random.below(6) {
        0 => drop(lines.remove(at)),
        1 => lines.swap(at, to),
        2 => lines.insert(to, lines[at].clone()),
        3 => lines[at].insert_str(0, ["  ", " ", "\t", "- ", "é", "&a "][random.below(6)]),
        4 => lines.truncate(at + 1),
        _ => {
            let marks = [
                ':', '{', '}', '[', '"', '\'', '#', '*', '|', '~', '\u{2028}', '𝄞',
            ];
            let line = &mut lines[at];
            let places: Vec<usize> = line.char_indices().map(|(i, _)| i).collect();
            let place = places.get(random.below(places.len())).copied().unwrap_or(0);
            line.insert(place, marks[random.below(marks.len())]);
        }
    }
    lines.join("\n")
}

/// Reads the contract as the program does. Returns whether it generates.
fn try_out(contract: &Path) -> bool {
    let mut report = Report::default();
    let workspace = Workspace::load(contract, &mut report).unwrap();
    let model = model::read(&workspace, &mut report);
    check::check_on(&model, &workspace, "2026-01-01", &mut report);
    let text = report.render(&workspace, false);
    let _ = report.to_json(&workspace);
    if report.has_errors() {
        assert!(text.contains("error[JW"), "errors are shown: {text}");
        return false;
    }
    assert!(!render::render(&model).unwrap().is_empty());
    true
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Tries mistakes in `files`, which lie in `folder` beside what they refer to; the first is the contract.
fn survives(folder: &Path, files: &[&str], seed: u64) {
    let count = std::env::var("MUTATIONS").map_or(40, |count| count.parse().unwrap());
    let mut random = Random(seed);
    let originals: Vec<String> = files
        .iter()
        .map(|file| std::fs::read_to_string(folder.join(file)).unwrap())
        .collect();
    let (mut generated, mut refused) = (0, 0);
    for round in 0..count {
        let which = random.below(files.len() * 2).saturating_sub(files.len());
        let path = folder.join(files[which]);
        let wrong = if random.below(3) == 0 {
            scratch(&originals[which], &mut random)
        } else {
            let mut report = Report::default();
            let workspace = Workspace::load(&path, &mut report).unwrap();
            let mut document = workspace.contract().unwrap().to_json();
            for _ in 0..=random.below(3) {
                mutate(&mut document, &mut random);
            }
            serde_json::to_string_pretty(&document).unwrap()
        };
        std::fs::write(&path, &wrong).unwrap();
        let contract = folder.join(files[0]);
        match std::panic::catch_unwind(|| try_out(&contract)) {
            Ok(true) => generated += 1,
            Ok(false) => refused += 1,
            Err(_) => panic!("round {round}: panicked on {}:\n{wrong}", files[which]),
        }
        std::fs::write(&path, &originals[which]).unwrap();
    }
    // Mistakes that change nothing, or that everything falls over, would try out nothing.
    assert!(
        generated > 0 && refused > 0,
        "{generated} generated, {refused} refused"
    );
}

/// On a thread with as much stack as the program gives itself.
fn spacious(work: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(256 << 20);
        let thread = builder.spawn_scoped(scope, work).unwrap();
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    });
}

fn documents() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents")
}

fn document_survives(files: &[&str], seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        let from = documents().join(file);
        let to = folder.path().join(file.rsplit('/').next().unwrap());
        std::fs::copy(from, to).unwrap();
    }
    let names: Vec<&str> = files
        .iter()
        .map(|f| f.rsplit('/').next().unwrap())
        .collect();
    spacious(|| survives(folder.path(), &names, seed));
}

#[test]
fn mistakes_in_a_small_contract() {
    let project = support::Project::new();
    let files = [
        support::CONTRACT_FILE,
        support::SCHEMA_FILE,
        "events/schemas/envelope.json",
    ];
    spacious(|| survives(&project.path(""), &files, 1));
}

#[test]
fn mistakes_in_the_sample() {
    let folder = tempfile::tempdir().unwrap();
    let root = support::repository();
    std::fs::copy(
        root.join("asyncapi.yaml"),
        folder.path().join("asyncapi.yaml"),
    )
    .unwrap();
    copy(
        &root.join("events/schemas"),
        &folder.path().join("events/schemas"),
    );
    let files = [
        "asyncapi.yaml",
        "events/schemas/order.placed.v1.json",
        "events/schemas/shared/money.json",
    ];
    spacious(|| survives(folder.path(), &files, 2));
}

#[test]
fn mistakes_in_documents_of_others() {
    document_survives(&["signup.yaml"], 3);
    document_survives(&["lights.yaml"], 4);
    document_survives(&["room.yaml"], 5);
    document_survives(&["formats.json"], 6);
}

#[test]
fn mistakes_in_parts_in_other_files() {
    let files = [
        "split/asyncapi.yaml",
        "split/channels.yaml",
        "split/parts.yaml",
        "split/operations.json",
        "split/closed.json",
    ];
    document_survives(&files, 7);
}
