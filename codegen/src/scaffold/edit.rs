//! Text put in at places, all at once; the rest stays byte for byte.

/// Insertions into a text.
#[derive(Debug)]
pub(super) struct Edits<'t> {
    text: &'t str,
    newline: &'static str,
    /// Where, how far the text is indented, and the text.
    insertions: Vec<(usize, usize, String)>,
}

impl<'t> Edits<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        Self {
            text,
            newline,
            insertions: Vec::new(),
        }
    }

    /// Puts `text` in at a byte.
    pub(super) fn insert(&mut self, at: usize, text: String) {
        let column = text.trim_start_matches(['\r', '\n']);
        let column = column.len() - column.trim_start_matches(' ').len();
        self.insertions.push((at, column, text));
    }

    /// Puts whole lines in at `at`, which begins a line or ends the text; they end as the text's own lines do.
    pub(super) fn insert_lines(&mut self, at: usize, lines: &[String]) {
        let joined = lines.join(self.newline);
        let unended = at == self.text.len() && !self.text.is_empty() && !self.text.ends_with('\n');
        let text = if unended {
            format!("{}{joined}", self.newline)
        } else {
            format!("{joined}{}", self.newline)
        };
        self.insert(at, text);
    }

    /// The text with everything put in. Of what goes to one place the more indented comes first, since it belongs to
    /// what stands above; else what came first.
    pub(super) fn finish(mut self) -> String {
        self.insertions
            .sort_by_key(|(at, column, _)| (*at, std::cmp::Reverse(*column)));
        let mut result = String::with_capacity(self.text.len() + 1024);
        let mut done = 0;
        for (at, _, inserted) in &self.insertions {
            result.push_str(self.text.get(done..*at).unwrap_or_default());
            result.push_str(inserted);
            done = *at;
        }
        result.push_str(self.text.get(done..).unwrap_or_default());
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_those_around_them() {
        let lines = ["x".to_owned(), "y".to_owned()];
        for (text, at, expected) in [
            ("a\nb\n", 2, "a\nx\ny\nb\n"),
            ("a\r\nb\r\n", 3, "a\r\nx\r\ny\r\nb\r\n"),
            ("a\nb", 3, "a\nb\nx\ny"),
            ("a\r\nb", 4, "a\r\nb\r\nx\r\ny"),
            ("a\n", 2, "a\nx\ny\n"),
        ] {
            let mut edits = Edits::new(text);
            edits.insert_lines(at, &lines);
            assert_eq!(edits.finish(), expected, "{text:?}");
        }
    }

    #[test]
    fn one_place_keeps_the_order() {
        let mut edits = Edits::new("ab");
        edits.insert(2, "3".to_owned());
        edits.insert(1, "1".to_owned());
        edits.insert(1, "2".to_owned());
        assert_eq!(edits.finish(), "a12b3");
        let mut edits = Edits::new("a:\n");
        edits.insert_lines(3, &["b:".to_owned()]);
        edits.insert_lines(3, &["  c:".to_owned()]);
        assert_eq!(edits.finish(), "a:\n  c:\nb:\n");
    }
}
