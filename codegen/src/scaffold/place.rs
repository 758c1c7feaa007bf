//! Where in the contract's text a new entry goes. Only block style at the beginning of lines is edited; whatever looks
//! different is left to a person.

use super::edit::Edits;
use super::texts::Entry;
use crate::load::{Entry as Known, Node, Value};

/// Why the text is not edited.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unusual(pub(super) String);

/// The contract's text and what it says.
pub(super) struct Place<'t> {
    pub(super) text: &'t str,
    pub(super) root: &'t Node,
}

/// A mapping in block style: how far its keys are indented, and how much its values' keys are more than that.
#[derive(Clone, Copy)]
struct Layout {
    column: usize,
    step: usize,
}

impl Place<'_> {
    /// Adds `entry` to the mapping at `path`, which is made where it is missing: after the last entry whose key begins
    /// with `group`, else after the last.
    pub(super) fn add(
        &self,
        path: &[&str],
        group: Option<&str>,
        entry: Entry,
        edits: &mut Edits<'_>,
    ) -> Result<(), Unusual> {
        let mut node = self.root;
        let mut parent: Option<&Known> = None;
        for (depth, key) in path.iter().enumerate() {
            let Some(known) = node.entry(key) else {
                let wrapped = path[depth..]
                    .iter()
                    .rev()
                    .fold(entry, |inner, key| Entry::section(key, inner));
                return self.append(parent, node, None, depth == 0, wrapped, edits);
            };
            if known.value.reference().is_some() {
                return Err(Unusual(format!(
                    "`{}` stands in another file",
                    path.join(".")
                )));
            }
            parent = Some(known);
            node = &known.value;
        }
        self.append(parent, node, group, false, entry, edits)
    }

    /// Adds `entry` to the mapping at `path`, which is there: before the first of these keys, or else before all.
    pub(super) fn add_before(
        &self,
        path: &[&str],
        keys: &[&str],
        entry: &Entry,
        edits: &mut Edits<'_>,
    ) -> Result<(), Unusual> {
        let mut node = self.root;
        for key in path {
            let known = node
                .entry(key)
                .ok_or_else(|| Unusual(format!("`{}` stands somewhere else", path.join("."))))?;
            node = &known.value;
        }
        let entries = node.entries();
        let named = |known: &&Known| keys.contains(&known.key.as_str());
        let neighbour = entries.iter().find(named).or(entries.first());
        let neighbour = neighbour
            .ok_or_else(|| Unusual(format!("`{}` is no mapping in block style", path.join("."))))?;
        let column = self.column(neighbour)?;
        edits.insert_lines(self.line_start(neighbour), &entry.lines(column, 2));
        Ok(())
    }

    fn append(
        &self,
        parent: Option<&Known>,
        map: &Node,
        group: Option<&str>,
        apart: bool,
        entry: Entry,
        edits: &mut Edits<'_>,
    ) -> Result<(), Unusual> {
        if map.value == Value::Null
            && let Some(parent) = parent
        {
            return self.fill(parent, entry, edits);
        }
        let entries = map.entries();
        let Some(last) = entries.last() else {
            let name = parent.map_or("the document", |parent| parent.key.as_str());
            return Err(Unusual(format!("`{name}` is no mapping in block style")));
        };
        let mut layout = self.layout(parent, entries)?;
        if let Some(child) = entries
            .iter()
            .rev()
            .find_map(|known| self.child_column(known))
        {
            layout.step = child.saturating_sub(layout.column).max(1);
        }
        let of_group = |known: &&Known| group.is_some_and(|group| known.key.starts_with(group));
        let neighbour = entries.iter().rev().find(of_group);
        let anchor = neighbour.unwrap_or(last);
        self.column(anchor)?;
        let blank = match (apart, neighbour, group) {
            (true, ..) => true,
            (_, None, Some(_)) => entries.iter().skip(1).any(|known| self.stands_apart(known)),
            _ => entries.len() > 1 && self.blank_before(self.line_start(anchor)),
        };
        let mut lines = entry.lines(layout.column, layout.step);
        if blank {
            lines.insert(0, String::new());
        }
        edits.insert_lines(self.end_of_block(anchor, layout.column), &lines);
        Ok(())
    }

    /// Gives the section `parent`, which is empty, its first entry.
    fn fill(&self, parent: &Known, entry: Entry, edits: &mut Edits<'_>) -> Result<(), Unusual> {
        let column = self.column(parent)?;
        let step = self
            .root
            .entries()
            .iter()
            .find_map(|known| self.child_column(known))
            .unwrap_or(2);
        let end = self.line_end(parent.key_span.end as usize);
        let rest = self.slice(parent.key_span.end as usize, end);
        let rest = rest
            .trim_start_matches(['"', '\''])
            .trim_start_matches(':')
            .trim();
        if !rest.is_empty() && !rest.starts_with('#') {
            return Err(Unusual(format!(
                "`{}` is no mapping in block style",
                parent.key
            )));
        }
        edits.insert_lines(end, &entry.lines(column + step, step));
        Ok(())
    }

    fn layout(&self, parent: Option<&Known>, entries: &[Known]) -> Result<Layout, Unusual> {
        let above = parent.map(|parent| self.column(parent)).transpose()?;
        let mut columns = entries.iter().map(|known| self.column(known));
        let column = columns.next().transpose()?.unwrap_or(0);
        for other in columns {
            if other? != column {
                return Err(Unusual(
                    "keys of one mapping are indented differently".to_owned(),
                ));
            }
        }
        let first = entries
            .first()
            .map_or(0, |known| known.key_span.start as usize);
        if let Some(parent) = parent {
            let between = self.slice(parent.key_span.end as usize, first);
            let opened = between
                .lines()
                .map(|line| line.split(" #").next().unwrap_or(line))
                .any(|line| line.trim_start().starts_with('{') || line.trim_end().ends_with('{'));
            if opened {
                return Err(Unusual(format!("`{}` is in flow style", parent.key)));
            }
        }
        let step = column.saturating_sub(above.unwrap_or(0));
        Ok(Layout {
            column,
            step: if step == 0 { 2 } else { step },
        })
    }

    /// How far the key is indented, where it begins its line.
    fn column(&self, known: &Known) -> Result<usize, Unusual> {
        let start = self.line_start(known);
        let before = self.slice(start, known.key_span.start as usize);
        let before = before.strip_prefix('\u{feff}').unwrap_or(before);
        let before = before.strip_suffix(['"', '\'']).unwrap_or(before);
        if before.bytes().all(|byte| byte == b' ') {
            Ok(before.len())
        } else {
            Err(Unusual(format!(
                "`{}` does not begin its line: flow style",
                known.key
            )))
        }
    }

    /// How far the keys below this one are indented, where they begin their lines.
    fn child_column(&self, known: &Known) -> Option<usize> {
        let child = known.value.entries().first()?;
        self.column(child)
            .ok()
            .filter(|_| self.column(known).is_ok())
    }

    /// The end of the last line of an entry whose key is at `column`: what is indented more belongs to it.
    fn end_of_block(&self, known: &Known, column: usize) -> usize {
        let is_list = matches!(known.value.value, Value::List(_));
        let mut end = self.line_end(known.key_span.start as usize);
        let mut at = end;
        while at < self.text.len() {
            let next = self.line_end(at);
            let line = self.slice(at, next).trim_end();
            let content = line.trim_start_matches(' ');
            let indent = line.len() - content.len();
            if !content.is_empty() {
                let item =
                    is_list && indent == column && (content == "-" || content.starts_with("- "));
                if indent <= column && !item {
                    break;
                }
                end = next;
            }
            at = next;
        }
        end
    }

    /// Whether a blank line is before the entry, or before the comment on it.
    fn stands_apart(&self, known: &Known) -> bool {
        let mut start = self.line_start(known);
        while let Some(before) = self.line_before(start) {
            if !self.slice(before, start).trim_start().starts_with('#') {
                break;
            }
            start = before;
        }
        self.blank_before(start)
    }

    fn blank_before(&self, line: usize) -> bool {
        self.line_before(line)
            .is_some_and(|before| self.slice(before, line).trim().is_empty())
    }

    /// Where the line before the one that begins at `line` begins.
    fn line_before(&self, line: usize) -> Option<usize> {
        let end = line.checked_sub(1)?;
        Some(self.slice(0, end).rfind('\n').map_or(0, |at| at + 1))
    }

    fn line_start(&self, known: &Known) -> usize {
        let before = self.slice(0, known.key_span.start as usize);
        before.rfind('\n').map_or(0, |at| at + 1)
    }

    /// The byte after the line that `at` is in.
    fn line_end(&self, at: usize) -> usize {
        self.slice(at, self.text.len())
            .find('\n')
            .map_or(self.text.len(), |found| at + found + 1)
    }

    fn slice(&self, from: usize, to: usize) -> &str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// Adds `subject` to the end of a list of subjects, in either style.
    pub(super) fn add_item(
        &self,
        list: &Node,
        subject: &str,
        edits: &mut Edits<'_>,
    ) -> Result<(), Unusual> {
        let unusual =
            || Unusual("the stream's list of subjects is written in an unusual way".to_owned());
        let last = list.items().last().ok_or_else(unusual)?;
        let (start, mut end) = (last.span.start as usize, last.span.end as usize);
        if self.slice(end, self.text.len()).starts_with(['"', '\'']) {
            end += 1;
        }
        let line = self.slice(0, start).rfind('\n').map_or(0, |at| at + 1);
        let before = self.slice(line, start).trim_end_matches(['"', '\'']);
        let is_block = before.trim_start_matches(' ').trim_end_matches(' ') == "-";
        if is_block {
            edits.insert_lines(self.line_end(end), &[format!("{before}{subject}")]);
        } else if before.contains('[') {
            edits.insert(end, format!(", {subject}"));
        } else {
            return Err(unusual());
        }
        Ok(())
    }
}
