//! Text as rustfmt would leave it: its widths, its order, its ways to break a line.

/// The longest line.
const MAX_WIDTH: usize = 100;
/// The longest list of arguments that stays on one line (`fn_call_width`).
const CALL_WIDTH: usize = 60;
/// The longest list of an attribute's arguments that stays on one line (`attr_fn_like_width`).
const ATTRIBUTE_WIDTH: usize = 70;
/// The longest list of items that stays on one line (`array_width`).
const ARRAY_WIDTH: usize = 60;
/// Items up to this width are packed into lines (`short_array_element_width_threshold`).
const SHORT_ITEM: usize = 10;

/// Text written line by line at a depth of indentation.
#[derive(Debug, Default)]
pub(super) struct Lines {
    text: String,
    depth: usize,
}

impl Lines {
    pub(super) fn at(depth: usize) -> Self {
        Self {
            text: String::new(),
            depth,
        }
    }

    /// One line; an empty one is not indented.
    pub(super) fn line(&mut self, line: impl AsRef<str>) -> &mut Self {
        let line = line.as_ref();
        if !line.is_empty() {
            self.text.extend(std::iter::repeat_n("    ", self.depth));
            self.text.push_str(line);
        }
        self.text.push('\n');
        self
    }

    pub(super) fn deeper(&mut self) -> &mut Self {
        self.depth += 1;
        self
    }

    pub(super) fn back(&mut self) -> &mut Self {
        self.depth -= 1;
        self
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// What was written so far; begins anew.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    fn fits(&self, line: &str) -> bool {
        self.depth * 4 + width(line) <= MAX_WIDTH
    }

    /// A doc comment of paragraphs, wrapped.
    pub(super) fn doc(&mut self, text: &str) -> &mut Self {
        self.comment("///", text)
    }

    /// The documentation of a module.
    pub(super) fn module_doc(&mut self, text: &str) -> &mut Self {
        self.comment("//!", text)
    }

    fn comment(&mut self, mark: &str, text: &str) -> &mut Self {
        let room = MAX_WIDTH - self.depth * 4 - mark.len() - 1;
        let shown: String;
        let text = if text.contains(unseen) {
            shown = text.replace(unseen, "");
            shown.as_str()
        } else {
            text
        };
        for line in text.trim().lines() {
            if line.trim().is_empty() {
                self.line(mark);
            }
            for wrapped in wrap(line.trim(), room) {
                self.line(format!("{mark} {wrapped}"));
            }
        }
        self
    }

    /// `#[name(arguments)]`; nothing without arguments.
    pub(super) fn attribute(&mut self, name: &str, arguments: &[String]) -> &mut Self {
        if arguments.is_empty() {
            return self;
        }
        let joined = arguments.join(", ");
        let whole = format!("#[{name}({joined})]");
        if width(&joined) <= ATTRIBUTE_WIDTH && self.fits(&whole) {
            return self.line(whole);
        }
        self.line(format!("#[{name}(")).deeper();
        let last = arguments.len() - 1;
        for (i, argument) in arguments.iter().enumerate() {
            let comma = if i < last { "," } else { "" };
            self.line(format!("{argument}{comma}"));
        }
        self.back().line(")]")
    }

    /// `callee(arguments);`
    pub(super) fn call(&mut self, callee: &str, arguments: &[String]) -> &mut Self {
        let joined = arguments.join(", ");
        let whole = format!("{callee}({joined});");
        if width(&joined) <= CALL_WIDTH && self.fits(&whole) {
            return self.line(whole);
        }
        self.line(format!("{callee}(")).deeper();
        for argument in arguments {
            self.line(format!("{argument},"));
        }
        self.back().line(");")
    }

    /// `callee(arguments, |parameters| …);`
    pub(super) fn call_with(&mut self, call: &Closure, body: &[Statement]) -> &mut Self {
        let Closure {
            callee,
            arguments,
            parameters,
        } = call;
        if let [Statement::Call(inner, inner_arguments)] = body {
            let inner = format!("{inner}({})", inner_arguments.join(", "));
            let joined: String = arguments
                .iter()
                .map(|argument| format!("{argument}, "))
                .collect();
            let joined = format!("{joined}|{parameters}| {inner}");
            let whole = format!("{callee}({joined});");
            if width(&joined) <= CALL_WIDTH && self.fits(&whole) {
                return self.line(whole);
            }
        }
        let joined: String = arguments
            .iter()
            .map(|argument| format!("{argument}, "))
            .collect();
        let head = format!("{callee}({joined}|{parameters}| {{");
        let argument_width = width(&head) - width(callee) - 1;
        if argument_width < CALL_WIDTH && self.fits(&head) {
            self.line(head).deeper().statements(body).back().line("});")
        } else {
            self.line(format!("{callee}(")).deeper();
            for argument in arguments {
                self.line(format!("{argument},"));
            }
            self.line(format!("|{parameters}| {{"))
                .deeper()
                .statements(body)
                .back()
                .line("},");
            self.back().line(");")
        }
    }

