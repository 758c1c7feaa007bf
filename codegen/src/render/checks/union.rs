//! Checks of an enum of what JSON itself tells apart.

use super::super::text::{Lines, Statement};
use super::{Access, Checks};
use crate::model::UnionVariant;

impl Checks<'_> {
    /// An arm for every variant that has rules.
    pub(super) fn union(&mut self, variants: &[UnionVariant]) -> String {
        let arms: Vec<(&str, Vec<Statement>)> = variants
            .iter()
            .map(|variant| {
                let access = Access::reference("value");
                let body = self.rules(&variant.shape, &access, &variant.name);
                (variant.name.as_str(), body)
            })
            .filter(|(_, body)| !body.is_empty())
            .collect();
        let mut lines = Lines::at(2);
        match arms.as_slice() {
            [] => {}
            [(name, body)] if variants.len() > 1 => {
                lines
                    .line(format!("if let Self::{name}(value) = self {{"))
                    .deeper()
                    .statements(body)
                    .back()
                    .line("}");
            }
            _ => {
                lines.line("match self {").deeper();
                for (name, body) in &arms {
                    arm(&mut lines, name, body);
                }
                if arms.len() < variants.len() {
                    lines.line("_ => {}");
                }
                lines.back().line("}");
            }
        }
        lines.finish()
    }
}

fn arm(lines: &mut Lines, name: &str, body: &[Statement]) {
    if let [Statement::Call(callee, arguments)] = body {
        let line = format!("Self::{name}(value) => {callee}({}),", arguments.join(", "));
        if line.chars().count() <= 80 {
            lines.line(line);
            return;
        }
    }
    lines
        .line(format!("Self::{name}(value) => {{"))
        .deeper()
        .statements(body)
        .back()
        .line("}");
}
