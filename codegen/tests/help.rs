//! What `--help` says of each command, as a person reads it, and that shells can complete them.

#![allow(clippy::unwrap_used, missing_docs)]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_codegen"))
        .args(arguments)
        .env("COLUMNS", "100")
        .output()
        .unwrap()
}

fn help(command: &[&str]) -> String {
    let output = run(&[command, &["--help"]].concat());
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let long = text.lines().find(|line| line.chars().count() > 100);
    assert_eq!(long, None, "wider than the terminal");
    text
}

macro_rules! helps {
    ($($name:ident: $command:expr;)*) => {
        $(#[test]
        fn $name() {
            insta::assert_snapshot!(stringify!($name), help(&$command));
        })*
    };
}

helps! {
    codegen: [];
    lint: ["lint"];
    new: ["new"];
    new_event: ["new", "event"];
    watch: ["watch"];
    completions: ["completions"];
}

/// The script is for this program's commands, and where the shell is there, it takes it.
#[test]
fn shells_take_their_completions() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = run(&["completions", shell]);
        assert!(output.status.success(), "{shell}");
        let script = String::from_utf8(output.stdout).unwrap();
        for word in ["watch", "received-by", "contract"] {
            assert!(script.contains(word), "{shell} completes no {word}");
        }
        if !matches!(shell, "bash" | "zsh" | "fish") {
            continue;
        }
        let check = Command::new(shell).arg("-n").stdin(Stdio::piped()).spawn();
        if let Ok(mut check) = check {
            check
                .stdin
                .take()
                .unwrap()
                .write_all(script.as_bytes())
                .unwrap();
            assert!(
                check.wait().unwrap().success(),
                "{shell} does not take its script"
            );
        }
    }
    assert_eq!(run(&["completions", "cmd"]).status.code(), Some(2));
}
