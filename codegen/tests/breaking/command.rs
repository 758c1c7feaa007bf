//! The command in a repository of its own: exit codes, history, waivers, formats.

use std::process::{Command, Output};

use serde_json::Value as Json;

use crate::support::{CONTRACT_FILE, Project, SCHEMA_FILE, stderr, stdout};

/// The small contract, committed on main.
pub(crate) struct Repository {
    pub(crate) project: Project,
}

impl Repository {
    pub(crate) fn new() -> Self {
        let repository = Self {
            project: Project::new(),
        };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.commit("first");
        repository
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args([
                "-c",
                "user.name=Tester",
                "-c",
                "user.email=tester@example.com",
            ])
            .args(arguments)
            .current_dir(self.project.path(""))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            stderr(&output)
        );
        stdout(&output)
    }

    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
    }

    pub(crate) fn replace(&self, from: &str, to: &str) {
        self.project.replace(SCHEMA_FILE, from, to);
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut all = vec!["breaking"];
        all.extend(arguments);
        self.project.run(&all)
    }

    /// Runs it, expects this exit code, and returns what it said on both.
    pub(crate) fn said(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = format!("{}{}", stdout(&output), stderr(&output));
        assert_eq!(output.status.code(), Some(code), "{said}");
        said
    }

    pub(crate) fn findings(&self, arguments: &[&str]) -> Vec<Json> {
        let mut all = vec!["--format", "json"];
        all.extend(arguments);
        let document: Json = serde_json::from_str(&stdout(&self.run(&all))).unwrap();
        document["findings"].as_array().unwrap().clone()
    }

    pub(crate) fn rules(&self) -> Vec<String> {
        let findings = self.findings(&[]).into_iter();
        findings
            .map(|finding| finding["rule"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// Compares what was said, without the hashes of commits, with the file of this name.
pub(crate) fn snapshot(name: &str, said: &str) {
    insta::with_settings!({ filters => vec![(r"\([0-9a-f]{7}\)", "(COMMIT)")], prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, said);
    });
}

const REQUIRED: (&str, &str) = (
    r#""required": ["orderId"]"#,
    r#""required": ["orderId", "note"]"#,
);

#[test]
fn what_is_committed_breaks_nothing() {
    let repository = Repository::new();
    snapshot("nothing", &repository.said(0, &[]));
}

#[test]
fn a_safe_change_breaks_nothing() {
    let repository = Repository::new();
    repository.replace(r#""note":"#, r#""gift": { "type": "boolean" }, "note":"#);
    snapshot("safe", &repository.said(0, &["--against", "HEAD"]));
}

#[test]
fn a_finding_says_where_why_and_how_to_mend_it() {
    let repository = Repository::new();
    repository.replace(REQUIRED.0, REQUIRED.1);
    snapshot("finding", &repository.said(1, &["--only", "wire"]));
}

#[test]
fn what_cannot_be_decided_is_not_safe() {
    let repository = Repository::new();
    repository.replace(r#""maxLength": 500"#, r#""pattern": "^(?!ab)""#);
    repository.commit("second");
    repository.replace("^(?!ab)", "^(?!(?:ab))");
    snapshot("undecided", &repository.said(3, &["--history", "base"]));
}

#[test]
fn what_cannot_be_compared_is_an_error() {
    let repository = Repository::new();
    snapshot(
        "unknown_reference",
        &repository.said(2, &["--against", "nowhere"]),
    );
    repository.project.replace(
        CONTRACT_FILE,
        "./events/schemas/order.placed.v1.json",
        "./events/schemas/gone.json",
    );
    snapshot("contract_error", &repository.said(2, &[]));
    let project = Project::new();
    let output = project.run(&["breaking"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("is in no git repository; compare with a folder"),
        "{}",
        stderr(&output)
    );
    let repository = Repository::new();
    let output = Command::new(env!("CARGO_BIN_EXE_codegen"))
        .arg("breaking")
        .current_dir(repository.project.path(""))
        .env("PATH", "")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("cannot run git"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_shallow_clone_is_told() {
    let repository = Repository::new();
    repository.replace("500", "600");
    repository.commit("second");
    let clone = tempfile::tempdir().unwrap();
    let from = format!("file://{}", repository.project.path("").display());
    let to = clone.path().display().to_string();
    repository.git(&["clone", "--quiet", "--depth", "1", &from, &to]);
    let run = |arguments: &[&str]| {
        let mut all = vec!["breaking"];
        all.extend(arguments);
        Command::new(env!("CARGO_BIN_EXE_codegen"))
            .args(all)
            .current_dir(clone.path())
            .output()
            .unwrap()
    };
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("git fetch --unshallow"),
        "{}",
        stderr(&output)
    );
    assert_eq!(run(&["--history", "base"]).status.code(), Some(0));
}

#[test]
fn a_folder_needs_no_git() {
    let (old, new) = (Project::new(), Project::new());
    let against = old.path("").display().to_string();
    let run = || new.run(&["breaking", "--against", &against]);
    assert_eq!(run().status.code(), Some(0), "{}", stderr(&run()));
    new.replace(SCHEMA_FILE, REQUIRED.0, REQUIRED.1);
    assert_eq!(run().status.code(), Some(1), "{}", stderr(&run()));
}

#[test]
fn an_event_that_disappears_or_is_renamed_is_found() {
    let repository = Repository::new();
    let contract = repository
        .project
        .read(CONTRACT_FILE)
        .replace("order.placed.v1", "order.placed.v2");
    repository.project.write(CONTRACT_FILE, &contract);
    repository.git(&["mv", SCHEMA_FILE, "events/schemas/order.placed.v2.json"]);
    let rules = repository.rules();
    for rule in ["event-removed", "channel-removed", "operation-changed"] {
        assert!(
            rules.iter().any(|found| found == rule),
            "{rule} in {rules:?}"
        );
    }
}

#[test]
fn a_file_that_is_renamed_is_still_compared() {
    let repository = Repository::new();
    repository.git(&["mv", "events/schemas", "events/contracts"]);
    let contract = repository
        .project
        .read(CONTRACT_FILE)
        .replace("events/schemas", "events/contracts");
    repository.project.write(CONTRACT_FILE, &contract);
    repository
        .project
        .replace("events/contracts/order.placed.v1.json", "500", "400");
    assert_eq!(repository.rules(), ["max-length-lowered"]);
}

#[test]
fn a_property_that_comes_back_with_another_type_is_found() {
    let repository = Repository::new();
    let first = repository.project.read(SCHEMA_FILE);
    repository.replace(
        r#"" },
    "note": { "type": "string", "maxLength": 500 }"#,
        r#"" }"#,
    );
    repository.commit("the note goes");
    assert!(repository.said(0, &[]).contains("nothing breaks"));
    repository.project.write(
        SCHEMA_FILE,
        &first.replace(
            r#""type": "string", "maxLength": 500"#,
            r#""type": "integer""#,
        ),
    );
    snapshot("base_alone", &repository.said(0, &["--history", "base"]));
    let found = repository.findings(&[]);
    let rules: Vec<_> = found
        .iter()
        .map(|finding| (&finding["rule"], &finding["direction"]))
        .collect();
    assert_eq!(
        rules,
        [
            (&"type-changed".into(), &"backward".into()),
            (&"type-changed".into(), &"forward".into())
        ]
    );
    // Where it was published before counts, and nothing older.
    assert!(
        repository
            .said(0, &["--since", "HEAD"])
            .contains("nothing breaks")
    );
}

#[test]
fn what_a_branch_never_merged_was_not_published() {
    let repository = Repository::new();
    repository.git(&["checkout", "--quiet", "-b", "feature"]);
    repository.replace(r#""note":"#, r#""gift": { "type": "boolean" }, "note":"#);
    repository.commit("a gift");
    repository.replace(
        r#""gift": { "type": "boolean" }"#,
        r#""gift": { "type": "string" }"#,
    );
    assert!(repository.said(0, &[]).contains("the merge base with main"));
    repository.git(&["branch", "--force", "main"]);
    assert_eq!(
        repository.rules(),
        ["field-type-changed", "type-changed", "type-changed"]
    );
}

#[test]
fn on_main_the_last_tag_is_compared_with() {
    let repository = Repository::new();
    repository.git(&["tag", "v1"]);
    repository.replace("500", "600");
    repository.commit("second");
    let said = repository.said(1, &[]);
    assert!(said.contains("the tag v1"), "{said}");
}

/// Changing a schema and not yet its examples is how such a change begins.
#[test]
fn an_example_that_the_change_rejects_stops_nothing() {
    let repository = Repository::new();
    repository
        .project
        .write("events/examples/order.placed.v1/valid/first.json", "{}");
    let said = repository.said(0, &[]);
    assert!(
        said.contains("note: the contract has errors beside, see `codegen lint`"),
        "{said}"
    );
    repository.replace(REQUIRED.0, REQUIRED.1);
    let said = repository.said(1, &["--only", "wire"]);
    assert!(said.contains("required-added (backward)"), "{said}");
}

/// An envelope that the runtime does not speak is an error of the contract, not of its past.
#[test]
fn another_envelope_is_an_error_now_and_none_in_the_past() {
    let repository = Repository::new();
    let envelope = "events/schemas/envelope.json";
    let spoken = repository.project.read(envelope);
    repository.project.write(
        envelope,
        &spoken.replace("\"required\": [", "\"required\": [\"traceparent\", "),
    );
    assert_ne!(repository.project.read(envelope), spoken);
    let said = repository.said(2, &[]);
    assert!(said.contains("envelope"), "{said}");
    repository.commit("another envelope");
    repository.project.write(envelope, &spoken);
    repository.said(0, &[]);
}

#[test]
fn where_there_is_no_main_all_that_is_committed_was_published() {
    let repository = Repository::new();
    repository.git(&["branch", "--move", "trunk"]);
    repository.replace(REQUIRED.0, REQUIRED.1);
    repository.commit("second");
    let said = repository.said(1, &["--only", "wire"]);
    assert!(said.contains("with the last commit ("), "{said}");
    let empty = Project::new();
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.args(arguments)
            .current_dir(empty.path(""))
            .status()
            .unwrap();
    };
    git(&["init", "--quiet"]);
    let output = empty.run(&["breaking"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("nothing is committed here yet"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_waiver_takes_its_finding_out_until_it_expires() {
    let repository = Repository::new();
    repository.replace("500", "600");
    let found = repository.findings(&[]);
    let fingerprint = found[0]["fingerprint"].as_str().unwrap();
    let waiver = |expires: &str| {
        format!(
            "waivers:\n  - fingerprint: \"{fingerprint}\"\n    reason: no consumer reads notes\n    owner: orders\n    expires: {expires}\n"
        )
    };
    let file = "events/waivers.yaml";
    repository.project.write(file, &waiver("2999-12-31"));
    assert!(repository.said(0, &[]).contains("1 waived"));
    // The same finding elsewhere in the file, in other words, is the same.
    repository.replace(r#""type": "object","#, "\"type\": \"object\",\n\n");
    assert!(repository.said(0, &[]).contains("1 waived"));
    // With other values it is another one.
    repository.replace("600", "700");
    let rules = repository.rules();
    assert_eq!(rules, ["max-length-raised", "waiver-unused"]);
    repository.replace("700", "600");
    repository.project.write(file, &waiver("2020-01-31"));
    let said = repository.said(1, &[]);
    assert!(
        said.contains("waiver-expired") && said.contains("max-length-raised"),
        "{said}"
    );
    repository.project.write(file, &waiver("soon"));
    let said = repository.said(2, &[]);
    assert!(said.contains("`soon` is no day"), "{said}");
}

#[test]
fn findings_for_scripts() {
    let repository = Repository::new();
    repository.replace("500", "600");
    snapshot("json", &stdout(&repository.run(&["--format", "json"])));
    snapshot("github", &stdout(&repository.run(&["--format", "github"])));
    let text = stdout(&repository.run(&["--format", "sarif"]));
    snapshot("sarif", &text);
    let sarif: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    assert!(run["tool"]["driver"]["name"].is_string());
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for result in run["results"].as_array().unwrap() {
        assert!(result["message"]["text"].is_string());
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(
            ["error", "warning"]
                .iter()
                .any(|level| result["level"] == *level)
        );
        let place = &result["locations"][0]["physicalLocation"];
        assert!(place["artifactLocation"]["uri"].is_string());
        assert!(place["region"]["startLine"].as_u64().unwrap() >= 1);
        assert!(place["region"]["startColumn"].as_u64().unwrap() >= 1);
    }
}

#[test]
fn paths_are_from_the_top_of_the_repository() {
    let repository = Repository::new();
    repository.git(&["mv", "-k", "asyncapi.yaml", "events", "."]);
    let below = repository.project.path("shop");
    std::fs::create_dir(&below).unwrap();
    repository.git(&["mv", "asyncapi.yaml", "events", "shop"]);
    repository.commit("moved");
    repository
        .project
        .replace("shop/events/schemas/order.placed.v1.json", "500", "600");
    let said = repository.said(
        1,
        &["--contract", "shop/asyncapi.yaml", "--format", "github"],
    );
    assert!(
        said.contains("file=shop/events/schemas/order.placed.v1.json"),
        "{said}"
    );
}

#[test]
fn a_base_with_errors_is_not_safe() {
    let repository = Repository::new();
    let contract = repository.project.read(CONTRACT_FILE);
    let broken = contract.replace("asyncapi: 3.0.0", "asyncapi: 2.6.0");
    repository.project.write(CONTRACT_FILE, &broken);
    repository.commit("an older form");
    repository.project.write(CONTRACT_FILE, &contract);
    let said = repository.said(3, &["--history", "base"]);
    assert!(said.contains("unreadable-base"), "{said}");
}
