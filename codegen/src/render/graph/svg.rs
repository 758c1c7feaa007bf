//! The picture.

use std::collections::BTreeSet;

use super::layout::{LOOP, Placed, layout, row_y};
use super::{Graph, layout::Way};
use crate::render::notice;

/// Colours of the senders, for paper and for night: told apart also by those who see few colours (after Okabe and Ito).
const COLOURS: [(&str, &str); 6] = [
    ("#0072b2", "#56b4e9"),
    ("#b34700", "#ff9d5c"),
    ("#007a5a", "#35c79d"),
    ("#a3327a", "#e58fc4"),
    ("#7a6200", "#e6c84a"),
    ("#5b4bb3", "#a99cf5"),
];
/// The length of an arrow's head.
const ARROW: f64 = 8.0;
/// What stands below the picture, and how much room it takes.
const CAPTION: [&str; 2] = [
    "A box is a service with the events that it sends.",
    "Lines lead from an event to the services that receive it.",
];
/// What stands below that where some event is deprecated.
const DEPRECATED: &str = "Dashed lines are deprecated versions.";
const CAPTION_LINE: f64 = 18.0;
const CAPTION_WIDTH: f64 = 420.0;

/// The picture as an SVG file.
pub(in crate::render) fn svg(graph: &Graph, source: &str) -> String {
    let layout = layout(graph);
    let width = layout.width.max(CAPTION_WIDTH);
    let caption = layout.height;
    let deprecated = graph.events.iter().any(|event| event.deprecated);
    let lines = CAPTION.into_iter().chain(deprecated.then_some(DEPRECATED));
    let height = caption + CAPTION_LINE * lines.clone().count() as f64 + 12.0;
    let mut text = format!(
        "<!-- {} -->\n<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" height=\"{h}\" role=\"img\" aria-labelledby=\"title\">\n\
         <title id=\"title\">Which service sends which events to whom</title>\n<style>\n{}</style>\n\
         <rect class=\"paper\" width=\"100%\" height=\"100%\" rx=\"10\"/>\n",
        notice(&[source]),
        style(),
        w = number(width),
        h = number(height),
    );
    text.push_str("<g class=\"ways\">\n");
    for way in &layout.ways {
        text.push_str(&line(graph, way));
    }
    text.push_str("</g>\n");
    for (place, own) in layout.boxes.iter().enumerate() {
        text.push_str(&service(graph, place, own));
    }
    // Last, so that no box hides where a line ends.
    text.push_str("<g>\n");
    let mut marks = BTreeSet::new();
    for way in &layout.ways {
        // Several ways may begin or end in the same place: one mark is enough.
        for mark in [start(way), arrow(way)] {
            if marks.insert(mark.clone()) {
                text.push_str(&mark);
            }
        }
    }
    text.push_str("</g>\n");
    for (number_of, words) in lines.enumerate() {
        text.push_str(&format!(
            "<text class=\"caption\" x=\"24\" y=\"{}\">{words}</text>\n",
            number(caption + CAPTION_LINE * number_of as f64)
        ));
    }
    text.push_str("</svg>\n");
    text
}

