//! The picture of a run: throughput, lag and memory over time, with the faults behind them. One SVG, legible on light
//! and dark ground.

use std::fmt::Write as _;

use crate::watch::{Fault, Record, Sample};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 74.0;
const PANEL: f64 = 110.0;
const BETWEEN: f64 = 34.0;

/// Plain colours in classes: not every viewer knows variables.
const STYLE: &str = "
  text { font: 12px system-ui, sans-serif; fill: #5a6670; }
  .ground { fill: #ffffff; }
  .title { font-size: 15px; font-weight: 600; fill: #1f2933; }
  .panel { fill: #1f2933; font-weight: 600; }
  .grid { stroke: #e1e6ea; stroke-width: 1; }
  .line { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
  .one { stroke: #0b6bcb; } .dot-one { fill: #0b6bcb; }
  .two { stroke: #b4530a; } .dot-two { fill: #b4530a; }
  .fault { fill: #c81e3a; fill-opacity: 0.16; }
  .edge { stroke: #c81e3a; stroke-width: 1; stroke-opacity: 0.8; }
  .number { fill: #c81e3a; font-weight: 600; font-size: 11px; }
  @media (prefers-color-scheme: dark) {
    text { fill: #9aa7b2; }
    .ground { fill: #14191f; }
    .title, .panel { fill: #e6ebf0; }
    .grid { stroke: #2c353e; }
    .one { stroke: #6ab7ff; } .dot-one { fill: #6ab7ff; }
    .two { stroke: #ffb066; } .dot-two { fill: #ffb066; }
    .fault { fill: #ff6b81; }
    .edge { stroke: #ff6b81; }
    .number { fill: #ff8fa1; }
  }
";

/// A panel: its name, its unit and its curves.
struct Panel {
    name: &'static str,
    curves: Vec<(&'static str, Vec<(f64, f64)>)>,
}

/// Draws it.
pub(crate) fn draw(title: &str, verdict: &str, record: &Record) -> String {
    let samples = record.samples();
    let faults = record.faults();
    let end = samples.last().map_or(1.0, |last| last.at).max(1.0);
    let panels = panels(&samples, end);
    let legend = TOP + (PANEL + BETWEEN) * panels.len() as f64;
    let labels = grouped(&faults);
    let height = legend + 26.0 + 16.0 * labels.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" width=\"{WIDTH}\" height=\"{height:.0}\">\
         <style>{STYLE}</style><rect class=\"ground\" width=\"100%\" height=\"100%\"/>\
         <text class=\"title\" x=\"{LEFT}\" y=\"26\">{}</text><text x=\"{LEFT}\" y=\"45\">{}</text>\n",
        escaped(title),
        escaped(verdict)
    );
    for (nth, panel) in panels.iter().enumerate() {
        let top = TOP + (PANEL + BETWEEN) * nth as f64;
        bands(&mut svg, &faults, end, top, nth == 0);
        draw_panel(&mut svg, panel, end, top);
    }
    axis(&mut svg, end, legend - BETWEEN);
    for (nth, label) in labels.iter().enumerate() {
        let y = legend + 22.0 + 16.0 * nth as f64;
        let _ = writeln!(
            svg,
            "<text x=\"{LEFT}\" y=\"{y:.0}\">{}</text>",
            escaped(label)
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// The faults by number; the last line tells of those that no longer fit.
fn grouped(faults: &[Fault]) -> Vec<String> {
    const MOST: usize = 14;
    let line = |(nth, fault): (usize, &Fault)| {
        let resumed = match fault.resumed_after {
            Some(seconds) => format!("resumed after {seconds:.1} s"),
            None => "did not resume".to_owned(),
        };
        format!(
            "{}  at {:.1} s: {}, {resumed}",
            nth + 1,
            fault.from,
            fault.label
        )
    };
    let mut lines: Vec<String> = faults.iter().enumerate().take(MOST).map(line).collect();
    if faults.len() > MOST {
        lines.push(format!("and {} more", faults.len() - MOST));
    }
    lines
}

fn panels(samples: &[Sample], end: f64) -> Vec<Panel> {
    // About 240 points: more cannot be told apart.
    let step = (end / 240.0).max(0.25);
    let mut points: Vec<Sample> = Vec::new();
    for sample in samples {
        if points.last().is_none_or(|last| sample.at - last.at >= step) {
            points.push(*sample);
        }
    }
    let rate = |of: fn(&Sample) -> u64| {
        let rates = points.windows(2).map(|two| {
            let seconds = two[1].at - two[0].at;
            (
                two[1].at,
                of(&two[1]).saturating_sub(of(&two[0])) as f64 / seconds,
            )
        });
        rates.collect()
    };
    let plain = |of: fn(&Sample) -> f64| points.iter().map(|point| (point.at, of(point))).collect();
    vec![
        Panel {
            name: "parcels per second",
            curves: vec![
                ("acknowledged", rate(|sample| sample.acknowledged)),
                ("applied", rate(|sample| sample.applied)),
            ],
        },
        Panel {
            name: "acknowledged and not yet applied",
            curves: vec![(
                "behind",
                plain(|sample| sample.acknowledged.saturating_sub(sample.applied) as f64),
            )],
        },
        Panel {
            name: "memory of the largest worker, MiB",
            curves: vec![("resident", plain(|sample| sample.resident as f64 / 1_024.0))],
        },
    ]
}

fn draw_panel(svg: &mut String, panel: &Panel, end: f64, top: f64) {
    let values = panel.curves.iter().flat_map(|(_, points)| points);
    let most = rounded(values.map(|(_, value)| *value).fold(1.0, f64::max));
    let bottom = top + PANEL;
    for part in 0..=2 {
        let y = bottom - PANEL * f64::from(part) / 2.0;
        let value = most * f64::from(part) / 2.0;
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/><text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            y + 4.0,
            short(value)
        );
    }
    let _ = writeln!(
        svg,
        "<text class=\"panel\" x=\"{LEFT}\" y=\"{:.1}\">{}</text>",
        top - 7.0,
        panel.name
    );
    for (nth, (name, points)) in panel.curves.iter().enumerate() {
        let class = ["one", "two"][nth % 2];
        let path: Vec<String> = points
            .iter()
            .map(|(at, value)| format!("{:.1},{:.1}", x(*at, end), bottom - PANEL * value / most))
            .collect();
        let _ = writeln!(
            svg,
            "<polyline class=\"line {class}\" points=\"{}\"/>",
            path.join(" ")
        );
        if panel.curves.len() > 1 {
            let at = WIDTH - RIGHT - 230.0 + 120.0 * nth as f64;
            let _ = writeln!(
                svg,
                "<circle class=\"dot-{class}\" cx=\"{at}\" cy=\"{:.1}\" r=\"4\"/><text x=\"{}\" y=\"{:.1}\">{name}</text>",
                top - 11.0,
                at + 9.0,
                top - 7.0
            );
        }
    }
}

fn bands(svg: &mut String, faults: &[Fault], end: f64, top: f64, numbered: bool) {
    for (nth, fault) in faults.iter().enumerate() {
        let (from, to) = (x(fault.from, end), x(fault.to, end));
        let _ = writeln!(
            svg,
            "<rect class=\"fault\" x=\"{from:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{PANEL}\"/>\
             <line class=\"edge\" x1=\"{from:.1}\" x2=\"{from:.1}\" y1=\"{top}\" y2=\"{}\"/>",
            (to - from).max(1.5),
            top + PANEL
        );
        if numbered && faults.len() <= 40 {
            let _ = writeln!(
                svg,
                "<text class=\"number\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                from + 3.0,
                top + 11.0,
                nth + 1
            );
        }
    }
}

fn axis(svg: &mut String, end: f64, y: f64) {
    let step = rounded(end / 8.0);
    let mut at = 0.0;
    while at <= end {
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{} s</text>",
            x(at, end),
            y + 16.0,
            short(at)
        );
        at += step;
    }
}

fn x(at: f64, end: f64) -> f64 {
    LEFT + (WIDTH - LEFT - RIGHT) * (at / end).clamp(0.0, 1.0)
}

/// The next of 1, 2, 4, 5, 10, 20, ….
fn rounded(value: f64) -> f64 {
    let size = 10_f64.powf(value.max(1e-3).log10().floor());
    let steps = [1.0, 2.0, 4.0, 5.0, 10.0];
    let fits = steps.iter().find(|step| **step * size >= value * 0.999_999);
    fits.unwrap_or(&10.0) * size
}

fn short(value: f64) -> String {
    if value >= 10_000.0 {
        format!("{}k", (value / 1_000.0) as u64)
    } else if value.fract() == 0.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_without_a_sample_has_a_picture_too() {
        let record = Record::new();
        record.add(Fault {
            from: 0.2,
            to: 0.4,
            label: "kill <-9>".to_owned(),
            resumed_after: None,
        });
        let svg = draw("row 1", "it holds", &record);
        assert!(svg.contains("kill &lt;-9&gt;, did not resume"));
        assert!(!svg.contains("NaN"));
    }

    #[test]
    fn scales_end_in_round_numbers() {
        for (value, round) in [
            (0.7, 1.0),
            (1.0, 1.0),
            (3.0, 4.0),
            (1_900.0, 2_000.0),
            (41.0, 50.0),
        ] {
            assert!((rounded(value) - round).abs() < 1e-9, "{value}");
        }
    }
}
