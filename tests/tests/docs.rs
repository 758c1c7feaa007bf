//! What README.md, ARCHITECTURE.md and CONTRIBUTING.md name is there: files, links, recipes, commands, variables, and
//! the lines of code that they show.

#![allow(clippy::unwrap_used, missing_docs)]

mod readme;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use readme::{blocks, recipe, root, text};

const PAGES: &[&str] = &["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"];

/// Files that come to be: by building, or by following the page.
const NOT_YET: &[&str] = &["target/", "data/"];

/// The pieces of a page between single backticks, outside of fences.
fn spans(markdown: &str) -> Vec<String> {
    let mut spans = Vec::new();
    let mut fenced = false;
    for line in markdown.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            spans.extend(line.split('`').skip(1).step_by(2).map(ToOwned::to_owned));
        }
    }
    spans
}

/// The commands of a page, from spans and fences.
fn commands(markdown: &str) -> BTreeSet<String> {
    let fenced = blocks(markdown)
        .into_iter()
        .filter(|block| block.language == "console");
    fenced
        .flat_map(|block| block.lines)
        .chain(spans(markdown))
        .filter(|line| line.starts_with("just ") || line.starts_with("cargo "))
        .collect()
}

/// A span that means a file of this repository.
fn as_path(span: &str) -> Option<&str> {
    let odd = |c: char| !(c.is_ascii_alphanumeric() || "/._-".contains(c));
    if span.contains(odd) || span.starts_with(['/', '-', '.']) && !span.starts_with(".ci/") {
        return None;
    }
    let known = [".rs", ".yaml", ".toml", ".md", ".json", ".conf", ".sql"];
    (span.contains('/') || known.iter().any(|end| span.ends_with(end))).then_some(span)
}

fn names(folder: &Path, into: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() {
            if name != ".git" && !entry.path().join("CACHEDIR.TAG").is_file() {
                names(&entry.path(), into);
            }
        } else {
            into.insert(name);
        }
    }
}

/// What is wrong with the files that a page names.
fn missing_files(markdown: &str) -> Vec<String> {
    let mut everywhere = BTreeSet::new();
    names(&root(), &mut everywhere);
    let found = |path: &str| {
        NOT_YET.iter().any(|prefix| path.starts_with(prefix))
            || root().join(path).exists()
            || !path.contains('/') && everywhere.contains(path)
    };
    let spans = spans(markdown);
    let named = spans.iter().filter_map(|span| as_path(span));
    named
        .filter(|path| !found(path))
        .map(ToOwned::to_owned)
        .collect()
}

/// What is wrong with the links of a page into this repository.
fn broken_links(markdown: &str) -> Vec<String> {
    let targets = markdown
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let within = targets.filter(|target| !target.contains("://"));
    let broken = within.filter(|target| {
        let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
        let page = if file.is_empty() {
            Some(markdown.to_owned())
        } else {
            fs::read_to_string(root().join(file)).ok()
        };
        !page.is_some_and(|page| anchor.is_empty() || anchors(&page).contains(anchor))
    });
    broken.map(ToOwned::to_owned).collect()
}

/// What the headings of a page are called in links.
fn anchors(markdown: &str) -> BTreeSet<String> {
    let headings = markdown.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let words = line
                .trim_start_matches('#')
                .trim()
                .to_lowercase()
                .replace(' ', "-");
            words
                .chars()
                .filter(|c| c.is_alphanumeric() || *c == '-')
                .collect()
        })
        .collect()
}

/// What is wrong with the commands of a page.
fn unknown_commands(markdown: &str) -> Vec<String> {
    const CARGO: &[&str] = &[
        "bench", "build", "check", "deny", "fmt", "generate", "install", "run", "test",
    ];
    let aliases = text(".cargo/config.toml");
    let known = |command: &String| {
        let mut words = command.split_whitespace();
        let (tool, name) = (words.next().unwrap(), words.next().unwrap());
        match tool {
            "just" => recipe(name).is_some(),
            _ => {
                CARGO.contains(&name)
                    || aliases
                        .lines()
                        .any(|line| line.starts_with(&format!("{name} = ")))
            }
        }
    };
    commands(markdown)
        .into_iter()
        .filter(|command| !known(command))
        .collect()
}

