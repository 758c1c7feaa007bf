//! The graph in Mermaid, which GitHub, GitLab and many editors draw.

use std::collections::BTreeMap;

use super::Graph;
use crate::render::{markdown, notice};

/// Mermaid draws no more lines than 500 unless it is told to: above this many, services are joined by counts of events.
const MOST_EDGES: usize = 400;

/// The page with the diagram.
pub(in crate::render) fn mermaid(graph: &Graph, source: &str) -> String {
    let mut lines = vec!["flowchart LR".to_owned()];
    for (place, service) in graph.services.iter().enumerate() {
        let (open, close) = if graph.outside == Some(place) {
            ("([", "])")
        } else {
            ("[", "]")
        };
        lines.push(format!("  s{place}{open}{}{close}", quoted(&service.name)));
    }
    let count = graph.edges().count() + graph.events.len();
    if count <= MOST_EDGES {
        each_event(graph, &mut lines);
    } else {
        counts(graph, &mut lines);
    }
    format!(
        "<!-- {} -->\n\n# Who sends which event to whom\n\nBoxes are services, rounded ones are events.\n\n{}\n[All events](README.md)\n",
        notice(&[source]),
        markdown::fenced("mermaid", &lines.join("\n"))
    )
}

fn each_event(graph: &Graph, lines: &mut Vec<String>) {
    for (place, event) in graph.events.iter().enumerate() {
        let deprecated = if event.deprecated {
            ":::deprecated"
        } else {
            ""
        };
        lines.push(format!("  e{place}({}){deprecated}", quoted(&event.name)));
    }
    for (from, service) in graph.services.iter().enumerate() {
        for event in &service.sends {
            lines.push(format!("  s{from} --> e{event}"));
        }
    }
    for (place, event) in graph.events.iter().enumerate() {
        for to in &event.receivers {
            lines.push(format!("  e{place} --> s{to}"));
        }
    }
    if graph.events.iter().any(|event| event.deprecated) {
        lines.push("  classDef deprecated stroke-dasharray: 4 3".to_owned());
    }
}

fn counts(graph: &Graph, lines: &mut Vec<String>) {
    let mut counts: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for edge in graph.edges() {
        *counts.entry((edge.from, edge.to)).or_default() += 1;
    }
    for ((from, to), count) in counts {
        let events = if count == 1 { "event" } else { "events" };
        lines.push(format!("  s{from} -->|{count} {events}| s{to}"));
    }
}

/// Text in double quotes, with Mermaid's own escapes.
fn quoted(text: &str) -> String {
    let mut written = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => written.push_str("#quot;"),
            '#' => written.push_str("#35;"),
            '<' => written.push_str("#lt;"),
            '>' => written.push_str("#gt;"),
            '`' => written.push_str("#96;"),
            c if c.is_control() => written.push(' '),
            c => written.push(c),
        }
    }
    written.push('"');
    written
}
