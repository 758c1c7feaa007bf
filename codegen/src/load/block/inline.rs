//! Values that end on the line on which they begin.

use super::{DEEPEST, Reader, is_word, key};
use crate::load::json;
use crate::load::node::{Entry, Node, Value};

/// A value on one line.
pub(super) struct Scalars<'r, 't> {
    pub(super) reader: &'r Reader<'t>,
    pub(super) at: usize,
    pub(super) end: usize,
}

impl Scalars<'_, '_> {
    fn rest(&self) -> &str {
        self.reader.slice(self.at, self.end)
    }

    fn space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(' ').len();
    }

    /// The value that begins here; in flow style a comma or a bracket ends it.
    pub(super) fn value(&mut self, flow: bool, depth: usize) -> Option<Node> {
        let start = self.at;
        let (value, end) = match self.rest().as_bytes().first().filter(|_| depth < DEEPEST)? {
            b'{' => (self.map(depth)?, start + 1),
            b'[' => (self.list(depth)?, start + 1),
            b'\'' | b'"' => (Value::String(self.quoted()?), self.at),
            _ => (self.plain(flow)?, self.at),
        };
        Some(Node {
            span: self.reader.span(start, end)?,
            value,
        })
    }

    /// Text in quotes, without quotes or escapes in it.
    fn quoted(&mut self) -> Option<String> {
        let rest = self.rest();
        let quote = rest.chars().next()?;
        let inner = rest.get(1..)?;
        let length = inner.find(quote)?;
        let text = inner.get(..length)?;
        // A quote that is doubled, and an escape, are left.
        let after = inner.get(length + 1..)?;
        if after.starts_with(quote) || (quote == '"' && text.contains('\\')) {
            return None;
        }
        let text = text.to_owned();
        self.at += length + 2;
        Some(text)
    }

    /// Text without quotes, or an integer.
    fn plain(&mut self, flow: bool) -> Option<Value> {
        let rest = self.rest();
        let ends = |c: char| flow && matches!(c, ',' | '}' | ']' | '[' | '{');
        let length = rest.find(ends).unwrap_or(rest.len());
        let length = rest
            .find(" #")
            .map_or(length, |comment| length.min(comment));
        let text = rest.get(..length)?.trim_end_matches(' ');
        let odd =
            |c: char| !(c.is_ascii_graphic() || c == ' ' || c.is_alphanumeric()) || c == '\u{feff}';
        if text.contains(odd)
            || text.contains(": ")
            || text.ends_with(':')
            || (flow && text.contains([':', '?', '"', '\'']))
        {
            return None;
        }
        let value = if text.starts_with(|c: char| c.is_ascii_digit()) {
            number(text)?
        } else {
            let first =
                text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '$' | '/' | '_'));
            if !(first || text.starts_with("./") || text.starts_with("../")) || is_word(text) {
                return None;
            }
            Value::String(text.to_owned())
        };
        self.at += text.len();
        Some(value)
    }

    fn map(&mut self, depth: usize) -> Option<Value> {
        let mut entries = Vec::new();
        self.at += 1;
        loop {
            self.space();
            if self.rest().starts_with('}') {
                self.at += 1;
                return json::distinct(&entries).then_some(Value::Map(entries));
            }
            let start = self.at;
            let name = key(self.rest())?.to_owned();
            self.at += name.len();
            let key_span = self.reader.span(start, self.at)?;
            self.at += 1;
            self.space();
            let value = self.value(true, depth + 1)?;
            entries.push(Entry {
                key: name,
                key_span,
                value,
            });
            self.separator('}')?;
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        let mut items = Vec::new();
        self.at += 1;
        loop {
            self.space();
            if self.rest().starts_with(']') {
                self.at += 1;
                return Some(Value::List(items));
            }
            items.push(self.value(true, depth + 1)?);
            self.separator(']')?;
        }
    }

    /// A comma and something after it, or what closes.
    fn separator(&mut self, close: char) -> Option<()> {
        self.space();
        if self.rest().starts_with(close) {
            return Some(());
        }
        let after = self.rest().strip_prefix(',')?.trim_start_matches(' ');
        let more = !after.starts_with(close) && !after.starts_with('#');
        self.at += 1;
        more.then_some(())
    }
}

/// A plain integer, or a length of time, which is text.
fn number(text: &str) -> Option<Value> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    match unit {
        "" if digits < 18 && (number == "0" || !number.starts_with('0')) => {
            Some(Value::Number(number.parse::<u64>().ok()?.into()))
        }
        "d" | "h" | "m" | "s" | "ms" => Some(Value::String(text.to_owned())),
        _ => None,
    }
}