    pub(super) fn statements(&mut self, statements: &[Statement]) -> &mut Self {
        for statement in statements {
            match statement {
                Statement::Call(callee, arguments) => self.call(callee, arguments),
                Statement::CallWith(call, body) => self.call_with(call, body),
                Statement::Let(name, value) => self.line(format!("let {name} = {value};")),
                Statement::List(name, items) => self.list(&format!("let {name} = "), items, ";"),
            };
        }
        self
    }

    /// `head&[items]tail`, broken as rustfmt breaks it.
    pub(super) fn list(&mut self, head: &str, items: &[String], tail: &str) -> &mut Self {
        let joined = items.join(", ");
        let whole = format!("{head}&[{joined}]{tail}");
        if width(&joined) <= ARRAY_WIDTH && self.fits(&whole) {
            return self.line(whole);
        }
        // What does not fit beside its head but does below it goes there.
        if width(&joined) <= ARRAY_WIDTH
            && let Some(head) = head.strip_suffix(' ')
            && self.depth * 4 + 4 + width(&joined) + width(tail) + 3 <= MAX_WIDTH
        {
            self.line(head).deeper();
            return self.line(format!("&[{joined}]{tail}")).back();
        }
        self.line(format!("{head}&[")).deeper();
        if items.iter().all(|item| width(item) <= SHORT_ITEM) {
            self.packed(items);
        } else {
            for item in items {
                self.line(format!("{item},"));
            }
        }
        self.back().line(format!("]{tail}"))
    }

    fn packed(&mut self, items: &[String]) {
        let mut line = String::new();
        for item in items {
            let next = format!("{line}{}{item},", if line.is_empty() { "" } else { " " });
            if self.fits(&next) {
                line = next;
            } else {
                self.line(&line);
                line = format!("{item},");
            }
        }
        self.line(line);
    }

    /// A chain of calls between `open` and `close`, on one line where rustfmt would leave it there (`chain_width`).
    pub(super) fn chain(&mut self, open: &str, calls: &[String], close: &str) -> &mut Self {
        let chain = calls.concat();
        let whole = format!("{open}{chain}{close}");
        if width(&chain) <= CALL_WIDTH && self.fits(&whole) {
            return self.line(whole);
        }
        self.line(format!("{open}{}", calls[0])).deeper();
        for call in &calls[1..calls.len() - 1] {
            self.line(call);
        }
        let last = calls.last().map_or("", String::as_str);
        self.line(format!("{last}{close}")).back()
    }

    /// `receiver.method(arguments).method(arguments)`
    pub(super) fn calls(&mut self, receiver: &str, calls: &[(String, Vec<String>)]) -> &mut Self {
        let flat = |(method, arguments): &(String, Vec<String>)| {
            format!("{method}({})", arguments.join(", "))
        };
        if let [only] = calls
            && width(&only.1.join(", ")) <= CALL_WIDTH
            && self.fits(&format!("{receiver}{}", flat(only)))
        {
            return self.line(format!("{receiver}{}", flat(only)));
        }
        if let [(method, arguments)] = calls {
            return self.broken(&format!("{receiver}{method}"), arguments);
        }
        self.line(receiver).deeper();
        for call in calls {
            if width(&call.1.join(", ")) <= CALL_WIDTH && self.fits(&flat(call)) {
                self.line(flat(call));
            } else {
                self.broken(&call.0, &call.1);
            }
        }
        self.back()
    }

    fn broken(&mut self, callee: &str, arguments: &[String]) -> &mut Self {
        self.line(format!("{callee}(")).deeper();
        for argument in arguments {
            self.line(format!("{argument},"));
        }
        self.back().line(")")
    }

    /// `head(parameters)tail`
    pub(super) fn signature(&mut self, head: &str, parameters: &[String], tail: &str) -> &mut Self {
        let whole = format!("{head}({}){tail}", parameters.join(", "));
        if self.fits(&whole) {
            return self.line(whole);
        }
        self.line(format!("{head}(")).deeper();
        for parameter in parameters {
            self.line(format!("{parameter},"));
        }
        self.back().line(format!("){tail}"))
    }