/// Lines of code that a page shows as those of a file (named after the fence's language), and that are not in it.
fn stale_excerpts(markdown: &str) -> Vec<String> {
    let mut stale = Vec::new();
    for block in blocks(markdown) {
        let Some((_, path)) = block.language.split_once(' ') else {
            continue;
        };
        let file = text(path);
        let mut rest = file.lines().map(str::trim);
        for line in block
            .lines
            .iter()
            .map(|line| line.trim())
            .filter(|line| !line.is_empty() && *line != "…")
        {
            if !rest.any(|there| there == line) {
                stale.push(format!("{path}: {line}"));
                break;
            }
        }
    }
    stale
}

#[test]
fn every_file_that_is_named_is_there() {
    for page in PAGES {
        assert_eq!(
            missing_files(&text(page)),
            Vec::<String>::new(),
            "{page} names files that are not there"
        );
    }
}

#[test]
fn every_link_leads_somewhere() {
    for page in PAGES {
        assert_eq!(
            broken_links(&text(page)),
            Vec::<String>::new(),
            "links of {page}"
        );
    }
}

#[test]
fn every_command_exists() {
    for page in PAGES {
        let unknown = unknown_commands(&text(page));
        assert_eq!(
            unknown,
            Vec::<String>::new(),
            "{page} names recipes or commands that are not there"
        );
    }
}

#[test]
fn every_excerpt_is_in_its_file() {
    let stale = stale_excerpts(&text("README.md"));
    assert_eq!(
        stale,
        Vec::<String>::new(),
        "README.md shows code that is not there (any more)"
    );
}

/// The environment variables in a piece of `--help`.
fn variables(help: &str) -> BTreeSet<String> {
    let words: Vec<_> = help.split_whitespace().collect();
    let named = words.windows(2).filter(|pair| pair[0] == "[env:");
    named.map(|pair| variable(pair[1])).collect()
}

fn variable(word: &str) -> String {
    let name = word
        .chars()
        .filter(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == '_');
    name.collect()
}

#[test]
fn every_setting_is_told() {
    let readme = text("README.md");
    let section = readme::section(&readme, "In production");
    let table = section
        .split("\n\n")
        .find(|part| part.starts_with("| Variable"))
        .unwrap();
    let cells = table
        .lines()
        .skip(2)
        .filter_map(|line| line.split('|').nth(1));
    let told: BTreeSet<_> = cells
        .flat_map(|cell| cell.split(','))
        .map(variable)
        .collect();
    for service in ["orders", "inventory", "email", "analytics"] {
        let help = text(&format!(
            "tests/tests/snapshots/settings__help_of_{service}.snap"
        ));
        let runtime = help.find("Settings of the runtime:").unwrap();
        let of_the_runtime = variables(&help[runtime..]);
        assert!(of_the_runtime.len() > 10, "{of_the_runtime:?}");
        assert_eq!(
            told, of_the_runtime,
            "the table of README.md and the help of {service}"
        );
        for own in variables(&help[..runtime]) {
            assert!(
                section.contains(&format!("`{own}`")),
                "README.md says nothing of {own} ({service})"
            );
        }
    }
}

#[test]
fn what_is_not_there_is_noticed() {
    let page = "\n## One\n\nSee `runtime/src/nowhere.rs`, `nowhere.yaml`, [x](nowhere.md), [y](#two), [z](#one), `just nothing`,\n\
        `cargo dance`, `runtime/src/lib.rs`, `asyncapi.yaml`, `just codegen`, `cargo demo`.\n\n\
        ```rust runtime/src/lib.rs\nmod app;\nmod nothing;\n```\n";
    assert_eq!(
        missing_files(page),
        ["runtime/src/nowhere.rs", "nowhere.yaml"]
    );
    assert_eq!(broken_links(page), ["nowhere.md", "#two"]);
    assert_eq!(unknown_commands(page), ["cargo dance", "just nothing"]);
    assert_eq!(stale_excerpts(page), ["runtime/src/lib.rs: mod nothing;"]);
}
