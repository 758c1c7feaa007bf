//! A new service from `template/service`, exactly as README.md says: its commands are run one by one, in a copy of this
//! repository outside of its tree; then the service starts as a process and handles its first event.
//!
//! `cargo generate` itself is the real one where it is installed. Elsewhere a stand-in of a few lines fills in the
//! placeholders, for building cargo-generate takes longer than all of this test. It knows only what this template uses,
//! and refuses the rest.

#![allow(clippy::unwrap_used, missing_docs)]

mod readme;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use dev::leash::Program;
use dev::{Broker, until};
use serde_json::{Value, json};
use uuid::Uuid;

const NAME: &str = "shipping";
const PATIENCE: Duration = Duration::from_secs(30);

/// A copy of the repository, and where its programs are built.
struct Copy {
    root: PathBuf,
    target: PathBuf,
    _directory: tempfile::TempDir,
}

impl Copy {
    fn make() -> Self {
        let directory = tempfile::Builder::new()
            .prefix("jetway-template-")
            .tempdir()
            .unwrap();
        let (root, target) = (
            directory.path().join("shop"),
            directory.path().join("target"),
        );
        copy_tree(&readme::root(), &root);
        // The two workspaces share what they build of others' crates. Under the same version cargo would take the
        // crates of the one for those of the other.
        let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
        let own = manifest.replacen("version = \"0.1.0\"", "version = \"0.1.0-copy\"", 1);
        assert_ne!(
            own, manifest,
            "[workspace.package] has another version; tell this test"
        );
        fs::write(root.join("Cargo.toml"), own).unwrap();
        // What was installed for the tests here need not be installed again.
        let machines = dev::target::directory().join("machines");
        fs::create_dir_all(&machines).unwrap();
        fs::create_dir_all(&target).unwrap();
        std::os::unix::fs::symlink(machines, target.join("machines")).unwrap();
        Self {
            root,
            target,
            _directory: directory,
        }
    }

    /// Runs a command in the copy, and answers what it printed.
    fn run(&self, command: &str) -> String {
        eprintln!("$ {command}");
        let mut words = command.split_whitespace();
        let mut process = Command::new(words.next().unwrap());
        process
            .args(words)
            .current_dir(&self.root)
            .stdin(std::process::Stdio::null());
        let told = std::env::vars_os().map(|(name, _)| name);
        for name in told.filter(|name| dev::target::is_told_by_cargo(name)) {
            process.env_remove(name);
        }
        process
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_TERM_COLOR", "never");
        if std::env::var_os("CARGO_BUILD_BUILD_DIR").is_none() {
            process.env("CARGO_BUILD_BUILD_DIR", dev::target::directory());
        }
        let done = process
            .output()
            .unwrap_or_else(|error| panic!("{command}: {error}"));
        let printed = [done.stderr, done.stdout].concat();
        let printed = String::from_utf8_lossy(&printed).into_owned();
        assert!(
            done.status.success(),
            "`{command}` failed ({}):\n{printed}",
            done.status
        );
        printed
    }

    /// Does one line of the README.
    fn follow(&self, command: &str) {
        if command.starts_with("cargo install ") {
            return;
        }
        if let Some(arguments) = command.strip_prefix("cargo generate ") {
            assert_eq!(
                arguments,
                format!("--path . template/service --name {NAME}")
            );
            return self.generate(command);
        }
        if let Some(recipe) = command.strip_prefix("just ") {
            let commands = readme::recipe(recipe).unwrap_or_else(|| panic!("no recipe {recipe}"));
            return commands.iter().for_each(|command| drop(self.run(command)));
        }
        let printed = self.run(command);
        let warned = printed.lines().any(|line| line.contains("--> services/"));
        assert!(
            !warned,
            "the new service does not compile without warnings:\n{printed}"
        );
    }

    fn generate(&self, command: &str) {
        let real = Command::new("cargo-generate").arg("--version").output();
        if real.is_ok_and(|done| done.status.success()) {
            // It asks for a user's name where it finds none, although this template uses it nowhere.
            self.run(&format!("env USER=nobody {command}"));
        } else {
            stand_in(&self.root.join("template/service"), &self.root, NAME);
        }
        self.run(&format!("cargo fmt -p {NAME} --check"));
    }

    /// Puts the lines below `operations:`, as the README says.
    fn paste(&self, lines: &[String]) {
        let contract = self.root.join("asyncapi.yaml");
        let text = fs::read_to_string(&contract).unwrap();
        let pasted = text.replacen(
            "\noperations:\n",
            &format!("\noperations:\n{}\n", lines.join("\n")),
            1,
        );
        assert_ne!(pasted, text, "asyncapi.yaml has no line `operations:`");
        fs::write(contract, pasted).unwrap();
    }
}

/// Copies what belongs to the project, with its times: what did not change is not built again.
fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (source, copy) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            let left_out = entry.file_name() == ".git" || source.join("CACHEDIR.TAG").is_file();
            if !left_out {
                copy_tree(&source, &copy);
            }
        } else if source.is_file() {
            fs::copy(&source, &copy).unwrap();
            let changed = source.metadata().unwrap().modified().unwrap();
            fs::File::options()
                .write(true)
                .open(&copy)
                .unwrap()
                .set_modified(changed)
                .unwrap();
        }
    }
}

