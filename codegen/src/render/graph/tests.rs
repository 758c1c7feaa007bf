//! What the picture promises: no box on another, no line through a box, every text within its box.

use super::layout::{Layout, layout};
use super::{Event, Graph, Service};

/// A graph of services and events `sender -> event -> receivers`, by places.
fn graph(services: usize, sent: &[(usize, &[usize])]) -> Graph {
    let mut graph = Graph {
        services: (0..services)
            .map(|place| Service {
                name: format!("service{}", "x".repeat(place)),
                sends: Vec::new(),
            })
            .collect(),
        events: Vec::new(),
        outside: None,
    };
    for (place, (from, to)) in sent.iter().enumerate() {
        graph.services[*from].sends.push(place);
        graph.events.push(Event {
            name: format!("entity{place}.happened_at_some_length.v1"),
            deprecated: false,
            receivers: to.to_vec(),
        });
    }
    graph
}

fn graphs() -> Vec<Graph> {
    // Somewhat random, and the same every time.
    let mut state = 17_usize;
    let mut next = move |below: usize| {
        state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
        (state / 65_536) % below
    };
    let mut graphs = vec![
        graph(0, &[]),
        graph(1, &[(0, &[0])]),
        graph(2, &[(0, &[1]), (1, &[0])]),
        graph(4, &[(0, &[1, 3]), (1, &[0, 3]), (0, &[2, 3]), (0, &[3])]),
        graph(3, &[(0, &[1]), (1, &[2]), (2, &[0])]),
    ];
    for services in 2..14 {
        let receivers: Vec<(usize, Vec<usize>)> = (0..services * 2)
            .map(|_| {
                let from = next(services);
                let mut to: Vec<usize> = (0..next(4)).map(|_| next(services)).collect();
                to.sort_unstable();
                to.dedup();
                (from, to)
            })
            .collect();
        let sent: Vec<(usize, &[usize])> = receivers
            .iter()
            .map(|(from, to)| (*from, to.as_slice()))
            .collect();
        graphs.push(graph(services, &sent));
    }
    graphs
}

fn layouts() -> impl Iterator<Item = (Graph, Layout)> {
    graphs().into_iter().map(|graph| {
        let layout = layout(&graph);
        (graph, layout)
    })
}

#[test]
fn no_box_lies_on_another_or_outside() {
    for (graph, layout) in layouts() {
        for (place, a) in layout.boxes.iter().enumerate() {
            assert!(a.x >= 0.0 && a.y >= 0.0, "{graph:?}");
            assert!(a.x + a.width <= layout.width && a.y + a.height <= layout.height);
            for b in &layout.boxes[place + 1..] {
                let beside = a.x + a.width <= b.x || b.x + b.width <= a.x;
                let apart = a.y + a.height <= b.y || b.y + b.height <= a.y;
                assert!(beside || apart, "{a:?} {b:?} {graph:?}");
            }
        }
    }
}

#[test]
fn no_line_goes_through_a_box() {
    for (graph, layout) in layouts() {
        for way in layout.ways.iter().filter(|way| !way.loops) {
            for pair in way.points.windows(2) {
                let [(x1, y1), (x2, y2)] = pair else { continue };
                // A curve stays between the layers; a straight part passes one.
                for own in &layout.boxes {
                    let between = x1.min(*x2) >= own.x + own.width || x1.max(*x2) <= own.x;
                    let past = y1 == y2 && (*y1 < own.y || *y1 > own.y + own.height);
                    assert!(between || past, "{pair:?} {own:?} {graph:?}");
                }
            }
        }
    }
}

#[test]
fn every_text_fits_its_box() {
    for (graph, layout) in layouts() {
        for (service, own) in graph.services.iter().zip(&layout.boxes) {
            // The widest of the usual monospaced fonts takes 0.602 of its size for a character.
            for event in &service.sends {
                let width = graph.events[*event].name.chars().count() as f64 * 13.0 * 0.602;
                assert!(width + 20.0 <= own.width, "{own:?}");
            }
            assert!(own.head + service.sends.len() as f64 * super::layout::ROW <= own.height);
        }
    }
}

#[test]
fn every_event_arrives() {
    for (graph, layout) in layouts() {
        assert_eq!(layout.ways.len(), graph.edges().count());
        for way in &layout.ways {
            let to = &layout.boxes[way.edge.to];
            let (x, y) = way.points[way.points.len() - 1];
            assert!(x == to.x || x == to.x + to.width, "{way:?}");
            assert!(
                !way.loops || x + super::layout::LOOP <= layout.width,
                "{way:?}"
            );
            assert!(y > to.y && y < to.y + to.head, "{way:?} {to:?}");
        }
    }
}