fn style() -> String {
    let mut text = "\
.paper { fill: #ffffff }
.box { fill: #f6f8fa; stroke: #8c959f; stroke-width: 1.2 }
.outside { stroke-dasharray: 5 4 }
.name { fill: #1f2328; font: 600 15px system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif }
.event { fill: #1f2328; font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace }
.quiet { fill: #656d76 }
.caption { fill: #656d76; font: 12px system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif }
.rule { stroke: #8c959f; stroke-opacity: .4 }
.way { fill: none; stroke-width: 1.7; stroke-opacity: .85 }
.old { stroke-dasharray: 5 4 }
"
    .to_owned();
    for (place, (light, _)) in COLOURS.iter().enumerate() {
        text.push_str(&colour(place, light));
    }
    text.push_str(
        "\
@media (prefers-color-scheme: dark) {
.paper { fill: #0d1117 }
.box { fill: #161b22; stroke: #6e7681 }
.name, .event { fill: #e6edf3 }
.quiet, .caption { fill: #9198a1 }
.rule { stroke: #6e7681 }
",
    );
    for (place, (_, dark)) in COLOURS.iter().enumerate() {
        text.push_str(&colour(place, dark));
    }
    text.push_str("}\n");
    text
}

fn colour(place: usize, value: &str) -> String {
    format!(".c{place} {{ stroke: {value} }} .f{place} {{ fill: {value} }}\n")
}

fn line(graph: &Graph, way: &Way) -> String {
    let event = graph.events.get(way.edge.event);
    let old = if event.is_some_and(|event| event.deprecated) {
        " old"
    } else {
        ""
    };
    let title = [
        graph.services.get(way.edge.from).map(|s| s.name.as_str()),
        event.map(|event| event.name.as_str()),
        graph.services.get(way.edge.to).map(|s| s.name.as_str()),
    ];
    let title: Vec<String> = title.into_iter().flatten().map(escape).collect();
    format!(
        "<path class=\"way c{}{old}\" d=\"{}\"><title>{}</title></path>\n",
        way.edge.from % COLOURS.len(),
        path(way),
        title.join(" \u{2192} ")
    )
}

/// Curves that leave and arrive level, and straight lines past the boxes.
fn path(way: &Way) -> String {
    let [(x, y), rest @ ..] = way.points.as_slice() else {
        return String::new();
    };
    let mut text = format!("M{} {}", number(*x), number(*y));
    let (mut x, mut y) = (*x, *y);
    let ahead = if way.back && !way.loops { -1.0 } else { 1.0 };
    for (place, (to_x, to_y)) in rest.iter().enumerate() {
        let last = place + 1 == rest.len();
        // The line ends where the arrow's head begins.
        let end = match (last, way.loops) {
            (false, _) => *to_x,
            (true, true) => to_x + ARROW,
            (true, false) => to_x - ahead * ARROW,
        };
        if way.loops {
            let out = number(x + LOOP);
            text.push_str(&format!(
                " C{out} {} {out} {} {} {}",
                number(y),
                number(*to_y),
                number(end),
                number(*to_y)
            ));
        } else if place % 2 == 1 && !last {
            text.push_str(&format!(" H{}", number(end)));
        } else {
            let half = (end - x) / 2.0;
            text.push_str(&format!(
                " C{} {} {} {} {} {}",
                number(x + half),
                number(y),
                number(end - half),
                number(*to_y),
                number(end),
                number(*to_y)
            ));
        }
        (x, y) = (end, *to_y);
    }
    text
}

fn start(way: &Way) -> String {
    let Some((x, y)) = way.points.first() else {
        return String::new();
    };
    format!(
        "<circle class=\"f{}\" cx=\"{}\" cy=\"{}\" r=\"3.5\"/>\n",
        way.edge.from % COLOURS.len(),
        number(*x),
        number(*y)
    )
}

fn arrow(way: &Way) -> String {
    let Some((x, y)) = way.points.last() else {
        return String::new();
    };
    let behind = if way.back { ARROW } else { -ARROW };
    format!(
        "<path class=\"f{}\" d=\"M{x} {y}L{b} {up}V{down}Z\"/>\n",
        way.edge.from % COLOURS.len(),
        x = number(*x),
        y = number(*y),
        b = number(x + behind),
        up = number(y - 4.5),
        down = number(y + 4.5),
    )
}

fn service(graph: &Graph, place: usize, own: &Placed) -> String {
    let Some(service) = graph.services.get(place) else {
        return String::new();
    };
    let outside = if graph.outside == Some(place) {
        " outside"
    } else {
        ""
    };
    let mut text = format!(
        "<g>\n<rect class=\"box{outside}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"7\"/>\n\
         <text class=\"name\" x=\"{}\" y=\"{}\">{}</text>\n",
        number(own.x),
        number(own.y),
        number(own.width),
        number(own.height),
        number(own.x + 14.0),
        number(own.y + own.head / 2.0 + 5.0),
        escape(&service.name)
    );
    if !service.sends.is_empty() {
        text.push_str(&format!(
            "<path class=\"rule\" d=\"M{} {}h{}\"/>\n",
            number(own.x),
            number(own.y + own.head),
            number(own.width)
        ));
    }
    for (row, event) in service.sends.iter().enumerate() {
        let Some(known) = graph.events.get(*event) else {
            continue;
        };
        let y = row_y(own, row);
        let quiet = if known.receivers.is_empty() || known.deprecated {
            " quiet"
        } else {
            ""
        };
        text.push_str(&format!(
            "<text class=\"event{quiet}\" x=\"{}\" y=\"{}\">{}{}</text>\n",
            number(own.x + 14.0),
            number(y + 4.5),
            escape(&known.name),
            title(known.deprecated, known.receivers.is_empty())
        ));
    }
    text.push_str("</g>\n");
    text
}

fn title(deprecated: bool, unheard: bool) -> &'static str {
    match (deprecated, unheard) {
        (true, true) => "<title>deprecated, and nobody receives it</title>",
        (true, false) => "<title>deprecated</title>",
        (false, true) => "<title>nobody receives it</title>",
        (false, false) => "",
    }
}

/// A length without a fraction that nobody sees.
fn number(value: f64) -> String {
    let tenths = (value * 10.0).round() as i64;
    match tenths % 10 {
        0 => format!("{}", tenths / 10),
        _ => format!("{:.1}", tenths as f64 / 10.0),
    }
}

fn escape(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            c if c.is_control() => written.push(' '),
            c => written.push(c),
        }
    }
    written
}
