//! Bounds on all handlers of a service, as rustfmt writes them.

use super::text::Lines;

/// The longest bounds that rustfmt leaves on the line of the trait.
const SUPERTRAIT_WIDTH: usize = 70;

/// The trait of all handlers, and that whoever is each of them is that.
pub(super) fn supertraits(lines: &mut Lines, traits: &[&str]) {
    let bounds = traits.join(" + ");
    if bounds.chars().count() <= SUPERTRAIT_WIDTH {
        lines
            .line(format!("pub trait Handlers: {bounds} {{}}"))
            .line("");
        lines.line(format!("impl<T: {bounds}> Handlers for T {{}}"));
        return;
    }
    lines.line("pub trait Handlers:").deeper();
    if bounds.chars().count() <= 100 {
        lines.line(bounds);
    } else {
        lines.line(traits[0]);
        for name in &traits[1..] {
            lines.line(format!("+ {name}"));
        }
    }
    lines.back().line("{").line("}").line("");
    lines.line("impl<T> Handlers for T where").deeper();
    bounded(lines, "T", traits, "");
    lines.back().line("{").line("}");
}

/// `T: A + B` in a where clause.
pub(super) fn bounded(lines: &mut Lines, parameter: &str, traits: &[&str], comma: &str) {
    let whole = format!("{parameter}: {}", traits.join(" + "));
    if whole.chars().count() <= 95 {
        lines.line(format!("{whole}{comma}"));
        return;
    }
    lines.line(format!("{parameter}: {}", traits[0])).deeper();
    for (i, name) in traits.iter().enumerate().skip(1) {
        let end = if i + 1 < traits.len() { "" } else { comma };
        lines.line(format!("+ {name}{end}"));
    }
    lines.back();
}
