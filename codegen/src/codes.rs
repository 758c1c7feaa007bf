//! The page of every code: why it is said, an example of it, and how that is mended.

use clap::ValueEnum as _;

use crate::diagnostics::Code;

/// The pages by code, as `build.rs` found them in `codes`.
static PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/pages.rs"));

impl Code {
    /// Every code, in their order.
    #[must_use]
    pub fn all() -> &'static [Self] {
        Self::value_variants()
    }

    /// What it is about, as the first line of its page has it.
    #[must_use]
    pub fn title(self) -> &'static str {
        let first = self.page().lines().next().unwrap_or_default();
        first.split_once(": ").map_or("", |(_, title)| title)
    }

    /// The page, as Markdown; empty only where one is missing, which a test forbids.
    #[must_use]
    pub fn page(self) -> &'static str {
        let code = self.to_string();
        let found = PAGES.iter().find(|(name, _)| *name == code);
        found.map_or("", |(_, page)| page)
    }

    /// The code that `text` names: `JW013`, `jw13`, `13`.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        let digits = text.trim().trim_start_matches(['j', 'J', 'w', 'W']);
        let number: u16 = digits.parse().ok()?;
        let mut all = Self::all().iter().copied();
        all.find(|code| *code as u16 == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_however_it_is_written() {
        for text in ["JW013", "jw13", "13", " JW013 "] {
            assert_eq!(Code::find(text), Some(Code::UncoveredOperation), "{text}");
        }
        for text in ["", "JW", "JW999", "-13", "order", "JW1x"] {
            assert_eq!(Code::find(text), None, "{text}");
        }
    }
}
