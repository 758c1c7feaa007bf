//! Markdown that reads well as text, too.

use super::text::prose;

/// Text of the contract in a paragraph.
pub(super) fn paragraph(text: &str) -> String {
    let lines: Vec<String> = text.trim().lines().map(|line| prose(line.trim())).collect();
    lines.join("\n")
}

/// Text of the contract on one line.
pub(super) fn inline(text: &str) -> String {
    let spaced = |pair: &[u8]| pair == b"  ";
    let odd = |byte: u8| byte < b' ' || !byte.is_ascii();
    if !text.bytes().any(odd)
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.as_bytes().windows(2).any(spaced)
    {
        return prose(text);
    }
    prose(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Code within a line: fenced by more backticks than it holds.
pub(super) fn code(text: &str) -> String {
    let odd = |byte| matches!(byte, b'`' | b'\n' | b'\r');
    if !text.is_empty() && !text.bytes().any(odd) {
        return ["`", text, "`"].concat();
    }
    let text = text.replace(['\n', '\r'], " ");
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') || text.is_empty() {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A link whose text is code.
pub(super) fn link(text: &str, target: &str) -> String {
    format!("[{}]({})", code(text), address(target))
}

/// A target as it stands in a link.
pub(super) fn address(target: &str) -> String {
    let mut written = String::with_capacity(target.len());
    for c in target.chars() {
        match c {
            ' ' => written.push_str("%20"),
            '(' => written.push_str("%28"),
            ')' => written.push_str("%29"),
            c => written.push(c),
        }
    }
    written
}

/// A fenced block.
pub(super) fn fenced(language: &str, text: &str) -> String {
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end())
}

/// A table.
pub(super) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), " --- |".repeat(N));
    for row in rows {
        text.push('|');
        for cell in row {
            text.push(' ');
            push_cell(&mut text, cell);
            text.push_str(" |");
        }
        text.push('\n');
    }
    text
}

/// A bar ends a cell even within code, unless it is escaped.
fn push_cell(text: &mut String, cell: &str) {
    for part in cell.split_inclusive(['|', '\n']) {
        if let Some(part) = part.strip_suffix('|') {
            text.push_str(part);
            text.push_str("\\|");
        } else if let Some(part) = part.strip_suffix('\n') {
            text.push_str(part);
            text.push(' ');
        } else {
            text.push_str(part);
        }
    }
}

/// The name of a page or document for something called `name`.
pub(super) fn file_stem(name: &str) -> String {
    let kept = |c: char| {
        if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') {
            c
        } else {
            '-'
        }
    };
    let stem: String = name.chars().map(kept).collect();
    let stem = stem.trim_start_matches('.');
    if stem.is_empty() {
        "unnamed".to_owned()
    } else {
        stem.to_owned()
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_cell_does_not_end_it() {
        let text = table(["A"], &[[code("^(a|b)$")]]);
        assert_eq!(text, "| A |\n| --- |\n| `^(a\\|b)$` |\n");
    }

    #[test]
    fn code_is_fenced_by_more_than_it_holds() {
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
    }

    #[test]
    fn a_file_is_called_by_what_every_file_system_takes() {
        assert_eq!(file_stem("order.placed.v1"), "order.placed.v1");
        assert_eq!(file_stem("../a b/c"), "-a-b-c");
    }
}
