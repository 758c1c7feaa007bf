//! Integers that 64 bits cannot hold: reading JSON would round them to a float without a word.

/// Shorter digits fit 64 bits: `i64::MAX` has this many.
const MOST_DIGITS: usize = 19;

/// The first integer of `json`, which is valid, that neither `i64` nor `u64` holds: where it is, as a JSON Pointer
/// (RFC 6901), and its text. A number with a fraction or an exponent is a float by its own saying.
pub(super) fn oversized(json: &[u8]) -> Option<(String, String)> {
    if !might_be_oversized(json) {
        return None;
    }
    let mut place = Place::default();
    let mut at = 0;
    while let Some(byte) = json.get(at) {
        let length = match byte {
            b'"' => string_length(json.get(at..)?),
            b'-' | b'0'..=b'9' => number_length(json.get(at..)?),
            _ => 1,
        };
        let token = json.get(at..at + length)?;
        match byte {
            b'-' | b'0'..=b'9' if is_oversized(token) => {
                let text = String::from_utf8_lossy(token).into_owned();
                return Some((place.pointer(), text));
            }
            b'"' => place.string(token),
            byte => place.mark(*byte),
        }
        at += length;
    }
    None
}

/// Whether there is a run of so many digits that it might be too long. Such a run covers one of the places looked at,
/// so most bytes are not.
pub(super) fn might_be_oversized(json: &[u8]) -> bool {
    let mut at = MOST_DIGITS - 1;
    while let Some(byte) = json.get(at) {
        if byte.is_ascii_digit() {
            let is_digit = |byte: &&u8| byte.is_ascii_digit();
            let before = json[..at]
                .iter()
                .rev()
                .take(MOST_DIGITS)
                .take_while(is_digit);
            let after = json[at..].iter().take(MOST_DIGITS).take_while(is_digit);
            if before.count() + after.count() >= MOST_DIGITS {
                return true;
            }
        }
        at += MOST_DIGITS;
    }
    false
}

fn is_oversized(token: &[u8]) -> bool {
    if token.len() < MOST_DIGITS || token.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
        return false;
    }
    std::str::from_utf8(token)
        .is_ok_and(|text| text.parse::<i64>().is_err() && text.parse::<u64>().is_err())
}

/// Up to and with the closing quote.
fn string_length(json: &[u8]) -> usize {
    let mut escaped = false;
    let end = json.iter().skip(1).position(|byte| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    });
    end.map_or(json.len(), |end| end + 2)
}

fn number_length(json: &[u8]) -> usize {
    let ends = |byte: &u8| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    json.iter().position(ends).unwrap_or(json.len())
}

/// Where in the document the reader is.
#[derive(Default)]
struct Place {
    levels: Vec<Level>,
    /// The last string: a key, where a colon follows.
    last: String,
}

enum Level {
    Key(String),
    Index(usize),
}

impl Place {
    fn string(&mut self, token: &[u8]) {
        self.last = serde_json::from_slice(token).unwrap_or_default();
    }

    fn mark(&mut self, byte: u8) {
        match byte {
            b'{' => self.levels.push(Level::Key(String::new())),
            b'[' => self.levels.push(Level::Index(0)),
            b'}' | b']' => {
                self.levels.pop();
            }
            b':' => {
                if let Some(Level::Key(key)) = self.levels.last_mut() {
                    *key = std::mem::take(&mut self.last);
                }
            }
            b',' => {
                if let Some(Level::Index(index)) = self.levels.last_mut() {
                    *index += 1;
                }
            }
            _ => {}
        }
    }

    fn pointer(&self) -> String {
        self.levels
            .iter()
            .map(|level| match level {
                Level::Key(key) => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
                Level::Index(index) => format!("/{index}"),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::oversized;

    fn found(json: &str) -> Option<(String, String)> {
        assert!(
            serde_json::from_str::<serde_json::Value>(json).is_ok(),
            "{json}"
        );
        oversized(json.as_bytes())
    }

    fn at(pointer: &str, text: &str) -> Option<(String, String)> {
        Some((pointer.to_owned(), text.to_owned()))
    }

    #[test]
    fn what_64_bits_hold_passes() {
        for json in [
            "18446744073709551615",
            "-9223372036854775808",
            "9223372036854775807",
            "-0",
            "0.1234567890123456789012345678901234567890",
            "1234567890123456789012345.0",
            "1e25",
            "12345678901234567890123E-3",
            r#""123456789012345678901234567890""#,
            r#"{"123456789012345678901234567890":1}"#,
            r#"["\"123456789012345678901234567890", "\\"]"#,
        ] {
            assert_eq!(found(json), None, "{json}");
        }
    }

    #[test]
    fn what_they_do_not_is_found_with_its_place() {
        assert_eq!(
            found("18446744073709551616"),
            at("", "18446744073709551616")
        );
        assert_eq!(
            found(r#"{"data":{"a":[1,{"b/c":-9223372036854775809}]}}"#),
            at("/data/a/1/b~1c", "-9223372036854775809")
        );
        assert_eq!(
            found(r#"{"a":["12345678901234567890123",{"b":{}}, [], 99999999999999999999 ]}"#),
            at("/a/3", "99999999999999999999")
        );
        assert_eq!(
            found(r#"{"\u0061\"":100000000000000000000}"#),
            at("/a\"", "100000000000000000000")
        );
    }

    #[test]
    fn a_fraction_is_read_as_what_it_is() {
        for text in ["31.245270191439438", "121.48791951161945", "0.1", "5e-324"] {
            let value: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
            assert_eq!(value.to_string(), text);
        }
    }

    #[test]
    fn wherever_it_stands() {
        for spaces in 0..60 {
            let json = format!("[{}18446744073709551616]", " ".repeat(spaces));
            assert_eq!(found(&json), at("/0", "18446744073709551616"), "{spaces}");
        }
    }
}
