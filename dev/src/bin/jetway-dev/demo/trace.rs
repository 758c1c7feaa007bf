//! A trace as a tree.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dev::otlp::{Span, Status};

use super::paint::{Paint, shortened, time};

/// The widest that service and name may get before they are cut.
const SERVICE: usize = 12;
const NAME: usize = 58;

/// One line of the tree.
struct Row<'a> {
    span: &'a Span,
    guide: String,
    orphan: bool,
}

/// Draws the spans of one trace: who did what, when after the start, and for how long. A span whose parent was not
/// received stands at the left, marked; none is left out, not even if parents form a circle.
pub(super) fn draw(spans: &[Span], paint: Paint) -> String {
    let rows = rows(spans);
    let begin = spans.iter().map(|span| span.start).min().unwrap_or(0);
    let width = rows
        .iter()
        .map(|row| row.guide.chars().count() + row.span.name.chars().count())
        .max()
        .unwrap_or(0)
        .min(NAME);
    let lines = rows.iter().map(|row| line(row, begin, width, paint));
    lines.collect::<Vec<_>>().join("\n")
}

fn line(row: &Row<'_>, begin: u64, width: usize, paint: Paint) -> String {
    let span = row.span;
    let service = format!("{:<SERVICE$}", shortened(&span.service, SERVICE));
    let room = width.saturating_sub(row.guide.chars().count());
    let name = format!("{:<room$}", shortened(&span.name, room));
    let after = format!(
        "+{}",
        time(Duration::from_nanos(span.start.saturating_sub(begin)))
    );
    let mut line = format!(
        "{} {}{name}  {}  {:>8}",
        paint.address(&service),
        paint.dim(&row.guide),
        paint.dim(&format!("{after:>8}")),
        time(span.duration())
    );
    if let Status::Error(why) = &span.status {
        line.push_str(&paint.bad(&format!("  failed: {}", shortened(why, 60))));
    }
    if row.orphan {
        line.push_str(&paint.dim("  (its parent was not received)"));
    }
    line
}

fn rows(spans: &[Span]) -> Vec<Row<'_>> {
    let known: BTreeSet<&str> = spans.iter().map(|span| span.span_id.as_str()).collect();
    let mut children: BTreeMap<Option<&str>, Vec<&Span>> = BTreeMap::new();
    for span in spans {
        let parent = span
            .parent_span_id
            .as_deref()
            .filter(|parent| known.contains(parent));
        children.entry(parent).or_default().push(span);
    }
    for list in children.values_mut() {
        list.sort_by_key(|span| (span.start, span.end));
    }
    let mut tree = Tree {
        children,
        rows: Vec::new(),
        drawn: BTreeSet::new(),
    };
    let mut roots = tree.children.get(&None).cloned().unwrap_or_default();
    // Whoever has a parent that is not there comes after whoever has none.
    roots.sort_by_key(|span| (span.parent_span_id.is_some(), span.start));
    for root in roots {
        tree.add(root, "", "", root.parent_span_id.is_some());
    }
    for left in spans {
        tree.add(left, "", "", true);
    }
    tree.rows
}

struct Tree<'a> {
    children: BTreeMap<Option<&'a str>, Vec<&'a Span>>,
    rows: Vec<Row<'a>>,
    drawn: BTreeSet<&'a str>,
}

impl<'a> Tree<'a> {
    fn add(&mut self, span: &'a Span, guide: &str, below: &str, orphan: bool) {
        if !self.drawn.insert(&span.span_id) {
            return;
        }
        self.rows.push(Row {
            span,
            guide: guide.to_owned(),
            orphan,
        });
        let children = self
            .children
            .get(&Some(span.span_id.as_str()))
            .cloned()
            .unwrap_or_default();
        for (n, child) in children.iter().enumerate() {
            let (turn, on) = if n + 1 == children.len() {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            self.add(
                child,
                &format!("{below}{turn}"),
                &format!("{below}{on}"),
                false,
            );
        }
    }
}

/// Which of these services the trace does not show, and whether anything else is still under way, as one word each.
/// `receivers` says which consumers a channel address has. One that is given two versions of an event, which were sent side by
/// side, handles one of them.
pub(super) fn missing(
    spans: &[Span],
    services: &[&str],
    receivers: impl Fn(&str) -> Vec<String>,
) -> Vec<String> {
    let mut missing: Vec<String> = services
        .iter()
        .filter(|service| spans.iter().all(|span| span.service != **service))
        .map(|service| (*service).to_owned())
        .collect();
    let known: BTreeSet<&str> = spans.iter().map(|span| span.span_id.as_str()).collect();
    for span in spans {
        if let Some(parent) = span
            .parent_span_id
            .as_deref()
            .filter(|parent| !known.contains(parent))
        {
            missing.push(format!(
                "the parent {parent} of `{}` in {}",
                span.name, span.service
            ));
        }
        if span.kind == dev::otlp::Kind::Producer {
            let expected = receivers(span.attribute("messaging.destination.template"));
            let handled = handled(spans, span);
            let unseen = expected
                .iter()
                .filter(|consumer| !handled.contains(consumer.as_str()));
            let unseen = unseen.count();
            if unseen > 0 {
                missing.push(format!(
                    "{unseen} of {} receivers of `{}`",
                    expected.len(),
                    span.name
                ));
            }
        }
    }
    missing
}

/// The consumers that have handled what was sent in this span, or beside it.
fn handled<'s>(spans: &'s [Span], send: &Span) -> BTreeSet<&'s str> {
    let beside: BTreeSet<&str> = spans
        .iter()
        .filter(|other| other.kind == dev::otlp::Kind::Producer)
        .filter(|other| other.parent_span_id == send.parent_span_id)
        .map(|other| other.span_id.as_str())
        .collect();
    let children = spans.iter().filter(|child| {
        let parent = child.parent_span_id.as_deref();
        child.kind == dev::otlp::Kind::Consumer && parent.is_some_and(|id| beside.contains(id))
    });
    children
        .map(|child| child.attribute("messaging.consumer.group.name"))
        .collect()
}

#[cfg(test)]
#[path = "trace_tests.rs"]
mod tests;