/// What `cargo generate` does with this template: writes its tree into `to`, with the placeholders filled in.
fn stand_in(template: &Path, to: &Path, name: &str) {
    let config = fs::read_to_string(template.join("cargo-generate.toml")).unwrap();
    assert!(
        config.contains("\ninit = true\n"),
        "without `init` the files go to a folder of their own"
    );
    render_tree(&template.join("services"), &to.join("services"), name);
}

fn render_tree(from: &Path, to: &Path, name: &str) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let written = to.join(fill_in(entry.file_name().to_str().unwrap(), name));
        if entry.path().is_dir() {
            render_tree(&entry.path(), &written, name);
            continue;
        }
        assert!(!written.exists(), "{} is there already", written.display());
        fs::write(
            &written,
            fill_in(&fs::read_to_string(entry.path()).unwrap(), name),
        )
        .unwrap();
    }
}

fn fill_in(text: &str, name: &str) -> String {
    let camel: String = name
        .split('-')
        .map(|word| format!("{}{}", word[..1].to_uppercase(), &word[1..]))
        .collect();
    let filled = text
        .replace("{{project-name | upper_camel_case}}", &camel)
        .replace("{{crate_name}}", &name.replace('-', "_"))
        .replace("{{project-name}}", name);
    let left = filled.contains("{{") || filled.contains("{%");
    assert!(
        !left,
        "a placeholder that the stand-in does not know:\n{filled}"
    );
    filled
}

#[test]
fn placeholders_are_filled_in_also_for_a_name_with_a_dash() {
    let line = "use {{crate_name}}::{{project-name | upper_camel_case}}; // {{project-name}}";
    assert_eq!(
        fill_in(line, "parcel-labels"),
        "use parcel_labels::ParcelLabels; // parcel-labels"
    );
}

#[test]
#[should_panic(expected = "does not know")]
fn a_placeholder_that_nobody_fills_in_is_noticed() {
    fill_in("{{authors}}", "shipping");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_service_handles_its_first_event_after_the_steps_of_the_readme() {
    let copy = Copy::make();
    let readme = readme::text("README.md");
    let blocks = readme::blocks(readme::section(&readme, "A new service"));
    for block in &blocks {
        match block.language.as_str() {
            "console" => block.lines.iter().for_each(|line| copy.follow(line)),
            "yaml" => copy.paste(&block.lines),
            other => panic!(
                "README.md, \"A new service\": what is to be done with a block of {other:?}?"
            ),
        }
    }
    let lines: Vec<_> = blocks.iter().flat_map(|block| &block.lines).collect();
    for step in ["just codegen", "cargo test -p shipping"] {
        assert!(
            lines.iter().any(|line| *line == step),
            "README.md leaves out the step `{step}`"
        );
    }
    handles_its_first_event(&copy).await;
}

async fn handles_its_first_event(copy: &Copy) {
    let broker = Broker::start().await.unwrap();
    let address = format!("127.0.0.1:{}", dev::ports::free().unwrap());
    let data = copy.root.join("data");
    let service = Program::new(copy.target.join("debug").join(NAME))
        .clean_environment()
        .envs([("NATS_URL", broker.url()), ("HTTP_ADDR", address.clone())])
        .directory(&copy.root)
        .spawn(copy.root.join("shipping.log"))
        .unwrap();
    let get = async |path: &str| {
        let answer = reqwest::get(format!("http://{address}{path}"))
            .await
            .map_err(|error| error.to_string())?;
        let (status, body) = (answer.status(), answer.text().await.unwrap_or_default());
        if status == 200 {
            Ok(body)
        } else {
            Err(format!("{status} {body}\n{}", service.log_tail(20)))
        }
    };
    until("the new service to be ready", PATIENCE, || get("/readyz"))
        .await
        .unwrap();

    let order_id = Uuid::now_v7();
    let event = json!({
        "specversion": "1.0",
        "id": Uuid::now_v7(),
        "type": "order.confirmed.v1",
        "source": "/orders",
        "data": {
            "orderId": order_id,
            "customer": { "name": "Ada", "email": "ada@example.com" },
            "total": { "cents": 4990, "currency": "EUR" },
            "confirmedAt": "2026-03-01T12:30:00Z",
        },
    });
    let client = async_nats::connect(broker.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let stored = jetstream.publish(
        format!("order.confirmed.v1.{order_id}"),
        event.to_string().into(),
    );
    stored.await.unwrap().await.unwrap();

    let handled = until("the first event to be handled", PATIENCE, || async {
        let orders: Value =
            serde_json::from_str(&get("/orders").await?).map_err(|error| error.to_string())?;
        if orders == json!([]) {
            Err(format!("no orders\n{}", service.log_tail(20)))
        } else {
            Ok(orders)
        }
    });
    assert_eq!(
        handled.await.unwrap(),
        json!([{ "orderId": order_id, "totalCents": 4990 }])
    );
    assert!(
        data.join("shipping.sqlite3").is_file(),
        "the database is not where --help says"
    );
}