    /// `use prefix::{names};`
    pub(super) fn import(&mut self, prefix: &str, names: &[String]) -> &mut Self {
        self.names("use", prefix, names)
    }

    /// `pub use prefix::{names};`
    pub(super) fn export(&mut self, prefix: &str, names: &[String]) -> &mut Self {
        self.names("pub use", prefix, names)
    }

    fn names(&mut self, keyword: &str, prefix: &str, names: &[String]) -> &mut Self {
        match names {
            [] => self,
            [name] => self.line(format!("{keyword} {prefix}::{name};")),
            names => {
                let whole = format!("{keyword} {prefix}::{{{}}};", names.join(", "));
                if self.fits(&whole) {
                    return self.line(whole);
                }
                self.line(format!("{keyword} {prefix}::{{")).deeper();
                let mut line = String::new();
                for name in names {
                    let next = format!("{line}{}{name},", if line.is_empty() { "" } else { " " });
                    // rustfmt leaves two columns free here.
                    if line.is_empty() || self.fits(&format!("{next}--")) {
                        line = next;
                    } else {
                        self.line(&line);
                        line = format!("{name},");
                    }
                }
                self.line(line).back().line("};")
            }
        }
    }
}

/// `callee(arguments, |parameters| …)`.
#[derive(Debug)]
pub(super) struct Closure {
    pub(super) callee: String,
    pub(super) arguments: Vec<String>,
    pub(super) parameters: String,
}

/// A statement of a generated check.
#[derive(Debug)]
pub(super) enum Statement {
    Call(String, Vec<String>),
    CallWith(Closure, Vec<Statement>),
    /// `let name = value;`
    Let(String, String),
    /// `let name = &[items];`
    List(String, Vec<String>),
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// What has no place in a comment: rustc refuses characters that turn the direction of text around, and a control
/// character would only confuse whoever reads it.
fn unseen(c: char) -> bool {
    let turns = matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    turns || (c.is_control() && !c.is_whitespace())
}

fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), 0);
    for word in text.split_whitespace() {
        let width = width(word);
        if used == 0 {
            line.push_str(word);
            used = width;
        } else if used + 1 + width <= room {
            line.push(' ');
            line.push_str(word);
            used += 1 + width;
        } else {
            lines.push(std::mem::replace(&mut line, word.to_owned()));
            used = width;
        }
    }
    if used > 0 {
        lines.push(line);
    }
    lines
}

/// A description for a doc comment: what Markdown or rustdoc would take for a link or for HTML is kept as text.
pub(super) fn prose(text: &str) -> String {
    let mut in_code = false;
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '`' => in_code = !in_code,
            '[' | ']' | '<' | '>' if !in_code => escaped.push('\\'),
            _ => {}
        }
        escaped.push(c);
    }
    escaped
}

/// `text` as a Rust string literal.
pub(super) fn literal(text: &str) -> String {
    format!("{text:?}")
}

/// `text` as a raw Rust string literal where that reads better.
pub(super) fn raw_literal(text: &str) -> String {
    if !text.contains(['\\', '"']) && !text.chars().any(char::is_control) {
        return literal(text);
    }
    if text
        .chars()
        .any(|c| c.is_control() || !(c == ' ' || c.is_ascii_graphic()))
    {
        return literal(text);
    }
    let mut hashes = String::new();
    while text.contains(&format!("\"{hashes}")) {
        hashes.push('#');
    }
    format!("r{hashes}\"{text}\"{hashes}")
}

/// The order that rustfmt gives modules and imports: runs of digits count as numbers.
pub(super) fn version_order(a: &str, b: &str) -> std::cmp::Ordering {
    version_key(a).cmp(&version_key(b))
}

/// What [`version_order`] compares, for long lists.
pub(super) fn version_key(name: &str) -> (Vec<(bool, u64, String)>, String) {
    let mut parts: Vec<(bool, u64, String)> = Vec::new();
    for c in name.chars() {
        match parts.last_mut() {
            Some((true, number, _)) if c.is_ascii_digit() => {
                *number = number
                    .saturating_mul(10)
                    .saturating_add(u64::from(c as u8 - b'0'));
            }
            Some((false, _, text)) if !c.is_ascii_digit() => text.push(c),
            _ if c.is_ascii_digit() => parts.push((true, u64::from(c as u8 - b'0'), String::new())),
            _ => parts.push((false, 0, c.to_string())),
        }
    }
    (parts, name.to_owned())
}
