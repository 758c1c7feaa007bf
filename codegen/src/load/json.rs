//! JSON text to [`Node`]s, for the many files that are plain JSON: some twenty times as fast as the YAML that JSON also is.
//!
//! It reads what is certain and leaves the rest: on anything but JSON as RFC 8259 has it, and on what YAML would read
//! otherwise, the answer is `None`, and the YAML reader reads the file, or says what is wrong and where.

use serde_json::Number;

use super::node::{Entry, Node, Value};
use super::{FileId, Span};

/// Deeper nesting is left to the YAML reader, which has a limit of its own.
const DEEPEST: usize = 64;

/// Mappings with more keys than this are searched for repeated ones with an index.
const MANY: usize = 16;

/// Reads a whole file; `None` where it is not JSON.
pub(super) fn parse(file: FileId, text: &str) -> Option<Node> {
    let mut reader = Reader {
        file,
        text,
        bytes: text.as_bytes(),
        at: 0,
    };
    reader.space();
    if !matches!(reader.peek(), Some(b'{' | b'[')) {
        return None;
    }
    let node = reader.value(0)?;
    reader.space();
    (reader.at == text.len()).then_some(node)
}

struct Reader<'t> {
    file: FileId,
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// The next byte that is no white space, where it is `byte`.
    fn eat(&mut self, byte: u8) -> Option<()> {
        self.space();
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn span(&self, start: usize, end: usize) -> Option<Span> {
        Some(Span {
            file: self.file,
            start: u32::try_from(start).ok()?,
            end: u32::try_from(end).ok()?,
        })
    }

    /// A mapping or a list is where its bracket is.
    fn value(&mut self, depth: usize) -> Option<Node> {
        if depth > DEEPEST {
            return None;
        }
        self.space();
        let start = self.at;
        let (value, end) = match self.peek()? {
            b'{' => (self.map(depth)?, start + 1),
            b'[' => (self.list(depth)?, start + 1),
            b'"' => (Value::String(self.string()?), self.at),
            b't' => (self.word("true", Value::Bool(true))?, self.at),
            b'f' => (self.word("false", Value::Bool(false))?, self.at),
            b'n' => (self.word("null", Value::Null)?, self.at),
            _ => (Value::Number(self.number()?), self.at),
        };
        Some(Node {
            span: self.span(start, end)?,
            value,
        })
    }

    fn word(&mut self, word: &str, value: Value) -> Option<Value> {
        self.bytes
            .get(self.at..)?
            .starts_with(word.as_bytes())
            .then(|| {
                self.at += word.len();
                value
            })
    }

    fn map(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut entries: Vec<Entry> = Vec::new();
        self.space();
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(Value::Map(entries));
        }
        loop {
            self.space();
            let start = self.at;
            let key = self.string()?;
            // YAML's merge key is left to the YAML reader.
            if key == "<<" {
                return None;
            }
            let key_span = self.span(start, self.at)?;
            self.eat(b':')?;
            let value = self.value(depth + 1)?;
            entries.push(Entry {
                key,
                key_span,
                value,
            });
            self.space();
            match self.peek()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return distinct(&entries).then_some(Value::Map(entries));
                }
                _ => return None,
            }
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.peek()? == b']' {
            self.at += 1;
            return Some(Value::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            match self.peek()? {
                b',' => self.at += 1,
                b']' => {
                    self.at += 1;
                    return Some(Value::List(items));
                }
                _ => return None,
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        if self.peek()? != b'"' {
            return None;
        }
        let start = self.at;
        let rest = self.bytes.get(start + 1..)?;
        let length = rest
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\' | ..b' ' | 0x7F))?;
        let end = start + 1 + length;
        match self.bytes.get(end)? {
            b'"' => {
                self.at = end + 1;
                self.text.get(start + 1..end).map(str::to_owned)
            }
            b'\\' => self.escaped(start),
            _ => None,
        }
    }

    /// A string with escapes: found to its end here, read by `serde_json`.
    fn escaped(&mut self, start: usize) -> Option<String> {
        let mut end = start + 1;
        loop {
            match self.bytes.get(end)? {
                b'\\' => end += 2,
                b'"' => break,
                _ => end += 1,
            }
        }
        self.at = end + 1;
        serde_json::from_str(self.text.get(start..self.at)?).ok()
    }

    fn number(&mut self) -> Option<Number> {
        let start = self.at;
        while matches!(
            self.peek(),
            Some(b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')
        ) {
            self.at += 1;
        }
        let text = self.text.get(start..self.at)?;
        let number: Number = serde_json::from_str(text).ok()?;
        // Whole numbers beyond 64 bits, and a negative nothing, are the YAML reader's to judge.
        let whole = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'-'));
        (!whole || number.is_i64() || number.is_u64()).then_some(number)
    }
}

