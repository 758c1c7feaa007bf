//! YAML in the style in which contracts are written, to [`Node`]s: mappings and lists in block style, flow style on one
//! line, plain and quoted scalars on one line. Some ten times as fast as a reader of all of YAML.
//!
//! It reads what is certain. An entry with anything else in it (a block scalar, an anchor, a number that is no plain
//! integer) is handed to the YAML reader by itself; where that has a finding, or the document is not made of such entries,
//! the answer is `None`, and the YAML reader reads the whole.

mod inline;

use super::node::{Entry, Node, Value};
use super::{FileId, Span};
use inline::Scalars;

/// Deeper nesting is left to the YAML reader, which has a limit of its own.
const DEEPEST: usize = 32;

/// Words that YAML may take for something else than text.
const WORDS: &[&str] = &[
    "", "~", "inf", "infinity", "n", "nan", "no", "null", "off", "on", "true", "false", "y", "yes",
];

/// The reader of all of YAML, for the parts that this one leaves.
pub(super) type Yaml = fn(FileId, &str) -> Option<Node>;

/// Reads a whole file; `None` where that is not certain.
pub(super) fn parse(file: FileId, text: &str, yaml: Yaml) -> Option<Node> {
    let mut reader = Reader {
        file,
        text,
        yaml,
        lines: lines(text)?,
        next: 0,
        failed: false,
    };
    let first = *reader.lines.first()?;
    if first.indent != 0 {
        return None;
    }
    let root = reader.block(None, 0)?;
    (reader.next == reader.lines.len() && root.is_map()).then_some(root)
}

/// A line that is neither blank nor a comment.
#[derive(Clone, Copy)]
struct Line {
    /// Where the line begins.
    start: usize,
    /// Where its content begins; behind the `-` of a list's item, once that was read.
    at: usize,
    /// Where it ends, without white space.
    end: usize,
    /// How far the content is indented.
    indent: usize,
}

/// The lines with content; `None` where something in the text is not for this reader.
fn lines(text: &str) -> Option<Vec<Line>> {
    let mut found = Vec::new();
    let mut start = 0;
    // Of most texts it is soon certain that nothing in them is odd.
    let ordinary = |byte: u8| matches!(byte, b'\n' | b' '..=b'~');
    let ordinary = text.bytes().all(ordinary);
    for whole in text.split_inclusive('\n') {
        let line = whole.trim_end_matches(['\n', '\r', ' ']);
        let content = line.trim_start_matches(' ');
        let marked = ["---", "...", "%"]
            .iter()
            .any(|mark| line.starts_with(mark));
        let odd = |c: char| {
            c.is_control() || matches!(c, '\u{85}' | '\u{feff}' | '\u{2028}' | '\u{2029}')
        };
        if marked || (!ordinary && line.contains(odd)) {
            return None;
        }
        if !content.is_empty() && !content.starts_with('#') {
            let indent = line.len() - content.len();
            found.push(Line {
                start,
                at: start + indent,
                end: start + line.len(),
                indent,
            });
        }
        start += whole.len();
    }
    Some(found)
}

struct Reader<'t> {
    file: FileId,
    text: &'t str,
    yaml: Yaml,
    lines: Vec<Line>,
    next: usize,
    /// Whether the YAML reader had a finding: then it is to have the whole.
    failed: bool,
}

