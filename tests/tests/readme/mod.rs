//! Reads the Markdown of this repository, for tests that hold its words to the tree.

use std::path::{Path, PathBuf};

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// The text of a file of the workspace.
pub(crate) fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A fenced block: what follows the fence (`console`, `yaml`) and the lines between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) language: String,
    pub(crate) lines: Vec<String>,
}

/// The text below a heading of level two, up to the next one.
#[allow(
    dead_code,
    reason = "not every test that includes this module asks for it"
)]
pub(crate) fn section<'a>(markdown: &'a str, heading: &str) -> &'a str {
    let start = format!("\n## {heading}\n");
    let begin = markdown
        .find(&start)
        .unwrap_or_else(|| panic!("no section {heading:?}"));
    let rest = &markdown[begin + start.len()..];
    &rest[..rest.find("\n## ").unwrap_or(rest.len())]
}

/// All fenced blocks, in order.
pub(crate) fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in markdown.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(language), None) => {
                open = Some(Block {
                    language: language.trim().to_owned(),
                    lines: Vec::new(),
                });
            }
            (None, Some(block)) => block.lines.push(line.to_owned()),
            (None, None) => {}
        }
    }
    assert_eq!(open, None, "a fence is not closed");
    blocks
}

/// The commands of a recipe of the justfile, without the reader's own arguments.
pub(crate) fn recipe(name: &str) -> Option<Vec<String>> {
    let justfile = text("justfile");
    let mut lines = justfile.lines().skip_while(|line| {
        let named = line.split([' ', ':']).next() == Some(name);
        !(named && line.contains(':') && !line.contains(":="))
    });
    lines.next()?;
    let body = lines
        .take_while(|line| line.starts_with("    "))
        .map(|line| {
            let line = line.trim().trim_start_matches('@');
            line.split("{{")
                .next()
                .unwrap_or(line)
                .trim()
                .trim_end_matches(" --")
                .to_owned()
        });
    Some(body.collect())
}
