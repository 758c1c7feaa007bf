//! Every code has a page, and the page's examples are what it says they are.

#![allow(clippy::unwrap_used, missing_docs)]

#[allow(dead_code)]
mod support;

use codegen::diagnostics::{Code, Report};
use codegen::load::Workspace;
use codegen::{check, model};
use support::{CONTRACT_FILE, Project, stderr, stdout};

/// The codes whose examples are run: those of reading and checking a contract. The others belong to other commands.
fn is_run(code: Code) -> bool {
    // That would be longer than all pages together; and versions side by side take several files, so `versions.rs`
    // has a contract with each of these slips.
    code != Code::TooDeep && (code as u16) < 70
}

/// The fenced blocks below `## <heading>`: the file's name, where there is one, and the text.
fn blocks(page: &str, heading: &str) -> Vec<(Option<String>, String)> {
    let from = page.find(&format!("\n## {heading}\n")).unwrap();
    let section = &page[from + 4..];
    let section = &section[..section.find("\n## ").unwrap_or(section.len())];
    let mut blocks = Vec::new();
    let mut open: Option<(Option<String>, String)> = None;
    for line in section.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(info), None) => {
                let file = info.split_whitespace().nth(1).map(str::to_owned);
                open = Some((file, String::new()));
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fence is not closed");
    blocks
}

/// The top-level keys of a YAML text and their blocks.
fn top_level(text: &str) -> Vec<(String, String)> {
    let mut parts: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if !line.starts_with([' ', '#']) && !line.is_empty() {
            let key = line.split(':').next().unwrap().to_owned();
            parts.push((key, String::new()));
        }
        let (_, part) = parts.last_mut().unwrap();
        part.push_str(line);
        part.push('\n');
    }
    parts
}

/// The small project with a section's blocks in it.
fn project(page: &str, heading: &str) -> Project {
    let project = Project::new();
    for (file, text) in blocks(page, heading) {
        let Some(file) = file else { continue };
        if file != CONTRACT_FILE || text.starts_with("asyncapi:") {
            project.write(&file, &text);
            if file == CONTRACT_FILE {
                // The small project's own schemas belong to its own contract.
                std::fs::remove_dir_all(project.path("events")).unwrap();
            }
            continue;
        }
        let mut parts = top_level(&project.read(&file));
        for (key, part) in top_level(&text) {
            match parts.iter_mut().find(|(known, _)| *known == key) {
                Some(known) => known.1 = part,
                None => parts.push((key, part)),
            }
        }
        let text: String = parts.into_iter().map(|(_, part)| part).collect();
        project.write(&file, &text);
    }
    project
}

/// The codes of a project's findings, whether one is an error, and all of it as text.
fn findings(project: &Project) -> (Vec<Code>, bool, String) {
    let mut report = Report::default();
    let workspace = Workspace::load(&project.path(CONTRACT_FILE), &mut report).unwrap();
    let contract = model::read(&workspace, &mut report);
    check::check_on(&contract, &workspace, "2026-01-01", &mut report);
    let codes = report.findings().into_iter().map(|finding| finding.code);
    let codes = codes.collect();
    (codes, report.has_errors(), report.render(&workspace, false))
}

#[test]
fn every_code_has_a_page() {
    for code in Code::all() {
        let page = code.page();
        assert!(page.starts_with(&format!("# {code}: ")), "{code}: {page}");
        for heading in ["Wrong", "Right"] {
            assert!(!blocks(page, heading).is_empty(), "{code}: {heading}");
        }
        let title = code.title();
        assert!(!title.is_empty() && title.len() < 70, "{code}: {title}");
    }
}

#[test]
fn every_page_belongs_to_a_code() {
    let folder = support::repository().join("codegen/codes");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let code = name.strip_suffix(".md").unwrap();
        let known = Code::find(code).is_some_and(|known| known.to_string() == code);
        assert!(known || name == "README.md", "{name}");
    }
}

#[test]
fn what_a_page_calls_wrong_brings_its_code_and_what_it_calls_right_does_not() {
    let mut wrong = Vec::new();
    for code in Code::all().iter().copied().filter(|code| is_run(*code)) {
        for heading in ["Wrong", "Right"] {
            let named = blocks(code.page(), heading)
                .iter()
                .any(|(f, _)| f.is_some());
            assert!(named, "{code}: {heading} has no block with a file's name");
        }
        let (codes, _, text) = findings(&project(code.page(), "Wrong"));
        if !codes.contains(&code) {
            wrong.push(format!("{code} is not said of its wrong example:\n{text}"));
        }
        let (codes, errors, text) = findings(&project(code.page(), "Right"));
        if codes.contains(&code) || errors {
            wrong.push(format!("{code}: the right example is not right:\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn explain_prints_a_page_or_the_list_of_all() {
    let project = Project::new();
    let output = project.run(&["explain", "jw13"]);
    assert!(output.status.success());
    assert_eq!(stdout(&output), Code::UncoveredOperation.page());
    let output = project.run(&["explain"]);
    let list = stdout(&output);
    assert_eq!(list.lines().count(), Code::all().len());
    assert!(
        list.starts_with("JW001  a file is not YAML or JSON\n"),
        "{list}"
    );
    let output = project.run(&["explain", "JW999"]);
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(stderr(&output), @"error: there is no code `JW999`; `codegen explain` alone lists them all");
}
