//! `codegen watch`: what is saved is written, what is wrong is shown, and neither ends it.

#![allow(clippy::unwrap_used, missing_docs)]
#![cfg(unix)]

#[allow(dead_code)]
mod support;

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use support::{CONTRACT_FILE, Project, SCHEMA_FILE};

const EVENT: &str = "events/src/generated/order_placed_v1.rs";

/// Far more than anything here takes, so that a slow machine fails nothing.
const DEADLINE: Duration = Duration::from_secs(30);

struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    fn start(project: &Project) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_codegen"))
            .arg("watch")
            .current_dir(project.path(""))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, lines) = channel();
        let out: [Box<dyn Read + Send>; 2] = [
            Box::new(child.stdout.take().unwrap()),
            Box::new(child.stderr.take().unwrap()),
        ];
        for out in out {
            let send = send.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(out).lines().map_while(Result::ok) {
                    let _ = send.send(line);
                }
            });
        }
        Self { child, lines }
    }

    /// What it says until it says `text`, which is on stdout or stderr: the two are not in order.
    fn until(&self, text: &str) -> String {
        let began = Instant::now();
        let mut said = String::new();
        while let Some(left) = DEADLINE.checked_sub(began.elapsed()) {
            let Ok(line) = self.lines.recv_timeout(left) else {
                break;
            };
            said.push_str(&line);
            said.push('\n');
            if line.contains(text) {
                return said;
            }
        }
        panic!("never said {text:?}:\n{said}");
    }

    fn interrupt(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-INT", &pid])
                .status()
                .unwrap()
                .success()
        );
        self.until("ended");
        self.child.wait().unwrap().code()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_save_is_written_a_mistake_is_shown_and_ctrl_c_is_no_failure() {
    let project = Project::new();
    let watch = Watch::start(&project);
    watch.until("waiting for changes");
    assert!(project.read(EVENT).contains("500"));

    let mut taken = Vec::new();
    for length in 600..610 {
        let schema = project.read(SCHEMA_FILE);
        let (from, to) = (
            format!("\"maxLength\": {}", length - 1),
            format!("\"maxLength\": {length}"),
        );
        let saved = Instant::now();
        project.write(
            SCHEMA_FILE,
            &schema
                .replace("\"maxLength\": 500", &to)
                .replace(&from, &to),
        );
        watch.until("order_placed_v1.rs");
        taken.push(saved.elapsed());
        assert!(project.read(EVENT).contains(&length.to_string()));
        watch.until("waiting for changes");
    }
    taken.sort();
    println!(
        "from save to written, ten times: median {:?}, longest {:?}",
        taken[5], taken[9]
    );

    let schema = project.read(SCHEMA_FILE);
    project.write(SCHEMA_FILE, &schema[..schema.len() / 2]);
    watch.until("error[JW001]");
    project.write(SCHEMA_FILE, &schema.replace("maxLength", "maxLenght"));
    watch.until("did you mean `maxLength`?");
    assert!(
        project.read(EVENT).contains("609"),
        "what was written last is still there"
    );
    project.write(SCHEMA_FILE, &schema.replace("609", "700"));
    watch.until("order_placed_v1.rs");
    assert!(project.read(EVENT).contains("700"));

    assert_eq!(watch.interrupt(), Some(0));
}

#[test]
fn files_that_go_and_come_are_seen() {
    let project = Project::new();
    let watch = Watch::start(&project);
    watch.until("waiting for changes");
    let contract = project.read(CONTRACT_FILE);
    std::fs::remove_file(project.path(CONTRACT_FILE)).unwrap();
    watch.until("cannot read the contract");
    project.write(
        CONTRACT_FILE,
        &contract.replace("concurrency: 8", "concurrency: 9"),
    );
    watch.until("stock.rs");

    let shared = "events/schemas/note.json";
    let schema = project.read(SCHEMA_FILE);
    project.write(
        SCHEMA_FILE,
        &schema.replace(
            r#"{ "type": "string", "maxLength": 500 }"#,
            r#"{ "$ref": "note.json" }"#,
        ),
    );
    watch.until("cannot read `events/schemas/note.json`");
    project.write(shared, r#"{ "type": "string", "maxLength": 501 }"#);
    watch.until("order_placed_v1.rs");
    project.write(shared, r#"{ "type": "string", "maxLength": 502 }"#);
    watch.until("order_placed_v1.rs");
    assert!(project.read(EVENT).contains("502"));
    assert_eq!(watch.interrupt(), Some(0));
}