impl Reader<'_> {
    fn line(&self) -> Option<Line> {
        self.lines.get(self.next).copied()
    }

    fn slice(&self, from: usize, to: usize) -> &str {
        self.text.get(from..to).unwrap_or_default()
    }

    fn span(&self, start: usize, end: usize) -> Option<Span> {
        Some(Span {
            file: self.file,
            start: u32::try_from(start).ok()?,
            end: u32::try_from(end).ok()?,
        })
    }

    /// The mapping or list whose first line is the next one; its key is at the column `above`.
    fn block(&mut self, above: Option<usize>, depth: usize) -> Option<Node> {
        let line = self.line().filter(|_| depth < DEEPEST)?;
        let (at, value) = if is_item(self.slice(line.at, line.end)) {
            // A list that is indented no more than its key is where the content of its first item is.
            let rest = self.slice(line.at + 1, line.end).trim_start_matches(' ');
            let beside = above == Some(line.indent);
            let at = if beside {
                line.end - rest.len()
            } else {
                line.at
            };
            (at, self.list(line.indent, depth)?)
        } else {
            (line.at, self.map(line.indent, depth)?)
        };
        Some(Node {
            span: self.span(at, at)?,
            value,
        })
    }

    fn map(&mut self, column: usize, depth: usize) -> Option<Value> {
        let mut entries: Vec<Entry> = Vec::new();
        while let Some(line) = self.line() {
            if line.indent < column {
                break;
            }
            if line.indent > column || is_item(self.slice(line.at, line.end)) {
                return None;
            }
            let began = self.next;
            let entry = match self.entry(line, depth) {
                Some(entry) => entry,
                None => self.left(began)?,
            };
            entries.push(entry);
        }
        super::json::distinct(&entries).then_some(Value::Map(entries))
    }

    fn list(&mut self, column: usize, depth: usize) -> Option<Value> {
        let mut items = Vec::new();
        while let Some(line) = self.line() {
            if line.indent != column || !is_item(self.slice(line.at, line.end)) {
                break;
            }
            let content = self.slice(line.at + 1, line.end);
            let skipped = 1 + content.len() - content.trim_start_matches(' ').len();
            let inner = Line {
                at: line.at + skipped,
                indent: line.indent + skipped,
                ..line
            };
            let content = self.slice(inner.at, inner.end);
            if content.is_empty() || content.starts_with('#') || is_item(content) {
                return None;
            }
            if key(content).is_some() {
                *self.lines.get_mut(self.next)? = inner;
                items.push(self.block(None, depth + 1)?);
            } else {
                self.next += 1;
                items.push(self.on_one_line(inner.at, inner.end, column)?);
            }
        }
        // What is indented more than the items belongs to none of them.
        let more = self.line().is_some_and(|line| line.indent > column);
        (!more).then_some(Value::List(items))
    }

    fn entry(&mut self, line: Line, depth: usize) -> Option<Entry> {
        let name = key(self.slice(line.at, line.end))?;
        let (key, length) = (name.to_owned(), name.len());
        let key_span = self.span(line.at, line.at + length)?;
        self.next += 1;
        let after = line.at + length + 1;
        let rest = self.slice(after, line.end);
        let value = rest.trim_start_matches(' ');
        let at = line.end - value.len();
        let value = if value.is_empty() || value.starts_with('#') {
            let below = self.line()?;
            let item = below.indent == line.indent && is_item(self.slice(below.at, below.end));
            if below.indent <= line.indent && !item {
                return None;
            }
            self.block(Some(line.indent), depth + 1)?
        } else {
            self.on_one_line(at, line.end, line.indent)?
        };
        Some(Entry {
            key,
            key_span,
            value,
        })
    }

    /// A value that ends on its line; nothing below belongs to it.
    fn on_one_line(&self, at: usize, end: usize, column: usize) -> Option<Node> {
        if self.line().is_some_and(|below| below.indent > column) {
            return None;
        }
        let mut value = Scalars {
            reader: self,
            at,
            end,
        };
        let node = value.value(false, 0)?;
        let rest = self.slice(value.at, end);
        let over = rest.is_empty()
            || rest.trim_start_matches(' ').starts_with('#') && rest.starts_with(' ');
        over.then_some(node)
    }

    /// The entry that begins in the line `began`, as the YAML reader reads it.
    fn left(&mut self, began: usize) -> Option<Entry> {
        let line = *self.lines.get(began)?;
        // Behind the `-` of an item there is no line to hand over.
        if self.failed
            || line.start + line.indent != line.at
            || !self.slice(line.start, line.at).trim().is_empty()
        {
            return None;
        }
        let belongs = |below: &Line| {
            below.indent > line.indent
                || (below.indent == line.indent
                    && is_item(self.slice(below.start + below.indent, below.end)))
        };
        let count = self
            .lines
            .get(began + 1..)?
            .iter()
            .take_while(|below| belongs(below))
            .count();
        self.next = began + 1 + count;
        // A tag, an anchor and the like before a key would move the places of more than the entry.
        let first = self.slice(line.at, line.end).chars().next()?;
        self.failed |= !(first.is_alphanumeric() || matches!(first, '_' | '$' | '/' | '\'' | '"'));
        // An empty block scalar is where what follows is.
        let header = self.slice(line.at, line.end).contains(['|', '>']);
        self.failed |= header && count == 0;
        // A block scalar ends behind the indentation of what follows.
        let end = self.line();
        let end = end.map_or(self.text.len(), |below| below.start + below.indent);
        if self.failed {
            return None;
        }
        let Some(mut node) = (self.yaml)(self.file, self.slice(line.start, end)) else {
            self.failed = true;
            return None;
        };
        let by = u32::try_from(line.start).ok()?;
        shift(&mut node, by);
        let Value::Map(mut entries) = node.value else {
            return None;
        };
        let entry = entries.pop()?;
        entries.is_empty().then_some(entry)
    }
}

