//! Files that are no contract, or only just: each is read, or refused with its reason. Nothing panics, nothing runs away.

#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code)]
mod support;

use std::fmt::Write as _;

use codegen::diagnostics::Report;
use codegen::load::Workspace;
use codegen::{check, model, render};
use support::{CONTRACT_FILE, Project, stderr};

/// How many files a project generates, or the report. With as much stack as the program gives itself.
fn outcome(project: &Project) -> Result<usize, String> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(256 << 20)
            .spawn_scoped(scope, || read(project))
            .unwrap()
            .join()
            .unwrap()
    })
}

fn read(project: &Project) -> Result<usize, String> {
    let mut report = Report::default();
    let workspace = Workspace::load(&project.path(CONTRACT_FILE), &mut report)
        .map_err(|error| error.to_string())?;
    let contract = model::read(&workspace, &mut report);
    check::check(&contract, &workspace, &mut report);
    if report.has_errors() {
        let text = report.render(&workspace, false);
        let _ = report.render(&workspace, true);
        let _ = report.to_json(&workspace);
        return Err(text);
    }
    Ok(render::render(&contract).unwrap().len())
}

/// The outcome of a contract, and its first line.
fn of(bytes: impl AsRef<[u8]>) -> Result<usize, String> {
    let project = Project::new();
    std::fs::write(project.path(CONTRACT_FILE), bytes).unwrap();
    outcome(&project).map_err(|text| text.lines().next().unwrap_or_default().to_owned())
}

fn sample() -> String {
    Project::new().read(CONTRACT_FILE)
}

#[test]
fn how_lines_end_and_a_byte_order_mark_change_nothing() {
    let plain = of(sample()).unwrap();
    assert_eq!(of(sample().replace('\n', "\r\n")), Ok(plain));
    assert_eq!(of(format!("\u{feff}{}", sample())), Ok(plain));
    assert_eq!(of(format!("%YAML 1.2\n---\n{}...\n", sample())), Ok(plain));
}

#[test]
fn places_are_right_where_lines_end_with_two_characters() {
    let project = Project::new();
    let wrong = sample().replace("concurrency", "concurency");
    project.write(CONTRACT_FILE, &wrong.replace('\n', "\r\n"));
    let text = stderr(&project.run(&[]));
    assert!(text.contains("asyncapi.yaml:19:20"), "{text}");
    project.write(CONTRACT_FILE, &format!("\u{feff}{wrong}"));
    let text = stderr(&project.run(&[]));
    assert!(text.contains("asyncapi.yaml:19:20"), "{text}");
}

#[test]
fn aliases_stand_for_what_they_name() {
    let aliased = sample()
        .replace(
            "{ $ref: '#/channels/order.placed.v1' } }",
            "&placed { $ref: '#/channels/order.placed.v1' } }",
        )
        .replace(
            "channel: { $ref: '#/channels/order.placed.v1' }\n",
            "channel: *placed\n",
        );
    assert!(aliased.contains("*placed"));
    assert_eq!(of(aliased), of(sample()));
}

#[test]
fn what_is_no_contract_is_refused() {
    let mut text = String::new();
    let mut say = |name: &str, bytes: &[u8]| {
        writeln!(text, "{name}: {}", of(bytes).unwrap_err()).unwrap();
    };
    say("empty", b"");
    say("a comment alone", b"# nothing\n");
    say("null", b"null\n");
    say("a word", b"asyncapi\n");
    say("a list", b"- asyncapi: 3.0.0\n");
    say("another version", b"asyncapi: 2.6.0\ninfo: {}\n");
    say("a version that is a number", b"asyncapi: 3.0\ninfo: {}\n");
    say("tabs", b"asyncapi: 3.0.0\ninfo:\n\ttitle: x\n");
    say("not UTF-8", b"asyncapi: 3.0.0\ninfo: { title: \xff\xfe }\n");
    say("a zero byte", b"asyncapi: 3.0.0\ninfo: { title: \"\0\" }\n");
    say(
        "a key twice",
        sample()
            .replace("channels:\n", "info: {}\nchannels:\n")
            .as_bytes(),
    );
    say("a key that is a list", b"asyncapi: 3.0.0\n[a, b]: 1\n");
    say("two documents", format!("{0}---\n{0}", sample()).as_bytes());
    say(
        "a tag",
        sample().replace("3.0.0\n", "!!binary MwA=\n").as_bytes(),
    );
    say(
        "a number that JSON cannot hold",
        sample()
            .replace("concurrency: 8", "concurrency: .inf")
            .as_bytes(),
    );
    say(
        "an anchor that is not there",
        sample().replace("[order.>]", "*nowhere").as_bytes(),
    );
    insta::assert_snapshot!(text);
}

/// Each of them would take all memory, or the whole stack, if it were followed.
#[test]
fn what_grows_without_bound_is_refused() {
    let mut bomb =
        String::from("asyncapi: 3.0.0\nx0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for i in 1..12 {
        let before = format!("*a{}, ", i - 1).repeat(9);
        writeln!(bomb, "x{i}: &a{i} [{before}]").unwrap();
    }
    let itself = "asyncapi: &a\n  info: *a\n";
    let deep = |open: &str, close: &str| {
        let n = 2_000;
        format!(
            "asyncapi: 3.0.0\nx-deep: {}1{}\n",
            open.repeat(n),
            close.repeat(n)
        )
    };
    let block: String = (0..500).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    let mut text = String::new();
    for (name, contract) in [
        ("aliases of aliases", bomb),
        ("an alias of itself", itself.to_owned()),
        ("deep lists", deep("[", "]")),
        ("deep mappings", deep("{a: ", "}")),
        ("deep blocks", block),
    ] {
        writeln!(text, "{name}: {}", of(contract).unwrap_err()).unwrap();
    }
    insta::assert_snapshot!(text);
}

/// As deep as the parser allows: everything behind it must be able to go there.
#[test]
fn what_is_just_shallow_enough_is_read() {
    let mut deepest = 0;
    for depth in [10, 20, 30, 100, 1_000] {
        let project = Project::new();
        let nested = format!(
            "{}{{ \"type\": \"string\" }}{}",
            "{ \"type\": \"object\", \"properties\": { \"a\": ".repeat(depth),
            "} }".repeat(depth)
        );
        project.replace(
            support::SCHEMA_FILE,
            r#"{ "type": "string", "maxLength": 500 }"#,
            &nested,
        );
        match outcome(&project) {
            Ok(_) => deepest = depth,
            Err(text) => assert!(text.starts_with("error[JW023]"), "{text}"),
        }
        let code = project.run(&[]).status.code();
        assert_eq!(code, Some(i32::from(deepest < depth)));
    }
    assert!((20..1_000).contains(&deepest), "{deepest}");
}

/// The parser counts bytes, and what is shown is characters.
#[test]
fn a_mistake_beside_a_character_of_several_bytes_is_pointed_at() {
    for wrong in ["𝄞", "é: [", "{ a: 1 }𝄞 }", "'é", "- é\n\t𝄞", "a: {𝄞 é"] {
        let first = of(wrong).unwrap_err();
        assert!(first.starts_with("error[JW0"), "{wrong}: {first}");
        // Behind a contract some of them are what a note of the author's own says.
        let _ = of(format!("{}x-more: {wrong}\n", sample()));
    }
}
