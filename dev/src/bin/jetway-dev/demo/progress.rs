//! What is going on, while it goes on. On standard error: the report alone goes to standard output.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::paint::Paint;

/// Moving on a terminal, a line per step elsewhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    terminal: bool,
}

/// A step that is under way.
pub(super) struct Step {
    bar: ProgressBar,
    what: String,
    terminal: bool,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            terminal: std::io::stderr().is_terminal(),
        }
    }

    /// A step without a number.
    pub(super) fn step(self, what: &str) -> Step {
        let style = ProgressStyle::with_template("  {spinner} {prefix:<10} {wide_msg}");
        self.begin(ProgressBar::new_spinner(), style, what)
    }

    /// A step of `count` parts.
    pub(super) fn counted(self, what: &str, count: usize) -> Step {
        let style = ProgressStyle::with_template(
            "  {spinner} {prefix:<10} {wide_bar} {pos}/{len} {elapsed}",
        );
        self.begin(ProgressBar::new(count as u64), style, what)
    }

    fn begin(
        self,
        bar: ProgressBar,
        style: Result<ProgressStyle, indicatif::style::TemplateError>,
        what: &str,
    ) -> Step {
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.set_prefix(what.to_owned());
        if self.terminal {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Step {
            bar,
            what: what.to_owned(),
            terminal: self.terminal,
        }
    }
}

impl Step {
    /// One part is done.
    pub(super) fn advance(&self) {
        self.bar.inc(1);
    }

    /// What is awaited now; shown on a terminal only.
    pub(super) fn now(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }

    /// The step is over; its result stays to be read.
    pub(super) fn done(self, result: &str) {
        self.bar.finish_and_clear();
        let paint = Paint { on: self.terminal };
        eprintln!("  {} {:<10} {result}", paint.good("✓"), self.what);
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