/// Moves every place by some bytes. The depth is that of what the YAML reader reads, which it limits.
fn shift(node: &mut Node, by: u32) {
    let moved = |span: &mut Span| {
        span.start += by;
        span.end += by;
    };
    moved(&mut node.span);
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| shift(item, by)),
        Value::Map(entries) => entries.iter_mut().for_each(|entry| {
            moved(&mut entry.key_span);
            shift(&mut entry.value, by);
        }),
        _ => {}
    }
}

fn is_item(content: &str) -> bool {
    content == "-" || content.starts_with("- ")
}

/// The plain key that `content` begins with, where a colon ends it.
fn key(content: &str) -> Option<&str> {
    let length = content.find(|c: char| !(c.is_ascii_alphanumeric() || "_.$/-".contains(c)))?;
    let (name, rest) = content.split_at(length);
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '$'));
    let ended = rest == ":" || rest.starts_with(": ");
    (first && ended && !is_word(name)).then_some(name)
}

fn is_word(text: &str) -> bool {
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileId = FileId(0);

    fn yaml(file: FileId, text: &str) -> Option<Node> {
        super::super::parse::yaml(file, text).ok()
    }

    /// Of every style that is read, and of some that are left.
    const DOCUMENT: &str = "# A contract.\nasyncapi: 3.0.0\ninfo: { title: The shop, version: 1.0.0 }\nx-jetstream:\n  streams:\n    \
        ORDERS: { subjects: [order.>, 'a.*'], max-age: 30d, replicas: 3 } # kept\n\nchannels:\n  order.placed.v1:\n    \
        address: order.placed.v1.{orderId}\n    description: >-\n      Folded,\n      # no comment\n\n      twice.\n    \
        parameters:\n      orderId: { location: $message.payload#/data/orderId }\n    flags: [true, null, 1.5, \"x\", []]\n\
        components:\n  messages:\n    a:\n      payload:\n        allOf:\n          - $ref: ./events/envelope.json\n          \
        - properties: { type: { const: a }, data: { $ref: b.json } }\n            more: 1\n      list:\n      - one\n      - \
        two words # and a note\n    'quoted': 8\n    e:\n";

    fn agree(text: &str) -> bool {
        let Some(node) = parse(FILE, text, yaml) else {
            return false;
        };
        let expected = yaml(FILE, text);
        if expected.as_ref() != Some(&node) {
            let (ours, theirs) = (format!("{:#?}", Some(node)), format!("{expected:#?}"));
            let different = ours
                .lines()
                .zip(theirs.lines())
                .enumerate()
                .find(|(_, (ours, theirs))| ours != theirs);
            let around = different.map(|(at, _)| {
                ours.lines()
                    .skip(at.saturating_sub(20))
                    .take(24)
                    .collect::<Vec<_>>()
            });
            panic!("{different:?} in {around:#?}\n{text}");
        }
        true
    }

    #[test]
    fn contracts_are_read_as_the_yaml_reader_reads_them() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        for path in ["asyncapi.yaml", "codegen/tests/golden/asyncapi.yaml"] {
            let text = std::fs::read_to_string(format!("{root}/{path}")).expect("a contract");
            assert!(agree(&text), "{path}");
        }
        assert!(agree(DOCUMENT));
        assert!(agree(&DOCUMENT.replace('\n', "\r\n")));
        assert!(agree(DOCUMENT.trim_end()));
    }

    /// Characters are taken out, put in and exchanged: whatever is read then is what the YAML reader reads.
    #[test]
    fn whatever_is_read_is_read_alike() {
        const PIECES: &[&str] = &[
            " ", "  ", "\n", "#", " #", ":", ": ", "-", "- ", "{", "}", "[", "]", ",", "'", "\"",
            "&a ", "*a", "|", ">", "!", "?", "%", "@", "`", "\\", "\t", "~", "null", "true", "1",
            "0x1", "1e3", ".5", "---\n", "...\n", "é", "<<: ", "\u{85}", "\u{a0}",
        ];
        let mut state = 0x2545_F491_4F6C_DD1D_u64;
        let mut random = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % below.max(1) as u64).unwrap_or(0)
        };
        let mut read = 0;
        for _ in 0..1_000 {
            let mut text: Vec<char> = DOCUMENT.chars().collect();
            for _ in 0..=random(2) {
                let at = random(text.len());
                let piece = PIECES[random(PIECES.len())].chars();
                match random(3) {
                    0 => drop(text.remove(at)),
                    1 => drop(text.splice(at..at, piece)),
                    _ => drop(text.splice(at..=at, piece)),
                }
            }
            read += usize::from(agree(&text.into_iter().collect::<String>()));
        }
        assert!(read > 100, "only {read} were read at all");
    }
}