/// Whether a mapping has each key once.
pub(super) fn distinct(entries: &[Entry]) -> bool {
    if entries.len() <= MANY {
        let mut rest = entries;
        while let [first, others @ ..] = rest {
            if others.iter().any(|other| other.key == first.key) {
                return false;
            }
            rest = others;
        }
        return true;
    }
    let mut keys: Vec<&str> = entries.iter().map(|entry| entry.key.as_str()).collect();
    keys.sort_unstable();
    keys.windows(2).all(|pair| pair[0] != pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileId = FileId(0);

    fn both(text: &str) -> (Option<Node>, Option<Node>) {
        (
            parse(FILE, text),
            super::super::parse::yaml(FILE, text).ok(),
        )
    }

    #[test]
    fn what_is_json_is_read_as_yaml_reads_it() {
        for text in [
            r#"{"a":1,"b":[true,false,null],"c":{"d":"é\n\"\u00e9\ud83d\ude00"}}"#,
            "{ \"a\" : -1 , \"b\" : 1.5e3, \"c\": 0, \"d\": 18446744073709551615,\r\n\t\"e\": [ ] , \"f\": { } }\n",
            "  [ { \"x\": \"two words\" }, 10.0, -0.5, 1e2, [[[]]], \"\", \"#/$defs/a\" ]  ",
        ] {
            let (json, yaml) = both(text);
            assert!(json.is_some(), "{text}");
            assert_eq!(json, yaml, "{text}");
        }
    }

    #[test]
    fn every_schema_of_the_sample_is_read_alike() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
        let mut read = 0;
        for folder in [
            "events/schemas",
            "events/schemas/shared",
            "codegen/tests/golden/cases",
        ] {
            for entry in std::fs::read_dir(format!("{root}/{folder}")).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path
                    .extension()
                    .is_some_and(|extension| extension == "json")
                {
                    let (json, yaml) = both(&std::fs::read_to_string(&path).expect("a file"));
                    assert!(json.is_some(), "{}", path.display());
                    assert_eq!(json, yaml, "{}", path.display());
                    read += 1;
                }
            }
        }
        assert!(read > 10);
    }

    #[test]
    fn what_is_not_certain_is_left_alone() {
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        for text in [
            "",
            "a: 1",
            "{a: 1}",
            "{'a': 1}",
            "{\"a\": 1,}",
            "[1,]",
            "{\"a\": 1, \"a\": 2}",
            "{\"<<\": 1}",
            "{\"a\": 01}",
            "{\"a\": +1}",
            "{\"a\": -0}",
            "{\"a\": .5}",
            "{\"a\": 18446744073709551616}",
            "{\"a\": 1e999}",
            "{\"a\": \"\n\"}",
            "{\"a\": \"\\x\"}",
            "{\"a\": \"\\ud800\"}",
            "{\"a\": yes}",
            "{\"a\": nulll}",
            "{\"a\" 1}",
            "{} {}",
            "{} # comment",
            "{",
            "[\"",
            "{\"a\\",
            "\u{feff}{}",
            &deep,
        ] {
            assert_eq!(parse(FILE, text), None, "{text}");
        }
    }
}
